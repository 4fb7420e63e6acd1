"""Which statement a text is, and what it is to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.aws.athena import ddl, dialect, engine, prepared, shows, views, writing
from local.aws.athena.ddl import Change, Place
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.words import Words
from local.aws.athena.writing import Writing

Work = engine.Query | Writing | Change | QueryFailed


@dataclass(frozen=True)
class Statement:
    """A statement that has been read.

    :param type: its StatementType
    :param subtype: its SubstatementType
    :param work: what it is to do, or why it fails
    """

    type: str
    subtype: str
    work: Work


# First words → StatementType, SubstatementType, what reads the rest
STATEMENTS: dict[str, tuple[str, str, Callable[[Words, Place], Work]]] = {
    "create external table": ("DDL", "CREATE_TABLE", ddl.create_table),
    "create table": ("DDL", "CREATE_TABLE_AS_SELECT", writing.create_table_as),
    "create or replace view": ("DDL", "CREATE_VIEW", views.replace_view),
    "create view": ("DDL", "CREATE_VIEW", views.create_view),
    "create database": ("DDL", "CREATE_DATABASE", ddl.create_database),
    "create schema": ("DDL", "CREATE_DATABASE", ddl.create_database),
    "drop table": ("DDL", "DROP_TABLE", ddl.drop_table),
    "drop view": ("DDL", "DROP_VIEW", ddl.drop_view),
    "drop database": ("DDL", "DROP_DATABASE", ddl.drop_database),
    "drop schema": ("DDL", "DROP_DATABASE", ddl.drop_database),
    "alter table": ("DDL", "ALTER_TABLE", ddl.alter_table),
    "msck repair table": ("DDL", "MSCK_REPAIR", ddl.repair_table),
    "show databases": ("UTILITY", "SHOW_DATABASES", shows.show_databases),
    "show schemas": ("UTILITY", "SHOW_DATABASES", shows.show_databases),
    "show tables": ("UTILITY", "SHOW_TABLES", shows.show_tables),
    "show views": ("UTILITY", "SHOW_VIEWS", shows.show_views),
    "show partitions": ("UTILITY", "SHOW_PARTITIONS", shows.show_partitions),
    "show columns": ("UTILITY", "SHOW_COLUMNS", shows.show_columns),
    "show tblproperties": ("UTILITY", "SHOW_TABLE_PROPERTIES", shows.show_properties),
    "show create table": ("UTILITY", "SHOW_CREATE_TABLE", shows.show_create_table),
    "show create view": ("UTILITY", "SHOW_CREATE_VIEW", views.show_create_view),
    "describe": ("UTILITY", "DESCRIBE_TABLE", shows.describe),
    "desc": ("UTILITY", "DESCRIBE_TABLE", shows.describe),
    "insert into": ("DML", "INSERT", writing.insert),
    "unload": ("DML", "UNLOAD", writing.unload),
    "prepare": ("UTILITY", "PREPARE", prepared.prepare),
    "deallocate prepare": ("UTILITY", "DEALLOCATE", prepared.deallocate),
    "explain": ("DML", "EXPLAIN", lambda *_: not_supported("EXPLAIN: its plan is not Athena's")),
}


def read(sql: str, place: Place, parameters: Sequence[str]) -> Statement:
    """Read a statement. Call it on the event loop, in one go: so a query sees one moment.

    :param parameters: what stands for its question marks
    :raises Malformed: it is none
    :raises Refused: Athena refuses it before it becomes a query
    """
    words, kind, subtype = Words(sql), "DML", "SELECT"
    try:
        if words.take("execute"):
            sql, parameters = prepared.statement(words, place, parameters)
        if not words.hive and not words.is_next("prepare"):
            sql = dialect.bind(sql, parameters)
            words = Words(sql)
        phrase = next(filter(words.take, STATEMENTS), None)
        if phrase is not None:
            kind, subtype, reads = STATEMENTS[phrase]
            work = reads(words, place)
            told = work.subtype if isinstance(work, Change) else None
            return Statement(kind, told or subtype, work)
        if words.hive:
            kind, subtype = "DDL", words.name().upper()
            raise not_supported(f"{' '.join(sql.split()[:2]).upper()} statements")
        return Statement(kind, subtype, engine.resolve(sql, place.database))
    except QueryFailed as error:
        return Statement(kind, subtype, error)
