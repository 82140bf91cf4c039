"""What the sink counts, served to Prometheus where a port is set."""

from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from runtime.metrics import serve_metrics
from runtime.settings import Settings

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class SinkMetrics:
    """The figures of one sink; made with a registry of its own in a test."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self.records = Counter(
            "learnstream_sink_records", "Records put into Postgres", ("topic",), registry=registry
        )
        self.batches = Counter(
            "learnstream_sink_batches", "Transactions committed in Postgres", registry=registry
        )
        self.batch_seconds = Histogram(
            "learnstream_sink_batch_seconds",
            "From a batch in hand to its commit in Postgres",
            registry=registry,
            buckets=_BUCKETS,
        )
        self.postgres_up = Gauge(
            "learnstream_sink_postgres_up", "Whether Postgres answers", registry=registry
        )
        self.postgres_losses = Counter(
            "learnstream_sink_postgres_losses", "Times that Postgres went away", registry=registry
        )
        self.cohort_refreshes = Counter(
            "learnstream_sink_cohort_refreshes", "Times cohorts were computed", registry=registry
        )

    def serve(self, settings: Settings) -> None:
        """Answer Prometheus where the settings name a port."""
        serve_metrics(settings, self._registry)
