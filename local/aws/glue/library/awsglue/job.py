"""A job as a script sees it: without bookmarks, there is nothing to begin and nothing to commit."""

from collections.abc import Mapping
from typing import Any


class Job:
    """Marks where a job begins and where it is done."""

    def __init__(self, glue_context: Any) -> None:
        self.glue_context = glue_context

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        """Begin; there is no bookmark to read, since the local AWS refuses jobs that have one."""

    def commit(self) -> None:
        """End; there is no bookmark to write."""
