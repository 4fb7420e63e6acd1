"""One crawl: list the objects, see what they hold, and let the catalog say so, as its crawler is told to.

The objects are read in a thread; `registering` changes the catalog.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Optional

import duckdb

from local.aws.glue.definitions import columns_of, same_kind
from local.aws.glue.grouping import File, Group, Levels, folders, grouped, levels, similar
from local.aws.glue.inference import Content, Unreadable, classify
from local.aws.glue.plans import Plan, Target
from local.aws.glue.registering import Failed, Register, require

Document = dict[str, Any]


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

    :param crawled: the folders that earlier runs have crawled; afterwards also those of this one
    """

    plan: Plan
    register: Register
    crawled: set[str]

    @property
    def incremental(self) -> bool:
        """Whether only new folders are crawled."""
        return self.plan.new_only and bool(self.crawled)

    async def run(self) -> None:
        """Crawl.

        :raises Failed: it cannot
        :raises Stopped: it was told to end
        """
        self.register.log("BENCHMARK", f"Running Start Crawl for Crawler {self.plan.name}")
        listings = [(target, list(_listed(target))) for target in self.plan.targets]
        if self.incremental:
            listings = [(target, [o for o in found if o.folder not in self.crawled]) for target, found in listings]
        contents = await asyncio.to_thread(self._contents, [stored for _, found in listings for stored in found])
        self.register.log("BENCHMARK", f"Classification complete, writing results to database {self.plan.database}")
        written = set()
        for target, found in listings:
            for stored in found:
                if contents.get(stored.path, stored) is None:
                    self.register.log(
                        "WARN", f"No classifier knows s3://{stored.bucket}/{stored.key}: no table is made of it"
                    )
            files = [File(o.bucket, o.key, o.size, content) for o in found if (content := contents.get(o.path))]
            tables = self.register.tables_in(target) if self.incremental else {}
            files = await self._join(target, tables, files)
            for group in await asyncio.to_thread(self._groups, target, files, tables):
                written.add(await self.register.write(target, group))
        if not self.incremental:
            self.register.remove_but(written)
        self.crawled.update(stored.folder for _, found in listings for stored in found)
        self.register.log("BENCHMARK", "Finished writing to Catalog")
        for (what, change), n in sorted(self.register.counts.items()):
            self.register.log("INFO", f"Run Summary For {what}: {change}: {n}")

    def _contents(self, objects: Iterable[Stored]) -> dict[str, Optional[Content]]:
        """Return what each object holds, by its path; this runs in a thread."""
        connection = duckdb.connect(":memory:", config={"threads": 1})
        found: dict[str, Optional[Content]] = {}
        try:
            for stored in objects:
                self.register.go_on()
                require("s3:GetObject", f"arn:aws:s3:::{stored.bucket}/{stored.key}")
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
                self.register.log("WARN", f"s3://{file.bucket}/{file.key} lies above the table level {self.plan.level}")
            else:
                root = "".join(f"{name}/" for name in above[:depth])
                roots.setdefault(max(root, target.root, key=len), []).append(file)
        for root, inside in roots.items():
            apart = partial(_holds_any, tables)
            found += grouped(root, inside, combine=self.plan.combine, apart=apart)
        return found

    async def _join(self, target: Target, tables: dict[str, Document], files: Iterable[File]) -> list[File]:
        """Register new folders as partitions of the tables that they lie in; return the files that lie in none."""
        left: list[File] = []
        joining: dict[tuple[str, Levels], list[File]] = {}
        for file in files:
            above = [root for root, table in tables.items() if file.key.startswith(root) and table.get("PartitionKeys")]
            root = max(above, key=len, default=None)
            if root is None:
                left.append(file)
            elif same_kind(tables[root], kind := file.content.kind) and similar(
                kind, file.content.columns, columns_of(tables[root])
            ):
                joining.setdefault((root, levels(root, file.key)), []).append(file)
            else:
                self.register.log(
                    "WARN", f"s3://{file.bucket}/{file.key} does not match table {tables[root]['Name']}: ignored"
                )
        for (root, path), inside in joining.items():
            await self.register.put_partitions(target, tables[root]["Name"], Group(root, path, tuple(inside)))
        return left


def _listed(target: Target) -> Iterator[Stored]:
    """Yield the objects to crawl."""
    from ministack.services import s3

    bucket = s3._buckets.get(target.bucket)
    if bucket is None:
        raise Failed(f"The specified bucket does not exist: {target.bucket}. Create it, or correct the target's path.")
    require("s3:ListBucket", f"arn:aws:s3:::{target.bucket}", {"s3:prefix": target.root})
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
