"""A semantic model's rows in one engine: the innermost part of a query, where the row rules stand."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlglot
from sqlglot import exp

from quayside.serving.access import Access
from quayside.serving.metrics import expressions
from quayside.serving.metrics.definitions import Join, Relation
from quayside.serving.metrics.query import Value
from quayside.serving.metrics.tree import all_of, between, column, joined, named, nested, select, values_table, within

VENUE = "venue_id"  # the column by which rows belong to a venue
MARK = "quayside_value_"
_MASKED = "_masked"  # what the name of the Glue database of masked views ends with
_SCHEMAS = {False: "warehouse", True: "masked"}
_BASE = "base"
_WEEK = timedelta(days=6)  # from its first day to its last
_NEAR = timedelta(days=2)  # a shift that touches a day is entered under a day as near as this
_HOURS = {  # the hours of the clock that a span of time touches, at least one; the k-th of them; its business day
    "postgres": """
select touched.*, hour_of.k as k,
  touched.first_hour + (hour_of.k - 1) * interval '1 hour' as at_hour,
  cast(touched.first_hour + (hour_of.k - 7) * interval '1 hour' as date) as at_day
from (
  select span.*, date_trunc('hour', span.span_start) as first_hour,
    cast(greatest(1, ceil(extract(epoch from span.span_end - date_trunc('hour', span.span_start)) / 3600)) as integer)
      as hours
  from span) as touched
cross join lateral generate_series(1, touched.hours) as hour_of (k)""",
    "athena": """
select touched.*, hour_of.k as k,
  date_add('hour', hour_of.k - 1, touched.first_hour) as at_hour,
  cast(date_add('hour', hour_of.k - 7, touched.first_hour) as date) as at_day
from (
  select span.*, date_trunc('hour', span.span_start) as first_hour,
    greatest(1, date_diff('hour', date_trunc('hour', span.span_start), date_trunc('hour', span.span_end))
      + case when span.span_end > date_trunc('hour', span.span_end) then 1 else 0 end) as hours
  from span) as touched
cross join unnest(sequence(1, touched.hours)) as hour_of (k)""",
}


@dataclass(slots=True)
class Binding:
    """The values of a query, each with a mark in the tree."""

    values: list[Value] = field(default_factory=list)

    def __call__(self, value: Value) -> exp.Expr:
        """Return the mark of a value."""
        self.values.append(value)
        return exp.Placeholder(this=f"{MARK}{len(self.values) - 1}")


@dataclass(slots=True)
class Place:
    """For whom and of what engine rows are selected.

    :param database: the Glue database; in PostgreSQL the schema is known
    :param datasets: names of the contracts whose tables were used
    """

    dialect: str
    access: Access
    database: str
    bind: Binding
    datasets: set[str] = field(default_factory=set)

    def table(self, dataset: str, name: str, alias: str) -> exp.Expr:
        """Return a table: the masked one for who may not see names."""
        self.datasets.add(dataset)
        masked = self.access.masked
        schema = _SCHEMAS[masked] if self.dialect == "postgres" else self.database + _MASKED * masked
        return exp.alias_(exp.table_(name, db=schema, quoted=True), alias, table=True, quoted=True, copy=False)

    def own(self, alias: str) -> list[exp.Expr]:
        """Return the condition that a table's rows are of the caller's venues, if these are limited."""
        if self.access.venues is None:
            return []
        return [within(column(VENUE, alias), [self.bind(venue) for venue in sorted(self.access.venues)])]


@dataclass(frozen=True, slots=True)
class Days:
    """The days that count.

    :param expr: the column of the relation that says the day
    """

    expr: str
    since: date
    until: date


def select_rows(relation: Relation, needed: Collection[str], alias: str, place: Place, days: Days | None) -> exp.Expr:
    """Return some columns of a relation's rows, as a table of a query: those that the caller may see, and no others."""
    if relation.dataset is None:
        return _values(relation, alias, place.access)
    if relation.spread:
        return nested(_spread(relation, needed, place, days), alias)
    return nested(_plain(relation, needed, place, days), alias)


def _plain(relation: Relation, needed: Collection[str], place: Place, days: Days | None) -> exp.Select:
    dialect = place.dialect
    types = {
        **relation.own,
        **{f"{join.name}.{name}": kind for join in relation.joins for name, kind in join.types.items()},
    }

    def base(name: str) -> exp.Expr:
        table, _, own = name.rpartition(".")
        return column(own, table or _BASE)

    def value(name: str) -> exp.Expr:
        if name not in relation.computed:
            return column(name, _BASE)
        return expressions.words(relation.computed[name], dialect, base, types=types)

    conditions = [expressions.words(relation.filter, dialect, base)] if relation.filter else []
    if days:
        conditions.append(between(value(days.expr), place.bind(days.since), place.bind(days.until)))
        whole = expressions.truncated_column(relation.computed.get(days.expr, days.expr))
        if whole:  # weeks that begin in the range; so that Athena need not read the other days
            conditions.append(between(value(whole), place.bind(days.since), place.bind(days.until + _WEEK)))
    conditions += place.own(_BASE) if relation.venue else []
    query = select(
        [named(value(name), name) for name in sorted(needed)],
        place.table(relation.dataset or "", relation.table, _BASE),
        where=conditions,
        group_by=[value(name) for name in relation.group_by],
    )
    computed = [relation.computed[name] for name in needed if name in relation.computed]
    used = {name for text in computed for name in expressions.columns(text)}
    for join in relation.joins:
        theirs = {name.partition(".")[2] for name in used if name.startswith(f"{join.name}.")}
        if theirs:
            query = _joined(query, join, theirs, place, days)
    return query


def _joined(query: exp.Select, join: Join, needed: set[str], place: Place, days: Days | None) -> exp.Select:
    conditions = place.own(join.name) if join.venue else []
    if days and days.expr in dict(join.on):  # so that Athena need not read the other days
        day = column(dict(join.on)[days.expr], join.name)
        conditions.append(between(day, place.bind(days.since), place.bind(days.until)))
    inner = select(
        [column(name, join.name) for name in sorted(needed | {theirs for _, theirs in join.on})],
        place.table(join.dataset, join.table, join.name),
        where=conditions,
    )
    on = all_of(exp.EQ(this=column(mine, _BASE), expression=column(theirs, join.name)) for mine, theirs in join.on)
    return joined(query, nested(inner, join.name), how="left", on=on)


def _values(relation: Relation, alias: str, access: Access) -> exp.Expr:
    names = list(relation.own)
    place = names.index(VENUE) if relation.venue else 0
    rows = [row for row in relation.rows if not relation.venue or access.sees(int(row[place]))]
    if not rows:  # of venues that nobody knows
        nothing = [named(expressions.cast(exp.Null(), kind), name) for name, kind in relation.own.items()]
        return nested(exp.select(*nothing, copy=False).where(exp.false()), alias)
    return values_table([[exp.convert(value) for value in row] for row in rows], alias, names)


def _spread(relation: Relation, needed: Collection[str], place: Place, days: Days | None) -> exp.Select:
    """Return a row for each hour that a row's span of time touches, of the business days that the hours lie in."""
    spread = relation.spread
    if spread is None or days is None:  # a spread relation has measures, and they have days
        raise ValueError("Only a relation with a span of time, over a range of days, can be spread.")
    near = Days(days.expr, days.since - _NEAR, days.until + _NEAR)
    plain = {*needed, *spread.amounts} - {spread.column, spread.day}
    ends = [
        named(column(name, _BASE), alias) for name, alias in ((spread.start, "span_start"), (spread.end, "span_end"))
    ]
    spans = _plain(relation, plain, place, near).select(*ends, copy=False)
    hours = _hours(place.dialect)
    for table in list(hours.find_all(exp.Table)):
        if table.name == "span":
            table.replace(nested(spans, "span"))

    def value(name: str) -> exp.Expr:
        if name in (spread.column, spread.day):
            return column("at_hour" if name == spread.column else "at_day", "part")
        return _share(name, place.dialect) if name in spread.amounts else column(name, "part")

    return select(
        [named(value(name), name) for name in sorted(needed)],
        nested(hours, "part"),
        where=[between(column("at_day", "part"), place.bind(days.since), place.bind(days.until))],
    )


def _hours(dialect: str) -> exp.Select:
    found = sqlglot.parse_one(_HOURS[dialect], dialect=dialect)
    if not isinstance(found, exp.Select):
        raise TypeError("The hours of a span are selected.")
    return found


def _share(amount: str, dialect: str) -> exp.Expr:
    """Return the k-th hour's part: what the first k have together, less what the first k - 1 have."""

    def first(number: exp.Expr) -> exp.Expr:
        together = exp.Mul(this=column(amount, "part"), expression=number)
        return expressions.quotient(together, column("hours", "part"), (2, 0), 2, dialect)

    k = column("k", "part")
    before = exp.paren(exp.Sub(this=k.copy(), expression=exp.Literal.number(1)), copy=False)
    return exp.Sub(this=first(k), expression=first(before))
