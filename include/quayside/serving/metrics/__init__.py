"""The metric layer: numbers defined once in ``include/metrics``, asked of the lake or of the warehouse alike."""

from quayside.serving.metrics.layer import MetricLayer as MetricLayer
from quayside.serving.metrics.layer import load_layer as load_layer
from quayside.serving.metrics.query import Column as Column
from quayside.serving.metrics.query import Compiled as Compiled
from quayside.serving.metrics.query import Filter as Filter
from quayside.serving.metrics.query import InvalidQuery as InvalidQuery
from quayside.serving.metrics.query import Query as Query
