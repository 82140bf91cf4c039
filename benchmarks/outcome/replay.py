"""OULAD folded in memory with its models, on the stream's clock, with stops to look around."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from benchmarks.models.pure import PureRun
from domain.alerts import Transition
from domain.course_facts import DAY
from domain.stored.codec import decode_learner
from feeds.oulad import Oulad
from metrics.view import Models, View
from models.serving import Served

_SNAPSHOTS: Final = 40
"""So many days back a snapshot is kept: what an older one predicted is not shown."""
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


class Moment(NamedTuple):
    """The evening of a day (an ordinal) of one course, at which its learners are looked at."""

    course_id: str
    name: str
    day: int


class Replay(PureRun):
    """One fold of everything; the learners can be looked at on the evening of every day."""

    def __init__(self, oulad: Oulad, published: Callable[[Sequence[Transition]], None]) -> None:
        super().__init__(oulad, published=published)
        self._days = sorted(oulad.days)
        self._served: dict[int, Served] = {}

    def go_through(self, moments: Iterable[Moment], look: Callable[[Moment], None]) -> int:
        """Fold all events; `look` is called for each moment, in order of time.

        A day without events is as the day with events before it left it. Returns how many events
        there were.
        """
        stops: dict[int, list[Moment]] = defaultdict(list)
        for moment in sorted(moments, key=lambda each: each.day):
            after = bisect_right(self._days, moment.day)
            if after:  # before the first event there is nobody
                stops[self._days[after - 1]].append(moment)
        for ended in self.run():
            self._keep_snapshot()
            self.recorded.lessons.clear()  # what is judged here is no model
            for moment in stops[ended + _EPOCH_DAY]:
                look(moment)
        return self.recorded.events

    def view(self, user: str, day: int) -> View | None:
        """What the learner is shown on the evening of the day; None: nothing is known of them."""
        data = self.states.get(user)
        if data is None:
            return None
        newest = self.scorer.number
        return View(
            state=decode_learner(data),
            facts=self.facts,
            cohort=None,
            now=(day - _EPOCH_DAY + 1) * DAY - 1,
            default_zone="UTC",
            models=Models(snapshots=self._served, adopted=newest, newest=newest, serving=newest),
        )

    def _keep_snapshot(self) -> None:
        newest = self.scorer
        assert isinstance(newest, Served)
        self._served[newest.number] = newest
        self._served.pop(newest.number - _SNAPSHOTS, None)
