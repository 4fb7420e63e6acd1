"""The actions of Glue's API on crawlers: crawls that read the objects and change the catalog.

Crawlers stay where ministack's own actions find them; their crawls are kept next to them. A schedule is stored as
ministack stores it and starts nothing; StartCrawlerSchedule and StopCrawlerSchedule are not there.
"""

import asyncio
import json
import logging
import time
from statistics import median
from typing import Any, Optional

from local.aws import access
from local.aws.glue import versions
from local.aws.glue.crawling import Crawl
from local.aws.glue.logs import Log
from local.aws.glue.plans import INVALID, NEW_ONLY, check, plan_of, recrawl
from local.aws.glue.registering import Failed, Register, Stopped
from local.aws.glue.roles import credentials
from local.aws.glue.stock import answer_of, keep
from local.aws.listing import page
from local.aws.seam import Refused, intercept

LOG_GROUP = "/aws-glue/crawlers"
MOST_LISTED = 100
ENDED = {
    "SUCCEEDED": "COMPLETED",
    "CANCELLED": "STOPPED",
    "FAILED": "FAILED",
}  # LastCrawl's words → those of ListCrawls
COUNTS = {"TablesCreated": "ADD", "TablesUpdated": "UPDATE", "TablesDeleted": "DELETE"}
USES = {
    "cloudwatch_logs": ("_log_groups", "_create_log_group(data)", "_create_log_stream(data)", "_put_log_events(data)"),
    "glue": (
        "_ALL_STATE",
        "_arn(resource_type, name)",
        "_classifiers",
        "_crawlers",
        "_databases",
        "_partitions",
        "_tables",
        "_tags",
        "_create_crawler(data)",
        "_update_crawler(data)",
        "_delete_crawler(data)",
        "_delete_table(data)",
        "_delete_partition(data)",
        "_create_partition_index(data)",
        "_create_table(data)",
        "_update_table(data)",
    ),
    "iam": ("_gen_session_access_key()", "_gen_secret()", "_gen_session_token()"),
    "s3": ("_buckets", "_object_disk_path(bucket, key, account_id)"),
    "sts": ("_sessions", "register_session(access_key, session)"),
}

Document = dict[str, Any]

_log = logging.getLogger("glue")
_running: dict[str, tuple[Crawl, asyncio.Task[None]]] = {}  # id of a crawl → what does it


def install() -> None:
    """Let crawlers crawl instead of seeming to, and tables have versions.

    :raises SeamMoved: ministack is not as expected
    """
    handlers = {
        "CreateCrawler": _create,
        "DeleteCrawler": _delete,
        "GetCrawler": _get,
        "GetCrawlerMetrics": _metrics,
        "GetCrawlers": _get_all,
        "ListCrawlers": _list,
        "ListCrawls": _crawls,
        "StartCrawler": _start,
        "StopCrawler": _stop,
        "UpdateCrawler": _update,
    }
    intercept("glue", {**handlers, **versions.HANDLERS}, uses=USES)
    keep("crawls")
    keep("table_versions")


async def _create(request: Document) -> Document:
    from ministack.core.responses import get_account_id
    from ministack.services import glue

    check(request)
    role = request["Role"]  # by name or by ARN; ministack knows the latter only
    named = role if role.startswith("arn:") else f"arn:aws:iam::{get_account_id()}:role/{role}"
    answer_of(glue._create_crawler, {**request, "Role": named})
    glue._crawlers[request["Name"]]["Role"] = role
    if request.get("Tags"):
        glue._tags[glue._arn("crawler", request["Name"])] = dict(request["Tags"])
    return {}


async def _update(request: Document) -> Document:
    from ministack.services import glue

    crawler = _idle(request["Name"])
    if recrawl(crawler) == NEW_ONLY and request.get("Targets", crawler["Targets"]) != crawler["Targets"]:
        raise Refused(
            INVALID, 'Amazon S3 target is immutable when "Crawl new folders only" recrawl behavior is selected'
        )
    check({**crawler, **request})
    answer_of(glue._update_crawler, request)
    return {}


async def _delete(request: Document) -> Document:
    from ministack.services import glue

    name = _idle(request["Name"])["Name"]
    answer_of(glue._delete_crawler, request)
    glue._ALL_STATE["crawls"].pop(name, None)
    glue._tags.pop(glue._arn("crawler", name), None)
    return {}


async def _get(request: Document) -> Document:
    return {"Crawler": _shown(request["Name"])}


async def _get_all(request: Document) -> Document:
    names, rest = page(_names(), request, most=MOST_LISTED, refusal=INVALID)
    return {"Crawlers": [_shown(name) for name in names], **rest}


async def _list(request: Document) -> Document:
    if request.get("Tags"):
        raise Refused(INVALID, "The local AWS does not list crawlers by tags")
    names, rest = page(_names(), request, most=MOST_LISTED, refusal=INVALID)
    return {"CrawlerNames": names, **rest}


async def _crawls(request: Document) -> Document:
    if request.get("Filters"):
        raise Refused(INVALID, "The local AWS does not filter crawls")
    _settled(request["CrawlerName"])
    crawls = _history(request["CrawlerName"])["crawls"]
    listed, rest = page(crawls[::-1], request, most=20, refusal=INVALID)
    return {"Crawls": listed, **rest}


async def _metrics(request: Document) -> Document:
    known = set(_names())
    names, rest = page(request.get("CrawlerNameList") or sorted(known), request, most=MOST_LISTED, refusal=INVALID)
    return {"CrawlerMetricsList": [_metric(name) for name in names if name in known], **rest}


async def _start(request: Document) -> Document:
    from ministack.core.responses import new_uuid

    crawler = _settled(request["Name"])
    name = crawler["Name"]
    if crawler["State"] != "READY":
        raise Refused("CrawlerRunningException", f"Crawler with name {name} has already started")
    plan, history, crawl_id = plan_of(crawler), _history(name), new_uuid()
    log = Log(LOG_GROUP, name)
    register = Register(plan, lambda level, text: log.write([f"[{crawl_id}] {level} : {text}"]))
    crawl = Crawl(plan, register, set(history["folders"]))
    entry = {"CrawlId": crawl_id, "State": "RUNNING", "StartTime": time.time(), **_where(name, crawl_id)}
    history["crawls"].append(entry)
    crawler.update(State="RUNNING", CrawlElapsedTime=0)
    _running[crawl_id] = crawl, asyncio.create_task(_run(crawler, crawl, entry))
    return {}


async def _stop(request: Document) -> Document:
    crawler = _settled(request["Name"])
    if crawler["State"] == "READY":
        raise Refused("CrawlerNotRunningException", f"Crawler with name {crawler['Name']} is not running")
    if crawler["State"] == "STOPPING":
        raise Refused("CrawlerStoppingException", f"Crawler with name {crawler['Name']} is already stopping")
    crawler["State"] = "STOPPING"
    _running[_history(crawler["Name"])["crawls"][-1]["CrawlId"]][0].register.halt.set()
    return {}


async def _run(crawler: Document, crawl: Crawl, entry: Document) -> None:
    """Crawl, and note how it ended; where the server ends meanwhile, its next one does."""
    from ministack.services import sts

    status, message = "SUCCEEDED", None
    key = credentials(crawler["Role"], "AWS-Crawler")["AWS_ACCESS_KEY_ID"]
    access.act_as(key)
    try:
        await crawl.run()
    except Stopped:
        status = "CANCELLED"
    except Failed as error:
        status, message = "FAILED", str(error)
    except Exception as error:  # whatever it is, the crawler must not stay RUNNING for ever
        _log.exception("Crawler %s", crawler["Name"])
        status, message = "FAILED", f"Internal Service Exception: {error!r}"
    finally:
        crawl.register.halt.set()  # for the thread that reads, where this task is cancelled
        sts._sessions.pop(key, None)
        del _running[entry["CrawlId"]]
    if message:
        crawl.register.log("ERROR", message)
    crawl.register.log("BENCHMARK", "Crawler has finished running and is in state READY")
    if status == "SUCCEEDED":
        _history(crawler["Name"])["folders"] = sorted(crawl.crawled)
    tables = {change: {"Count": n} for (what, change), n in crawl.register.counts.items() if what == "TABLE"}
    entry["Summary"] = json.dumps({"TABLE": tables})
    _finish(crawler, entry, status, message)


def _finish(crawler: Document, entry: Document, status: str, message: Optional[str] = None) -> None:
    failure = {"ErrorMessage": message} if message else {}
    entry.update(State=ENDED[status], EndTime=time.time(), **failure)
    where = _where(crawler["Name"], entry["CrawlId"])
    crawler.update(State="READY", CrawlElapsedTime=0)
    crawler["LastCrawl"] = {"Status": status, "StartTime": entry["StartTime"], **where, **failure}


def _settled(name: str) -> Document:
    """Return a crawler as ministack keeps it; one whose crawl ended with an earlier server is READY again.

    :raises Refused: there is none of this name
    """
    from ministack.services import glue

    crawler: Optional[Document] = glue._crawlers.get(name)
    if crawler is None:
        raise Refused("EntityNotFoundException", f"Crawler entry with name {name} does not exist")
    if crawler["State"] != "READY":
        entry = _history(name)["crawls"][-1]
        if entry["CrawlId"] not in _running:
            _finish(crawler, entry, "FAILED", "The local AWS ended while the crawler was running. Start it again.")
    return crawler


def _idle(name: str) -> Document:
    crawler = _settled(name)
    if crawler["State"] != "READY":
        raise Refused("CrawlerRunningException", f"Crawler with name {name} is running. Stop it first.")
    return crawler


def _shown(name: str) -> Document:
    """Return a crawler as GetCrawler does."""
    crawler = _settled(name)
    shown = {key: value for key, value in crawler.items() if value is not None}
    if crawler["State"] != "READY":
        started = _history(name)["crawls"][-1]["StartTime"]
        shown["CrawlElapsedTime"] = int((time.time() - started) * 1000)
    return shown


def _metric(name: str) -> Document:
    _settled(name)
    ended = [crawl for crawl in _history(name)["crawls"] if "EndTime" in crawl]
    seconds = [crawl["EndTime"] - crawl["StartTime"] for crawl in ended] or [0.0]
    tables = json.loads(ended[-1].get("Summary", "{}")).get("TABLE", {}) if ended else {}
    return {
        "CrawlerName": name,
        "TimeLeftSeconds": 0.0,
        "StillEstimating": False,
        "LastRuntimeSeconds": seconds[-1],
        "MedianRuntimeSeconds": median(seconds),
        **{count: tables.get(change, {}).get("Count", 0) for count, change in COUNTS.items()},
    }


def _names() -> list[str]:
    from ministack.services import glue

    return sorted(glue._crawlers)


def _history(name: str) -> Document:
    """Return a crawler's crawls, the latest last, and the folders that they have crawled."""
    from ministack.services import glue

    found: Document = glue._ALL_STATE["crawls"].setdefault(name, {"crawls": [], "folders": []})
    return found


def _where(name: str, crawl_id: str) -> dict[str, str]:
    return {"LogGroup": LOG_GROUP, "LogStream": name, "MessagePrefix": crawl_id}
