"""A second job for the owner of a partition: it counts records by key. `python -m tests.counting`.

It shows what a job needs beside the worker's, and that exactly-once is the owner's and not the
fold's. Every record is also listed once in an output topic, with its count.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from typing_extensions import override

from agents.partition_owner.assignment import Assignment
from agents.partition_owner.faust_app import quiet_loggers
from agents.partition_owner.job import Fold, Job, Message, Position, Stored, Writing
from agents.partition_owner.process import own_partitions
from agents.partition_owner.transport import Raw
from cli.settings import read_settings
from contracts.topics import Topic
from runtime import log
from runtime.errors import TooManyRejectedError
from runtime.failpoints import Failpoints
from runtime.process import leave
from runtime.settings import Settings

WORDS: Final = Topic("test.words", "word", "a test", "counting", "keep")
COUNTS: Final = Topic("test.counts", "word", "counting", "counting", "compact")
LISTED: Final = Topic("test.listed", "word", "counting", "a test", "keep")
CHECKPOINT: Final = b"\x00partition"


class Counts(Stored):
    """How often each key came in one partition, as committed."""

    def __init__(self) -> None:
        self.next = 0
        self.counts: dict[bytes, int] = {}
        self.checkpoint: bytes | None = None

    @override
    def load(self, key: bytes, value: bytes | None) -> None:
        if key == CHECKPOINT:
            self.checkpoint = value
        else:
            self.counts[key] = int(value or b"0")

    @override
    def position(self) -> Position | None:
        return None if self.checkpoint is None else Position(*json.loads(self.checkpoint))

    @override
    async def open(self, position: Position) -> "Counting":
        return Counting(self, position)

    @override
    def measure(self) -> None:
        """Nothing is shown."""


class Counting(Fold):
    """Counts a batch, and lists its records."""

    def __init__(self, stored: Counts, position: Position) -> None:
        self._stored = stored
        self._position = position
        self._changed: dict[bytes, int] = {}
        self._listed: list[Message] = []
        self._start = position.next

    @property
    @override
    def position(self) -> Position:
        return self._position

    @override
    def begin(self) -> None:
        self._changed, self._listed = {}, []
        self._start = self._position.next

    @override
    async def adopt(self, *, idle: bool) -> None:
        """Nothing comes beside the records."""

    @override
    def fold(self, records: Sequence[Raw]) -> None:
        for record in records:
            key = record.key or b""
            count = self._changed.get(key, self._stored.counts.get(key, 0)) + 1
            self._changed[key] = count
            self._listed.append(Message(key, b"%d" % count))
            self._position = self._position._replace(next=record.offset + 1)

    @override
    def writing(self) -> Writing | None:
        if self._position.next == self._start:
            return None
        states = [Message(key, b"%d" % count) for key, count in self._changed.items()]
        checkpoint = json.dumps(self._position).encode()
        return Writing(
            outputs=[(LISTED, self._listed)],
            states=[*states, Message(CHECKPOINT, checkpoint)],
            next=self._position.next,
        )

    @override
    def committed(self) -> None:
        self._stored.counts |= self._changed

    @override
    def report(self) -> None:
        """Nothing is counted beside the records."""

    @override
    async def close(self) -> None:
        """Nothing is read from."""


class NoMetrics:
    """Figures that nobody looks at."""

    def took(self, *_: Any) -> None:
        """Nothing."""

    def show(self, *_: Any) -> None:
        """Nothing."""


async def unexplained(error: TooManyRejectedError, _: int) -> TooManyRejectedError:
    return error


def counting(settings: Settings) -> Job:
    """The job: `test.words` is counted, and the counts are `test.counts`."""
    return Job(
        settings=settings,
        group=f"{settings.group}-counting",
        source=WORDS,
        state=COUNTS,
        topics=(WORDS, COUNTS, LISTED),
        metrics=NoMetrics(),
        failpoints=Failpoints(settings.failpoints),
        make_stored=lambda _: Counts(),
        explain=unexplained,
    )


def totals(words: Iterable[bytes]) -> list[tuple[bytes, int]]:
    """What is to be listed of words that come in this order."""
    seen: dict[bytes, int] = {}
    found = []
    for word in words:
        seen[word] = seen.get(word, 0) + 1
        found.append((word, seen[word]))
    return found


async def main() -> None:
    settings = read_settings()
    log.configure(settings)
    quiet_loggers()
    job = counting(settings)
    await own_partitions(job, Assignment(job, fail=leave), [], resume=False)


if __name__ == "__main__":
    asyncio.run(main())
