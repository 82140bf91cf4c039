"""The pure core and the models without servers, day by day, as a replay in lockstep does it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.models.recorded import AlertsKnown, Raised, Recorded, append, raised_by_models
from contracts.course_facts import decode_course_facts
from domain.alerts import Transition
from domain.configuration import Configuration
from domain.course_facts import DAY, CourseFacts
from domain.events.decode import Record, Rejected
from domain.examples import Lesson, Order
from domain.fold.effects import Effects
from domain.fold.inputs import ModelAdopted
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import NoModels, Scorer
from feeds.oulad import Oulad
from models.learning import Learning
from models.serving import Served
from models.snapshot import decode_snapshot
from proof.memory import MemoryStore

BATCH: Final = 5_000
_ARRIVED: Final = 2_000_000_000_000  # milliseconds; later than every event


_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


class _When(msgspec.Struct):
    occurred_at: str


class PureRun:
    """One partition and one trainer in memory; `recorded` is what they did, in order.

    They go on from what an earlier run has learned, where that is given; `published` is shown what
    each batch published.
    """

    def __init__(
        self,
        oulad: Oulad,
        learning: Learning | None = None,
        published: Callable[[Sequence[Transition]], None] | None = None,
    ) -> None:
        self.learning = learning or Learning()
        self._learned_before = learning is not None
        self.recorded = Recorded("pure", 0, raised=[])
        self._oulad = oulad
        self._published = published
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
        self._raised: list[Raised] = []

    @property
    def scorer(self) -> Scorer:
        """The newest snapshot."""
        return self._scorer

    @property
    def facts(self) -> dict[str, CourseFacts]:
        """The facts of every course, by id."""
        return self._fold.facts

    @property
    def states(self) -> Mapping[str, bytes]:
        """Every learner's state as it is stored."""
        return self._store.bytes

    def run(self, lessons: Path | None = None) -> Iterator[int]:
        """Fold and learn everything; yields each day (epoch days) when it is over.

        What `model.examples` would hold, and the models' alerts, are written to `lessons`, a line a
        record, compressed; what was in it before is gone.
        """
        if lessons is not None:
            lessons.unlink(missing_ok=True)
            append(lessons, [AlertsKnown()])
        self._adopt_facts()
        if self._learned_before:
            self._adopt_model(0)
        when = msgspec.json.Decoder(_When)
        for day, items in groupby(
            self._oulad.events(), key=lambda item: when.decode(item.value or b"").occurred_at[:10]
        ):
            records: list[Record] = []
            for item in items:
                records.append(Record(self.recorded.events, _ARRIVED, item.key, item.value))
                self.recorded.events += 1
                if len(records) == BATCH:
                    self._take(records)
                    records = []
            self._take(records)
            yield self._end_day(day, lessons)
        self._record(lessons, [])  # what the last adoption told, which no day learns any more
        assert not self._fold.checkpoint.counters.rejected
        self.recorded.state_bytes = sorted(map(len, self._store.bytes.values()))

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
        self._raised += raised_by_models(effects.transitions)
        if self._published is not None:
            self._published(effects.transitions)

    def _adopted(self, number: int) -> Scorer:
        """The newest snapshot, which is the only one that is asked for."""
        assert number == self._scorer.number
        return self._scorer

    def _end_day(self, day: str, lessons: Path | None) -> int:
        """Learn the day's lessons, and adopt what was learned at its end."""
        days = date.fromisoformat(day).toordinal() - _EPOCH_DAY
        end = (days + 1) * DAY
        self.learning.learn_in_order(self._record(lessons, [Order(order="learn", at=end)]))
        self._adopt_model(end)
        return days

    def _adopt_model(self, at: int) -> None:
        number = self._scorer.number + 1
        self._scorer = Served(decode_snapshot(self.learning.snapshot(number, 0)))
        effects = self._fold.begin()
        adopted = ModelAdopted(number, at)
        self._fold.adopt(self._fold.next_input("model", adopted), effects)
        self._commit(effects)

    def _record(self, lessons: Path | None, orders: list[Order]) -> list[Lesson]:
        """Record what was told since the last time; returns the lessons of it."""
        told, self._waiting = self._waiting, []
        raised, self._raised = self._raised, []
        if lessons is not None:
            append(lessons, [*told, *raised, *orders])
        self.recorded.lessons += told
        assert self.recorded.raised is not None
        self.recorded.raised += raised
        return told
