"""An incident is told once when it opens and once when it is over, whoever finds it."""

from datetime import UTC, datetime, timedelta

import pytest

from quayside.alerts import PARTITION, Alert, raise_alert, recover, scrub, tell_what_was_left
from quayside.errors import Retryable
from quayside.settings import Settings
from tests.support.inbox import Inbox

GATE = Alert(
    subject="totesys_landing#gate",
    headline="totesys_landing.gate failed",
    link="http://airflow.test/log",
    reason="totesys.staff: batch 00000012-ab12cd34 is blocked",
    run="manual__1",
)


@pytest.fixture
def inbox(settings):
    return Inbox.of(settings)


def test_an_incident_is_told_once_with_its_reason_and_where_to_look(settings, ledger, inbox):
    assert raise_alert(GATE, settings, ledger)
    assert not raise_alert(GATE, settings, ledger)

    [(subject, text)] = inbox.read()
    assert subject == "[failed] totesys_landing.gate failed"
    assert "batch 00000012-ab12cd34 is blocked" in text
    assert "http://airflow.test/log" in text


def test_another_run_failing_for_the_same_reason_is_no_news(settings, ledger, inbox):
    raise_alert(GATE, settings, ledger)
    again = Alert(
        subject=GATE.subject,
        headline=GATE.headline,
        link=GATE.link,
        run="manual__2",
        reason="totesys.staff: batch 00000013-9931eeaa is blocked",
    )

    assert not raise_alert(again, settings, ledger)
    assert len(inbox.read()) == 1


def test_another_reason_is_news(settings, ledger, inbox):
    raise_alert(GATE, settings, ledger)
    other = Alert(subject=GATE.subject, headline=GATE.headline, link=GATE.link, reason="The lake is out of reach")

    assert raise_alert(other, settings, ledger)
    assert "The lake is out of reach" in inbox.read()[1][1]


def test_what_an_outsider_surmises_of_an_open_incident_is_no_news(settings, ledger, inbox):
    guess = Alert(subject=GATE.subject, headline=GATE.headline, link=GATE.link, reason="Its process is gone")

    assert raise_alert(guess, settings, ledger, surmised=True)
    assert raise_alert(GATE, settings, ledger)  # the task itself knows better
    assert not raise_alert(guess, settings, ledger, surmised=True)
    assert len(inbox.read()) == 2


def test_a_recovery_is_told_once_and_only_after_an_incident(settings, ledger, inbox):
    def recovered() -> bool:
        return recover(GATE.subject, link="http://airflow.test/next", settings=settings, ledger=ledger)

    assert not recovered()
    raise_alert(GATE, settings, ledger)
    assert recovered()
    assert not recovered()

    assert [subject for subject, _ in inbox.read()] == [
        "[failed] totesys_landing.gate failed",
        "[recovered] totesys_landing.gate failed",
    ]


def test_an_incident_is_told_again_after_a_recovery(settings, ledger, inbox):
    raise_alert(GATE, settings, ledger)
    recover(GATE.subject, link=GATE.link, settings=settings, ledger=ledger)

    assert raise_alert(GATE, settings, ledger)
    assert len(inbox.read()) == 3


def test_what_the_topic_did_not_take_is_told_later(settings, ledger, inbox):
    nowhere = Settings(
        **{name: getattr(settings, name) for name in Settings.__dataclass_fields__}
        | {"alerts_topic_arn": settings.alerts_topic_arn + "-gone"}
    )
    with pytest.raises(Retryable):
        raise_alert(GATE, nowhere, ledger)
    now = datetime.now(UTC).replace(tzinfo=None)

    assert tell_what_was_left(settings, ledger, now=now) == []  # its finder may still be at it
    assert tell_what_was_left(settings, ledger, now=now + timedelta(minutes=2)) == [GATE.subject]
    assert tell_what_was_left(settings, ledger, now=now + timedelta(minutes=9)) == []
    assert len(inbox.read()) == 1


def test_a_recovery_that_could_not_be_told_leaves_the_incident_open(settings, ledger, inbox):
    nowhere = Settings(
        **{name: getattr(settings, name) for name in Settings.__dataclass_fields__}
        | {"alerts_topic_arn": settings.alerts_topic_arn + "-gone"}
    )
    raise_alert(GATE, settings, ledger)

    with pytest.raises(Retryable):
        recover(GATE.subject, link=GATE.link, settings=nowhere, ledger=ledger)

    assert [item["entry"] for item in ledger.notes(PARTITION)] == [GATE.subject]


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://quayside:hunter2@db:5432/shop",
        "password=hunter2 was refused",
        'secret: "hunter2"',
        "{'password': 'hunter2', 'host': 'db'}",
    ],
)
def test_secrets_do_not_leave_in_a_message(text):
    assert "hunter2" not in scrub(text)
    assert "***" in scrub(text)
