"""Cases as files: what is sent, record by record, and what must be seen afterwards.

`NAME.jsonl` holds one record a line in the order of sending: `topic`, `key` and `value` (JSON) or
`value_text` (as it is); or `{"wait": "adopted"}`: until the course facts sent so far are adopted.
`checks.json` holds by name the clock, the user (else the only one who sends) and the checks:
[endpoint, path, operator, value]. Beside the API's pages, `dead-letters` is an endpoint (one object
a record sent: `reason` and `detail`, null where it was accepted), and so is `verify` (`status`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from domain.events.decode import Reason

Clock: TypeAlias = Literal["stream", "wall"]

OWN: Final = Path(__file__).parent
PAGES: Final = (
    "real-time-dashboard",
    "predictive-analytics",
    "performance-alerts",
    "trend-analysis",
)
CODEC: Final = "codec-"
VERIFY: Final = "verify-"
CODEC_RECORDS: Final = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """One record."""

    topic: str
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be seen."""

    endpoint: str
    path: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; a None among the records is a wait for adoption."""

    name: str
    clock: Clock
    user: str | None
    records: tuple[Sent | None, ...]
    checks: tuple[Check, ...]

    @property
    def codec(self) -> str | None:
        """How the batch is to be compressed."""
        return self.name.removeprefix(CODEC) if self.name.startswith(CODEC) else None

    @property
    def alone(self) -> bool:
        """Whether it may take the stack down, or the proof, and so gets one of its own."""
        return self.name.startswith((CODEC, VERIFY))

    @property
    def keys(self) -> frozenset[bytes]:
        """The keys of its activity."""
        return frozenset(r.key or b"" for r in self.records if r and r.topic == "activity")


def load(folder: Path) -> list[Case]:
    """Every case of a folder; ours say what to check where the folder's own checks do not."""
    known = _json(OWN / "checks.json") | _json(folder / "checks.json")
    return [_case(path, known.get(path.stem, {})) for path in sorted(folder.glob("*.jsonl"))]


def _case(path: Path, told: Mapping[str, Any]) -> Case:
    expected = _json(path.with_name(f"{path.stem}.expect.json"))
    records = tuple(_record(line) for line in path.read_text().splitlines() if line.strip())
    clock = told.get("clock") or expected.get("clock", "stream")
    checks = tuple(Check(*each) for each in told.get("checks", ()))
    return Case(
        name=path.stem,
        clock="stream" if clock == "stream" else "wall",
        user=told.get("user") or expected.get("user") or _sender(records),
        records=records,
        checks=checks or tuple(_derived(path.stem, expected.get("expected"), len(records))),
    )


def _record(line: str) -> Sent | None:
    given = json.loads(line)
    if "wait" in given:
        return None
    key = given["key"]
    if "value_text" in given:
        value: bytes | None = given["value_text"].encode()
    else:
        value = None if given["value"] is None else json.dumps(given["value"]).encode()
    return Sent(given["topic"], None if key is None else str(key).encode(), value)


def _sender(records: tuple[Sent | None, ...]) -> str | None:
    """The key of the last activity."""
    keys = [r.key.decode() for r in records if r and r.topic == "activity" and r.key]
    return keys[-1] if keys else None


def _derived(name: str, expected: Any, records: int) -> Iterator[Check]:
    """What an expectation says that can be checked whatever the case is."""
    if name.startswith(CODEC):
        yield Check(PAGES[0], "realtime_metrics.weekly_activities", "==", CODEC_RECORDS)
    if name.startswith(VERIFY):
        yield Check("verify", "status", "==", 0)
    if isinstance(expected, dict):
        for page in PAGES:
            if isinstance(expected.get(page), int):
                yield Check(page, "@status", "==", expected[page])
    reasons = expected if isinstance(expected, list) else [expected] * records
    for number, reason in enumerate(reasons):
        if reason in get_args(Reason):
            yield Check("dead-letters", f"{number}.reason", "==", reason)


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found
