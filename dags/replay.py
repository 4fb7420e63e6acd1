"""The way back from quarantine: a person sends rejected records through the flow again, corrected or released."""

from quayside_airflow.assemble import replay

dag = replay(owner="platform")
