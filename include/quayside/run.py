"""One run of a stage: who asks, and what it works with."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from quayside.lake import Lake
from quayside.ledger import Ledger
from quayside.settings import Settings

Progress = Callable[[str, str], None]


def log_progress(dataset: str, message: str) -> None:
    """Tell the log how far a dataset is."""
    logging.getLogger("quayside").info("%s: %s", dataset, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What every stage is given.

    :param id: of the orchestrator's run; a retry has the same
    :param progress: told (dataset, what happened) as work goes on
    """

    id: str
    settings: Settings
    lake: Lake
    ledger: Ledger
    progress: Progress = log_progress

    @classmethod
    def of(cls, run_id: str, progress: Progress = log_progress) -> Self:
        """Return a run in the environment that this process is configured for.

        :raises Terminal: the environment is not configured
        """
        settings = Settings.from_environment()
        return cls(id=run_id, settings=settings, lake=Lake.of(settings), ledger=Ledger.of(settings), progress=progress)
