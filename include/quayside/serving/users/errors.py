"""Why a change of a user is refused."""

from quayside.errors import Terminal


class UnknownUser(Terminal):
    """There is no user with this id."""


class AddressTaken(Terminal):
    """Another user has this address, perhaps a deleted one, who can be restored."""


class LastAdmin(Terminal):
    """Nobody could administer users any more."""


class NotNow(Terminal):
    """The user's state does not allow it; the message says what to do first."""
