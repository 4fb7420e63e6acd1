"""The demo source: the shop's database `totesys`, its schema, a year of invented history, and a shop that stays open."""

from local.sources.totesys.demo import Table, fill, generate
from local.sources.totesys.live import Live
from local.sources.totesys.schema import TABLES, RoleMissing, create_schema

__all__ = ["TABLES", "Live", "RoleMissing", "Table", "create_schema", "fill", "generate"]
