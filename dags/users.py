"""Users: Cognito follows their records, whatever a request left undone or somebody changed by hand."""

from quayside.pipeline import every
from quayside_airflow.assemble import reconcile_users

dag = reconcile_users(owner="platform", every=every(minutes=10))
