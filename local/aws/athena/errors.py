"""How a query fails."""

# What Athena notes of an error beside its words; 1000 for the others.
TYPES = {
    "TABLE_NOT_FOUND": 1301,
    "SCHEMA_NOT_FOUND": 1301,
    "COLUMN_NOT_FOUND": 1006,
    "CATALOG_NOT_FOUND": 1006,
    "TYPE_MISMATCH": 1002,
    "DIVISION_BY_ZERO": 1001,
    "INVALID_CAST_ARGUMENT": 1100,
    "TABLE_ALREADY_EXISTS": 1110,
    "NOT_SUPPORTED": 1200,
    "FAILED": 1006,
}


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


def semantic_error(number: int, message: str) -> QueryFailed:
    """Return the error of a statement of Hive's that names what is not there."""
    return QueryFailed("FAILED", f"SemanticException [Error {number}]: {message}")


def task_error(message: str) -> QueryFailed:
    """Return the error of a statement of Hive's that cannot be done."""
    return QueryFailed(
        "FAILED", f"Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {message}"
    )
