"""Every metric of a worker, served to Prometheus where a port is set."""

from typing import Final, Literal, TypeAlias, get_args

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from runtime.metrics import serve_metrics
from runtime.settings import Settings

CounterName: TypeAlias = Literal[
    "events", "batches", "rejected", "duplicates", "defects", "inputs", "transitions", "lessons"
]
GaugeName: TypeAlias = Literal["lag", "clock", "learners", "worker_halted", "model_adopted"]
ReaderName: TypeAlias = Literal["model_age_seconds", "snapshot_refused", "trainer_behind_seconds"]
SecondsName: TypeAlias = Literal["transaction_seconds", "fold_seconds", "takeover_seconds"]

_WHAT: Final[dict[CounterName | GaugeName | ReaderName | SecondsName, str]] = {
    "events": "Records of activity folded or rejected",
    "batches": "Transactions committed",
    "rejected": "Records put into the dead letters",
    "duplicates": "Events that had been folded before",
    "defects": "Events that our own code failed on",
    "inputs": "Inputs adopted beside events",
    "transitions": "Alerts raised, updated, resolved or suppressed",
    "lessons": "Lessons put into model.examples",
    "lag": "Records of activity not yet folded",
    "clock": "The partition's clock, epoch seconds",
    "learners": "Learners of the partition",
    "worker_halted": "1 where the partition is this worker's and halted",
    "model_adopted": "The number of the snapshot that the partition predicts with; 0: none",
    "model_age_seconds": "For how long the snapshot that serves has been there",
    "snapshot_refused": "1 where the newest snapshot cannot be read and an older one serves",
    "trainer_behind_seconds": "For how long examples have come and none was learned",
    "transaction_seconds": "From the begin of a transaction to its commit",
    "fold_seconds": "Decoding and folding one batch",
    "takeover_seconds": "From the assignment of a partition to its first fetch",
}
_SECONDS_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 40)


class Metrics:
    """The figures of one worker, by partition."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        label = ("partition",)
        self._registry = registry
        self._counters = {
            name: Counter(f"learnstream_{name}", _WHAT[name], label, registry=registry)
            for name in get_args(CounterName)
        }
        self._gauges = {
            name: Gauge(f"learnstream_{name}", _WHAT[name], label, registry=registry)
            for name in get_args(GaugeName)
        }
        self._of_reader = {
            name: Gauge(f"learnstream_{name}", _WHAT[name], registry=registry)
            for name in get_args(ReaderName)
        }
        self._seconds = {
            name: Histogram(
                f"learnstream_{name}",
                _WHAT[name],
                label,
                registry=registry,
                buckets=_SECONDS_BUCKETS,
            )
            for name in get_args(SecondsName)
        }

    def count(self, name: CounterName, partition: int, amount: int = 1) -> None:
        """Add to a counter."""
        if amount:
            self._counters[name].labels(partition).inc(amount)

    def show(self, name: GaugeName, partition: int, value: float) -> None:
        """Set a gauge."""
        self._gauges[name].labels(partition).set(value)

    def tell(self, name: ReaderName, value: float) -> None:
        """Set a gauge of the process: what is read for all partitions at once."""
        self._of_reader[name].set(value)

    def took(self, name: SecondsName, partition: int, seconds: float) -> None:
        """Count a duration."""
        self._seconds[name].labels(partition).observe(seconds)

    def serve(self, settings: Settings) -> None:
        """Answer Prometheus where the settings name a port."""
        serve_metrics(settings, self._registry)
