"""Curated tables made by Spark: pure functions from DataFrames to DataFrames, and what a Glue job does around them.

Only this package knows Spark. It is zipped alone for Glue (`quayside.curated.code`), so it imports nothing else of ours.
"""
