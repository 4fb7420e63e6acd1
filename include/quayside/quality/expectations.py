"""Great Expectations: expectations of our own, and one that runs checks over Arrow data.

Importing this takes 3 s: only functions that have something to validate do so. Nothing is sent anywhere: the
context is ephemeral, without data docs, and this version of Great Expectations has no analytics.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from quayside.errors import Terminal
from quayside.quality.checks import Check
from quayside.quality.gx import (
    ColumnMapExpectation,
    ColumnMapMetricProvider,
    ColumnPairMapExpectation,
    DataContextConfig,
    Expectation,
    ExpectationNotFoundError,
    InMemoryStoreBackendDefaults,
    MulticolumnMapExpectation,
    MulticolumnMapMetricProvider,
    PandasExecutionEngine,
    ProgressBarsConfig,
    column_condition_partial,
    get_expectation_impl,
    gx,
    multicolumn_condition_partial,
)
from quayside.venues import venues

Level = Literal["row", "rows", "dataset"]

_ROW = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
# They look at rows together, so a chunk of a batch is not enough for them.
_ROWS = {
    "expect_column_values_to_be_unique",
    "expect_compound_columns_to_be_unique",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_decreasing",
}


class _Within(ColumnMapMetricProvider):
    """Compares in the column's own type: the library's own range check takes its bounds as floats."""

    condition_metric_name = "column_values.within"
    condition_value_keys = ("minimum", "maximum")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805 (Great Expectations makes it a class method)
        column: pd.Series,
        minimum: str | None = None,
        maximum: str | None = None,
        **_: Any,
    ) -> pd.Series:
        values = pa.array(column)
        fits: Any = pa.repeat(True, len(values))
        if minimum is not None:
            fits = pc.and_(fits, pc.greater_equal(values, bound(minimum, values.type)))
        if maximum is not None:
            fits = pc.and_(fits, pc.less_equal(values, bound(maximum, values.type)))
        return pd.Series(fits.to_numpy(zero_copy_only=False), index=column.index, dtype=bool)


class _CalendarDays(ColumnMapMetricProvider):
    """Parses as many values at once as there are: the library's own check takes a second per 100,000."""

    condition_metric_name = "column_values.calendar_days"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805
        text = column.astype("object")
        days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
        # The parser also takes 2023-1-5, which no longer sorts as text.
        return days.notna() & (text.str.len() == len("yyyy-MM-dd"))


class _Pattern(ColumnMapMetricProvider):
    """RE2: in linear time, and ``$`` is the end of the text (to Python's ``re`` also the place before a last newline)."""

    condition_metric_name = "column_values.pattern"
    condition_value_keys = ("pattern",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, pattern: str, **_: Any) -> pd.Series:  # noqa: N805
        found: Any = pc.match_substring_regex(pa.array(column), pattern)
        return pd.Series(found.to_numpy(zero_copy_only=False), index=column.index, dtype=bool)


class _Venues(ColumnMapMetricProvider):
    condition_metric_name = "column_values.venues"
    condition_value_keys = ("by",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, by: str, **_: Any) -> pd.Series:  # noqa: N805
        known = pa.array([getattr(venue, by) for venue in venues()])
        found: Any = pc.is_in(pa.array(column), known.cast(pa.array(column).type))
        return pd.Series(found.to_numpy(zero_copy_only=False), index=column.index, dtype=bool)


class _Agree(MulticolumnMapMetricProvider):
    """Compares decimals as decimals; a row in which one of them is null says nothing."""

    condition_metric_name = "multicolumn_values.agree"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ("within",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column_list: pd.DataFrame, within: str, **_: Any) -> pd.Series:  # noqa: N805
        values = [pa.array(column_list[name]) for name in column_list]
        skip_none = pc.ElementWiseAggregateOptions(skip_nulls=False)
        spread: Any = pc.subtract(
            pc.max_element_wise(*values, options=skip_none), pc.min_element_wise(*values, options=skip_none)
        )
        agree = pc.less_equal(spread, bound(within, spread.type)).fill_null(True)
        return pd.Series(agree.to_numpy(zero_copy_only=False), index=column_list.index, dtype=bool)


class ExpectColumnValuesToBeWithin(ColumnMapExpectation):
    """Expect values between bounds, both included; bounds are text, compared exactly in the column's type."""

    minimum: str | None = None
    maximum: str | None = None
    map_metric: ClassVar[str] = "column_values.within"
    success_keys: ClassVar[tuple[str, ...]] = ("minimum", "maximum", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "minimum", "maximum")


class ExpectColumnValuesToBeCalendarDays(ColumnMapExpectation):
    """Expect text that is a day of the calendar, yyyy-MM-dd: 2023-02-30 is not."""

    map_metric: ClassVar[str] = "column_values.calendar_days"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly",)
    args_keys: ClassVar[tuple[str, ...]] = ("column",)


class ExpectColumnValuesToContainPattern(ColumnMapExpectation):
    """Expect text in which a regular expression (RE2's syntax) is found."""

    pattern: str
    map_metric: ClassVar[str] = "column_values.pattern"
    success_keys: ClassVar[tuple[str, ...]] = ("pattern", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "pattern")


class ExpectColumnValuesToBeVenues(ColumnMapExpectation):
    """Expect a venue of `quayside.venues`, given ``by`` its ``id`` or ``name``."""

    by: Literal["id", "name"]
    map_metric: ClassVar[str] = "column_values.venues"
    success_keys: ClassVar[tuple[str, ...]] = ("by", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "by")


class ExpectMulticolumnValuesToAgree(MulticolumnMapExpectation):
    """Expect amounts of a row to differ by no more than ``within``, which is text, as it is exact."""

    within: str
    map_metric: ClassVar[str] = "multicolumn_values.agree"
    success_keys: ClassVar[tuple[str, ...]] = ("within", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column_list", "within")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found.

    :param positions: of the rows that break it, ascending; empty for checks about the dataset
    :param observed: the aggregate that was looked at; None for checks about rows
    """

    passed: bool
    positions: np.ndarray
    observed: object


def bound(text: str, kind: pa.DataType) -> "pa.Scalar[Any]":
    """Read a bound so that comparing with it loses nothing.

    :raises Terminal: the text is no value of that type
    """
    try:
        if pa.types.is_integer(kind):
            return pa.scalar(int(text), pa.int64())
        if pa.types.is_decimal(kind):
            return pa.scalar(Decimal(text))
        if pa.types.is_temporal(kind):
            return pa.scalar(datetime.fromisoformat(text)).cast(kind)
        return pa.scalar(float(text)) if pa.types.is_floating(kind) else pa.scalar(text)
    except (ArithmeticError, ValueError) as error:
        raise Terminal(f"The contract's bound {text} is no {kind}: correct minimum or maximum.") from error


def level(check: Check) -> Level:
    """Tell whether a check looks at one row at a time, at rows together, or at an aggregate of the dataset.

    :raises Terminal: no such expectation, or one that makes no sense here
    """
    try:
        implementation = get_expectation_impl(check.expectation)
    except ExpectationNotFoundError as error:
        raise Terminal(f"Rule {check.name}: Great Expectations has no {check.expectation}.") from error
    if "mostly" in check.arguments or check.expectation.startswith(("expect_table_column", "expect_query")):
        raise Terminal(
            f"Rule {check.name}: {check.expectation} with {dict(check.arguments)} cannot be used here. Columns "
            "are checked from the contract, and a tolerance (mostly) is severity: warning."
        )
    if not issubclass(implementation, _ROW):
        return "dataset"
    return "rows" if check.expectation in _ROWS else "row"


class Validator:
    """Runs checks over Arrow data. Money stays decimal and nullable integers stay integers: no value is changed."""

    def __init__(self) -> None:
        nothing_kept = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False), analytics_enabled=False
        )
        nothing_kept.progress_bars = ProgressBarsConfig(globally=False)
        context = gx.get_context(mode="ephemeral", project_config=nothing_kept)
        asset = context.data_sources.add_pandas("batch").add_dataframe_asset("rows")
        self._data = asset.add_batch_definition_whole_dataframe("all")

    def validate(self, checks: Sequence[Check], rows: pa.Table | pa.RecordBatch) -> Mapping[str, Outcome]:
        """Return what each check found, by its name.

        :raises Terminal: an expectation cannot be applied to this data
        """
        if not checks:
            return {}
        suite = gx.ExpectationSuite(name="checks")
        for check in checks:
            suite.add_expectation(_expectation(check))
        frame = rows.to_pandas(types_mapper=pd.ArrowDtype)
        results = self._data.get_batch({"dataframe": frame}).validate(
            suite, result_format={"result_format": "COMPLETE", "exclude_unexpected_values": True}
        )
        return dict(_outcomes(results.results))


def _expectation(check: Check) -> Expectation:
    implementation = get_expectation_impl(check.expectation)
    try:
        return implementation(**check.arguments, meta={"check": check.name})
    except ValueError as error:  # pydantic's
        raise Terminal(
            f"Rule {check.name}: {check.expectation} does not take {dict(check.arguments)}: {error}"
        ) from error


def _outcomes(results: Iterable[Any]) -> Iterable[tuple[str, Outcome]]:
    for result in results:
        name = result.expectation_config.meta["check"]
        problem = result.exception_info or {}
        problems = [problem] if "raised_exception" in problem else list(problem.values())
        for raised in problems:
            if raised["raised_exception"]:
                raise Terminal(f"Rule {name} cannot be applied: {raised['exception_message']}. Correct the contract.")
        found = np.array(result.result.get("unexpected_index_list") or [], dtype=np.int64)
        yield name, Outcome(bool(result.success), np.sort(found), result.result.get("observed_value"))
