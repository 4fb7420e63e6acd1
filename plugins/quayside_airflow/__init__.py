"""Everything that imports Airflow: from a pipeline's declaration to its DAGs, and what they show in the UI."""
