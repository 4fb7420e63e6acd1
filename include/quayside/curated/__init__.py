"""Curated: typed, deduplicated Parquet tables in the Glue catalog."""

from quayside.curated.curate import Curated, curate, current_keys

__all__ = ["Curated", "curate", "current_keys"]
