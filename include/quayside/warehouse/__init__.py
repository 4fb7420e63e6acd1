"""Warehouse: the star schemas in PostgreSQL."""

from quayside.warehouse.load import Loaded, load, load_again
from quayside.warehouse.schema import migrate

__all__ = ["Loaded", "load", "load_again", "migrate"]
