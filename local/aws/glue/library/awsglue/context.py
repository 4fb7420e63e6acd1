"""The context of a Spark job."""

from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession

from . import Refused


class GlueContext:
    """Gives a script its Spark session; whatever that one can do (``sql``, ``read``, …) can be asked of this too.

    Dynamic frames are refused with a word on what to use instead.
    """

    def __init__(self, sparkContext: SparkContext) -> None:  # noqa: N803 - AWS's name
        self.spark_session = SparkSession(sparkContext)

    def get_logger(self) -> Any:
        """Return a logger with ``info``, ``warn`` and ``error``; they go to the job's error log, as on AWS."""
        java: Any = self.spark_session.sparkContext._jvm
        return java.org.apache.logging.log4j.LogManager.getLogger("GlueLogger")

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and hasattr(SparkSession, name):
            return getattr(self.spark_session, name)
        if name.startswith("__"):  # what Python itself asks of any object
            raise AttributeError(name)
        return Refused(f"GlueContext.{name}")
