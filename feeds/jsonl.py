"""A file of events, one JSON object a line, sent as it is: the feed counts what is rejected."""

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

from contracts.course_facts import decode_course_facts
from contracts.lines import course_key_of, judge_event, learner_key_of
from contracts.remedies import REMEDIES
from domain.events.decode import Reason, Rejected
from feeds.feed import Delivery, Feed, run_feed
from feeds.records import Record
from runtime.errors import UsageError
from runtime.settings import Settings

FIRST_LINES: Final = 5
LINE_BYTES_MAX: Final = 900_000  # the broker takes 1 MiB for a batch, its header included
BLANK: Final = "blank"
TOO_LONG: Final = f"over {LINE_BYTES_MAX} bytes: the broker would not take it"
NO_COURSE: Final = "no course_id"


@dataclass(slots=True)
class Refused:
    """Lines of one reason that the workers reject, or that are not even sent."""

    lines: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, number: int) -> None:
        """Count a line, and keep its number where it is among the first few."""
        self.lines += 1
        if len(self.first) < FIRST_LINES:
            self.first.append(number)


@dataclass(slots=True)
class Lines:
    """The lines of a file as records, counted as they are read.

    What the workers will reject is sent all the same, for them to judge and to keep; it is counted
    here as they judge a record that arrives at `now` (epoch seconds). Only what depends on earlier
    events (`id_reused`, `defect`) they alone can know.
    """

    path: Path
    now: int
    read: int = 0
    made: int = 0
    without_key: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: dict[Reason, Refused] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise UsageError(f"there is no file {self.path}")

    def events(self) -> Iterator[Record]:
        """Each line with its learner's key; without a key where none can be read."""
        for line in self._lines():
            key = learner_key_of(line)
            self.made += 1
            self.without_key += key is None
            self._judge(judge_event(key, line, self.read, self.now))
            yield Record(key, line)

    def courses(self) -> Iterator[Record]:
        """Each line with its course's key; the compacted `courses` takes none without."""
        for line in self._lines():
            key = course_key_of(line)
            self._judge(decode_course_facts(key, line))
            if key is None:
                self.skipped[NO_COURSE] += 1
            else:
                self.made += 1
                yield Record(key, line)

    def _lines(self) -> Iterator[bytes]:
        with self._open() as file:
            for raw in file:
                self.read += 1
                line = raw.removesuffix(b"\n")
                if not line.strip():
                    self.skipped[BLANK] += 1
                elif len(line) > LINE_BYTES_MAX:
                    self.skipped[TOO_LONG] += 1
                    self._judge(Rejected("too_large", TOO_LONG))
                else:
                    yield line

    def _judge(self, verdict: object) -> None:
        if isinstance(verdict, Rejected):
            self.refused.setdefault(verdict.reason, Refused()).add(self.read)

    def _open(self) -> BufferedReader | gzip.GzipFile:
        return gzip.GzipFile(self.path) if self.path.suffix == ".gz" else self.path.open("rb")


def replay_jsonl(
    settings: Settings, path: Path, courses: Path | None, delivery: Delivery, now: int
) -> dict[str, Any]:
    """Send the lines of a file and report every count, with what does not add up.

    `refused` and `courses_refused` say by reason how many lines are rejected at `now` (epoch
    seconds), and the numbers of the first of them.
    """
    lines = Lines(path, now)
    facts = Lines(courses, now) if courses else None
    feed = Feed(
        courses=list(facts.courses()) if facts else [],
        events=lines.events(),
        name=("jsonl", str(path.resolve())),
    )
    sent = run_feed(settings, feed, delivery)
    return {
        "lines": lines.read,
        "events": lines.made,
        "without_key": lines.without_key,
        "sent": sent.events,
        "already_sent": sent.already,
        "courses_sent": sent.courses,
        "skipped": dict(lines.skipped + (facts.skipped if facts else Counter())),
        "refused": _refused(lines),
        "courses_refused": _refused(facts) if facts else {},
        "problems": list(_problems(lines, sent.events + sent.already)),
    }


def _refused(lines: Lines) -> dict[str, dict[str, Any]]:
    """By reason, the most frequent first."""
    found = sorted(lines.refused.items(), key=lambda item: (-item[1].lines, item[0]))
    return {
        reason: {"lines": each.lines, "first": each.first, "what_to_do": REMEDIES[reason]}
        for reason, each in found
    }


def _problems(lines: Lines, acknowledged: int) -> Iterator[str]:
    if lines.read != lines.made + lines.skipped.total():
        yield f"{lines.read} lines read, {lines.made} made, {lines.skipped.total()} skipped"
    if lines.made != acknowledged:
        yield f"{lines.made} events made, {acknowledged} acknowledged"
