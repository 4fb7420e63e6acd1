"""Quayside: sources → landing → curated → warehouse → serving, with quality as the gate between them.

Engine-free: nothing here imports Airflow, Spark or a Lambda runtime.
"""
