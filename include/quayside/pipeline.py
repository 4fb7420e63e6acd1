"""What moves when: the declarations that a DAG file makes. They name no operator; `quayside_airflow.assemble` does."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal

Lands = Literal["tables", "feed", "files"]


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day at a wall clock's time.

    :param at: hour and minute
    :param time_zone: IANA name of the zone whose clock it is
    """

    at: time
    time_zone: str = "UTC"


def every(*, minutes: int) -> timedelta:
    """Return a schedule's interval; a divisor of an hour, so that windows fall on the same minutes each hour.

    :raises ValueError: ``minutes`` does not divide 60
    """
    if minutes < 1 or 60 % minutes:
        raise ValueError(f"every(minutes={minutes}): take a divisor of 60, so that each hour has the same windows")
    return timedelta(minutes=minutes)


def daily(at: str, *, time_zone: str = "UTC") -> Daily:
    """Return a schedule of once a day, e.g. ``daily("06:30", time_zone="Australia/Sydney")``.

    :raises ValueError: ``at`` is no time of a day
    """
    return Daily(time.fromisoformat(at), time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One source and what becomes of it.

    :param name: the source, as in ``include/contracts/<name>/`` and the DAG ids ``<name>_<stage>``
    :param owner: the team that answers for it
    :param schedule: the interval between two windows; for files, how often a new wait for them begins
    :param lands: what the source gives: ``tables`` of a database, the ``feed`` of an API, ``files`` as they arrive
    :param extracts: source datasets to land, without the source's name
    :param curates: tables that a Glue job makes of them, without the product's name; none where curated tables are the
        source's own
    :param publishes: warehouse tables to keep, without the schema's name
    :param compares_keys_at: when the tables of a database are searched for deleted rows
    """

    name: str
    owner: str
    schedule: timedelta | Daily
    lands: Lands = "tables"
    extracts: tuple[str, ...]
    curates: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    compares_keys_at: Daily = Daily(time(2, 30))
    tags: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a declaration that would fail later and elsewhere.

        :raises ValueError: nothing to extract, or a name twice
        """
        if not self.extracts:
            raise ValueError(f"Pipeline {self.name}: extracts nothing; name at least one dataset")
        for names in (self.extracts, self.curates, self.publishes):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"Pipeline {self.name}: named twice: {', '.join(twice)}")

    @property
    def datasets(self) -> tuple[str, ...]:
        """Full names of the source datasets, e.g. ``totesys.sales_order``."""
        return tuple(f"{self.name}.{table}" for table in self.extracts)

    @property
    def tables(self) -> tuple[str, ...]:
        """Full names of the warehouse tables, e.g. ``warehouse.fact_sales_order``."""
        return tuple(f"warehouse.{table}" for table in self.publishes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Sources that fill one set of star schemas together.

    :param name: the domain of their curated tables, as in ``include/contracts/<name>/``; of the DAGs that they share, too
    :param owner: the team that answers for it
    :param pipelines: each lands and curates by itself, and names the warehouse tables that it fills
    :param looks_for_drift: when crawlers look at what has landed
    """

    name: str
    owner: str
    pipelines: tuple[Pipeline, ...]
    looks_for_drift: Daily
    tags: tuple[str, ...] = field(default=())

    @property
    def datasets(self) -> tuple[str, ...]:
        """Full names of all source datasets."""
        return tuple(name for pipeline in self.pipelines for name in pipeline.datasets)

    @property
    def tables(self) -> tuple[str, ...]:
        """Full names of all warehouse tables, each once."""
        return tuple(sorted({name for pipeline in self.pipelines for name in pipeline.tables}))

    def curated(self, pipeline: Pipeline) -> tuple[str, ...]:
        """Return the full names of the tables that a pipeline's job makes, e.g. ``hospitality.sale_item``."""
        return tuple(f"{self.name}.{table}" for table in pipeline.curates)
