"""Which types of a source a contract's type can hold."""

import pytest

from quayside.sources.catalog import fits


@pytest.mark.parametrize(
    ("actual", "wanted"),
    [
        ("integer", "integer"),
        ("smallint", "integer"),
        ("integer", "bigint"),
        ("varchar(50)", "text"),
        ("varchar", "text"),
        ("character(3)", "text"),
        ("numeric(8,2)", "numeric(10,2)"),
        ("numeric(9,1)", "numeric(10,2)"),
        ("smallint", "numeric(10,2)"),
        ("timestamp(0)", "timestamp(3)"),
        ("timestamp(3)", "timestamp"),
        ("real", "double precision"),
        ("time(3)", "time"),
    ],
)
def test_a_type_fits_where_every_value_does(actual: str, wanted: str) -> None:
    assert fits(actual, wanted)


@pytest.mark.parametrize(
    ("actual", "wanted"),
    [
        ("bigint", "integer"),
        ("integer", "smallint"),
        ("text", "integer"),
        ("integer", "text"),
        ("numeric", "numeric(10,2)"),
        ("numeric(10,3)", "numeric(10,2)"),
        ("numeric(10,1)", "numeric(10,2)"),
        ("integer", "numeric(10,2)"),
        ("double precision", "numeric(10,2)"),
        ("timestamp", "timestamp(3)"),
        ("timestamp(6)", "timestamp(3)"),
        ("timestamp with time zone", "timestamp"),
        ("timestamp(3) with time zone", "timestamp(3)"),
        ("date", "timestamp(3)"),
        ("time", "timestamp"),
        ("timestamp(3)", "time"),
        ("boolean", "integer"),
        ("jsonb", "text"),
        ("uuid", "text"),
    ],
)
def test_a_type_does_not_fit_where_some_value_would_be_changed(actual: str, wanted: str) -> None:
    assert not fits(actual, wanted)
