"""Warehouse: the star schemas in PostgreSQL."""
