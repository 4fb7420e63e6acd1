"""The metric layer as a whole: loaded once, from the YAML files or from what packaging has made of them."""

import dataclasses
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from quayside.serving.access import Access
from quayside.serving.metrics.compiling import compile_query
from quayside.serving.metrics.definitions import (
    METRIC_TIME,
    Dimension,
    Entity,
    Join,
    Measure,
    Metric,
    Relation,
    SemanticModel,
    Spread,
)
from quayside.serving.metrics.graph import reachable
from quayside.serving.metrics.query import Compiled, Query

METRICS = Path(__file__).resolve().parents[3] / "metrics"
_KEPT = 500  # queries that are compiled once
COMPILED = "layer.json"  # which packaging puts beside the YAML files, so that a Lambda need not read and check them


@dataclasses.dataclass(frozen=True, slots=True)
class MetricLayer:
    """Semantic models and the metrics over them."""

    models: Mapping[str, SemanticModel]
    metrics: Mapping[str, Metric]
    _made: dict[tuple[str, Access, str, str], Compiled] = dataclasses.field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def compile(self, query: Query, access: Access, dialect: str, database: str = "") -> Compiled:
        """Return the SQL of a query for one engine; of rows that the caller may not see, none is read.

        :param dialect: ``athena`` or ``postgres``
        :param database: for Athena, the Glue database of the tables; who may not see names is given that of the views
        :raises InvalidQuery: it cannot be asked so
        :raises Forbidden: the caller may not ask for it
        """
        asked = repr(query), access, dialect, database  # in which True is not 1, as it is among equal values
        if asked not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[asked] = compile_query(
                self.models, self.metrics, query, access, dialect=dialect, database=database
            )
        return self._made[asked]

    def sees(self, access: Access, metric: str) -> bool:
        """Tell whether a caller may ask for a metric: those of no venue are for who sees all."""
        found = self.metrics[metric]
        if access.venues is None:
            return True
        if found.measure:
            return all(relation.venue for relation in self.models[found.measure[0]].relations.values())
        return all(self.sees(access, name) for name in found.inputs)

    def dimension(self, metric: str, name: str) -> Dimension | None:
        """Return what a metric's dimension is; None where it has none of this name, without grain."""
        found = self.metrics[metric]
        if not found.measure:
            return self.dimension(found.inputs[0], name)
        model = self.models[found.measure[0]]
        time = model.measures[found.measure[1]].agg_time_dimension
        for dialect in model.relations:
            way = reachable(self.models, model.name, dialect).get(time if name == METRIC_TIME else name)
            if way:
                return way.dimension
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            "models": [dataclasses.asdict(model) for model in self.models.values()],
            "metrics": [dataclasses.asdict(metric) for metric in self.metrics.values()],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_dict` has made."""
        models = [_model(item) for item in value["models"]]
        metrics = [Metric(**_tuples(item)) for item in value["metrics"]]
        return cls({model.name: model for model in models}, {metric.name: metric for metric in metrics})


@cache
def load_layer(folder: Path = METRICS) -> MetricLayer:
    """Return the metric layer.

    :raises Terminal: a file is not as it should be; the message says which, in what line, and what to do
    """
    compiled = folder / COMPILED
    if compiled.is_file():
        return MetricLayer.from_dict(json.loads(compiled.read_text(encoding="utf-8")))
    from quayside.serving.metrics.files import read_files  # with the contracts, which a Lambda need not read

    return MetricLayer(*read_files(folder))


def _tuples(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in item.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _model(item: Mapping[str, Any]) -> SemanticModel:
    return SemanticModel(
        name=item["name"],
        description=item["description"],
        relations={name: _relation(inner) for name, inner in item["relations"].items()},
        entities=tuple(Entity(**_tuples(inner)) for inner in item["entities"]),
        dimensions={name: Dimension(**_tuples(inner)) for name, inner in item["dimensions"].items()},
        measures={name: Measure(**_tuples(inner)) for name, inner in item["measures"].items()},
    )


def _relation(item: Mapping[str, Any]) -> Relation:
    given = _tuples(item)
    given["joins"] = tuple(Join(**_tuples(inner)) for inner in item["joins"])
    given["spread"] = Spread(**_tuples(item["spread"])) if item["spread"] else None
    return Relation(**given)
