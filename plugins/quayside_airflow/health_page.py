"""The table of the page of data health: what the watchdog saw, and how old that has become since."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

BAD = {"late", "blocked", "different", "failed"}
SILENT = 15  # minutes after which the watchdog itself is late


def table(seen: Mapping[str, Any], datasets: Sequence[Mapping[str, Any]], now: datetime | None = None) -> str:
    """Return the datasets as a table; ages go on from when the watchdog looked.

    :param seen: what it kept: ``at``, and ``datasets``
    :param datasets: those of them that may be shown
    """
    at = datetime.fromisoformat(seen["at"])
    since = max(0, int(((now or datetime.now(UTC)) - at).total_seconds() // 60))
    silent = " class=failed" if since > SILENT else ""
    rows = "".join(_row(each, since) for each in datasets)
    return (
        f"<p{silent}>As the watchdog saw it at {at:%Y-%m-%d %H:%M} UTC, {since} minutes ago.</p>"
        "<table><tr><th>Dataset<th>Stage<th>Fresh<th class=n>Age, min<th class=n>Promised<th>Last batch, UTC<th>Gate"
        f"<th class=n>In quarantine<th>Reconciled<th>Last run</tr>{rows}</table>"
    )


def _row(each: Mapping[str, Any], since: int) -> str:
    age, promised = each["freshness_minutes"], each["promised_minutes"]
    age = None if age is None else age + since
    state = "late" if None not in (age, promised) and age > promised else each["state"]
    batch = (each["last_batch_at"] or "")[:16].replace("T", " ")
    return (
        f"<tr><td>{escape(each['name'])}<td>{escape(each['stage'])}<td>{_word(state)}<td class=n>{_number(age)}"
        f"<td class=n>{_number(promised)}<td>{escape(batch)}<td>{_word(each['gate'])}"
        f"<td class=n>{each['quarantined_rows']:,}<td>{_word(each['reconciled'])}<td>{_run(each['last_run'])}"
    )


def _run(run: Mapping[str, str] | None) -> str:
    if run is None:
        return ""
    return f"<a href='{escape(run['url'], quote=True)}'>{escape(run['dag_id'])}</a> {_word(run['state'])}"


def _word(state: str) -> str:
    tone = "failed" if state in BAD else "success" if state in ("fresh", "passed", "equal", "success") else ""
    return f"<span class='{tone}'>{escape(state)}</span>"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
