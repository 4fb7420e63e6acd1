"""Every failure is one of two: worth another try, or not before somebody has done something."""


class QuaysideError(Exception):
    """Base of the platform's errors; the message says what happened and what to do next."""


class Retryable(QuaysideError):
    """The same call may succeed later: a source out of reach, a throttled service, a lost connection."""


class Terminal(QuaysideError):
    """The same call will fail again until somebody changes something; the message says what."""


class Blocked(Terminal):
    """A gate stopped a batch: the data is kept in landing, and the last good state stays served."""
