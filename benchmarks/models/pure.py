"""The pure core and the models without servers, day by day, as a replay in lockstep does it."""

import gzip
import hashlib
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from contracts.course_facts import decode_course_facts
from domain.configuration import Configuration
from domain.course_facts import DAY, CourseFacts
from domain.decode import Record, Rejected
from domain.examples import Lesson, Order
from domain.fold import Effects, PartitionFold, new_checkpoint
from domain.inputs import ModelAdopted
from domain.scoring import NoModels, Scorer
from feeds.oulad import Oulad
from models.learning import Learning
from models.serving import Served
from models.snapshot import decode_snapshot
from proof.oracle import MemoryStore

BATCH: Final = 5_000
_ARRIVED: Final = 2_000_000_000_000  # milliseconds; later than every event


_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


class _When(msgspec.Struct):
    occurred_at: str


class PureRun:
    """One partition and one trainer in memory; `lessons` is all that was learned, in order."""

    def __init__(self, oulad: Oulad) -> None:
        self.learning = Learning()
        self.lessons: list[Lesson] = []
        self.events = 0
        self._oulad = oulad
        self._store = MemoryStore()
        self._scorer: Scorer = NoModels()
        self._fold = PartitionFold(
            new_checkpoint(0, 1, "benchmark", "stream"),
            Configuration(),
            {},
            self._store,
            self._adopted,
        )
        self._waiting: list[Lesson] = []

    @property
    def facts(self) -> dict[str, CourseFacts]:
        """The courses' facts, by id."""
        return self._fold.facts

    def run(self, lessons: Path | None = None) -> Iterator[int]:
        """Fold and learn everything; yields each day (epoch days) when it is over.

        What `model.examples` would hold is written to `lessons`, a line a record, compressed.
        """
        self._adopt_facts()
        when = msgspec.json.Decoder(_When)
        for day, items in groupby(
            self._oulad.events(), key=lambda item: when.decode(item.value or b"").occurred_at[:10]
        ):
            records: list[Record] = []
            for item in items:
                records.append(Record(self.events, _ARRIVED, item.key, item.value))
                self.events += 1
                if len(records) == BATCH:
                    self._take(records)
                    records = []
            self._take(records)
            yield self._end_day(day, lessons)
        assert not self._fold.checkpoint.counters.rejected

    def digest(self) -> str:
        """The same for the same examples, shown predictions among them, in any order."""
        encode = msgspec.json.Encoder(order="deterministic").encode
        lines = sorted(map(encode, self.lessons))
        return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]

    def sizes(self) -> list[int]:
        """Bytes of every learner's state, ascending."""
        return sorted(map(len, self._store.bytes.values()))

    def _adopt_facts(self) -> None:
        effects = self._fold.begin()
        for item in self._oulad.courses():
            facts = decode_course_facts(item.key, item.value)
            assert not isinstance(facts, Rejected)
            self._fold.adopt(self._fold.next_input("course", facts), effects)
        self._commit(effects)

    def _take(self, records: list[Record]) -> None:
        effects = self._fold.begin()
        self._fold.fold(records, effects)
        self._commit(effects)

    def _commit(self, effects: Effects) -> None:
        self._store.commit(effects.changed)
        self._waiting += effects.lessons

    def _adopted(self, number: int) -> Scorer:
        """The newest snapshot, which is the only one that is asked for."""
        assert number == self._scorer.number
        return self._scorer

    def _end_day(self, day: str, lessons: Path | None) -> int:
        """Learn the day's lessons, and adopt what was learned at its end."""
        number = self._scorer.number + 1
        days = date.fromisoformat(day).toordinal() - _EPOCH_DAY
        end = (days + 1) * DAY
        learned, self._waiting = self._waiting, []
        if lessons is not None:
            encode = msgspec.json.encode
            lines = [encode(each) for each in (*learned, Order(order="learn", at=end))]
            with gzip.open(lessons, "ab", compresslevel=1) as file:
                file.write(b"\n".join(lines) + b"\n")
        self.learning.learn_in_order(learned)
        self.lessons += learned
        snapshot = decode_snapshot(self.learning.snapshot(number, 0))
        self._scorer = Served(snapshot)
        effects = self._fold.begin()
        adopted = ModelAdopted(number, end)
        self._fold.adopt(self._fold.next_input("model", adopted), effects)
        self._commit(effects)
        return days
