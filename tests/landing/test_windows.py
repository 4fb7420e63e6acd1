"""Which rows a window lands: nothing that was committed is ever missing."""

from datetime import timedelta

from tests.landing.conftest import NOON, Platform, department


def test_the_first_window_is_the_full_history(platform: Platform) -> None:
    with platform.source.connect() as connection:
        for key in (1, 2, 3):
            department(connection, key, NOON + timedelta(hours=key))
    [landed] = platform.land()

    assert platform.keys() == [1, 2, 3]
    assert (landed.rows, landed.since, landed.until) == (3, None, NOON + timedelta(hours=3))


def test_a_window_in_which_nothing_changed_makes_no_batch(platform: Platform) -> None:
    with platform.source.connect() as connection:
        department(connection, 1)
    platform.land()
    [again] = platform.land()

    assert (again.batch, again.rows, len(platform.ledger.batches("totesys.department"))) == (None, 0, 1)


def test_a_row_that_commits_late_is_not_lost(platform: Platform) -> None:
    with platform.source.connect() as slow:
        department(slow, 1, NOON)
        with platform.source.connect() as quick:
            department(quick, 2, NOON + timedelta(hours=3))
        platform.land()
        assert platform.keys() == [2]
    platform.land()

    assert platform.keys() == [1, 2]
