"""What moves when: the declaration a DAG file makes. It names no operator; `quayside_airflow.assemble` does."""

from dataclasses import dataclass, field
from datetime import timedelta


def every(*, minutes: int) -> timedelta:
    """Return a schedule's interval; a divisor of an hour, so that windows fall on the same minutes each hour.

    :raises ValueError: ``minutes`` does not divide 60
    """
    if minutes < 1 or 60 % minutes:
        raise ValueError(f"every(minutes={minutes}): take a divisor of 60, so that each hour has the same windows")
    return timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One source and what becomes of it.

    :param name: the source, as in ``include/contracts/<name>/`` and the DAG ids ``<name>_<stage>``
    :param owner: the team that answers for it
    :param schedule: the interval between two windows
    :param extracts: source datasets to land, without the source's name
    :param publishes: warehouse tables to keep, without the schema's name
    :param compares_keys_at: cron expression (UTC) of the daily search for deleted rows
    """

    name: str
    owner: str
    schedule: timedelta
    extracts: tuple[str, ...]
    publishes: tuple[str, ...] = ()
    compares_keys_at: str = "30 2 * * *"
    tags: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a declaration that would fail later and elsewhere.

        :raises ValueError: nothing to extract, or a name twice
        """
        if not self.extracts:
            raise ValueError(f"Pipeline {self.name}: extracts nothing; name at least one dataset")
        for names in (self.extracts, self.publishes):
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
