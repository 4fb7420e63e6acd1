"""Data that the users API reads: which venues there are."""

import shutil
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[2] / "include" / "reference" / "venue.csv"


def build(stage: Path) -> None:
    """Put it where `quayside.venues` looks."""
    (stage / "reference").mkdir()
    shutil.copyfile(REFERENCE, stage / "reference" / REFERENCE.name)
