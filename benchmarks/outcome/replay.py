"""OULAD folded in memory by the pure core, on the stream's clock, with stops to look around."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final, NamedTuple

from benchmarks.outcome.truth import Truth
from contracts.course_facts import decode_course_facts
from domain.alerts import Transition
from domain.configuration import Configuration
from domain.events.decode import Record, Rejected
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import no_snapshots
from domain.stored.codec import decode_learner
from feeds.oulad import Oulad
from metrics.view import Cohort, View
from proof.memory import MemoryStore

BATCH: Final = 5_000
_ARRIVED: Final = 2_000_000_000_000  # milliseconds; later than every event


class Moment(NamedTuple):
    """A day of one course at which it is asked what the learners are shown."""

    course_id: str
    name: str
    day: int


class Replay:
    """One fold of everything; the learners can be looked at whenever it stops."""

    def __init__(self, oulad: Oulad, published: Callable[[list[Transition]], None]) -> None:
        self._oulad = oulad
        self._published = published
        self._store = MemoryStore()
        self._fold = PartitionFold(
            new_checkpoint(0, 1, "benchmark", "stream"),
            Configuration(),
            {},
            self._store,
            no_snapshots,
        )
        self._waiting: list[Record] = []
        self._offset = 0
        self._adopt()
        self.truth = Truth(self._fold.facts)

    def run(self, moments: list[Moment], look: Callable[[Moment], None]) -> int:
        """Fold all events; `look` is called at the end of each moment's day. Returns how many."""
        stops: dict[int, list[Moment]] = defaultdict(list)
        for moment in moments:
            stops[moment.day].append(moment)
        days = sorted(stops, reverse=True)
        for item in self._oulad.events():
            assert item.value is not None
            day = self.truth.take(item.value)
            while days and days[-1] < day:
                self._stop(stops[days.pop()], look)
            self._waiting.append(Record(self._offset, _ARRIVED, item.key, item.value))
            self._offset += 1
            if len(self._waiting) == BATCH:
                self._flush()
        for day in reversed(days):
            self._stop(stops[day], look)
        self._flush()
        assert not self._fold.checkpoint.counters.rejected
        return self._offset

    def view(self, user: str, cohort: Cohort | None = None) -> View | None:
        """What the learner would be shown now; None while nothing is known of the learner."""
        data = self._store.bytes.get(user)
        if data is None:
            return None
        return View(
            state=decode_learner(data),
            facts=self._fold.facts,
            cohort=cohort,
            now=self._fold.checkpoint.clock,
            default_zone="UTC",
        )

    def _adopt(self) -> None:
        effects = self._fold.begin()
        for item in self._oulad.courses():
            facts = decode_course_facts(item.key, item.value)
            assert not isinstance(facts, Rejected)
            self._fold.adopt(self._fold.next_input("course", facts), effects)
        self._store.commit(effects.changed)

    def _stop(self, moments: list[Moment], look: Callable[[Moment], None]) -> None:
        self._flush()
        for moment in moments:
            look(moment)

    def _flush(self) -> None:
        effects = self._fold.begin()
        self._fold.fold(self._waiting, effects)
        self._store.commit(effects.changed)
        self._published(effects.transitions)
        self._waiting = []
