"""Curated: typed, deduplicated Parquet tables in the Glue catalog."""
