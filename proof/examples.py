"""What stands in `model.examples`: each partition's lessons, and what the trainer made of all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from contracts.snapshots import TRAINER_VERSION, Trainer
from contracts.topics import EXAMPLES
from domain.ids import partition_of
from models.learning import Learning
from models.training import Published, Record, Training
from proof.logs import Entry, Follower, Logs


class _Of(msgspec.Struct):
    user_id: str
    at: int
    course_id: str | None = None


_of = msgspec.json.Decoder(_Of)


def lesson_id(data: bytes) -> str:
    """Whose lesson it is, when its labels were known, and in which course."""
    try:
        found = _of.decode(data)
    except msgspec.DecodeError:
        return "not a lesson"
    return f"{found.user_id} at {found.at} in {found.course_id or 'no course'}"


@dataclass(slots=True)
class Examples:
    """The lessons of all partitions, by the partition that wrote them; orders have no key."""

    logs: Logs
    partitions: int
    follower: Follower = field(init=False)
    _sorted: int = 0
    _of: defaultdict[int, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.follower = Follower(self.logs, EXAMPLES, 0)

    def catch_up(self) -> None:
        """Read what came since."""
        self.follower.catch_up()
        for record in self.follower.records[self._sorted :]:
            if record.key is not None:
                self._of[partition_of(record.key, self.partitions)].append(record)
        self._sorted = len(self.follower.records)

    def of(self, partition: int) -> list[Entry]:
        """What a partition wrote, in order."""
        return self._of[partition]


class Snapshot(NamedTuple):
    """A snapshot as it was found: its number, up to which offset it has learned, its bytes."""

    number: int
    learned: int
    data: bytes


def learn_again(
    records: Iterable[Record], found: Mapping[int, Snapshot], learning: Learning | None = None
) -> Iterator[Published]:
    """Learn from nothing, and make snapshots at the offsets of those found.

    Where a lockstep replay ordered one that was not found, there is one of the next number.
    """
    waiting = sorted(found.values(), key=lambda each: each.number, reverse=True)
    training = Training(
        learning or Learning(), Trainer(version=TRAINER_VERSION, topic_id="", partitions=1, next=0)
    )
    for record in records:
        if waiting and record.offset + 1 == waiting[-1].learned:
            _count_on(training, waiting[-1].number - 1)  # what is gone was counted all the same
        training.take(record)
        if waiting and training.trainer.next == waiting[-1].learned:
            if not training.published:
                training.publish()
            waiting.pop()
        yield from training.published
        training.published.clear()


def _count_on(training: Training, newest: int) -> None:
    serving = training.trainer.serving
    if serving.newest != newest:
        serving = replace(serving, newest=newest)
        training.trainer = replace(training.trainer, serving=serving)
