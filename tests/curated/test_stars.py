"""Star tables: what a change in a source means for dimensions and facts."""

from dataclasses import replace
from datetime import date

import pytest

from quayside.contract import Column
from quayside.errors import Retryable, Terminal
from quayside.settings import Settings
from tests.curated.support import SOURCES, STARS, World, at


def test_a_dimension_changes_when_only_its_joined_table_did(world: World) -> None:
    world.land(
        "department",
        {"department_id": 1, "last_updated": at(0), "department_name": "Sales"},
        {"department_id": 2, "last_updated": at(0), "department_name": "Tech"},
    )
    world.land(
        "staff", *({"staff_id": key, "last_updated": at(0), "department_id": 1 + (key == 4)} for key in (1, 2, 3, 4))
    )
    world.curate()
    world.land("department", {"department_id": 1, "last_updated": at(5), "department_name": "Commerce"})
    made = world.curate()

    assert made["warehouse.dim_staff"].rows == 3
    assert {item["staff_id"] for item in world.changes("dim_staff")[4:]} == {1, 2, 3}
    assert world.star("dim_staff", "staff_id", "department_name") == [
        (1, "Commerce"),
        (2, "Commerce"),
        (3, "Commerce"),
        (4, "Tech"),
    ]


def test_a_change_that_a_dimension_does_not_show_makes_no_change_batch(world: World) -> None:
    world.land("department", {"department_id": 1, "last_updated": at(0), "manager": "Ann"})
    world.land("staff", {"staff_id": 1, "last_updated": at(0)})
    world.curate()
    location = world.catalog.tables()["dim_staff"].location
    world.land("department", {"department_id": 1, "last_updated": at(5), "manager": "Bob"})
    made = world.curate()

    assert set(made) == {"totesys.department"}
    assert world.catalog.tables()["dim_staff"].location == location


def test_a_dimension_keeps_what_facts_may_refer_to_after_its_source_is_deleted(world: World) -> None:
    world.land("department", {"department_id": 1, "last_updated": at(0), "department_name": "Sales"})
    world.land("staff", {"staff_id": 1, "last_updated": at(0)})
    world.curate()
    world.delete("staff", 1, seen=at(9))
    world.delete("department", 1, seen=at(9))
    world.curate()

    assert world.star("dim_staff", "staff_id", "department_name") == [(1, "Sales")]


def test_a_dimension_whose_joined_row_has_not_arrived_is_completed_when_it_does(world: World) -> None:
    world.land("staff", {"staff_id": 1, "last_updated": at(0)})
    world.curate()
    assert world.star("dim_staff", "staff_id", "department_name") == [(1, None)]
    world.land("department", {"department_id": 1, "last_updated": at(0), "department_name": "Sales"})
    world.curate()

    assert world.star("dim_staff", "staff_id", "department_name") == [(1, "Sales")]


def test_a_currency_has_its_name_and_an_unknown_one_its_code(settings: Settings) -> None:
    world = World(settings, SOURCES, STARS)
    world.land(
        "currency",
        *(
            {"currency_id": key, "last_updated": at(0), "currency_code": code}
            for key, code in enumerate(("GBP", "JPY", "QQQ"))
        ),
    )
    world.curate()

    assert world.star("dim_currency", "currency_code", "currency_name") == [
        ("GBP", "Pound Sterling"),
        ("JPY", "Yen"),
        ("QQQ", "QQQ"),
    ]


def test_there_is_every_day_of_the_years_that_facts_refer_to(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0), "agreed_delivery_date": "2024-02-29"})
    world.curate()
    days = world.star("dim_date", "date_id", "day_of_week", "day_name", "month_name", "quarter")
    assert (len(days), days[0][0], days[-1][0]) == (366 + 365 + 365, date(2024, 1, 1), date(2026, 12, 31))
    assert (date(2024, 2, 29), 3, "Thursday", "February", 1) in days

    world.land("payment", {"payment_id": 1, "last_updated": at(0), "payment_date": "2027-01-01"})
    made = world.curate()
    assert made["warehouse.dim_date"].rows == 365
    assert len(world.rows("dim_date")) == 366 + 3 * 365


def test_the_warehouse_gets_times_as_times_and_neither_partition_nor_serial_key(world: World) -> None:
    world.land("payment", {"payment_id": 1, "last_updated": at(0.5)})
    world.curate()
    [change] = world.changes("fact_payment")

    assert str(change["last_updated_time"]) == "12:00:30"
    assert not {"version_month", "payment_record_id"} & set(change)
    assert world.warehouse("fact_payment") == world.lake_as_warehouse("fact_payment")


def test_a_change_batch_names_the_batches_that_it_came_from(world: World) -> None:
    department = world.land("department", {"department_id": 1, "last_updated": at(0)})
    staff = world.land("staff", {"staff_id": 1, "last_updated": at(0)})
    made = world.curate()["warehouse.dim_staff"]
    world.land("staff", {"staff_id": 2, "last_updated": at(0)})
    later = world.curate()["warehouse.dim_staff"]

    assert made.inputs == (f"totesys.department/{department}", f"totesys.staff/{staff}")
    assert made.batch is not None
    assert later.batch is not None
    assert made.batch < later.batch


def test_a_star_table_added_later_is_filled_with_all_that_was(world: World) -> None:
    early = World(
        world.settings, stars=[star for star in world.stars if star.table not in ("fact_payment", "dim_design")]
    )
    early.land("design", {"design_id": 1, "last_updated": at(0)})
    early.land("payment", {"payment_id": 1, "last_updated": at(0), "paid": False})
    early.curate()
    early.land("payment", {"payment_id": 1, "last_updated": at(1), "paid": True})
    early.delete("payment", 1, seen=at(9))
    early.curate()
    made = world.curate()

    assert world.star("fact_payment", "last_updated_time", "paid", "deleted") == [
        ("12:00:00.000000", False, False),
        ("12:01:00.000000", True, False),
        ("12:09:00.000000", True, True),
    ]
    assert made["warehouse.dim_design"].rows == 1
    assert len(world.changes("fact_payment")) == 3
    assert world.curate() == {}


@pytest.mark.parametrize(
    ("transform", "says"),
    [
        ("design.colour", r"warehouse\.dim_design, column file_name.*design\.colour"),
        ("designs.file_name", r"warehouse\.dim_design, column file_name.*designs\.file_name"),
        ("file_name", r"warehouse\.dim_design, column file_name.*table\.column"),
        ("(select 1)", r"warehouse\.dim_design, column file_name.*without queries"),
        ("coalesce(", r"warehouse\.dim_design, column file_name.*not SQL"),
    ],
)
def test_a_transform_that_refers_to_nothing_is_refused_by_name(world: World, transform: str, says: str) -> None:
    stars = [
        replace(
            star,
            columns=tuple(
                replace(column, transform=transform) if column.name == "file_name" else column
                for column in star.columns
            ),
        )
        for star in world.stars
        if star.table == "dim_design"
    ]
    with pytest.raises(Terminal, match=says):
        World(world.settings, stars=stars).curate()


def test_a_source_that_the_pipeline_does_not_land_is_refused_by_name(world: World) -> None:
    without = World(world.settings, [item for item in world.sources if item.table != "department"])
    with pytest.raises(Terminal, match=r"warehouse\.dim_staff: source names department"):
        without.curate()


def test_a_restricted_column_cannot_be_used(world: World) -> None:
    stars = [
        replace(
            star,
            columns=(
                *star.columns,
                replace(
                    star.columns[-1],
                    name="account",
                    partition=False,
                    type="integer",
                    transform="payment.company_ac_number",
                ),
            ),
        )
        for star in world.stars
        if star.table == "fact_payment"
    ]
    with pytest.raises(Terminal, match="restricted"):
        World(world.settings, stars=stars).curate()


def test_a_time_of_day_in_a_dimension_is_compared_as_a_time(world: World) -> None:
    stars = [
        replace(star, columns=(*star.columns, Column(name="seen", type="time", transform="design.last_updated::time")))
        for star in world.stars
        if star.table == "dim_design"
    ]
    other = World(world.settings, stars=stars)
    other.land("design", {"design_id": 1, "last_updated": at(0)}, {"design_id": 2, "last_updated": at(0)})
    other.curate()
    other.land("design", {"design_id": 2, "last_updated": at(1)})

    assert other.curate()["warehouse.dim_design"].rows == 1
    assert other.star("dim_design", "design_id", "seen") == [(1, "12:00:00.000000"), (2, "12:01:00.000000")]


def test_a_dimension_cannot_be_partitioned(world: World) -> None:
    stars = [
        replace(star, columns=tuple(replace(column, partition=column.name == "file_name") for column in star.columns))
        for star in world.stars
        if star.table == "dim_design"
    ]
    with pytest.raises(Terminal, match=r"warehouse\.dim_design: a dimension is rewritten whole"):
        World(world.settings, stars=stars).curate()


def test_a_join_that_multiplies_rows_is_refused(world: World) -> None:
    stars = [
        replace(star, source="staff left join department on true") for star in world.stars if star.table == "dim_staff"
    ]
    other = World(world.settings, stars=stars)
    other.land("staff", {"staff_id": 1, "last_updated": at(0)})
    other.land("department", *({"department_id": key, "last_updated": at(0)} for key in (1, 2)))
    with pytest.raises(Terminal, match="staff_id more than once"):
        other.curate()


def test_a_date_that_is_none_stops_the_run_and_says_where_to_look(world: World) -> None:
    world.land("sales_order", {"sales_order_id": 1, "last_updated": at(0), "agreed_delivery_date": "2026-02-31"})
    with pytest.raises(Terminal, match="2026-02-31"):
        world.curate()
    assert len(world.ledger.pending("totesys.sales_order", "curate")) == 1


def test_two_runs_do_not_curate_at_once(world: World) -> None:
    world.land("design", {"design_id": 1, "last_updated": at(0)})
    with world.ledger.lease("curated", owner="another run", seconds=60), pytest.raises(Retryable):
        world.curate()
    assert "warehouse.dim_design" in world.curate()
