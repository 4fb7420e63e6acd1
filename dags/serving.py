"""Serving: what dashboards were told is told anew once the data that it came from has changed."""

from quayside_airflow.assemble import serve

dag = serve(
    owner="platform",
    curated=("aristocrat", "humanforce", "swiftpos", "totesys"),
    loaded=("hospitality", "totesys"),
)
