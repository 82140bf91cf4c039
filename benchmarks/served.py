"""What a part serves to Prometheus: gauges, and histograms with what came between two looks."""

import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many lay at or under each bound, over all labels, and their sum."""

    buckets: dict[float, float]
    total: float

    @property
    def count(self) -> int:
        """How many there were."""
        return int(self.buckets.get(float("inf"), 0))

    @property
    def mean(self) -> float:
        """Exact, unlike the quantiles."""
        return self.total / self.count if self.count else 0.0

    def since(self, earlier: "Histogram") -> "Histogram":
        """What came after the earlier look."""
        buckets = {
            bound: number - earlier.buckets.get(bound, 0) for bound, number in self.buckets.items()
        }
        return Histogram(buckets, self.total - earlier.total)

    def quantile(self, share: float) -> float:
        """Interpolated between the bounds around it, as Prometheus does."""
        wanted, below, lower = share * self.count, 0.0, 0.0
        for bound, number in sorted(self.buckets.items()):
            if number >= wanted and number > below:
                if bound == float("inf"):
                    return lower
                return lower + (bound - lower) * (wanted - below) / (number - below)
            below, lower = number, bound
        return lower


def scrape(ports: Sequence[int]) -> dict[str, Histogram]:
    """Every histogram by name; a part may listen on other ports too."""
    buckets: defaultdict[str, defaultdict[float, float]] = defaultdict(lambda: defaultdict(float))
    totals: defaultdict[str, float] = defaultdict(float)
    for family in _families(ports):
        for sample in family.samples if family.type == "histogram" else ():
            if sample.name.endswith("_bucket"):
                buckets[family.name][float(sample.labels["le"])] += sample.value
            elif sample.name.endswith("_sum"):
                totals[family.name] += sample.value
    return {name: Histogram(dict(found), totals[name]) for name, found in buckets.items()}


def gauges(ports: Sequence[int]) -> dict[str, float]:
    """Every gauge by name, the sum over its labels."""
    found: defaultdict[str, float] = defaultdict(float)
    for family in _families(ports):
        for sample in family.samples if family.type == "gauge" else ():
            found[family.name] += sample.value
    return dict(found)


def _families(ports: Sequence[int]) -> Iterator[Metric]:
    for port in ports:
        yield from text_string_to_metric_families(_text(port))


def _text(port: int) -> str:
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
    return text
