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
from contracts.lines import course_key_of, judge_event, learner_key_of
from contracts.remedies import REMEDIES
from domain.events.activity import content_of
from domain.events.decode import Accepted, Reason, Rejected
from domain.events.json_objects import Problem, parse_object
from domain.state.limits import SEEN_MAX
from operations.foreign import EXPECTED_COURSE, EXPECTED_EVENT, seems_to_be
from operations.suspicions import (
    Warned,
    course_name_warnings,
    course_warnings,
    event_warnings,
)
from runtime.errors import UsageError
from runtime.tables import table

ACCEPTED: Final = "accepted"
REPEATED: Final = "duplicate"


class Verdict(NamedTuple):
    """One line: its number, and why it would be rejected; `reason` None where it would not be.

    A warning changes no verdict: the line may be accepted, and still not say what was meant.
    """

    line: int
    outcome: str
    reason: Reason | None
    detail: str
    warnings: tuple[Warned, ...] = ()


@dataclass(slots=True)
class Summary:
    """How many lines would meet which fate."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """How many lines would become dead letters."""
        return self.reasons.total()

    def count(self, verdict: Verdict) -> None:
        """Count a line."""
        self.outcomes[verdict.outcome] += 1
        if verdict.reason is not None:
            self.reasons[verdict.reason] += 1
        self.warnings.update(warned.kind for warned in verdict.warnings)


def opened(path: Path) -> AbstractContextManager[Iterable[bytes]]:
    """The lines of a file, plain or .gz; of the standard input where the path is `-`.

    Raises UsageError where it cannot be read.
    """
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
    Warned of are names that are nearly ours, and an `event_id` that stands for something else too.
    """
    memory = _Memory()
    for number, line in _numbered(lines):
        decoded = judge_event(learner_key_of(line), line, number, now)
        if isinstance(decoded, Rejected):
            verdict = _rejected(number, line, decoded, EXPECTED_EVENT)
        else:
            verdict = memory.verdict(number, decoded)
        members = parse_object(line)
        if not isinstance(members, Problem):
            warned = (*verdict.warnings, *event_warnings(members))
            verdict = verdict._replace(warnings=warned)
        yield verdict


def _rejected(number: int, line: bytes, rejected: Rejected, expected: str) -> Verdict:
    """A rejected line; where it has the marks of another format, that is named."""
    seen = seems_to_be(line)
    detail = rejected.detail
    if seen is not None:
        detail = f"{detail}; this seems to be {seen}, {expected}"
    return Verdict(number, "rejected", rejected.reason, detail)


class _Memory:
    """What every learner's state remembers of event ids: the last 64 that were accepted.

    Beside it, where each id stood first in the file: an id is one event's, whoever the learner is.
    """

    def __init__(self) -> None:
        self._accepted: Counter[str] = Counter()
        self._places: dict[tuple[str, str], _Place] = {}
        self._first: dict[str, tuple[int, bytes]] = {}

    def verdict(self, line: int, accepted: Accepted) -> Verdict:
        """Whether the line is a duplicate, or another event under a remembered id."""
        user_id, event = accepted.user_id, accepted.event
        said = msgspec.json.encode(content_of(event), order="sorted")
        content = hashlib.blake2b(said, digest_size=16).digest()
        before = self._places.get((user_id, event.event_id))
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
        self._places[user_id, event.event_id] = _Place(line, count + 1, content)
        return Verdict(line, ACCEPTED, None, detail, self._reused(line, event.event_id, content))

    def _reused(self, line: int, event_id: str, content: bytes) -> tuple[Warned, ...]:
        first, first_content = self._first.setdefault(event_id, (line, content))
        if content == first_content:
            return ()
        return (Warned("id_again", f"line {first} has this event_id, with other content"),)


class _Place(NamedTuple):
    """Where an id was accepted: the line, its place among the learner's events, what it said."""

    line: int
    position: int
    content: bytes


def check_courses(lines: Iterable[bytes]) -> Iterator[Verdict]:
    """Course facts, one course a line, as if each had its course's id as key.

    Warned of are names that are nearly ours, facts that contradict themselves, and a course that
    stands in the file before, of which only the newest facts count.
    """
    first: dict[str, int] = {}
    for number, line in _numbered(lines):
        members = parse_object(line)
        near = () if isinstance(members, Problem) else tuple(course_name_warnings(members))
        facts = decode_course_facts(course_key_of(line), line)
        if isinstance(facts, Rejected):
            yield _rejected(number, line, facts, EXPECTED_COURSE)._replace(warnings=near)
            continue
        warned = (*near, *course_warnings(facts))
        before = first.setdefault(facts.course_id, number)
        if before != number:
            again = Warned("course_again", f"line {before} has this course: only the newest counts")
            warned = (*warned, again)
        yield Verdict(number, ACCEPTED, None, "", warned)


def write_verdicts(
    verdicts: Iterable[Verdict], summary: Summary, *, as_json: bool, only_rejected: bool
) -> Iterator[str]:
    """The lines of each verdict, for a person or for a program; all are counted in `summary`.

    A person gets one line for the verdict and one for each of its warnings.
    """
    for verdict in verdicts:
        summary.count(verdict)
        if only_rejected and verdict.reason is None:
            continue
        if as_json:
            warnings = [warned._asdict() for warned in verdict.warnings]
            yield json.dumps(verdict._asdict() | {"warnings": warnings}) + "\n"
        else:
            yield _line(verdict.line, verdict.outcome, verdict.reason or "", verdict.detail)
            for warned in verdict.warnings:
                yield _line(verdict.line, "warning", warned.kind, warned.detail)


def _line(number: int, *words: str) -> str:
    return "\t".join((str(number), *filter(None, words))) + "\n"


def summed(summary: Summary, *, as_json: bool) -> str:
    """The counts, what is most frequent first, and what to do about what would be rejected."""
    if as_json:
        return json.dumps(
            {
                "outcomes": summary.outcomes,
                "reasons": summary.reasons,
                "warnings": summary.warnings,
            }
        )
    outcomes = ", ".join(f"{count:,} {name}" for name, count in sorted(summary.outcomes.items()))
    parts = [outcomes or "no lines"]
    if summary.reasons:
        reasons = [(name, n, REMEDIES[name]) for name, n in summary.reasons.most_common()]
        parts.append(table(("reason", "lines", "what to do"), reasons))
    if summary.warnings:
        parts.append(table(("warning", "times"), summary.warnings.most_common()))
        parts.append("Warnings are not errors: they do not change the exit status.")
    return "\n\n".join(parts)


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix(b"\n")
        if line.strip():
            yield number, line
