"""What a crawl does to the catalog: tables and partitions that it makes, changes, marks and removes.

It is done on the event loop, in steps that nothing else can come between, each on the catalog as it then stands: so
other crawlers, and whoever else changes it, do no harm.
"""

import asyncio
import copy
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Callable, Optional

from local.aws import access
from local.aws.glue import versions
from local.aws.glue.definitions import columns_of, definition, extended_definition, location, same_kind
from local.aws.glue.grouping import LONGEST_NAME, Group, cleaned
from local.aws.glue.plans import Plan, Target
from local.aws.glue.stock import answer_of

BATCH = 100  # partitions that are written at once

Document = dict[str, Any]


class Failed(Exception):
    """The crawl cannot go on; the message says why, and what to do."""


class Stopped(Exception):
    """The crawl was told to end before its time."""


def require(action: str, resource: str, context: Optional[dict[str, str]] = None) -> None:
    """Go on if the crawler's role may do this, where that is enforced.

    :raises Failed: it may not
    """
    try:
        access.require(action, resource, context)
    except access.Denied as error:
        raise Failed(f"{error}. Let the crawler's role do it.") from error


@dataclass
class Register:
    """The catalog, as one crawl changes it.

    :param log: takes a level and a message
    :param halt: set when the crawl shall end before its time
    :param counts: what was changed: ``TABLE`` or ``PARTITION``, and ``ADD``, ``UPDATE`` or ``DELETE``
    """

    plan: Plan
    log: Callable[[str, str], None]
    halt: threading.Event = field(default_factory=threading.Event)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def go_on(self) -> None:
        """Return unless the crawl shall end.

        :raises Stopped: it shall
        """
        if self.halt.is_set():
            raise Stopped

    def tables_in(self, target: Target) -> dict[str, Document]:
        """Return the tables of the database at or below a target, by their folders."""
        from ministack.services import glue

        bucket = f"s3://{target.bucket}/"
        tables = [table for table in glue._tables.values() if table["DatabaseName"] == self.plan.database]
        found = {location(table).removeprefix(bucket): table for table in tables if location(table).startswith(bucket)}
        return {root: table for root, table in found.items() if root.startswith(target.root)}

    async def write(self, target: Target, group: Group) -> str:
        """Bring a table and its partitions in line with what was found; return the table's name."""
        await asyncio.sleep(0)
        self.go_on()
        name = self._name(group)
        fits = self._put_table(name, group, definition(self.plan.name, target, group))
        fits = fits and bool(group.levels) and await self.put_partitions(target, name, group)
        if fits and not self.plan.new_only:
            self._remove_partitions_but(name, group)
        return name

    def _name(self, group: Group) -> str:
        """Return the name of a group's table: of its folder, with a suffix if a table elsewhere has that name."""
        from ministack.services import glue

        folder = group.root.rstrip("/").rpartition("/")[2] or group.files[0].bucket
        name = cleaned(f"{self.plan.prefix}{folder}")
        table = glue._tables.get(f"{self.plan.database}/{name}")
        if table is None or location(table) == group.location.rstrip("/") + "/":
            return name
        mark = hashlib.md5(group.location.encode(), usedforsecurity=False).hexdigest()
        return f"{name[: LONGEST_NAME - len(mark) - 1]}_{mark}"

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
        if plan.merge and not (fits and same_kind(old, group.kind)):
            self._deprecate(old, "its format, compression, delimiter or partition keys are others than those found")
            return False
        if plan.merge:
            wanted = extended_definition(old, wanted)
        if all(old.get(part) == value for part, value in wanted.items()):
            return True
        if plan.update:
            self._require("UpdateTable", name)
            versions.change(old, **wanted)
            self._note("TABLE", "UPDATE", f"Updated table {name} in database {plan.database}")
            if not fits:  # the partitions that it has
                glue._partitions.pop(f"{plan.database}/{name}", None)
        elif columns_of(old) != columns_of(wanted):
            self.log("INFO", f"Table {name} is left as it is, as UpdateBehavior says, though other columns were found")
        return True

    async def put_partitions(self, target: Target, name: str, group: Group) -> bool:
        """Register and update a table's partitions, some at a time; tell whether they fit it."""
        from ministack.services import glue

        key, items = f"{self.plan.database}/{name}", iter(group.partitions().items())
        while batch := list(islice(items, BATCH)):
            await asyncio.sleep(0)
            self.go_on()
            table = glue._tables.get(key)
            if table is None or [entry["Name"] for entry in table.get("PartitionKeys") or []] != group.keys:
                self.log(
                    "WARN", f"Table {name} is gone or has other partition keys than {group.keys}: none is registered"
                )
                return False
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
        return True

    def _remove_partitions_but(self, name: str, group: Group) -> None:
        """Delete or tell of a table's partitions whose files are gone, as DeleteBehavior says."""
        from ministack.services import glue

        found = group.partitions()
        for part in list(glue._partitions.get(f"{self.plan.database}/{name}", [])):
            if tuple(part["Values"]) in found or not location(part).startswith(group.location):
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
        wanted = definition(self.plan.name, target, files)
        del wanted["PartitionKeys"]
        if self.plan.inherit:
            wanted["StorageDescriptor"] = {**copy.deepcopy(table["StorageDescriptor"]), "Location": files.location}
        elif self.plan.merge and old:
            wanted = extended_definition(old, wanted)
        return wanted

    def remove_but(self, present: Container[str]) -> None:
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
        require(f"glue:{action}", f"table/{self.plan.database}/{table}")
