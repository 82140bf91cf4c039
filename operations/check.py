"""What would happen to each line of a producer's sample: the same verdicts as on the stream."""

import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from contracts.course_facts import decode_course_facts
from domain.decode import Accepted, Record, Rejected, decode
from domain.events import content_of
from domain.state import SEEN_MAX
from runtime.errors import UsageError

ACCEPTED: Final = "accepted"
REPEATED: Final = "duplicate"
_WHOLE: Final = 1  # partitions: with one, every key is on its own


class Verdict(NamedTuple):
    """One line: its number, and why it would be rejected; `reason` None where it would not be."""

    line: int
    outcome: str
    reason: str | None
    detail: str


@dataclass(slots=True)
class Summary:
    """How many lines would meet which fate."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """How many lines would become dead letters."""
        return self.reasons.total()

    def count(self, verdict: Verdict) -> None:
        """Count a line."""
        self.outcomes[verdict.outcome] += 1
        if verdict.reason is not None:
            self.reasons[verdict.reason] += 1


def opened(path: Path) -> AbstractContextManager[Iterable[bytes]]:
    """The lines of a file, plain or .gz; of the standard input where the path is `-`."""
    if str(path) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def check_events(lines: Iterable[bytes], now: int) -> Iterator[Verdict]:
    """Events, one a line, as if each arrived at `now` with its learner's id as key.

    Blank lines are passed over, as `replay jsonl` does. A line with the `event_id` of one of the
    learner's last 64 accepted events is a duplicate, or rejected where it says something else.
    """
    memory = _Memory()
    for number, line in _numbered(lines):
        record = Record(offset=number, timestamp=now * 1000, key=_key(line), value=line)
        match decode(record, 0, _WHOLE):
            case Rejected(reason, detail):
                yield Verdict(number, "rejected", reason, detail)
            case Accepted() as accepted:
                yield memory.verdict(number, accepted)


class _Memory:
    """What every learner's state remembers of event ids: the last 64 that were accepted."""

    def __init__(self) -> None:
        self._accepted: Counter[str] = Counter()
        self._first: dict[tuple[str, str], _First] = {}

    def verdict(self, line: int, accepted: Accepted) -> Verdict:
        """Whether the line is a duplicate, or another event under a remembered id."""
        user_id, event = accepted.user_id, accepted.event
        told = msgspec.json.encode(content_of(event), order="sorted")
        content = hashlib.blake2b(told, digest_size=16).digest()
        before = self._first.get((user_id, event.event_id))
        count = self._accepted[user_id]
        detail = ""
        if before is not None and count - before.position < SEEN_MAX:
            detail = f"line {before.line} has this event_id"
            if content == before.content:
                return Verdict(line, REPEATED, None, detail)
            return Verdict(line, "rejected", "id_reused", f"{detail}, with other content")
        if before is not None:
            detail = f"line {before.line} has this event_id, too long ago to be remembered"
        self._accepted[user_id] += 1
        self._first[user_id, event.event_id] = _First(line, count + 1, content)
        return Verdict(line, ACCEPTED, None, detail)


class _First(NamedTuple):
    """Where an id was accepted: the line, its place among the learner's events, what it said."""

    line: int
    position: int
    content: bytes


def check_courses(lines: Iterable[bytes]) -> Iterator[Verdict]:
    """Course facts, one course a line, as if each had its course's id as key."""
    for number, line in _numbered(lines):
        verdict = decode_course_facts(_course_key(line), line)
        if isinstance(verdict, Rejected):
            yield Verdict(number, "rejected", verdict.reason, verdict.detail)
        else:
            yield Verdict(number, ACCEPTED, None, "")


def told(
    verdicts: Iterable[Verdict], summary: Summary, *, as_json: bool, only_rejected: bool
) -> Iterator[str]:
    """One line a verdict, for a person or for a program; all of them are counted in `summary`."""
    for verdict in verdicts:
        summary.count(verdict)
        if only_rejected and verdict.reason is None:
            continue
        if as_json:
            yield json.dumps(verdict._asdict()) + "\n"
        else:
            words = (str(verdict.line), verdict.outcome, verdict.reason or "", verdict.detail)
            yield "\t".join(word for word in words if word) + "\n"


def summed(summary: Summary, *, as_json: bool) -> str:
    """The counts, the reasons most frequent first."""
    if as_json:
        return json.dumps({"outcomes": summary.outcomes, "reasons": summary.reasons})
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(summary.outcomes.items()))
    lines = [outcomes or "no lines"]
    return "\n".join(lines + [f"  {n:>8} {reason}" for reason, n in summary.reasons.most_common()])


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix(b"\n")
        if line.strip():
            yield number, line


class _Keyed(msgspec.Struct):
    user_id: int | str


class _CourseKeyed(msgspec.Struct):
    course_id: str


_learners: Final = msgspec.json.Decoder(_Keyed)
_courses: Final = msgspec.json.Decoder(_CourseKeyed)


def _key(line: bytes) -> bytes | None:
    """The key that a producer would give; where none can be read, the verdict says why."""
    try:
        return str(_learners.decode(line).user_id).encode()
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _course_key(line: bytes) -> bytes | None:
    try:
        return _courses.decode(line).course_id.encode()
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
