"""What the dashboards' package holds besides its code: definitions that are quicker to load than the YAML they come from."""

import json
import shutil
from pathlib import Path

from quayside.serving.dashboards import dashboard
from quayside.serving.health import promises
from quayside.serving.metrics import load_layer
from quayside.serving.metrics.layer import COMPILED
from quayside.venues import REFERENCE


def build(stage: Path) -> None:
    """Write the package's data to ``stage``."""
    (stage / "reference").mkdir()
    shutil.copy(REFERENCE, stage / "reference")
    (stage / "metrics").mkdir()
    (stage / "metrics" / COMPILED).write_text(json.dumps(load_layer().to_dict()))
    (stage / "metrics" / dashboard.PACKED.name).write_text(dashboard.pack())
    (stage / promises.PACKED.name).write_text(promises.pack())
