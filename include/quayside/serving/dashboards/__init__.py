"""Named dashboards: what they are, what can be asked of them, and what comes of it."""

from quayside.serving.dashboards.dashboard import Dashboard as Dashboard
from quayside.serving.dashboards.dashboard import Panel as Panel
from quayside.serving.dashboards.dashboard import UnknownDashboard as UnknownDashboard
from quayside.serving.dashboards.dashboard import find as find
from quayside.serving.dashboards.dashboard import load_dashboards as load_dashboards
from quayside.serving.dashboards.dashboard import visible as visible
from quayside.serving.dashboards.request import Request as Request
