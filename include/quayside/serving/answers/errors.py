"""What can be wrong with a question that is well formed."""

from quayside.errors import Terminal


class TooMuch(Terminal):
    """Answering would read or return more than one question may; nothing was handed out."""
