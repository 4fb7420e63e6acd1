"""What stands in the stars after batches were loaded: once, twice, late, or out of order."""

from datetime import date, time
from decimal import Decimal

import pytest

from quayside.errors import Terminal
from quayside.warehouse import facts
from tests.warehouse.conftest import DAY, NOON, STAFF, Stars

VERSIONS = """select sales_order_id, units_sold, deleted from warehouse.fact_sales_order
              order by sales_order_id, last_updated_date, last_updated_time"""
BROKEN_KEYS = """select count(*) from pg_constraint
                 where connamespace = 'warehouse'::regnamespace and contype = 'f' and not convalidated"""


def test_every_version_is_a_row_and_the_view_shows_the_latest(stars: Stars) -> None:
    stars.orders({}, {"sales_order_id": 2, "units_sold": 5000})
    stars.orders({"last_updated_time": time(13), "units_sold": 2000})
    [loaded] = stars.load()

    assert (loaded.rows, loaded.changed) == (3, 3)
    assert stars.query(VERSIONS) == [(1, 1000, False), (1, 2000, False), (2, 5000, False)]
    assert stars.query("select sales_order_id, units_sold from warehouse.current_sales_order order by 1") == [
        (1, 2000),
        (2, 5000),
    ]


def test_what_was_deleted_is_not_current_until_it_is_restored(stars: Stars) -> None:
    stars.orders({}, {"sales_order_id": 2})
    stars.orders({"last_updated_time": time(13), "deleted": True})
    stars.load()
    assert stars.query("select sales_order_id from warehouse.current_sales_order") == [(2,)]

    stars.orders({"last_updated_time": time(14)})
    stars.load()
    assert stars.query("select sales_order_id from warehouse.current_sales_order order by 1") == [(1,), (2,)]
    assert stars.query(VERSIONS)[:3] == [(1, 1000, False), (1, 1000, True), (1, 1000, False)]


def test_a_late_version_of_long_ago_is_kept_and_does_not_become_current(stars: Stars) -> None:
    stars.orders({"last_updated_time": time(13), "units_sold": 2000})
    stars.load()
    stars.orders({})
    stars.load()

    assert stars.query("select units_sold from warehouse.current_sales_order") == [(2000,)]
    assert len(stars.query(VERSIONS)) == 2


def test_the_same_version_again_adds_nothing_and_uses_no_number(stars: Stars) -> None:
    stars.orders({}, {"sales_order_id": 2})
    stars.load()
    before = stars.query("select * from warehouse.fact_sales_order order by 1")
    stars.orders({}, {"sales_order_id": 2})
    [again] = stars.load()
    stars.orders({"sales_order_id": 3})
    stars.load()

    assert again.changed == 0
    assert stars.query("select * from warehouse.fact_sales_order order by 1")[:2] == before
    assert stars.query("select max(sales_record_id) from warehouse.fact_sales_order") == [(3,)]


def test_the_same_version_in_two_pending_batches_is_loaded_once(stars: Stars) -> None:
    stars.orders({}, {"sales_order_id": 2})
    stars.orders({}, {"sales_order_id": 3})
    stars.load()

    assert [key for key, *_ in stars.query(VERSIONS)] == [1, 2, 3]


def test_with_nothing_pending_the_schema_stands_and_nothing_is_loaded(stars: Stars) -> None:
    assert stars.load() == []
    assert stars.query("select count(*) from warehouse.current_payment") == [(0,)]


def test_a_dimension_shows_its_latest_version_and_leaves_equal_rows_alone(stars: Stars) -> None:
    stars.put("dim_staff", [{"staff_id": 1, **STAFF}, {"staff_id": 2, **STAFF}])
    stars.load()
    untouched = stars.query("select xmin::text from warehouse.dim_staff where staff_id = 2")
    stars.put("dim_staff", [{"staff_id": 1, **STAFF, "location": "Leeds"}, {"staff_id": 2, **STAFF}])
    [loaded] = stars.load()

    assert loaded.changed == 1
    assert stars.query("select staff_id, location from warehouse.dim_staff order by 1") == [(1, "Leeds"), (2, None)]
    assert stars.query("select xmin::text from warehouse.dim_staff where staff_id = 2") == untouched


def test_of_two_pending_versions_of_a_member_the_later_batch_wins(stars: Stars) -> None:
    for location in ("Leeds", "York"):
        stars.put("dim_staff", [{"staff_id": 1, **STAFF, "location": location}])
    stars.load()

    assert stars.query("select location from warehouse.dim_staff") == [("York",)]


def test_an_order_before_its_dimensions_is_loaded_and_completed_later(stars: Stars) -> None:
    stars.orders({"sales_staff_id": 7})
    [loaded] = stars.load()
    assert loaded.inferred["warehouse.dim_staff"] == 1
    assert stars.query("select * from warehouse.dim_staff") == [(7, None, None, None, None, None)]

    stars.put("dim_staff", [{"staff_id": 7, **STAFF}])
    stars.load()
    assert stars.query("select staff_id, last_name from warehouse.dim_staff") == [(7, "O'Brien")]
    assert stars.query(
        "select sales_order_id from warehouse.fact_sales_order join warehouse.dim_staff on staff_id = sales_staff_id"
    ) == [(1,)]


def test_a_member_that_arrives_with_its_order_is_not_inferred(stars: Stars) -> None:
    stars.put("dim_staff", [{"staff_id": 1, **STAFF}])
    stars.orders({})
    loaded = {item.dataset: item for item in stars.load()}

    assert "warehouse.dim_staff" not in loaded["warehouse.fact_sales_order"].inferred
    assert list(loaded) == ["warehouse.dim_staff", "warehouse.fact_sales_order"]


def test_days_that_facts_refer_to_are_there_in_whole_years_and_complete(stars: Stars) -> None:
    stars.orders({"agreed_payment_date": date(2028, 2, 29)})
    stars.load()

    assert stars.query("select year, count(*) from warehouse.dim_date group by 1 order by 1") == [
        (2026, 365),
        (2028, 366),
    ]
    assert stars.query("select * from warehouse.dim_date where date_id = '2028-02-29'") == [
        (date(2028, 2, 29), 2028, 2, 29, 1, "Tuesday", "February", 1)
    ]


TEXTS = ["O'Brien", '"quoted", and\nbroken', "🚢 Søren Ñ 李", "x" * 240, "", "NULL", "\\N", "None", " ", "\\.", None]


def test_texts_arrive_as_they_left(stars: Stars) -> None:
    stars.put(
        "dim_staff",
        [{"staff_id": number, **STAFF, "first_name": text, "location": text} for number, text in enumerate(TEXTS)],
    )
    stars.load()
    assert stars.query("select first_name, location from warehouse.dim_staff order by staff_id") == [
        (text, text) for text in TEXTS
    ]


@pytest.mark.parametrize("price", ["99999999.99", "-99999999.99", "0.00", "0.01", "70000000.10"])
def test_amounts_arrive_to_the_last_digit(stars: Stars, price: str) -> None:
    stars.orders({"unit_price": Decimal(price)})
    stars.load()
    assert stars.query("select unit_price::text from warehouse.fact_sales_order") == [(price,)]


def test_times_and_days_arrive_to_the_millisecond(stars: Stars) -> None:
    stars.orders(
        {"created_date": date(2000, 2, 29), "created_time": time(0), "last_updated_time": time(23, 59, 59, 999000)}
    )
    stars.load()
    assert stars.query("select created_date, created_time, last_updated_time from warehouse.fact_sales_order") == [
        (date(2000, 2, 29), time(0), time(23, 59, 59, 999000))
    ]


def test_a_flag_arrives_as_it_left(stars: Stars) -> None:
    stars.put(
        "fact_payment",
        [
            {
                "payment_id": key,
                "created_date": DAY,
                "created_time": NOON,
                "last_updated_date": DAY,
                "last_updated_time": NOON,
                "transaction_id": 1,
                "counterparty_id": 1,
                "payment_amount": Decimal("1.00"),
                "currency_id": 1,
                "payment_type_id": 1,
                "paid": paid,
                "payment_date": DAY,
                "deleted": False,
            }
            for key, paid in ((1, True), (2, False))
        ],
    )
    stars.load()
    assert stars.query("select payment_id, paid from warehouse.fact_payment order by 1") == [(1, True), (2, False)]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ten rows be many, so that foreign keys are checked by joins."""
    monkeypatch.setattr(facts, "MANY", 10)


def _orders(stars: Stars, first: int, last: int) -> None:
    stars.orders(*({"sales_order_id": key, "sales_staff_id": key % 7} for key in range(first, last)))


@pytest.mark.usefixtures("many")
def test_after_a_big_load_all_keys_stand_and_hold(stars: Stars) -> None:
    keys = "select conname, pg_get_constraintdef(oid) from pg_constraint where contype in ('f', 'p', 'u') order by 1"
    stars.load()
    before = stars.query(keys)
    _orders(stars, 0, 500)
    [loaded] = stars.load()

    assert loaded.changed == 500
    assert stars.query(keys) == before
    assert stars.query(BROKEN_KEYS) == [(0,)]
    for column, table, key in (("sales_staff_id", "dim_staff", "staff_id"), ("created_date", "dim_date", "date_id")):
        assert stars.query(f"""select count(*) from warehouse.fact_sales_order as fact left join warehouse.{table}
                               on {key} = fact.{column} where {key} is null""") == [(0,)]
    with pytest.raises(Exception, match="violates foreign key"):
        stars.execute("update warehouse.fact_sales_order set sales_staff_id = 99")


@pytest.mark.usefixtures("many")
def test_a_big_load_that_repeats_some_versions_adds_the_others(stars: Stars) -> None:
    _orders(stars, 0, 100)
    stars.load()
    _orders(stars, 50, 150)
    _orders(stars, 140, 160)
    stars.load()

    assert [key for key, *_ in stars.query(VERSIONS)] == list(range(160))
    assert stars.query(BROKEN_KEYS) == [(0,)]


@pytest.mark.usefixtures("many")
def test_a_first_big_load_takes_a_version_that_two_batches_have_once(stars: Stars) -> None:
    _orders(stars, 0, 100)
    _orders(stars, 90, 150)
    [loaded] = stars.load()

    assert (loaded.rows, loaded.changed) == (160, 150)
    assert [key for key, *_ in stars.query(VERSIONS)] == list(range(150))
    assert stars.query(BROKEN_KEYS) == [(0,)]
    with pytest.raises(Exception, match="duplicate key"):
        stars.execute("""insert into warehouse.fact_sales_order overriding system value
                         select * from warehouse.fact_sales_order limit 1""")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("added", [0, 1])
def test_a_big_batch_that_looks_known_adds_what_is_not(
    stars: Stars, monkeypatch: pytest.MonkeyPatch, added: int
) -> None:
    monkeypatch.setattr(facts, "PROBE", 5)
    _orders(stars, 0, 100)
    stars.load()
    _orders(stars, 0, 100 + added)
    [again] = stars.load()

    assert (again.rows, again.changed) == (100 + added, added)
    assert stars.query("select count(*), max(sales_record_id) from warehouse.fact_sales_order") == [
        (100 + added, 100 + added)
    ]


@pytest.mark.usefixtures("many")
def test_a_reader_who_does_not_let_go_makes_a_big_load_slower_not_wrong(
    stars: Stars, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    monkeypatch.setattr(facts, "PATIENCE", 1)
    stars.load()
    with psycopg.connect(**stars.credentials.conninfo()) as reader:
        assert reader.execute("select count(*) from warehouse.dim_staff").fetchone() == (0,)
        _orders(stars, 0, 100)
        stars.load()
        assert reader.execute("select count(*) from warehouse.fact_sales_order").fetchone() == (100,)
    assert stars.query(BROKEN_KEYS) == [(0,)]


def test_a_value_that_does_not_fit_stops_the_load_without_quoting_it(stars: Stars) -> None:
    import pyarrow as pa

    stars.put_table("warehouse.dim_staff", pa.table({"staff_id": ["Zoë"], "first_name": ["Zoë"]}))
    with pytest.raises(Terminal, match=r"invalid input syntax for type integer .*column staff_id") as stopped:
        stars.load()
    assert len(stars.ledger.pending("warehouse.dim_staff", "load")) == 1
    assert "Zoë" not in str(stopped.value)
