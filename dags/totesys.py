"""Totesys: the shop's database, from PostgreSQL to three star schemas, every ten minutes.

This file only declares the pipeline; `assemble` turns the declaration into Airflow DAGs.
"""

from quayside.pipeline import Pipeline, every
from quayside_airflow.assemble import assemble

totesys = Pipeline(
    name="totesys",
    owner="commerce-data",
    schedule=every(minutes=10),
    extracts=(
        "address",
        "counterparty",
        "currency",
        "department",
        "design",
        "payment",
        "payment_type",
        "purchase_order",
        "sales_order",
        "staff",
        "transaction",
    ),
    publishes=(
        "dim_counterparty",
        "dim_currency",
        "dim_date",
        "dim_design",
        "dim_location",
        "dim_payment_type",
        "dim_staff",
        "dim_transaction",
        "fact_payment",
        "fact_purchase_order",
        "fact_sales_order",
    ),
)

dags = assemble(totesys)
