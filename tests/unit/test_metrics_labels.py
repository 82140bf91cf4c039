"""No label of a metric can take a value that somebody else makes up."""

from prometheus_client import CollectorRegistry

from agents.worker.metrics import Metrics
from api.metrics import ApiMetrics
from sinks.metrics import SinkMetrics

CLOSED = {"partition", "topic", "route", "method", "status", "why", "model", "over", "figure"}
"""Each is one of a set that is known when the process starts."""


def test_every_label_of_every_process_is_of_a_closed_set() -> None:
    worker, sink = CollectorRegistry(), CollectorRegistry()
    kept = Metrics(worker), SinkMetrics(sink)
    assert kept
    for registry in (worker, sink, ApiMetrics().registry):
        collectors = list(registry._collector_to_names)
        assert collectors
        names = {label for each in collectors for label in each._labelnames}  # type: ignore[attr-defined]
        assert names <= CLOSED
