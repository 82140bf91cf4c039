"""A file of events, one JSON object a line, as it is: the workers judge it, not the feed."""

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

import msgspec

from feeds.feed import Delivery, Feed, run_feed
from feeds.records import Record, learner_key
from runtime.errors import UsageError
from runtime.settings import Settings

LINE_BYTES_MAX: Final = 900_000  # the broker takes 1 MiB for a batch, its header included
BLANK: Final = "blank"
TOO_LONG: Final = f"over {LINE_BYTES_MAX} bytes: the broker would not take it"
NO_COURSE: Final = "no course_id"


class _Learner(msgspec.Struct):
    user_id: int | str


class _Course(msgspec.Struct):
    course_id: str


_LEARNER: Final = msgspec.json.Decoder(_Learner)
_COURSE: Final = msgspec.json.Decoder(_Course)


@dataclass(slots=True)
class Lines:
    """The lines of a file as records, counted as they are read."""

    path: Path
    read: int = 0
    made: int = 0
    without_key: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise UsageError(f"there is no file {self.path}")

    def events(self) -> Iterator[Record]:
        """Each line with its learner's key; without a key where none can be read."""
        for line in self._lines():
            key = key_of(line)
            self.made += 1
            self.without_key += key is None
            yield Record(key, line)

    def courses(self) -> Iterator[Record]:
        """Each line with its course's key; the compacted `courses` takes none without."""
        for line in self._lines():
            try:
                key = _COURSE.decode(line).course_id.encode()
            except (msgspec.DecodeError, UnicodeError):
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
                else:
                    yield line

    def _open(self) -> BufferedReader | gzip.GzipFile:
        return gzip.GzipFile(self.path) if self.path.suffix == ".gz" else self.path.open("rb")


def key_of(line: bytes) -> bytes | None:
    """The key of the learner in `line`, or None where it cannot be read."""
    try:
        return learner_key(_LEARNER.decode(line).user_id)
    except (msgspec.DecodeError, UnicodeError):
        return None


def replay_jsonl(
    settings: Settings, path: Path, courses: Path | None, delivery: Delivery
) -> dict[str, Any]:
    """Send the lines of a file and report every count, with what does not add up."""
    lines = Lines(path)
    facts = Lines(courses) if courses else None
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
        "problems": list(_problems(lines, sent.events + sent.already)),
    }


def _problems(lines: Lines, acknowledged: int) -> Iterator[str]:
    if lines.read != lines.made + lines.skipped.total():
        yield f"{lines.read} lines read, {lines.made} made, {lines.skipped.total()} skipped"
    if lines.made != acknowledged:
        yield f"{lines.made} events made, {acknowledged} acknowledged"
    if lines.skipped[TOO_LONG]:
        yield f"{lines.skipped[TOO_LONG]} lines {TOO_LONG}"
