"""What one run recorded, all that is judged: its lessons and the alerts that models raised."""

import gzip
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from domain.alerts import Transition
from domain.examples import Lesson

MODEL_ALERTS: Final = frozenset({"at_risk", "next_missing"})


class Raised(Struct, frozen=True, omit_defaults=True):
    """One alert of a learner that a model raised; `at` in epoch seconds."""

    alert: str
    user_id: str
    course_id: str
    at: int
    assessment: str | None = None


@dataclass(slots=True)
class Recorded:
    """One run: `raised` is None where it is not known which alerts were raised.

    `state_bytes` are those of every learner's state, ascending; empty where no state was seen.
    """

    runner: str
    events: int
    lessons: list[Lesson] = field(default_factory=list)
    raised: list[Raised] | None = None
    state_bytes: list[int] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """The same for the same examples, shown predictions among them, in any order."""
        return _digest(self.lessons)

    @property
    def digest_of_alerts(self) -> str | None:
        """The same for the same alerts of models; None where they are not known."""
        return None if self.raised is None else _digest(self.raised)


def raised_by_models(transitions: Iterable[Transition]) -> list[Raised]:
    """The alerts of a learner that models raised, each once."""
    found = []
    for each in transitions:
        if each.kind == "raised" and each.category in MODEL_ALERTS:
            name = each.subject.id if each.category == "next_missing" else None
            course_id = each.course_id or ""
            found.append(Raised(each.category, each.user_id, course_id, each.raised_at, name))
    return found


def append(path: Path, records: Iterable[Struct]) -> None:
    """Write records to the end of a compressed file of JSON lines."""
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in records)
    with gzip.open(path, "ab", compresslevel=1) as file:
        file.write(lines)


class _Line(Struct):
    """What tells a line's kind: of an order nothing is needed."""

    order: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    alert: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    alerts_known: bool = False


class AlertsKnown(Struct, frozen=True):
    """The first line of a file that has alerts, too."""

    alerts_known: bool = True


def read(path: Path) -> Recorded:
    """What a run wrote; a file that is still being written is read as far as it goes."""
    found = Recorded("file", 0)
    kinds = msgspec.json.Decoder(_Line)
    lessons, alerts = msgspec.json.Decoder(Lesson), msgspec.json.Decoder(Raised)
    for line in _lines(path):
        kind = kinds.decode(line)
        if kind.alerts_known:
            found.raised = []
        elif kind.alert is not msgspec.UNSET:
            assert found.raised is not None
            found.raised.append(alerts.decode(line))
        elif kind.order is msgspec.UNSET:
            found.lessons.append(lessons.decode(line))
    return found


def _lines(path: Path) -> Iterable[bytes]:
    with gzip.open(path, "rb") as file:
        try:
            for line in file:
                if line.strip():
                    yield line
        except EOFError:
            return


def _digest(records: Sequence[Struct]) -> str:
    encode = msgspec.json.Encoder(order="deterministic").encode
    lines = sorted(map(encode, records))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]
