"""Quality: the gate between landing and everything else, and the reconciliation after it."""

from quayside.quality.gate import Verdict, gate, release
from quayside.quality.page import page_key
from quayside.quality.quarantine import accepted, quarantine_key

__all__ = ["Verdict", "accepted", "gate", "page_key", "quarantine_key", "release"]
