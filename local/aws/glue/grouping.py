"""Which files make one table: as AWS documents it, by format, compression, structure of the path and likeness of schema.

A folder whose subfolders mostly hold the same kind of thing is a table, and they are its partitions; so from the
deepest folders up to the crawler's target.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Callable, Optional

from local.aws.glue.inference import Content, Kind
from local.aws.glue.schemas import NUMBERS, Columns, merged

ALIKE = 0.7  # AWS publishes no figure; this share of the smaller schema's columns must be in the larger one
LONGEST_NAME = 128
Levels = tuple[Optional[str], ...]  # what stands before "=" in the names of folders, from the root down
GLOB = re.compile(r"\*\*|\\.|\[!?[^\]]+\]|.", re.DOTALL)


@dataclass(frozen=True)
class File:
    """An object of which it is known what it holds."""

    bucket: str
    key: str
    size: int
    content: Content


@dataclass(frozen=True)
class Group:
    """Files that make one table.

    :param root: the folder of the table, with its last slash; the key of the file if a file is a table of its own
    :param levels: per level of folders below: what stands before ``=`` in their names, or None
    """

    root: str
    levels: Levels
    files: tuple[File, ...]

    @cached_property
    def columns(self) -> Columns:
        """The columns of all files."""
        return merged(file.content.columns for file in self.files)

    @property
    def kind(self) -> Kind:
        """What the files have in common."""
        return self.files[0].content.kind

    @property
    def location(self) -> str:
        """Where the table is."""
        return f"s3://{self.files[0].bucket}/{self.root}"

    @property
    def keys(self) -> list[str]:
        """The names of the partition keys."""
        return [cleaned(level) if level else f"partition_{i}" for i, level in enumerate(self.levels)]

    def partitions(self) -> dict[tuple[str, ...], "Group"]:
        """Return the files of each partition: values of the keys → files."""
        found: dict[str, list[File]] = {}
        for file in self.files:
            found.setdefault(file.key.rpartition("/")[0] + "/", []).append(file)
        return {
            tuple(name.split("=", 1)[1] if "=" in name else name for name in folders(self.root, folder)): Group(
                folder, (), tuple(files)
            )
            for folder, files in found.items()
        }


def cleaned(name: str) -> str:
    """Return a name as the catalog takes it: lower-case letters, digits and underscores."""
    return re.sub(r"[^0-9a-z_]", "_", name.lower())[:LONGEST_NAME]


def folders(root: str, key: str) -> list[str]:
    """Return the names of the folders between a root and a key."""
    return key[len(root) :].split("/")[:-1]


def levels(root: str, key: str) -> Levels:
    """Return what stands before ``=`` in the names of the folders between a root and a key, None where nothing does."""
    return tuple(name.partition("=")[0] or None if "=" in name else None for name in folders(root, key))


def grouped(root: str, files: Iterable[File], *, combine: bool, apart: Callable[[str], bool]) -> list[Group]:
    """Return the tables at or below a folder.

    :param combine: files that are compatible make one table, however little their schemas are alike
    :param apart: tells of a folder whether its subfolders must not become one table
    """
    here: list[File] = []
    below: dict[str, list[File]] = {}
    for file in files:
        inner = folders(root, file.key)
        (below.setdefault(inner[0], []) if inner else here).append(file)
    found = [Group(file.key, (), (file,)) for file in here]
    if here and len(_like_first(found, combine)) == len(here):
        found = [Group(root, (), tuple(here))]
    for folder, inside in below.items():
        found += grouped(f"{root}{folder}/", inside, combine=combine, apart=apart)
    return found if apart(root) else _joined(root, found, combine)


def similar(kind: Kind, one: Columns, other: Columns) -> bool:
    """Tell whether the schemas of two files of a kind are alike; where columns have no names, by their types."""
    common = [name for name in one if name in other]
    if kind.classification == "csv" and not kind.header:
        common = [name for name in common if (one[name] in NUMBERS) == (other[name] in NUMBERS)]
    return len(common) >= ALIKE * min(len(one), len(other))


def glob(pattern: str) -> re.Pattern[str]:
    """Return what an exclude pattern of AWS Glue matches, relative to the target's path.

    :raises re.error: the pattern is malformed
    """
    words, inside = [], False
    for part in GLOB.findall(pattern):
        if len(part) > 2 and part[0] == "[":
            negated = part[1] == "!"
            members = re.sub(r"([\\\[^&~|])", r"\\\1", part[1 + negated : -1])
            words.append(f"(?!/)[{'^' * negated}{members}]")
        elif len(part) == 2 and part[0] == "\\":
            words.append(re.escape(part[1]))
        elif part == "," and inside:
            words.append("|")
        else:
            inside = part == "{" or (inside and part != "}")
            words.append({"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}.get(part, re.escape(part)))
    return re.compile("".join(words), re.DOTALL)


def _joined(root: str, found: Sequence[Group], combine: bool) -> list[Group]:
    """Make one table of those subfolders that are alike, if these are most of what is here."""
    children: dict[Levels, list[Group]] = {}
    for group in found:
        if len(folders(root, group.root)) == 1 and group.root.endswith("/"):
            children.setdefault(levels(root, group.files[0].key), []).append(group)
    for path, left in children.items():
        while len(left) * 2 > len(found):
            alike = _like_first(left, combine)
            placed = set(map(id, alike))
            if len(alike) * 2 > len(found):
                files = sorted((file for group in alike for file in group.files), key=lambda file: file.key)
                return [Group(root, path, tuple(files)), *(group for group in found if id(group) not in placed)]
            left = [group for group in left if id(group) not in placed]
    return list(found)


def _like_first(groups: Sequence[Group], combine: bool) -> list[Group]:
    """Return the first group and those that are like it, or like one that is like it, and so on."""
    first, *left = groups
    found, waiting = [first], [first]
    while waiting and left:
        one = waiting.pop()
        near = [group for group in left if _alike(one, group, combine)]
        placed = set(map(id, near))
        left = [group for group in left if id(group) not in placed]
        found += near
        waiting += near
    return found


def _alike(one: Group, other: Group, combine: bool) -> bool:
    return one.kind == other.kind and (combine or similar(one.kind, one.columns, other.columns))
