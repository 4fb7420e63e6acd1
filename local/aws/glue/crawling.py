"""One crawl: list the objects, see what they hold, and bring the catalog in line with them, as its crawler is told to.

The objects are read in a thread. The catalog is changed on the event loop, in steps that nothing else can come between,
each on the catalog as it then stands: so other crawlers, and whoever else changes it, do no harm.
"""

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Callable, Optional

import duckdb

from local.aws import access
from local.aws.glue import versions
from local.aws.glue.grouping import LONGEST_NAME, File, Group, Levels, cleaned, folders, grouped, levels, similar
from local.aws.glue.inference import Columns, Content, Kind, Unreadable, classify, extended, hive, parsed
from local.aws.glue.plans import Plan, Target
from local.aws.glue.stock import answer_of

BATCH = 100  # partitions that are written at once
TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
}
SERDES = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    "json": "org.openx.data.jsonserde.JsonSerDe",
    "LazySimpleSerDe": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    "OpenCSVSerDe": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
}

Document = dict[str, Any]


class Failed(Exception):
    """The crawl cannot go on; the message says why, and what to do."""


class Stopped(Exception):
    """The crawl was told to end before its time."""


@dataclass(frozen=True)
class Stored:
    """An object, and where the local S3 keeps it."""

    bucket: str
    key: str
    size: int
    path: str

    @property
    def folder(self) -> str:
        """The folder that it is in."""
        return f"s3://{self.bucket}/{self.key.rpartition('/')[0]}/"


@dataclass
class Crawl:
    """One run of a crawler.

    :param log: takes a level and a message
    :param crawled: the folders that earlier runs have crawled; afterwards also those of this one
    :param halt: set when the crawl shall end before its time
    :param counts: what was changed: ``TABLE`` or ``PARTITION``, and ``ADD``, ``UPDATE`` or ``DELETE``
    """

    plan: Plan
    log: Callable[[str, str], None]
    crawled: set[str]
    halt: threading.Event = field(default_factory=threading.Event)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def incremental(self) -> bool:
        """Whether only new folders are crawled."""
        return self.plan.new_only and bool(self.crawled)

    async def run(self) -> None:
        """Crawl.

        :raises Failed: it cannot
        :raises Stopped: it was told to end
        """
        self.log("BENCHMARK", f"Running Start Crawl for Crawler {self.plan.name}")
        listings = [(target, list(_listed(target))) for target in self.plan.targets]
        if self.incremental:
            listings = [(target, [o for o in found if o.folder not in self.crawled]) for target, found in listings]
        contents = await asyncio.to_thread(self._contents, [stored for _, found in listings for stored in found])
        self.log("BENCHMARK", f"Classification complete, writing results to database {self.plan.database}")
        written = set()
        for target, found in listings:
            for stored in found:
                if contents.get(stored.path, stored) is None:
                    self.log("WARN", f"No classifier knows s3://{stored.bucket}/{stored.key}: no table is made of it")
            files = [File(o.bucket, o.key, o.size, content) for o in found if (content := contents.get(o.path))]
            tables = self._tables_in(target) if self.incremental else {}
            files = await self._join(target, tables, files)
            for group in await asyncio.to_thread(self._groups, target, files, tables):
                written.add(await self._write(target, group))
        if not self.incremental:
            self._remove_but(written)
        self.crawled.update(stored.folder for _, found in listings for stored in found)
        self.log("BENCHMARK", "Finished writing to Catalog")
        for (what, change), n in sorted(self.counts.items()):
            self.log("INFO", f"Run Summary For {what}: {change}: {n}")

    def _contents(self, objects: Iterable[Stored]) -> dict[str, Optional[Content]]:
        """Return what each object holds, by its path; this runs in a thread."""
        connection = duckdb.connect(":memory:", config={"threads": 1})
        found: dict[str, Optional[Content]] = {}
        try:
            for stored in objects:
                self._go_on()
                _require("s3:GetObject", f"arn:aws:s3:::{stored.bucket}/{stored.key}")
                with suppress(FileNotFoundError):  # deleted since it was listed
                    found[stored.path] = classify(stored.path, stored.size, self.plan.forms, connection)
        except Unreadable as error:
            text = f"s3://{stored.bucket}/{stored.key} is {error}, which the local crawler does not read"
            raise Failed(f"{text}. Exclude it, or crawl it on AWS.") from error
        finally:
            connection.close()
        return found

    def _groups(self, target: Target, files: Iterable[File], tables: Iterable[str]) -> list[Group]:
        """Return what makes one table each; this runs in a thread.

        :param tables: folders of tables that exist and are not to become partitions of another
        """
        found: list[Group] = []
        roots: dict[str, list[File]] = {}
        for file in files:
            depth = (self.plan.level or 1) - 1
            above = folders("", file.key)
            if f"{file.key}/" == target.root:
                found.append(Group(file.key, (), (file,)))
            elif len(above) < depth:
                self.log("WARN", f"s3://{file.bucket}/{file.key} lies above the table level {self.plan.level}")
            else:
                root = "".join(f"{name}/" for name in above[:depth])
                roots.setdefault(max(root, target.root, key=len), []).append(file)
        for root, inside in roots.items():
            apart = partial(_holds_any, tables)
            found += grouped(root, inside, combine=self.plan.combine, apart=apart)
        return found

    def _tables_in(self, target: Target) -> dict[str, Document]:
        """Return the tables of the database at or below a target, by their folders."""
        from ministack.services import glue

        bucket = f"s3://{target.bucket}/"
        tables = [table for table in glue._tables.values() if table["DatabaseName"] == self.plan.database]
        found = {
            _location(table).removeprefix(bucket): table for table in tables if _location(table).startswith(bucket)
        }
        return {root: table for root, table in found.items() if root.startswith(target.root)}

    async def _join(self, target: Target, tables: dict[str, Document], files: Iterable[File]) -> list[File]:
        """Register new folders as partitions of the tables that they lie in; return the files that lie in none."""
        left: list[File] = []
        joining: dict[tuple[str, Levels], list[File]] = {}
        for file in files:
            above = [root for root, table in tables.items() if file.key.startswith(root) and table.get("PartitionKeys")]
            root = max(above, key=len, default=None)
            if root is None:
                left.append(file)
            elif _same_kind(tables[root], kind := file.content.kind) and similar(
                kind, file.content.columns, _columns(tables[root])
            ):
                joining.setdefault((root, levels(root, file.key)), []).append(file)
            else:
                self.log("WARN", f"s3://{file.bucket}/{file.key} does not match table {tables[root]['Name']}: ignored")
        for (root, path), inside in joining.items():
            await self._put_partitions(target, tables[root]["Name"], Group(root, path, tuple(inside)))
        return left

    async def _write(self, target: Target, group: Group) -> str:
        """Bring a table and its partitions in line with what was found; return the table's name."""
        await asyncio.sleep(0)
        self._go_on()
        name = self._name(group)
        if self._put_table(name, group, self._definition(target, group)) and group.levels:
            await self._put_partitions(target, name, group)
        return name

    def _name(self, group: Group) -> str:
        """Return the name of a group's table: of its folder, with a suffix if a table elsewhere has that name."""
        from ministack.services import glue

        folder = group.root.rstrip("/").rpartition("/")[2] or group.files[0].bucket
        name = cleaned(f"{self.plan.prefix}{folder}")
        table = glue._tables.get(f"{self.plan.database}/{name}")
        if table is None or _location(table) == group.location.rstrip("/") + "/":
            return name
        mark = hashlib.md5(group.location.encode(), usedforsecurity=False).hexdigest()
        return f"{name[: LONGEST_NAME - len(mark) - 1]}_{mark}"

    def _definition(self, target: Target, group: Group) -> Document:
        """Return what a table or a partition of these files is, as AWS's crawlers write it."""
        kind, records, size = group.kind, sum(f.content.records for f in group.files), sum(f.size for f in group.files)
        parameters = {
            "CrawlerSchemaDeserializerVersion": "1.0",
            "CrawlerSchemaSerializerVersion": "1.0",
            "UPDATED_BY_CRAWLER": self.plan.name,
            "averageRecordSize": str(size // max(records, 1)),
            "classification": kind.classification,
            "compressionType": kind.compression,
            "objectCount": str(len(group.files)),
            "recordCount": str(records),
            "sizeKey": str(size),
            "typeOfData": "file",
        }
        columns = {name: hive(column) for name, column in group.columns.items()}
        serde = {"serialization.format": "1"}
        if kind.classification == "json":
            serde = {"paths": ",".join(columns)}
        elif kind.classification == "csv":
            parameters["areColumnsQuoted"] = str(any(file.content.quoted for file in group.files)).lower()
            parameters.update(columnsOrdered="true", delimiter=kind.delimiter)
            serde = {"field.delim": kind.delimiter}
            if kind.serde == "OpenCSVSerDe":
                serde = {"separatorChar": kind.delimiter, "quoteChar": kind.quote or '"', "escapeChar": "\\"}
            if kind.header:
                parameters["skip.header.line.count"] = "1"
        if target.globs:
            parameters["exclusions"] = json.dumps(
                [f"s3://{target.bucket}/{target.root}{glob}" for glob in target.globs]
            )
        return {
            "Parameters": parameters,
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in group.keys],
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
                "Location": group.location,
                **(PARQUET if kind.classification == "parquet" else TEXT),
                "Compressed": kind.compression != "none",
                "NumberOfBuckets": -1,
                "SerdeInfo": {
                    "SerializationLibrary": SERDES[kind.serde or kind.classification],
                    "Parameters": serde,
                },
                "BucketColumns": [],
                "SortColumns": [],
                "Parameters": dict(parameters),
                "StoredAsSubDirectories": False,
            },
        }

    def _put_table(self, name: str, group: Group, wanted: Document) -> bool:
        """Create or update a table; tell whether the group's partitions fit it."""
        from ministack.services import glue

        plan = self.plan
        old = glue._tables.get(f"{plan.database}/{name}")
        if old is None:
            if plan.database not in glue._databases:
                raise Failed(f"Database {plan.database} not found. Create it, and start the crawler again.")
            self._require("CreateTable", name)
            given = {"Name": name, "Owner": "owner", "TableType": "EXTERNAL_TABLE", **wanted}
            versions.create({"DatabaseName": plan.database, "TableInput": given})
            if plan.index and group.levels:
                index = {"IndexName": "crawler_partition_index", "Keys": group.keys}
                glue._create_partition_index(
                    {"DatabaseName": plan.database, "TableName": name, "PartitionIndex": index}
                )
            self._note("TABLE", "ADD", f"Created table {name} in database {plan.database}")
            return True
        fits = [key["Name"] for key in old.get("PartitionKeys") or []] == group.keys
        if plan.merge and not (fits and _same_kind(old, group.kind)):
            self._deprecate(old, "its format, compression, delimiter or partition keys are others than those found")
            return False
        if plan.merge:
            wanted = _merged(old, wanted)
        if all(old.get(part) == value for part, value in wanted.items()):
            return True
        if plan.update:
            self._require("UpdateTable", name)
            versions.change(old, **wanted)
            self._note("TABLE", "UPDATE", f"Updated table {name} in database {plan.database}")
            if not fits:  # the partitions that it has
                glue._partitions.pop(f"{plan.database}/{name}", None)
        elif _columns(old) != _columns(wanted):
            self.log("INFO", f"Table {name} is left as it is, as UpdateBehavior says, though other columns were found")
        return True

    async def _put_partitions(self, target: Target, name: str, group: Group) -> None:
        """Register and update a table's partitions, some at a time, and see to those that are gone."""
        from ministack.services import glue

        key, found = f"{self.plan.database}/{name}", group.partitions()
        items = iter(found.items())
        while batch := list(islice(items, BATCH)):
            await asyncio.sleep(0)
            self._go_on()
            table = glue._tables.get(key)
            if table is None or [entry["Name"] for entry in table.get("PartitionKeys") or []] != group.keys:
                self.log(
                    "WARN", f"Table {name} is gone or has other partition keys than {group.keys}: none is registered"
                )
                return
            parts = glue._partitions.setdefault(key, [])
            known = {tuple(part["Values"]): part for part in parts}
            for values, files in batch:
                old = known.get(values)
                wanted = self._partition(target, table, files, old)
                if old is None:
                    self._require("BatchCreatePartition", name)
                    named = {"Values": list(values), "DatabaseName": self.plan.database, "TableName": name}
                    parts.append({**wanted, **named, "CreationTime": int(time.time()), "CatalogId": table["CatalogId"]})
                    self.counts["PARTITION", "ADD"] += 1
                elif (self.plan.update or self.plan.inherit) and any(
                    old.get(p) != value for p, value in wanted.items()
                ):
                    self._require("UpdatePartition", name)
                    old.update(wanted)
                    self.counts["PARTITION", "UPDATE"] += 1
        for part in [] if self.incremental else list(glue._partitions.get(key, [])):
            if tuple(part["Values"]) in found or not _location(part).startswith(group.location):
                continue
            if self.plan.delete == "DELETE_FROM_DATABASE":
                request = {"DatabaseName": self.plan.database, "TableName": name, "PartitionValues": part["Values"]}
                self._require("DeletePartition", name)
                answer_of(glue._delete_partition, request)
                self.counts["PARTITION", "DELETE"] += 1
            else:
                shown = ", ".join(part["Values"])
                text = f"Found partition of table {name} with partition values [{shown}] with no matching schema"
                self.log("INFO", f"{text} at the partition's S3 location")

    def _partition(self, target: Target, table: Document, files: Group, old: Optional[Document]) -> Document:
        """Return what a partition is to be."""
        wanted = self._definition(target, files)
        del wanted["PartitionKeys"]
        if self.plan.inherit:
            wanted["StorageDescriptor"] = {**table["StorageDescriptor"], "Location": files.location}
        elif self.plan.merge and old:
            wanted = _merged(old, wanted)
        return wanted

    def _remove_but(self, present: Container[str]) -> None:
        """Delete or mark this crawler's tables that are no longer found, as DeleteBehavior says."""
        from ministack.services import glue

        for table in list(glue._tables.values()):
            name, parameters = table["Name"], table.get("Parameters") or {}
            ours = (
                table["DatabaseName"] == self.plan.database and parameters.get("UPDATED_BY_CRAWLER") == self.plan.name
            )
            if not ours or name in present:
                continue
            if self.plan.delete == "DELETE_FROM_DATABASE":
                self._require("DeleteTable", name)
                answer_of(glue._delete_table, {"DatabaseName": self.plan.database, "Name": name})
                self._note("TABLE", "DELETE", f"Deleted table {name} in database {self.plan.database}")
            elif self.plan.delete == "DEPRECATE_IN_DATABASE":
                self._deprecate(table, "a matching schema was not found at the table's location")
            else:
                self.log("INFO", f"A matching schema was not found at the location of table {name}")

    def _deprecate(self, table: Document, reason: str) -> None:
        parameters = table.get("Parameters") or {}
        if "DEPRECATED_BY_CRAWLER" in parameters:
            return
        marked = {**parameters, "DEPRECATED_BY_CRAWLER": str(int(time.time() * 1000))}
        self._require("UpdateTable", table["Name"])
        versions.change(table, Parameters=marked)
        self._note("TABLE", "UPDATE", f"Table {table['Name']} is marked deprecated because {reason}.")

    def _note(self, what: str, change: str, text: str) -> None:
        self.counts[what, change] += 1
        self.log("INFO", text)

    def _require(self, action: str, table: str) -> None:
        _require(f"glue:{action}", f"table/{self.plan.database}/{table}")

    def _go_on(self) -> None:
        if self.halt.is_set():
            raise Stopped


def _require(action: str, resource: str, context: Optional[dict[str, str]] = None) -> None:
    """Go on if the crawler's role may do this, where that is enforced."""
    try:
        access.require(action, resource, context)
    except access.Denied as error:
        raise Failed(f"{error}. Let the crawler's role do it.") from error


def _listed(target: Target) -> Iterator[Stored]:
    """Yield the objects to crawl."""
    from ministack.services import s3

    bucket = s3._buckets.get(target.bucket)
    if bucket is None:
        raise Failed(f"The specified bucket does not exist: {target.bucket}. Create it, or correct the target's path.")
    _require("s3:ListBucket", f"arn:aws:s3:::{target.bucket}", {"s3:prefix": target.root})
    taken: Counter[str] = Counter()
    for key in sorted(bucket["objects"]):
        alone, size = f"{key}/" == target.root, int(bucket["objects"][key]["size"])
        inner = key.rpartition("/")[2] if alone else key[len(target.root) :]
        if not (alone or key.startswith(target.root)) or not size or _hidden(inner):
            continue
        if any(pattern.fullmatch(inner) for pattern in target.excluded):
            continue
        stored = Stored(target.bucket, key, size, str(s3._object_disk_path(target.bucket, key)))
        taken[stored.folder] += 1
        if not target.sample or taken[stored.folder] <= target.sample:
            yield stored


def _holds_any(tables: Iterable[str], root: str) -> bool:
    return any(table.startswith(root) for table in tables)


def _hidden(name: str) -> bool:
    return name.endswith(("/", "_$folder$")) or any(part.startswith(("_", ".")) for part in name.split("/"))


def _location(entry: Document) -> str:
    """Return where a table or a partition is, with the last slash."""
    return f"{((entry.get('StorageDescriptor') or {}).get('Location') or '').rstrip('/')}/"


def _columns(entry: Document) -> Columns:
    return {column["Name"]: parsed(column["Type"]) for column in entry["StorageDescriptor"]["Columns"]}


def _same_kind(table: Document, kind: Kind) -> bool:
    """Tell whether a table holds what its parameters say a kind of files is."""
    parameters = table.get("Parameters") or {}
    of_table = [parameters.get(name, "") for name in ("classification", "compressionType", "delimiter")]
    return of_table == [kind.classification, kind.compression, kind.delimiter]


def _merged(old: Document, wanted: Document) -> Document:
    """Return what a table or a partition is to be that only gains columns."""
    storage, found = old["StorageDescriptor"], wanted["StorageDescriptor"]
    known = _columns(old)
    columns = extended(known, _columns(wanted))
    assert isinstance(columns, dict)  # noqa: S101 - as both are
    kept = {column["Name"]: column for column in storage["Columns"]}
    serde = storage["SerdeInfo"]
    parameters = {name: found["SerdeInfo"]["Parameters"].get(name, v) for name, v in serde["Parameters"].items()}
    return {
        "Parameters": {**_current(old.get("Parameters")), **wanted["Parameters"]},
        "StorageDescriptor": {
            **storage,
            "Columns": [
                kept[name] if known.get(name) == kind else {**kept.get(name, {"Name": name}), "Type": hive(kind)}
                for name, kind in columns.items()
            ],
            "Parameters": {**_current(storage.get("Parameters")), **found["Parameters"]},
            "SerdeInfo": {**serde, "Parameters": parameters},
        },
    }


def _current(parameters: Optional[Document]) -> Document:
    return {name: value for name, value in (parameters or {}).items() if name != "DEPRECATED_BY_CRAWLER"}
