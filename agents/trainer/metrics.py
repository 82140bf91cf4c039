"""Every metric of the trainer, served to Prometheus where a port is set."""

from typing import Final, Literal, TypeAlias, get_args

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from contracts.snapshots import Trainer
from runtime.metrics import serve_metrics
from runtime.settings import Settings

SecondsName: TypeAlias = Literal["takeover_seconds", "fold_seconds", "transaction_seconds"]
GaugeName: TypeAlias = Literal[
    "lag", "learned", "passed_over", "rejected", "newest", "serving", "pinned", "frozen"
]

_WHAT: Final[dict[GaugeName | SecondsName, str]] = {
    "lag": "Offsets of model.examples that were not fetched or not learned",
    "learned": "Examples that were learned, ever",
    "passed_over": "Examples that came while learning was frozen, ever",
    "rejected": "Records that are neither a lesson nor an order, ever",
    "newest": "The number of the newest snapshot",
    "serving": "The number of the snapshot that is to be adopted",
    "pinned": "1 where an older snapshot is served on purpose",
    "frozen": "1 where nothing is learned",
    "takeover_seconds": "From the assignment to the first fetch",
    "fold_seconds": "Decoding and learning one batch",
    "transaction_seconds": "From the begin of a transaction to its commit",
}
_SECONDS_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 40)


class Metrics:
    """The figures of one trainer; they have no label, as there is one partition."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._snapshots = Counter(
            "learnstream_trainer_snapshots", "Snapshots published", registry=registry
        )
        self._alerts = Counter(
            "learnstream_trainer_alerts", "Alerts of drift published", registry=registry
        )
        self._gauges = {
            name: Gauge(f"learnstream_trainer_{name}", _WHAT[name], registry=registry)
            for name in get_args(GaugeName)
        }
        self._seconds = {
            name: Histogram(
                f"learnstream_trainer_{name}",
                _WHAT[name],
                registry=registry,
                buckets=_SECONDS_BUCKETS,
            )
            for name in get_args(SecondsName)
        }

    def published(self, snapshots: int, alerts: int) -> None:
        """Count snapshots, and what was told of drift with them."""
        self._snapshots.inc(snapshots)
        self._alerts.inc(alerts)

    def stands(self, trainer: Trainer) -> None:
        """Show where the trainer stands."""
        serving = trainer.serving
        shown: dict[GaugeName, float] = {
            "learned": trainer.learned,
            "passed_over": trainer.passed_over,
            "rejected": trainer.rejected,
            "newest": serving.newest,
            "serving": serving.number,
            "pinned": serving.pinned,
            "frozen": serving.frozen,
        }
        for name, value in shown.items():
            self._gauges[name].set(value)

    def took(self, name: SecondsName, partition: int, seconds: float) -> None:
        """Count a duration; the partition is the one there is."""
        del partition
        self._seconds[name].observe(seconds)

    def show(self, name: Literal["lag", "worker_halted"], partition: int, value: float) -> None:
        """Set a gauge; a trainer never halts."""
        del partition
        if name == "lag":
            self._gauges[name].set(value)

    def serve(self, settings: Settings) -> None:
        """Answer Prometheus where the settings name a port."""
        serve_metrics(settings, self._registry)
