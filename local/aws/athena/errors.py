"""How a query fails."""


class QueryFailed(Exception):
    """A query fails as Athena lets it fail.

    :param code: Athena's name of the error, e.g. ``TABLE_NOT_FOUND``
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Malformed(Exception):
    """A statement is no SQL; Athena refuses it before it becomes a query."""


def not_supported(what: str) -> QueryFailed:
    """Return the error for what real Athena may know and the local one does not."""
    return QueryFailed("NOT_SUPPORTED", f"The local Athena does not support {what}")
