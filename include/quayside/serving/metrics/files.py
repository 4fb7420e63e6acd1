"""The files of the metric layer: all semantic models first, then the metrics, in the order of their names."""

from pathlib import Path

from quayside.errors import Terminal
from quayside.serving.metrics.definitions import Metric, SemanticModel
from quayside.serving.metrics.graph import reachable
from quayside.serving.metrics.located import Part, read
from quayside.serving.metrics.reading import read_model
from quayside.serving.metrics.reading_metrics import read_metric


def read_files(folder: Path) -> tuple[dict[str, SemanticModel], dict[str, Metric]]:
    """Read all files of a folder.

    :raises Terminal: one is not as it should be; the message says which, in what line, and what to do
    """
    models: dict[str, SemanticModel] = {}
    measures: dict[str, str] = {}
    parts = []
    for part in _parts(folder, "semantic_models"):
        model = read_model(part)
        if model.name in models:
            raise part.error(f"the semantic model {model.name} stands twice.")
        for name in model.measures:
            if name in measures:
                raise part.error(
                    f"the measure {name} is one of {measures[name]} already; names of measures are their own."
                )
            measures[name] = model.name
        models[model.name] = model
        parts.append((part, model))
    for part, model in parts:
        _check_splits(part, model, models)
    metrics: dict[str, Metric] = {}
    for part in _parts(folder, "metrics"):
        metric = read_metric(part, models, metrics)
        if metric.name in metrics:
            raise part.error(f"the metric {metric.name} stands twice.")
        metrics[metric.name] = metric
    return models, metrics


def _parts(folder: Path, kind: str) -> list[Part]:
    paths = sorted((folder / kind).glob("*.yaml"))
    if not paths:
        raise Terminal(f"There are no files in include/metrics/{kind}.")
    return [
        item for path in paths for item in read(path, f"include/metrics/{kind}/{path.name}").fields(kind)[kind].items()
    ]


def _check_splits(part: Part, model: SemanticModel, models: dict[str, SemanticModel]) -> None:
    for measure in model.measures.values():
        for dialect in model.relations:
            if measure.split_by and not reachable(models, model.name, dialect).get(measure.split_by):
                raise part.error(f"{measure.name}: there is no dimension {measure.split_by} in {dialect}.")
