"""What the fake API serves: two venues, nine dashboards, some users; computed from names, so always the same."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

VENUES = [
    {"venue_id": 1, "name": "Bella Vista Hotel", "time_zone": "Australia/Sydney"},
    {"venue_id": 2, "name": "Harbour Light Hotel", "time_zone": "Australia/Sydney"},
]
ALL = ["since", "until", "venue", "grain", "compare"]
AUD, HOURS, PERCENT, COUNT = "AUD", "hours", "percent", "count"
DASHBOARDS = [
    ("trading_today", "Trading today", "What the venues take today, hour by hour.", ["hour", "day"]),
    (
        "sales_against_wages",
        "Sales against wages",
        "What was sold, what the work cost, and the share of it.",
        ["day", "week", "month"],
    ),
    (
        "roster_against_timesheets",
        "Roster against timesheets",
        "Hours and wages as rostered and as worked.",
        ["day", "hour", "week"],
    ),
    (
        "gaming_floor",
        "Gaming floor",
        "Turnover, wins and hold of the gaming machines.",
        ["day", "hour", "week", "month"],
    ),
    ("products", "Products", "What sells: groups and products, by quantity and takings.", ["week", "month"]),
    ("members", "Members", "What members spend, and their points.", ["week", "month"]),
    ("totesys_sales", "Totesys sales", "Orders of the trading company, by design and staff.", ["month", "quarter"]),
    (
        "totesys_purchases",
        "Totesys purchases and payments",
        "What was bought and paid, by counterparty.",
        ["month", "quarter"],
    ),
]
METRICS = {
    "sales": ("Sales", AUD, 2, 9000), "wages": ("Wages", AUD, 2, 2800), "wage_percentage": ("Wage percentage", PERCENT, 1, 31),
    "covers": ("Covers", COUNT, 0, 240), "average_spend": ("Spend per cover", AUD, 2, 38), "turnover": ("Turnover", AUD, 2, 60000),
    "hold": ("Hold", AUD, 2, 5600), "worked_hours": ("Worked hours", HOURS, 2, 82), "rostered_hours": ("Rostered hours", HOURS, 2, 80),
    "quantity": ("Quantity", COUNT, 0, 400), "orders": ("Orders", COUNT, 0, 55), "order_value": ("Order value", "GBP", 2, 41000),
    "points": ("Points", "points", 0, 900), "rows": ("Rows", COUNT, 0, 24000), "paid": ("Paid", "currency", 2, 12000), "due": ("Due", "currency", 2, 5000),
}  # fmt: skip
NAMES = {
    "venue": [venue["name"] for venue in VENUES],
    "product_group": ["Tap beer", "Wine", "Spirits", "Bistro mains", "Coffee and cake"],
    "product": ["Carlton Draught schooner", "House Sauvignon Blanc glass", "Chicken parmigiana", "Steak sandwich", "Espresso martini",
                "Great Northern pot", "Fish and chips", "Garlic bread", "Soda water", "Flat white"],
    "member": ["Member 10241", "Member 10377", "Member 11002", "Member 11530", "Member 12004"],
    "member_name": ["Dimitra Chen", "Tane Kelly", "Yuki Smith"],
    "staff": ["Staff 3", "Staff 7", "Staff 9", "Staff 12"],
    "currency": ["GBP", "USD", "EUR"],
    "hour_of_day": [*range(6, 24), *range(6)],
    "payment_type": ["SALES_RECEIPT", "PURCHASE_PAYMENT"],
    "dataset": ["swiftpos.sale", "humanforce.timesheet", "aristocrat.reading", "totesys.sales_order"],
}  # fmt: skip
PANELS: dict[str, list[tuple[str, str, str, tuple[str, ...], tuple[str, ...]]]] = {
    "trading_today": [
        ("now", "So far", "number", ("sales", "covers", "average_spend", "hold"), ()),
        ("by_hour", "Sales by hour", "line", ("sales",), ("time", "venue")),
        ("groups", "Sales by product group", "bar", ("sales",), ("product_group",)),
        ("machines", "Gaming by hour", "line", ("turnover", "hold"), ("time",)),
    ],
    "sales_against_wages": [
        ("total", "In total", "number", ("sales", "wages", "wage_percentage", "worked_hours"), ()),
        ("over_time", "Sales and wages", "line", ("sales", "wages", "wage_percentage"), ("time",)),
        ("by_venue", "By venue", "bar", ("sales", "wages"), ("venue",)),
        ("rows", "Day by day", "table", ("sales", "wages", "wage_percentage"), ("time", "venue")),
    ],
    "roster_against_timesheets": [
        ("hours", "Hours", "bar", ("rostered_hours", "worked_hours"), ("time",)),
        ("wages", "Wages", "line", ("wages",), ("time", "venue")),
        ("by_hour", "Wages by the hour of the day", "bar", ("wages",), ("hour_of_day",)),
    ],
    "gaming_floor": [
        ("total", "In total", "number", ("turnover", "hold"), ()),
        ("heat", "Turnover by day and hour", "heatmap", ("turnover",), ("time", "hour_of_day")),
        ("over_time", "Hold by venue", "stacked_bar", ("hold",), ("time", "venue")),
    ],
    "products": [
        ("top", "Products by takings", "bar", ("sales",), ("product",)),
        ("groups", "Groups over time", "stacked_bar", ("sales",), ("time", "product_group")),
        ("rows", "All products", "table", ("quantity", "sales"), ("product",)),
    ],
    "members": [
        ("spend", "Spend by member", "bar", ("sales",), ("member",)),
        ("rows", "Members", "table", ("sales", "points"), ("member",)),
        ("names", "Members by name", "table", ("sales",), ("member_name",)),
    ],
    "totesys_sales": [
        ("total", "In total", "number", ("orders", "order_value"), ()),
        ("over_time", "Order value", "line", ("order_value",), ("time",)),
        ("staff", "By staff", "bar", ("orders",), ("staff",)),
    ],
    "totesys_purchases": [
        ("paid", "Paid by currency", "bar", ("paid",), ("time", "currency")),
        ("types", "Paid and due", "stacked_bar", ("paid", "due"), ("payment_type", "currency")),
    ],
}


def dashboards() -> dict[str, Any]:
    """The list of dashboards."""
    fields = ("name", "title", "description", "grains")
    totesys = [name for name in ALL if name != "venue"]
    return {
        "items": [
            dict(zip(fields, one, strict=True)) | {"filters": totesys if "totesys" in one[0] else ALL}
            for one in DASHBOARDS
        ]
    }


def result(name: str, query: dict[str, list[str]], *, sql: bool) -> dict[str, Any]:
    """One dashboard's Result."""
    _, title, _, grains = next(one for one in DASHBOARDS if one[0] == name)
    usual = (date(2026, 11, 21) if name == "trading_today" else date(2026, 10, 25), date(2026, 11, 21))
    since = date.fromisoformat(query.get("since", [usual[0].isoformat()])[0])
    until = date.fromisoformat(query.get("until", [usual[1].isoformat()])[0])
    grain = query.get("grain", grains)[0]
    compare = query.get("compare", ["none"])[0]
    wanted = [int(one) for one in query.get("venue", [])]
    venues = [] if "totesys" in name else [one for one in VENUES if not wanted or one["venue_id"] in wanted]
    panels = [_panel(one, since, until, grain, compare, [one["name"] for one in venues]) for one in PANELS[name]]
    late = name == "gaming_floor"
    document = {
        "name": name, "title": title, "since": since.isoformat(), "until": until.isoformat(), "venues": venues, "grain": grain,
        "compare": compare, "generated_at": "2026-11-21T04:31:00Z", "panels": panels,
        "freshness": [
            {"dataset": "swiftpos.sale", "as_of": "2026-11-21T04:15:00Z", "promised_minutes": 30, "state": "fresh"},
            {"dataset": "aristocrat.reading", "as_of": "2026-11-21T01:00:00Z", "promised_minutes": 60, "state": "late" if late else "fresh"},
        ],
        "gates": [{"dataset": "swiftpos.sale", "state": "passed"}, {"dataset": "aristocrat.reading", "state": "blocked" if late else "passed"}],
    }  # fmt: skip
    if sql:
        text = 'SELECT\n  "business_date" AS "metric_time__day",\n  SUM("total_inc") AS "sales"\nFROM "hospitality"."sale_item"\nGROUP BY 1'
        document["sql"] = [{"panel": one["name"], "dialect": "athena", "sql": text} for one in panels]
    return document


def _panel(one: tuple, since: date, until: date, grain: str, compare: str, venues: list[str]) -> dict[str, Any]:
    name, title, chart, metrics, dimensions = one
    columns = [_column(dimension, grain) for dimension in dimensions]
    columns += [
        {"name": metric, "label": METRICS[metric][0], "type": "numeric(18,2)", "unit": METRICS[metric][1], "kind": "metric", "decimals": METRICS[metric][2]}
        for metric in metrics
    ]  # fmt: skip
    keys: list[tuple[Any, ...]] = [()]
    for dimension in dimensions:
        values = _times(since, until, grain) if dimension == "time" else NAMES[dimension]
        values = [value for value in values if dimension != "venue" or value in venues]
        keys = [(*key, value) for key in keys for value in values]
    rows = [[*key, *(_value(metric, key, "now") for metric in metrics)] for key in keys]
    if dimensions and dimensions[0] not in ("time", "hour_of_day"):
        rows.sort(key=lambda row: -float(row[len(dimensions)]))
    before = [
        [
            *(_earlier(part, compare) for part in row[: len(dimensions)]),
            *(_value(metric, tuple(row[: len(dimensions)]), "before") for metric in metrics),
        ]
        for row in rows
    ]
    units = {METRICS[metric][1] for metric in metrics}
    return {
        "name": name, "title": title, "chart": chart, "unit": units.pop() if len(units) == 1 else None, "columns": columns,
        "rows": rows, "comparison_rows": None if compare == "none" else before, "truncated": name == "rows" and len(rows) > 40,
        "compared": None if compare == "none" else {"since": _earlier(since.isoformat(), compare), "until": _earlier(until.isoformat(), compare)},
        "formats": ["csv"] if {"member_name", "member_class"} & set(dimensions) else ["csv", "parquet"],
    }  # fmt: skip


def _column(dimension: str, grain: str) -> dict[str, Any]:
    name, kind, typed = dimension, "dimension", "integer" if dimension == "hour_of_day" else "text"
    if dimension == "time":
        name, kind, typed = f"metric_time__{grain}", "time", "timestamp(3)" if grain == "hour" else "date"
    label = "Business date" if kind == "time" else dimension.replace("_", " ").capitalize()
    return {"name": name, "label": label, "type": typed, "unit": None, "kind": kind}


def _times(since: date, until: date, grain: str) -> list[str]:
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    if grain == "hour":
        return [
            (datetime(day.year, day.month, day.day, 6) + timedelta(hours=hour)).isoformat()
            for day in days
            for hour in range(24)
        ]
    starts = {"day": lambda day: day, "week": lambda day: day - timedelta(days=day.weekday()), "month": lambda day: day.replace(day=1),
              "quarter": lambda day: day.replace(month=day.month - (day.month - 1) % 3, day=1)}  # fmt: skip
    return sorted({starts[grain](day).isoformat() for day in days})


def _earlier(part: Any, compare: str) -> Any:
    """Return what is compared with: 28 days or 52 weeks before, as if every range were that long."""
    if not isinstance(part, str) or part[:2] != "20":
        return part
    moved = datetime.fromisoformat(part) - timedelta(days=364 if compare == "previous_year" else 28)
    return moved.isoformat() if "T" in part else moved.date().isoformat()


def _value(metric: str, key: tuple[Any, ...], when: str) -> str | int:
    _, _, decimals, middle = METRICS[metric]
    noise = int(hashlib.sha256(f"{metric}{key}{when}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
    rank = 1.0
    for part in key:
        if isinstance(part, int) or "T" in part[10:11]:
            hour = part if isinstance(part, int) else int(part[11:13])
            rank *= 0.01 if 3 <= hour < 9 else 0.12 + 0.1 * max(0, 6 - abs(hour - 19))
        elif part[:2] == "20":
            rank *= 1 + 0.45 * (date.fromisoformat(part).weekday() >= 4)
        else:
            rank *= 0.35 + 0.65 * (hash_of(part) % 100) / 100
    value = middle * rank * (0.85 + 0.3 * noise) * (0.94 if when == "before" else 1)
    return round(value) if decimals == 0 else f"{value:.2f}"


def hash_of(text: str) -> int:
    """A number that is always the same for a text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:6], 16)


def health(airflow: str) -> dict[str, Any]:
    """What /data-health answers."""
    names = [
        ("swiftpos.sale", "landing", 12, 30, "fresh", "passed", 0, "none"),
        ("humanforce.timesheet", "landing", 300, 1500, "fresh", "passed", 3, "none"),
        ("aristocrat.reading", "landing", 190, 60, "late", "blocked", 41, "none"),
        ("hospitality.sale_item", "curated", 14, 45, "fresh", "passed", 0, "equal"),
        ("totesys.sales_order", "curated", 9, 30, "fresh", "passed", 0, "equal"),
        ("warehouse.fact_sale_item", "warehouse", 20, 60, "fresh", "none", 0, "equal"),
        ("warehouse.fact_payment", "warehouse", 22, 60, "fresh", "none", 0, "different"),
        ("warehouse.fact_gaming", "warehouse", None, 60, "unknown", "none", 0, "none"),
    ]
    datasets = []
    for name, stage, fresh, promised, state, gate, quarantined, reconciled in names:
        dag = name.split(".", maxsplit=1)[0]
        run = f"scheduled__2026-11-21T04:{hash_of(name) % 60:02d}:00+00:00"
        ran = {
            "dag_id": dag,
            "run_id": run,
            "state": "failed" if gate == "blocked" else "success",
            "url": f"{airflow}/dags/{dag}/runs/{run}",
        }
        datasets.append({
            "name": name, "stage": stage, "freshness_minutes": fresh, "promised_minutes": promised, "state": state,
            "last_batch_at": None if fresh is None else "2026-11-21T04:15:00Z", "gate": gate, "quarantined_rows": quarantined,
            "reconciled": reconciled, "last_run": None if fresh is None else ran,
        })  # fmt: skip
    return {"datasets": datasets}
