"""What is wrong in the metric files is said with file and line, when they are loaded."""

import json
from pathlib import Path

import pytest

from quayside.errors import Terminal
from quayside.serving.metrics import MetricLayer, load_layer
from quayside.serving.metrics.files import read_files
from quayside.serving.metrics.layer import COMPILED, METRICS

MODELS = """\
semantic_models:
  - name: lines
    description: Lines of sales.
    model:
      athena:
        dataset: hospitality.sale_item
        joins:
          sale: {dataset: hospitality.sale, on: {sale_key: sale_key}}
        columns: {clerk_name: sale.clerk_name, net: total_inc - tax}
      postgres: {dataset: warehouse.fact_sale_item, columns: {net: total_inc - tax}}
    defaults: {agg_time_dimension: business_date}
    entities:
      - {name: venue, type: foreign, expr: venue_id}
    dimensions:
      - {name: business_date, type: time, type_params: {time_granularity: day}}
      - {name: venue, type: categorical, expr: venue_id}
      - {name: group, type: categorical, expr: group_name}
      - {name: clerk, type: categorical, expr: clerk_name}
      - {name: beer, type: categorical, expr: group_name = 'Beer'}
    measures:
      - {name: total, agg: sum, expr: total_inc, fill_nulls_with: 0}
      - {name: lines, agg: count, expr: sale_item_key}
      - {name: average, agg: average, expr: total_inc}
"""
NUMBERS = """\
metrics:
  - name: sales
    label: Sales
    description: All of it.
    type: simple
    type_params: {measure: total}
    filter: not beer
    config: {meta: {unit: AUD, decimals: 2}}
  - name: line_count
    label: Lines
    description: Lines.
    type: simple
    type_params: {measure: lines}
    config: {meta: {unit: count}}
  - name: per_line
    label: Per line
    description: Sales by lines.
    type: ratio
    type_params: {numerator: sales, denominator: line_count}
    config: {meta: {unit: AUD, decimals: 2}}
  - name: twice
    label: Twice
    description: Sales twice.
    type: derived
    type_params: {expr: sales * 2, metrics: [sales]}
    config: {meta: {unit: AUD, decimals: 2}}
  - name: running
    label: So far
    description: Since the first.
    type: cumulative
    type_params: {measure: total, cumulative_type_params: {grain_to_date: month}}
    config: {meta: {unit: AUD, decimals: 2}}
"""
WRONG = [  # what stands there, what is put in its place, the line that is named, what is said
    ("name: lines\n", "name: lines\n    colour: red\n", 3, "colour is not known; known are"),
    ("    description: Lines of sales.\n", "", 2, "description is missing"),
    ("hospitality.sale_item\n", "hospitality.nothing\n", 6, "No contract for hospitality.nothing"),
    ("warehouse.fact_sale_item", "hospitality.sale_item", 10, "is not in postgres"),
    ("on: {sale_key: sale_key}", "on: {venue_id: venue_id}", 8, "the key of hospitality.sale: else a row could find several"),
    ("on: {sale_key: sale_key}", "on: {sale_key: items}", 8, "must be there, and of one type"),
    ("sale.clerk_name", "sale.shoe_size", 9, "there is no column sale.shoe_size"),
    ("expr: group_name}", "expr: grup_name}", 17, "there is no column grup_name; there are"),
    ("net: total_inc - tax}}", "net: is_void}}", 10, ""),  # another type, but nothing uses it
    ("expr: group_name}", "expr: net}", 17, ""),
    ("expr: group_name}", "expr: total_inc > 'a'}", 17, "do not go together"),
    ("expr: group_name}", "expr: group_name > 'a'}", 17, "different orders"),
    ("expr: group_name}", "expr: (select 1)}", 17, "is not among what is allowed"),
    ("expr: group_name}", "expr: pg_sleep(9)}", 17, "is not among what is allowed"),
    ("expr: group_name}", "expr: current_user}", 17, "is not among what is allowed"),
    ("expr: group_name}", "expr: 'greatest(line, 2)'}", 17, "is not among what is allowed"),
    ("expr: group_name}", "expr: \"group_name || '%'\"}", 17, "marks of parameters"),
    ("expr: group_name}", "expr: group_name ||}", 17, "cannot be read"),
    ("expr: clerk_name}", "expr: clerk_name, config: {meta: {dialects: [spark]}}}", 18, "spark is not known"),
    ("time_granularity: day", "time_granularity: hour", 15, "names its clock"),
    ("time_granularity: day", "time_granularity: minute", 15, "minute is not known"),
    ("agg_time_dimension: business_date", "agg_time_dimension: venue", 11, "must name a dimension of time"),
    ("agg: sum, expr: total_inc", "agg: sum, expr: group_name", 21, "sum takes a number"),
    ("agg: sum, expr: total_inc", "agg: median, expr: total_inc", 21, "median is not known"),
    ("agg: count, expr: sale_item_key", "agg: count_distinct, expr: clerk_name", 22, "personal data"),
    ("{name: total,", "{name: lines,", 22, "lines stands twice"),
    ("type: foreign, expr: venue_id", "type: primary, expr: venue_id", 13, "is not the key of"),
    ("type: foreign, expr: venue_id", "type: best, expr: venue_id", 13, "best is not known"),
    ("{measure: total}", "{measure: totals}", 6, "totals is a measure of no semantic model"),
    ("filter: not beer", "filter: not wine", 7, "there is no column wine"),
    ("filter: not beer", "filter: venue", 7, "a filter is a condition"),
    ("unit: AUD, decimals: 2}}\n  - name: line", "unit: USD, decimals: 2}}\n  - name: line", 8, "USD is not known"),
    ("unit: AUD, decimals: 2}}\n  - name: line", "unit: AUD}}\n  - name: line", 8, "has 2 digits after its point: decimals: 2"),
    ("denominator: line_count", "denominator: twice", 19, "there is no metric twice before this one"),
    ("expr: sales * 2, metrics: [sales]", "expr: per_line * 2, metrics: [per_line]", 25, "per_line is rounded"),
    ("expr: sales * 2, metrics: [sales]", "expr: sales / 2 + 1, metrics: [sales]", 25, "divide last"),
    ("expr: sales * 2, metrics: [sales]", "expr: sales * 2, metrics: [sales, line_count]", 25, "list those that"),
    ("expr: sales * 2, metrics: [sales]", "expr: sales * 0.255, metrics: [sales]", 25, "has 5 digits after its point"),
    ("- name: twice", "- name: sales", 21, "the metric sales stands twice"),
    ("- name: twice", "- name: venue", 21, "is a dimension's name"),
    ("grain_to_date: month", "window: 7 months", 31, "a window is of 2 to 366 days"),
    ("measure: total, cumulative", "measure: average, cumulative", 31, "cannot be added up over days"),
    ("label: Sales\n", "label: *nobody\n", 3, "not YAML"),
]  # fmt: skip


def write(folder: Path, models: str = MODELS, numbers: str = NUMBERS) -> Path:
    for kind, text in (("semantic_models", models), ("metrics", numbers)):
        (folder / kind).mkdir()
        (folder / kind / "it.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_example_is_right(tmp_path: Path):
    models, metrics = read_files(write(tmp_path))
    assert list(models) == ["lines"]
    assert metrics["per_line"].column_type == "numeric(18,2)"
    assert {"venue", "metric_time", "business_date"} <= set(metrics["twice"].dimensions)


@pytest.mark.parametrize(("old", "new", "line", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_said_with_file_and_line(old: str, new: str, line: int, said: str, tmp_path: Path):
    kind = "semantic_models" if old in MODELS else "metrics"
    assert old in MODELS + NUMBERS
    folder = write(
        tmp_path, MODELS.replace(old, new, 1), NUMBERS.replace(old, new, 1) if kind == "metrics" else NUMBERS
    )
    if not said:
        read_files(folder)
        return
    with pytest.raises(Terminal) as error:
        read_files(folder)
    assert said in str(error.value)
    assert str(error.value).startswith(f"include/metrics/{kind}/it.yaml:{line}: ")


def test_a_type_that_differs_between_the_engines_is_told(tmp_path: Path):
    models = MODELS.replace("net: total_inc - tax}}", "net: is_void}}").replace("expr: group_name}", "expr: net}")
    with pytest.raises(Terminal, match=r"it.yaml:17: net is numeric.* in athena but boolean in postgres"):
        read_files(write(tmp_path, models))


def test_a_measure_belongs_to_one_model(tmp_path: Path):
    models = MODELS + MODELS.removeprefix("semantic_models:\n").replace("name: lines\n", "name: others\n")
    with pytest.raises(Terminal, match="the measure total is one of lines already"):
        read_files(write(tmp_path, models))


def test_the_compiled_form_is_the_same_layer(tmp_path: Path, layer: MetricLayer):
    text = json.dumps(layer.to_dict())
    assert MetricLayer.from_dict(json.loads(text)) == layer
    (tmp_path / COMPILED).write_text(text, encoding="utf-8")
    assert load_layer(tmp_path) == layer
    assert not (METRICS / COMPILED).exists(), "in the repository the YAML files alone count"


def test_every_metric_says_what_it_is(layer: MetricLayer):
    for metric in layer.metrics.values():
        assert metric.label
        assert metric.description.endswith(".")
        assert metric.dialects == ("athena", "postgres")
        assert "metric_time" in metric.dimensions
        assert metric.unit != "percent" or metric.decimals == 2
    for model in layer.models.values():
        for dimension in model.dimensions.values():
            assert dimension.label
