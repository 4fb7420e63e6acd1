"""Hospitality: tills, staff and gaming machines of all venues, from three vendors to star schemas that they share.

This file only declares the pipelines; `assemble` turns the declarations into Airflow DAGs.
"""

from quayside.pipeline import Pipeline, Product, daily, every
from quayside_airflow.assemble import assemble

swiftpos = Pipeline(
    name="swiftpos",
    owner="venue-data",
    lands="feed",
    schedule=every(minutes=15),
    extracts=("member_transaction", "product", "sale"),
    curates=("member_transaction", "product", "sale", "sale_item", "sale_payment"),
    publishes=(
        "dim_date",
        "dim_member",
        "dim_product",
        "dim_terminal",
        "dim_venue",
        "fact_member_transaction",
        "fact_payment_taken",
        "fact_sale_item",
    ),
)

humanforce = Pipeline(
    name="humanforce",
    owner="venue-data",
    lands="feed",
    schedule=daily("06:30", time_zone="Australia/Sydney"),  # once the business day has ended
    extracts=("roster_item", "timesheet"),
    curates=("roster_shift", "timesheet"),
    publishes=("dim_date", "dim_employee", "dim_venue", "fact_shift"),
)

aristocrat = Pipeline(
    name="aristocrat",
    owner="venue-data",
    lands="files",
    schedule=every(minutes=15),
    extracts=("reading",),
    curates=("gaming_reading",),
    publishes=("dim_date", "dim_venue", "fact_gaming"),
)

hospitality = Product(
    name="hospitality",
    owner="venue-data",
    pipelines=(swiftpos, humanforce, aristocrat),
    looks_for_drift=daily("07:30", time_zone="Australia/Sydney"),
)

dags = assemble(hospitality)
