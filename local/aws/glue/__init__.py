"""Glue for the local AWS: jobs that run their scripts, with Spark 3.5.4 or in plain Python.

What cannot be had here is refused when a run is started; bookmarks, the catalog as a metastore and dynamic frames are.

    jobs       the actions on jobs and their runs, and what a job may ask for
    runs       one run: its files, its environment, how it ended
    staging    what a Spark job sees of S3, and how what it wrote becomes objects
    processes  the script's process
    logs       streams of CloudWatch Logs
    launch.py  starts the script, in its own process
    library/   what scripts import as awsglue

    crawlers   the actions on crawlers, and how a crawl ends
    plans      what a crawler is told to do
    crawling   one crawl: the objects that it reads, the tables that they make
    inference  what a file holds; schemas: types that widen
    grouping   which files make one table
    registering what a crawl does to the catalog; definitions: what it writes there
    roles      acting as a job's or a crawler's role
    versions   what tables were before they were updated
    partitions the actions on partitions; expressions: what they are filtered by
    tables     lists of databases and tables
"""

from typing import Any

from local.aws.glue import crawlers, jobs, partitions, tables
from local.aws.seam import check


def install() -> None:
    """Let this Glue answer instead of ministack's.

    :raises SeamMoved: ministack is not as expected
    """
    crawlers.install()
    jobs.install()
    partitions.install()
    tables.install()
    glue = check({"glue": ("load_persisted_state(data)",)})["glue"]
    stock = glue.load_persisted_state

    def load_persisted_state(data: Any) -> None:
        stock(data)
        jobs.mend()  # what was going on when the server ended

    setattr(glue, "load_persisted_state", load_persisted_state)  # noqa: B010 - a module has no such attribute to a type checker
