"""One Spark for all tests that call its functions in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from local.tools import find_java
from quayside.curated.spark.job import SETTINGS
from tests.support.aws import PLATFORM

GLUE = Path(__file__).parents[3] / "local" / "aws" / "glue"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session as the job sets it; small frames, so few tasks."""
    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JAVA_HOME", str(find_java() or PLATFORM.parent / "spark" / "java"))
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        environment.setenv(
            "SPARK_SUBMIT_OPTS",
            f'"@{GLUE / "jvm.options"}" -Dlog4j.configurationFile={(GLUE / "log4j2.properties").as_uri()}',
        )
        builder = SparkSession.builder.master("local[1]").appName("tests")
        own = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        }
        session = builder.config(map=own).getOrCreate()
        for name, value in SETTINGS.items():
            session.conf.set(name, value)
        gateway = session.sparkContext._gateway
        yield session
        session.stop()
        gateway.shutdown()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let PySpark leave it to the garbage collector to close the sockets over which it fetches rows."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))
