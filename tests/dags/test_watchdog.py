"""A task that is killed says nothing; the watchdog's DAG says it, once, and the next success takes it back, once."""

import os
import signal
import subprocess
import sys
import time

import psycopg

from quayside import watchdog
from tests.support.airflow import ROOT, environment


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_a_killed_task_is_told_once_and_its_recovery_once(dags, shop, ledger, inbox, monkeypatch):
    monkeypatch.setattr(watchdog, "SILENCE", watchdog.timedelta())
    env = {**os.environ, **environment(), "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}:{ROOT}"}
    command = [sys.executable, "-m", "tests.support.run_dags", str(ROOT / "dags"), "totesys_landing"]
    with psycopg.connect(shop.source_url) as owner:
        owner.execute("lock table staff in access exclusive mode")  # so that landing is at work for as long as it takes
        worker = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        try:
            wait_for(lambda: ledger.notes("running"))
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()

    assert len(dags.run("quayside_watchdog")) == 2
    dags.run("quayside_watchdog")
    [(subject, text)] = inbox.read()
    assert subject == "[failed] totesys_landing.land has vanished"
    assert "http://airflow.test/dags/totesys_landing/runs/" in text

    for item in ledger.notes("totesys", "lease"):  # the killed run's lease would end by itself, in two minutes
        ledger.forget("totesys", item["entry"])
    for _ in range(2):
        assert dags.run("totesys_landing")["land"] == "success"
    assert dags.run("quayside_watchdog")["look"] == "success"
    assert [subject for subject, _ in inbox.read()] == ["[recovered] totesys_landing.land has vanished"]


def test_the_watchdog_finds_nothing_where_nothing_ever_ran(dags, settings, inbox):
    assert dags.run("quayside_watchdog") == {"look": "success", "quayside_watchdog": "success"}
    assert dags.xcoms("look")["return_value"] == []
    assert inbox.read() == []
