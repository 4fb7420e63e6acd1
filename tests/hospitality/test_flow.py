"""The hotels from the vendors to the stars: what the vendors truly did stands there to the cent, whatever went wrong.

The tests follow one another in one world: first its history is read, then time goes on.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from local.postgres import Postgres
from local.sources.hospitality import World
from quayside.errors import Retryable
from quayside.settings import Credentials
from tests.conftest import Databases, new_settings
from tests.hospitality.truth import Truth
from tests.support.athena import Athena
from tests.support.hotels import Hotels, create_inbox

pytestmark = pytest.mark.timeout(900)  # a Glue run for each source and step
BEGINS = date(2026, 3, 9)  # summer time ends on 5 April
FIRST = datetime(2026, 4, 14, 3)  # noon in Sydney
DAY = timedelta(days=1)
VENUES = (1, 2)

Sums = dict[tuple[str, int, date], tuple[int, Decimal]]  # what, venue, business day → how many, how much

WAREHOUSE = """
select 'sold', venue_id, business_date, count(*), sum(total_inc) from warehouse.fact_sale_item group by 2, 3
union all select 'paid', venue_id, business_date, count(*), sum(amount) from warehouse.fact_payment_taken group by 2, 3
union all select kind, venue_id, business_date, count(*), sum(cost) from warehouse.fact_shift group by 1, 2, 3
union all select 'turned over', venue_id, business_date, count(*), sum(turnover) from warehouse.fact_gaming group by 2, 3
union all select 'won', venue_id, business_date, count(*), sum(wins) from warehouse.fact_gaming group by 2, 3
"""
LAKE = """
select 'sold', venue_id, business_date, count(*), sum(total_inc) from sale_item group by 2, 3
union all select 'paid', venue_id, business_date, count(*), sum(amount) from sale_payment group by 2, 3
union all select 'worked', venue_id, business_date, count(*), sum(cost) from timesheet where not deleted group by 2, 3
union all select 'rostered', venue_id, business_date, count(*), sum(cost) from roster_shift
          where not deleted group by 2, 3
union all select 'turned over', venue_id, business_date, count(*), sum(turnover) from gaming_reading group by 2, 3
union all select 'won', venue_id, business_date, count(*), sum(wins) from gaming_reading group by 2, 3
"""


@pytest.fixture(scope="module")
def hotels(aws: str, postgres: Postgres) -> Iterator[Hotels]:
    """Two hotels whose history of five weeks has been read."""
    databases = Databases(postgres)
    name = databases("quayside_loader")
    settings = new_settings()
    settings = replace(settings, inbox_bucket=f"inbox-{settings.lake_bucket}")
    create_inbox(settings.inbox_bucket)
    with pytest.MonkeyPatch.context() as environment:
        for field in settings.__dataclass_fields__:
            environment.setenv(f"QUAYSIDE_{field.upper()}", getattr(settings, field))
        warehouse = Credentials("127.0.0.1", postgres.port, name, "quayside_loader", "secret")
        with Hotels(settings, warehouse, World(11, BEGINS, trade=0.2), FIRST) as made:
            made.drop()
            made.take()
            made.serve()
            yield made
    databases.drop()


def test_the_history_stands_in_lake_and_warehouse_to_the_cent(hotels: Hotels):
    truly = truth(hotels)

    assert min(day for _, _, day in truly) == BEGINS
    assert len({day for _, _, day in truly}) > 35
    assert in_warehouse(hotels) == truly
    assert in_lake(hotels) == truly


def test_a_quarter_of_an_hour_is_read_alone(hotels: Hotels):
    evening = FIRST + timedelta(hours=8)
    hotels.until(evening)
    hotels.take("swiftpos")
    hotels.until(evening + timedelta(minutes=15))
    landed = {each.dataset: each for each in hotels.take("swiftpos")}
    hotels.serve()

    assert landed["swiftpos.sale"].since == evening - timedelta(minutes=5)
    assert 0 < landed["swiftpos.sale"].rows < 100
    assert of(in_warehouse(hotels), "sold", "paid") == of(truth(hotels), "sold", "paid")


@pytest.mark.parametrize(
    ("vendor", "figures"), [("swiftpos", ("sold", "paid")), ("humanforce", ("worked", "rostered"))]
)
def test_a_week_without_a_vendor_is_made_up_for(
    hotels: Hotels, vendor: str, figures: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("quayside.sources.http.PATIENCE", 0.1)
    before, began = of(in_warehouse(hotels), *figures), hotels.now
    hotels.vendors.outage(vendor, True)
    for day in range(1, 8):
        hotels.until(began + day * DAY)
        with pytest.raises(Retryable):
            hotels.land(vendor, hotels.new_run())
    hotels.vendors.outage(vendor, False)
    hotels.take(vendor)
    hotels.serve()

    assert before != of(in_warehouse(hotels), *figures) == of(truth(hotels), *figures)
    assert of(in_lake(hotels), *figures) == of(truth(hotels), *figures)


def test_weeks_without_gaming_files_are_made_up_for(hotels: Hotels):
    assert [each.batch for each in hotels.land("aristocrat", hotels.new_run())] == [None]
    hotels.drop()
    hotels.take()
    hotels.serve()

    assert in_warehouse(hotels) == truth(hotels)
    assert in_lake(hotels) == truth(hotels)


def truth(hotels: Hotels) -> Sums:
    """Return what the vendors truly did until now; rosters of coming days, too."""
    told = Truth((hotels.world, hotels.vendors.clock.now()))
    sums = defaultdict[tuple[str, int, date], list[Decimal]](list)
    for venue in VENUES:
        always = {"venue_id": venue, "since": BEGINS - 30 * DAY, "until": hotels.now.date() + 60 * DAY}
        for day, _, sale in told.sales(**always):
            sums["sold", venue, day] += [item["TotalInc"] for item in sale["Items"]]
            sums["paid", venue, day] += [medium["Amount"] for medium in sale["Media"]]
        for day, sheet in told.sheets(**always):
            sums["worked", venue, day].append(sheet["Cost"])
        for day, item in told.rostered(**always):
            sums["rostered", venue, day].append(item["Cost"])
        for day, _, reading in told.readings(**always):
            sums["turned over", venue, day].append(reading["EGM Turnover"])
            sums["won", venue, day].append(reading["EGM Wins"])
    return {key: (len(amounts), sum(amounts, Decimal(0))) for key, amounts in sums.items() if amounts}


def in_warehouse(hotels: Hotels) -> Sums:
    return {(what, venue, day): (number, amount) for what, venue, day, number, amount in hotels.query(WAREHOUSE)}


def in_lake(hotels: Hotels) -> Sums:
    athena = Athena(hotels.settings)
    return {
        (str(what), int(str(venue)), date.fromisoformat(str(day))): (int(str(number)), Decimal(str(amount)))
        for what, venue, day, number, amount in every_row(athena, LAKE)
    }


def every_row(athena: Athena, statement: str) -> Iterator[tuple[Any, ...]]:
    query = athena.start(statement)
    assert athena.finish(query)["Status"]["State"] == "SUCCEEDED", athena.finish(query)
    first = True
    for page in athena.client.get_paginator("get_query_results").paginate(QueryExecutionId=query):
        rows = page["ResultSet"]["Rows"][1 if first else 0 :]
        first = False
        yield from (tuple(item.get("VarCharValue") for item in row["Data"]) for row in rows)


def of(sums: Sums, *figures: str) -> Sums:
    return {key: value for key, value in sums.items() if key[0] in figures}
