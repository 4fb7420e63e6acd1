"""What a crawler is told to do, read from ministack's entry of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional

from local.aws.glue.grouping import glob
from local.aws.glue.inference import CsvForm, Form, JsonForm
from local.aws.seam import Refused

INVALID = "InvalidInputException"
NEW_ONLY = "CRAWL_NEW_FOLDERS_ONLY"
OPTIONS = {  # of Configuration → the values that are understood
    "Version": (1.0,),
    "CreatePartitionIndex": (False, True),
    "Grouping.TableGroupingPolicy": ("CombineCompatibleSchemas",),
    "CrawlerOutput.Partitions.AddOrUpdateBehavior": ("InheritFromTable",),
    "CrawlerOutput.Tables.AddOrUpdateBehavior": ("MergeNewColumns",),
}
TARGET_OPTIONS = {"Path", "Exclusions", "SampleSize"}
JSON_PATH = re.compile(r"\$((?:\.\w+|\['[^']+'\]|\[\*\])*)")
JSON_STEP = re.compile(r"\.(\w+)|\['([^']+)'\]|\[\*\]")

Document = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """Where to crawl.

    :param root: a folder with its last slash, empty for the whole bucket
    :param globs: what to leave out, as it was written
    :param sample: how many files of a folder to read
    """

    bucket: str
    root: str
    globs: tuple[str, ...]
    excluded: tuple[re.Pattern[str], ...]
    sample: Optional[int]


@dataclass(frozen=True)
class Plan:
    """What a crawler is told to do.

    :param update: tables and partitions that exist are changed; else only new ones are added
    :param merge: of these changes, only new columns are made
    :param inherit: partitions have their table's columns
    :param delete: DeleteBehavior
    :param combine: schemas need not be alike to make one table
    :param level: at which level of folders the tables are, the bucket being 1
    """

    name: str
    database: str
    prefix: str
    targets: tuple[Target, ...]
    forms: tuple[Form, ...]
    update: bool
    merge: bool
    inherit: bool
    index: bool
    delete: str
    combine: bool
    level: Optional[int]
    new_only: bool


def check(crawler: Document) -> None:
    """Refuse what AWS refuses when a crawler is created or updated.

    :raises Refused: its policies contradict each other
    """
    policy = (crawler.get("SchemaChangePolicy") or {}).values()
    if recrawl(crawler) == NEW_ONLY and any(value != "LOG" for value in policy):
        raise Refused(
            INVALID,
            'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only LOG DeleteBehavior value '
            "and LOG UpdateBehavior value.",
        )


def plan_of(crawler: Document) -> Plan:
    """Read what a crawler says.

    :raises Refused: it asks for what this crawler does not support, or is malformed
    """
    behaviour, policy = recrawl(crawler), crawler.get("SchemaChangePolicy") or {}
    if behaviour == "CRAWL_EVENT_MODE":
        raise _unsupported("the RecrawlBehavior CRAWL_EVENT_MODE")
    options = _options(crawler.get("Configuration") or "{}")
    merge, new_only = "CrawlerOutput.Tables.AddOrUpdateBehavior" in options, behaviour == NEW_ONLY
    update = policy.get("UpdateBehavior", "UPDATE_IN_DATABASE") == "UPDATE_IN_DATABASE"
    return Plan(
        name=crawler["Name"],
        database=crawler.get("DatabaseName") or "default",
        prefix=crawler.get("TablePrefix") or "",
        targets=tuple(_targets(crawler.get("Targets") or {})),
        forms=tuple(_form(name) for name in crawler.get("Classifiers") or []),
        update=(update or merge) and not new_only,
        merge=merge,
        inherit="CrawlerOutput.Partitions.AddOrUpdateBehavior" in options,
        index=options.get("CreatePartitionIndex", False),
        delete="LOG" if new_only else policy.get("DeleteBehavior", "DEPRECATE_IN_DATABASE"),
        combine="Grouping.TableGroupingPolicy" in options,
        level=options.get("Grouping.TableLevelConfiguration"),
        new_only=new_only,
    )


def recrawl(crawler: Document) -> str:
    """Return a crawler's RecrawlBehavior."""
    return str((crawler.get("RecrawlPolicy") or {}).get("RecrawlBehavior", "CRAWL_EVERYTHING"))


def _options(configuration: str) -> Document:
    try:
        options = dict(_flat(json.loads(configuration)))
    except ValueError as error:
        raise Refused(INVALID, f"Configuration is not valid JSON: {error}") from error
    for name, value in options.items():
        known = isinstance(value, int) if name == "Grouping.TableLevelConfiguration" else value in OPTIONS.get(name, ())
        if not known:
            raise _unsupported(f"{name} = {json.dumps(value)} in its Configuration")
    return options


def _flat(options: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(options, dict):
        yield name, options
        return
    for inner, value in options.items():
        yield from _flat(value, f"{name}.{inner}" if name else inner)


def _targets(targets: Document) -> Iterator[Target]:
    for kind, entries in targets.items():
        if entries and kind != "S3Targets":
            raise _unsupported(f"{kind}: it crawls S3Targets only")
    if not targets.get("S3Targets"):
        raise Refused(INVALID, "At least one S3 target must be specified")
    for entry in targets["S3Targets"]:
        for option, value in entry.items():
            if value and option not in TARGET_OPTIONS:
                raise _unsupported(f"{option} of an S3 target")
        bucket, _, path = entry["Path"].removeprefix("s3://").partition("/")
        globs = tuple(entry.get("Exclusions") or ())
        try:
            excluded = tuple(map(glob, globs))
        except re.error as error:
            raise Refused(INVALID, f"An exclude pattern of {entry['Path']} is malformed: {error}") from error
        root = f"{path.rstrip('/')}/" if path else ""
        yield Target(bucket, root, globs, excluded, entry.get("SampleSize"))


def _form(name: str) -> Form:
    """Return what a custom classifier looks for."""
    from ministack.services import glue

    entry = glue._classifiers.get(name)
    if entry is None:
        raise Refused("EntityNotFoundException", f"Classifier {name} not found")
    [(kind, classifier)] = entry.items()
    if kind == "JsonClassifier":
        path = JSON_PATH.fullmatch(classifier["JsonPath"])
        if path is None:
            raise _unsupported(f"the JsonPath {classifier['JsonPath']} of the classifier {name}")
        return JsonForm(tuple(key or quoted or None for key, quoted in JSON_STEP.findall(path[1])))
    if kind != "CsvClassifier" or classifier.get("CustomDatatypes"):
        raise _unsupported(f"{'CustomDatatypes' if kind == 'CsvClassifier' else kind}, as in the classifier {name}")
    return CsvForm(
        delimiters=classifier.get("Delimiter") or ",",
        quote=classifier.get("QuoteSymbol") or "",
        header=classifier.get("ContainsHeader") or "UNKNOWN",
        names=tuple(classifier.get("Header") or ()),
        single=bool(classifier.get("AllowSingleColumn")),
        trim=classifier.get("DisableValueTrimming") is False,
        serde=classifier.get("Serde") or "LazySimpleSerDe",
    )


def _unsupported(what: str) -> Refused:
    return Refused(INVALID, f"The local crawler does not support {what}. Take it out, or crawl on AWS.")
