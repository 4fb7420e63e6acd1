"""What can be wrong with a question that is well formed."""

from quayside.errors import Terminal


class NotYet(Terminal):
    """What is asked about has no table yet."""

    def __init__(self) -> None:
        super().__init__("No data of this has come yet; data health tells how far the pipelines are.")


class TooMuch(Terminal):
    """Answering would read or return more than one question may; nothing was handed out."""
