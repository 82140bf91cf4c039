"""What an operator would see of a fault: ends, log lines, `/readyz`, metrics."""

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families
from typing_extensions import override

from runtime.settings import Settings
from tests.faults.parts import Mark, Part, Parts
from tests.faults.watching import ANSWER_FAILED, Watcher

_POLL_SECONDS: Final = 0.5
_MOMENT_SECONDS: Final = 3.0
_ASK_SECONDS: Final = 3.0
_OF_NO_INTEREST: Final = frozenset({"request", "failpoint", "cohort_refreshed", "complaint"})
_SHOWN: Final = {
    "learnstream_lag": "lag",
    "learnstream_api_lag_seconds": "lag_seconds",
}
_POSTGRES: Final = "learnstream_sink_postgres_up"


@dataclass(slots=True)
class Signs:
    """What showed from just before a fault until all was well again."""

    marks: dict[str, Mark] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)
    highest: dict[str, float] = field(default_factory=dict)
    """The highest lag: `lag` in records, `lag_seconds`."""


class OperatorView(Watcher):
    """Asks `/readyz` and every part's metrics, as a probe and Prometheus would."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        super().__init__("operator's view", ANSWER_FAILED)
        self.ready_at = 0.0
        """When `/readyz` last had nothing to say against anything (monotonic seconds)."""
        self._api = f"http://{settings.api_host}:{settings.api_port}"
        self._parts = parts
        self._signs = Signs()

    @override
    def open(self) -> Callable[[], object]:
        return lambda: None

    @override
    def look(self) -> None:
        signs = self._signs
        asked_at = time.monotonic()
        found = self._ready()
        signs.ready |= found
        if not found:
            self.ready_at = asked_at
        for name, value in self._metrics(signs):
            signs.highest[name] = max(value, signs.highest.get(name, 0.0))
        self.pause(_POLL_SECONDS)

    def well(self) -> bool:
        """Whether `/readyz` had nothing to say against anything a moment ago."""
        return time.monotonic() - self.ready_at < _MOMENT_SECONDS

    def begin(self) -> None:
        """Collect anew: a fault is about to strike."""
        self._signs = Signs({part.name: part.mark() for part in self._parts.all()})

    def told(self) -> dict[str, Any]:
        """What showed since `begin`."""
        signs = self._signs
        ends, logs = set[str](), set[str]()
        for part in self._parts.all():
            statuses, text = part.since(signs.marks[part.name])
            ends |= {f"{part.role}: {_said(status)}" for status in statuses}
            logs |= {f"{part.role}: {line}" for line in lines_of_interest(text)}
        return {
            "ends": sorted(ends),
            "logs": sorted(logs),
            "readyz": sorted(signs.ready),
            "metrics": sorted(signs.metrics),
            **{name: round(value, 1) for name, value in sorted(signs.highest.items())},
        }

    def _ready(self) -> set[str]:
        status, text = _ask(f"{self._api}/readyz")
        if not text:
            return {"no answer"}
        said = json.loads(text)
        found = {f"{status} {reason['code']}" for reason in said["reasons"]}
        if said["kafka"] != "up":
            found.add(f"kafka {said['kafka']}")
        if not all(each["lag_known"] for each in said["partitions"]):
            found.add("lag_known false")
        if said["halted"]:
            found.add("halted")
        return found

    def _metrics(self, signs: Signs) -> Iterator[tuple[str, float]]:
        for part in self._parts.running():
            _, text = _ask(f"{self._address(part)}/metrics")
            if not text:
                signs.metrics.add(f"{part.role}: no answer")
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name in _SHOWN:
                        yield _SHOWN[sample.name], sample.value
                    elif sample.name == _POSTGRES and not sample.value:
                        signs.metrics.add(f"{_POSTGRES} 0")

    def _address(self, part: Part) -> str:
        if part.metrics_port is None:
            return self._api
        return f"http://127.0.0.1:{part.metrics_port}"


def lines_of_interest(text: str) -> Iterator[str]:
    """The names of what was logged: our events, and the loggers of libraries that complain."""
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if not isinstance(said, dict) or said.get("event", "request") in _OF_NO_INTEREST:
            continue
        if "logger" in said:
            yield f"[{said['logger'].partition('.')[0]}]"
        else:
            yield " ".join(str(said[name]) for name in ("event", "status") if name in said)


def _ask(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=_ASK_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except ANSWER_FAILED:
        return 0, ""


def _said(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else str(status)
