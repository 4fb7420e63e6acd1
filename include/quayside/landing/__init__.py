"""Landing: source records as received, in immutable batches with a manifest."""

from quayside.landing.batches import Landed
from quayside.landing.compare import compare_keys
from quayside.landing.land import backfill, land

__all__ = ["Landed", "backfill", "compare_keys", "land"]
