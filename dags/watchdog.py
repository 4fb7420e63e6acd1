"""The watchdog: notices what a killed task cannot say. It watches every pipeline that has run."""

from quayside.pipeline import every
from quayside_airflow.assemble import watch

dag = watch(owner="platform", every=every(minutes=5))
