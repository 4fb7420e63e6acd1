"""What the job makes of all that the simulated vendors let out is what plain Python makes of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from local.sources.hospitality import World
from local.sources.hospitality.encoding import encode
from quayside.venues import venues
from tests.curated.spark import folder as folders
from tests.curated.spark.folder import Folder, Line
from tests.curated.spark.vendors import table
from tests.hospitality.curated import rows

NOW = datetime(2026, 4, 9, 3, tzinfo=UTC)  # daylight saving has ended on the 5th


def told(world: World) -> Iterator[tuple[str, list[Line]]]:
    """The records of each dataset as landing keeps them, with what they hung under."""
    yield (
        "swiftpos.sale",
        [(item["Venue"], {k: v for k, v in item.items() if k != "Venue"}) for item in world.sales(NOW)],
    )
    yield "swiftpos.member_transaction", [({"MemberId": t["Member"]["Id"]}, t) for t in world.member_transactions(NOW)]
    yield "swiftpos.product", [(None, item) for item in world.products(NOW)]
    yield "humanforce.timesheet", [(None, item) for item in world.timesheets(NOW)]
    yield "humanforce.roster_item", [(None, item) for item in world.roster_items(NOW)]
    file = {"File": "readings.csv", "Line": 2}
    yield "aristocrat.reading", [(file, {k: str(v) for k, v in item.items()}) for item in world.readings(NOW)]


def plain(found: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Rows sorted by their key, dates as text as partitions have them."""
    texts = [
        {k: v.isoformat() if type(v) is date else v for k, v in row.items() if k != "source_batch"} for row in found
    ]
    return sorted(texts, key=lambda row: str(row[key]))


def test_all_tables_are_what_plain_python_makes_of_the_vendors_truth(spark, tmp_path, monkeypatch):
    known = tuple({"id": venue.id, "name": venue.name, "time_zone": venue.time_zone} for venue in venues())
    monkeypatch.setattr(folders, "VENUES", known)
    world, folder = World(seed=7, begins=date(2026, 4, 1), trade=0.1), Folder(spark, tmp_path)
    batches = []
    for dataset, records in told(world):
        texts = [f'{{"row":{row},"of":{encode(of)},"record":{encode(it)}}}' for row, (of, it) in enumerate(records)]
        seen = NOW.replace(tzinfo=None).isoformat(timespec="milliseconds")
        batches.append(folder.land(dataset, "00000001-a", texts, seen=seen))

    folder.curate(*batches)

    expected = rows(world, NOW)
    assert len(folder.places) == 8
    for name in folder.places:
        key = table(name).key
        assert plain(folder.rows(name), key) == plain(expected[name], key), name
