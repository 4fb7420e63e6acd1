"""Alerts: an incident is told once when it opens, once more when its reason changes, and once when it is over.

What is open is kept in the ledger (partition ``alert``, one entry per subject), so that a task's own process and the
watchdog, or two tries of a task, do not tell the same thing twice.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quayside.errors import Retryable
from quayside.ledger import Ledger
from quayside.settings import Settings, aws

PARTITION = "alert"
UNTOLD = timedelta(minutes=1)  # a claim older than this, and not told, was left by a process that died meanwhile
_SECRETS = (
    (re.compile(r"(\w+://[^\s:/@]+):[^\s@]+@"), r"\1:***@"),
    (re.compile(r"(?i)((?:password|passwd|secret|token|access_key)\w*[\"']?\s*[=:]\s*)[\"']?[^\s\"',;)]+"), r"\1***"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What somebody should know.

    :param subject: the incident's identity, e.g. ``totesys_landing#gate``: one is open at most
    :param headline: one line, for a mail's subject
    :param reason: what happened and what to do next; secrets are taken out before it leaves
    :param link: where to look, usually the task's log in the Airflow UI
    :param run: the run in which it happened; empty where it was none
    """

    subject: str
    headline: str
    reason: str
    link: str
    run: str = ""


def raise_alert(alert: Alert, settings: Settings, ledger: Ledger, *, surmised: bool = False) -> bool:
    """Tell of an incident, unless this very one is open already; return whether it was told.

    :param surmised: the reason is an outsider's guess, and no news about an incident that is open for another reason
    :raises Retryable: the topic or the ledger did not answer; the watchdog tells it later
    """
    record: dict[str, Any] = {
        "headline": alert.headline,
        "reason": scrub(alert.reason),
        "link": alert.link,
        "run": alert.run,
        "opened_at": _now(),
        "told": False,
    }
    if not ledger.claim(PARTITION, alert.subject, record):
        open_now = ledger.notes(PARTITION, alert.subject)
        known = next((item for item in open_now if item["entry"] == alert.subject), None)
        if known is None or surmised or not _differs(known["reason"], record["reason"]):
            return False
        ledger.note(PARTITION, alert.subject, record)
    _tell("failed", alert.subject, record, settings)
    ledger.note(PARTITION, alert.subject, {**record, "told": True})
    return True


def recover(subject: str, *, link: str, run: str = "", settings: Settings, ledger: Ledger) -> bool:
    """Tell that an incident is over, if it was open; return whether it was told.

    :raises Retryable: the topic or the ledger did not answer; the incident stays open
    """
    known = next((item for item in ledger.notes(PARTITION, subject) if item["entry"] == subject), None)
    if known is None or not ledger.forget(PARTITION, subject):
        return False
    try:
        record = {**known, "link": link, "run": run}
        _tell("recovered", subject, record, settings)
    except Retryable:
        ledger.claim(PARTITION, subject, {name: known[name] for name in known if name not in ("dataset", "entry")})
        raise
    return True


def tell_what_was_left(settings: Settings, ledger: Ledger, *, now: datetime) -> list[str]:
    """Tell of incidents whose finder died between noting and telling; return their subjects."""
    left = [
        item
        for item in ledger.notes(PARTITION)
        if not item["told"] and datetime.fromisoformat(item["opened_at"]) < now - UNTOLD
    ]
    for item in left:
        record = {name: value for name, value in item.items() if name not in ("dataset", "entry")}
        _tell("failed", item["entry"], record, settings)
        ledger.note(PARTITION, item["entry"], {**record, "told": True})
    return [item["entry"] for item in left]


def scrub(text: str) -> str:
    """Return a message without passwords and tokens, should a driver's words contain any."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _differs(known: str, reason: str) -> bool:
    """Numbers and ids change with every try; only other words are another reason."""
    return re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", known) != re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", reason)


def _tell(kind: str, subject: str, record: dict[str, Any], settings: Settings) -> None:
    if not settings.alerts_topic_arn:
        return
    where, _, part = subject.partition("#")
    lines = [
        f"{record['headline']}" if kind == "failed" else f"Recovered: {record['headline']}",
        "",
        f"{'Reason' if kind == 'failed' else 'It was'}: {record['reason']}",
        f"Since: {record['opened_at']} UTC",
        *([f"Run: {record['run']}"] if record["run"] else []),
        f"Look here: {record['link']}",
    ]
    title = f"[{kind}] {record['headline']}".encode("ascii", "replace").decode()
    attributes = {"kind": kind, "dag": where, "task": part or "-"}
    try:
        aws("sns").publish(
            TopicArn=settings.alerts_topic_arn,
            Subject=title[:99].replace("\n", " "),
            Message="\n".join(lines),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except (ClientError, BotoCoreError) as error:
        raise Retryable(f"The alerts topic {settings.alerts_topic_arn} did not take a message: {error}") from error


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
