"""Curated: typed, deduplicated Parquet tables in the Glue catalog."""

from quayside.curated.curate import CURRENT_KEYS, Curated, curate, current_key_batches, current_keys

__all__ = ["CURRENT_KEYS", "Curated", "curate", "current_key_batches", "current_keys"]
