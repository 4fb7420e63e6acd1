"""Statements that write a query's rows: CREATE TABLE AS, INSERT INTO and UNLOAD.

Files are written beside the lake. Only when all are complete do they enter it, and only then the catalog: so a query
that fails leaves nothing behind, and none overwrites what is there.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from local.aws.athena import catalog, engine, entries, objects, types, values
from local.aws.athena.ddl import Change, Place, lines_of
from local.aws.athena.entries import FORMATS, folder
from local.aws.athena.errors import QueryFailed, not_supported
from local.aws.athena.files import COMPRESSIONS, STAGED, Column, File, Layout, write
from local.aws.athena.types import UNKNOWN, Type
from local.aws.athena.words import CATALOG, Name, Words

WRITABLE = {catalog.PARQUET: "PARQUET", catalog.HIVE_JSON: "JSON", catalog.TEXT: "TEXTFILE"}
HIVE = {"integer": "int", "real": "float", "varchar": "string", "varbinary": "binary", "timestamp": "timestamp"}
SAME_IN_HIVE = ("boolean", "tinyint", "smallint", "bigint", "double", "date")
CLEAN = "You may need to manually clean the data at location '{}' before retrying. Athena will not delete data in your account."
ENFORCED = (
    "The Create Table As Select query failed because it was submitted with an 'external_location' property to an Athena "
    "Workgroup that enforces a centralized output location for all queries. Please remove the 'external_location' "
    "property and resubmit the query."
)


@dataclass(frozen=True)
class Writing:
    """A query, and where its rows go.

    :param location: where files go, without a last slash
    :param manifest: where the list of files goes
    :param register: enters in the catalog what was written: columns, and new partitions with their locations
    :param made: the table that is made, so that nothing may be at the location yet
    :param empty: no rows are written
    :param table: INSERT: the table's columns, each with the number of the query's column for it
    :param places: INSERT: partitions that the catalog has, with their locations; None for one that is stored otherwise
    """

    query: engine.Query
    location: str
    manifest: str
    layout: Layout
    register: Callable[[Sequence[Column], dict[tuple[str, ...], str]], Awaitable[None]]
    made: str | None = None
    empty: bool = False
    table: Sequence[Column] = ()
    places: Mapping[tuple[str, ...], str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What a query has written beside the lake, and how many rows and bytes scanned that took."""

    columns: Sequence[Column]
    files: list[File]
    rows: int
    scanned: int


def create_table_as(words: Words, place: Place) -> Writing | Change:
    """CREATE TABLE … AS."""
    quiet, name = words.take("if not exists"), words.table(place.database)
    if not (words.is_next("with (") or words.is_next("as")):
        raise not_supported("CREATE TABLE without EXTERNAL and without AS, which makes an Iceberg table")
    options = words.options() if words.take("with") else {}
    words.need("as")
    sql, empty = words.rest(but="with no data")
    layout, rest = _layout({"format": "PARQUET", **options}, "write_compression", "parquet_compression")
    location = rest.pop("external_location", None)
    if rest:
        raise not_supported(f"the table properties {', '.join(rest)}")
    if location is not None and place.output_enforced:
        raise QueryFailed("INVALID_TABLE_PROPERTY", ENFORCED)
    location = (location or f"{place.output}/tables/{place.query_id}").rstrip("/")
    if entries.find(name) is not None:
        if quiet:
            return lines_of((), list)
        message = f"line 1:1: Destination table '{CATALOG}.{name}' already exists. {CLEAN.format(location)}"
        raise QueryFailed("TABLE_ALREADY_EXISTS", message)
    if not entries.has_database(name.database):
        raise QueryFailed("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{name.database}' does not exist")

    async def register(columns: Sequence[Column], new: dict[tuple[str, ...], str]) -> None:
        described = [{"Name": column.name, "Type": hive_type(column.type)} for column in columns]
        width = len(columns) - len(layout.keys)
        parameters = {"classification": layout.format.lower(), "write.compression": layout.compression}
        serde = {"field.delim": layout.delimiter} if layout.format == "TEXTFILE" else {}
        await entries.add_table(
            name, described[:width], location, FORMATS[layout.format],
            keys=described[width:], serde=serde, parameters=parameters,
        )  # fmt: skip
        await entries.add_partitions(name, new)

    query, manifest = engine.resolve(sql, place.database), f"{place.output}/tables/{place.query_id}-manifest.csv"
    return Writing(query, location, manifest, layout, register, str(name), empty=empty)


def unload(words: Words, place: Place) -> Writing:
    """UNLOAD (…) TO … WITH (…)."""
    sql = words.group()
    words.need("to")
    location = words.text().rstrip("/")
    words.need("with")
    layout, rest = _layout(words.options(), "compression")
    words.end()
    if rest:
        raise not_supported(f"UNLOAD with {', '.join(rest)}")

    async def register(*_: object) -> None:
        """Enter nothing: there is no table."""

    manifest, made = f"{place.output}/{place.query_id}-manifest.csv", f"{place.database}.unload_{place.query_id}"
    return Writing(engine.resolve(sql, place.database), location, manifest, layout, register, made)


def insert(words: Words, place: Place) -> Writing:
    """INSERT INTO."""
    name = words.table(place.database)
    is_query = any(words.is_next(f"( {word}") for word in ("select", "with", "values", "("))
    given = words.listed(words.name) if words.is_next("(") and not is_query else None
    sql, _ = words.rest()
    table = catalog.table(name.database, name.table, at="line 1:1: ")
    if not isinstance(table, catalog.Table):
        raise QueryFailed("NOT_SUPPORTED", "line 1:1: Inserting into views is not supported")
    kinds = {column: types.parse(values.trino_type(kind)) for column, kind in table.columns + table.keys}
    order = given or list(kinds)
    for column in order:
        if column not in kinds:
            text = f"line 1:1: Insert column name does not exist in target table: {column}"
            raise QueryFailed("COLUMN_NOT_FOUND", text)
        if order.count(column) > 1:
            text = f"line 1:1: Insert column name is specified more than once: {column}"
            raise QueryFailed("DUPLICATE_COLUMN_NAME", text)
    columns = [Column(name, kind, order.index(name) if name in order else None) for name, kind in kinds.items()]

    async def register(_: Sequence[Column], new: dict[tuple[str, ...], str]) -> None:
        if not table.projected:
            await entries.add_partitions(name, new)

    query = engine.resolve(sql, place.database)
    manifest = f"{place.output}/{place.query_id}-manifest.csv"
    layout, location = _layout_of(name, table), table.location.rstrip("/")
    return Writing(query, location, manifest, layout, register, table=columns, places=_places(table))


def _places(table: catalog.Table) -> dict[tuple[str, ...], str | None]:
    if table.projected or not table.keys:
        return {}

    def kind(storage: catalog.Storage) -> tuple[str | None, ...]:
        return storage.format, *(storage.options.get(option) for option in ("field.delim", "serialization.null.format"))

    return {
        part.values: part.location if kind(table.storage_of(part)) == kind(table.storage) else None
        for part in table.partitions
    }


def _layout(options: Mapping[str, str | list[str]], *compressions: str) -> tuple[Layout, dict[str, Any]]:
    """Return how files are to hold rows, and the options that say nothing of that."""
    rest: dict[str, Any] = dict(options)
    kind = str(rest.pop("format", "")).upper()
    if kind not in COMPRESSIONS:
        raise not_supported(f"writing the format {kind or '(none)'}: {', '.join(COMPRESSIONS)} only")
    compression = [*(str(rest.pop(name)).upper() for name in compressions if name in rest), "GZIP"][0]
    if compression not in COMPRESSIONS[kind]:
        raise not_supported(f"{kind} with the compression {compression}: {', '.join(COMPRESSIONS[kind])} only")
    delimiter = rest.pop("field_delimiter", "\1") if kind == "TEXTFILE" else "\1"
    return Layout(kind, compression, delimiter, keys=[key.lower() for key in rest.pop("partitioned_by", [])]), rest


def _layout_of(name: Name, table: catalog.Table) -> Layout:
    """Return how a table's files hold rows.

    :raises QueryFailed: in a way in which Athena does not write, or the local one cannot
    """
    storage, options = entries.known(name)["StorageDescriptor"], table.storage.options
    if table.storage.format not in WRITABLE:
        library = storage["SerdeInfo"]["SerializationLibrary"]
        message = f"Output format {storage.get('OutputFormat')} with SerDe {library} is not supported."
        raise QueryFailed("HIVE_UNSUPPORTED_FORMAT", message)
    for option in ("escape.delim", "skip.header.line.count", "storage.location.template", "line.delim"):
        if options.get(option, "0") not in ("0", "\n"):
            raise not_supported(f"INSERT INTO a table with {option}: {name}")
    if storage.get("BucketColumns"):
        raise not_supported(f"INSERT INTO a bucketed table: {name}")
    given = {
        key: table.properties[key] for key in ("write.compression", "parquet.compression") if key in table.properties
    }
    layout, _ = _layout({"format": WRITABLE[table.storage.format], **given}, *given)
    delimiter, null = options.get("field.delim", "\1"), options.get("serialization.null.format", "\\N")
    return Layout(layout.format, layout.compression, delimiter, null, [key for key, _ in table.keys])


def check(writing: Writing) -> None:
    """Refuse to write where Athena would not: where something is already, or where there is no bucket.

    :raises QueryFailed: HIVE_PATH_ALREADY_EXISTS, or GENERIC_USER_ERROR
    """
    if objects.keys(f"{writing.location}/") and writing.made is not None:
        message = f"Target directory for table '{writing.made}' already exists: {writing.location}."
        raise QueryFailed("HIVE_PATH_ALREADY_EXISTS", f"{message} {CLEAN.format(writing.location)}")


def run(connection: duckdb.DuckDBPyConnection, writing: Writing, limit: int | None, scratch: Path) -> Written:
    """Run a query and write its rows to files.

    :param connection: an empty in-memory database; interrupting it ends the query
    :param limit: bytes that the query may scan
    :param scratch: an empty folder, for the files
    :raises QueryFailed: as Athena would let it fail
    """
    planned = engine.plan(connection, writing.query, objects.path, limit)
    columns = [Column(name.lower(), kind, i) for i, (name, kind) in enumerate(planned.columns)]
    if writing.made is None:
        _check_types(writing.table, [column.type for column in columns])
        columns = list(writing.table)
    else:
        _check_columns(columns, writing.layout.keys)
    if writing.empty:
        return Written(columns, [], 0, 0)
    engine.stage(connection, planned, STAGED)
    files = write(connection, columns, writing.layout, scratch)
    [(rows,)] = connection.table(STAGED).count("*").fetchall()
    return Written(columns, files, rows, planned.scanned)


async def publish(writing: Writing, written: Written) -> None:
    """Let files enter the lake, and then the catalog.

    :raises QueryFailed: S3 or Glue refuses
    """
    check(writing)
    locations = {}
    for file in written.files:
        default = f"{writing.location}/{folder(writing.layout.keys, file.partition)}"
        location = writing.places.get(file.partition, default)
        if location is None:
            raise not_supported(f"INSERT INTO a partition that is stored unlike its table: {', '.join(file.partition)}")
        locations[file.partition] = location
    names = [f"{locations[file.partition].rstrip('/')}/{file.path.name}" for file in written.files]
    for name, file in zip(names, written.files, strict=True):
        objects.write(name, file.path.read_bytes(), "application/octet-stream")
    objects.write(writing.manifest, "".join(f"{name}\n" for name in names).encode(), "application/octet-stream")
    new = {values: place for values, place in locations.items() if values and values not in writing.places}
    await writing.register(written.columns, new)


def _check_columns(columns: Sequence[Column], keys: Sequence[str]) -> None:
    names = [column.name for column in columns]
    for position, column in enumerate(columns):
        if column.name == f"_col{position}":
            raise QueryFailed("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {position + 1}")
        if names.count(column.name) > 1:
            raise QueryFailed(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{column.name}' specified more than once"
            )
        if column.type == UNKNOWN:
            raise QueryFailed("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {column.name}")
        hive_type(column.type)
    if keys and (names[-len(keys) :] != list(keys) or len(keys) == len(names)):
        message = "Partition keys must be the last columns in the table and in the same order as the table properties"
        raise QueryFailed("HIVE_COLUMN_ORDER_MISMATCH", f"{message}: [{', '.join(keys)}]")


def _check_types(table: Sequence[Column], query: Sequence[Type]) -> None:
    given = sorted((column for column in table if column.number is not None), key=lambda column: column.number or 0)
    wanted = [column.type for column in given]
    for found, kind in zip(query, wanted, strict=False):
        if not _coerces(found, kind) and found.any(_is_row) and kind.any(_is_row):
            raise not_supported(f"INSERT of {found} for {kind}: cast it to that type")  # DuckDB goes by the names
    if len(wanted) != len(query) or not all(map(_coerces, query, wanted)):
        message = f"Table: [{', '.join(map(str, wanted))}], Query: [{', '.join(map(str, query))}]"
        raise QueryFailed("TYPE_MISMATCH", f"line 1:1: Insert query has mismatched column types: {message}")


def _coerces(found: Type, wanted: Type) -> bool:
    return types.common(found, wanted) == wanted or found.name == wanted.name == "varchar"


def _is_row(kind: Type) -> bool:
    return kind.name == "row"


def hive_type(kind: Type) -> str:
    """Return Hive's name of a type.

    :raises QueryFailed: Hive has none
    """
    if kind.name == "row":
        return f"struct<{','.join(f'{name}:{hive_type(inner)}' for name, inner in kind.of)}>"
    if kind.name in ("array", "map"):
        return f"{kind.name}<{','.join(map(hive_type, kind.of))}>"
    if kind.name == "decimal" or (kind.name == "varchar" and kind.of):
        return str(kind).replace(" ", "")
    if kind.name not in (*HIVE, *SAME_IN_HIVE):
        raise QueryFailed("NOT_SUPPORTED", f"Unsupported Hive type: {kind}")
    return HIVE.get(kind.name, kind.name)
