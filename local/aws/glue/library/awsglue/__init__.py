"""What scripts import of AWS's library, on the local AWS: options, `GlueContext` for its Spark session, and `Job`.

Written from AWS's public documentation. Dynamic frames and what belongs to them are refused as soon as they are used:
Spark's own readers and writers do the same work here and on AWS.
"""

from typing import NoReturn


class Refused:
    """Stands for a part of the library that is not there; it can be imported, and says so when it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: object, **options: object) -> NoReturn:
        """Refuse.

        :raises NotImplementedError: always
        """
        raise NotImplementedError(
            f"{self._name} is not available on the local AWS: use Spark's DataFrames instead, "
            "as in glue_context.spark_session.read.parquet(…) and frame.write.parquet(…), which work on AWS Glue too."
        )

    def __getattr__(self, member: str) -> NoReturn:
        if member.startswith("__"):  # what Python itself asks of any object
            raise AttributeError(member)
        self()
