"""What is used of Great Expectations, imported without what no gate asks of it.

Its package imports Altair for charts, SciPy's statistics for distributions, and Spark where there is one. Together they
are 100 MB, more than all of the rest, in every task that checks something.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _WhenUsed(ModuleType):
    """Stands for a module that is imported when something of it is used first."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what looks at all modules there are uses none of them
            raise AttributeError(name)
        _remove(self.__name__, self)
        return getattr(import_module(self.__name__), name)


def _remove(name: str, stand_in: ModuleType | None) -> None:
    if sys.modules.get(name, ...) is stand_in:
        del sys.modules[name]


@contextmanager
def _without(absent: str, *when_used: str) -> Iterator[None]:
    """Import, inside, as if one module were not installed and others stood ready; modules that are there already stay."""
    instead: dict[str, ModuleType | None] = {absent: None, **{name: _WhenUsed(name) for name in when_used}}
    instead = {name: module for name, module in instead.items() if name not in sys.modules}
    sys.modules.update(instead)  # type: ignore[arg-type]  # None is how Python is told that there is none
    try:
        yield
    finally:
        for name, stand_in in instead.items():
            _remove(name, stand_in)


with _without("pyspark", "altair", "scipy.stats"):
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        Expectation,
        MulticolumnMapExpectation,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
        column_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
        ColumnMapMetricProvider,
    )
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
        multicolumn_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
        MulticolumnMapMetricProvider,
    )
    from great_expectations.expectations.registry import get_expectation_impl

__all__ = [
    "ColumnMapExpectation",
    "ColumnMapMetricProvider",
    "ColumnPairMapExpectation",
    "DataContextConfig",
    "Expectation",
    "ExpectationNotFoundError",
    "InMemoryStoreBackendDefaults",
    "MulticolumnMapExpectation",
    "MulticolumnMapMetricProvider",
    "PandasExecutionEngine",
    "ProgressBarsConfig",
    "column_condition_partial",
    "get_expectation_impl",
    "gx",
    "multicolumn_condition_partial",
]
