"""Is a course unlike what was learned? Its own calibration error, over what was judged newest."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from domain.exact import exceeds, under
from domain.predictions import Figure, Target
from models.learning.bounded import keep
from models.learning.meters import BINS, bin_of
from models.learning.scoreboard import COURSES_MAX, WINDOW
from models.reports import Gate

GATED_BY: Final[tuple[Target, ...]] = ("next_missing", "not_passing")
"""Whose error says that `not_passing` is not to be believed: the first has labels within weeks."""
JUDGED_MIN: Final = 500
"""Under so many the error is noise: a model that is right has .12 at 100, .05 at 500."""
CLOSES_OVER: Final = 0.10
OPENS_UNDER: Final = 0.07
_THOUSAND: Final = 1000


def _empty() -> list[list[int]]:
    return [[0, 0] for _ in range(BINS)]


class Newest(Struct):
    """What was judged newest of a course: by bin the sum of thousandths that were said, and ones.

    As rolling scores, it covers the newest window and the one before it.
    `judged` counts all that ever was.
    """

    previous: list[list[int]] = field(default_factory=_empty)
    current: list[list[int]] = field(default_factory=_empty)
    judged: int = 0
    closed: bool = False

    @property
    def count(self) -> int:
        """How many the error covers."""
        judged = self.judged
        return judged if judged < WINDOW else WINDOW + judged % WINDOW

    @property
    def error(self) -> float:
        """The calibration error over the newest, 0 to 1."""
        cells = zip(self.previous, self.current, strict=True)
        off = sum(abs(a + b - _THOUSAND * (c + d)) for (a, c), (b, d) in cells)
        return off / _THOUSAND / self.count

    def judge(self, shown: Figure, label: int) -> None:
        """Count what was shown and what came of it."""
        cell = self.current[bin_of(shown.value)]
        cell[0] += shown.value
        cell[1] += label
        self.judged += 1
        if self.judged % WINDOW == 0:
            self.previous, self.current = self.current, _empty()


class Gates:
    """One target's gates, by course; bounded, the least recently judged goes first.

    A gate closes where the error of `JUDGED_MIN` or more is over `CLOSES_OVER`, and opens under
    `OPENS_UNDER`. It is looked at when a snapshot is made: so a burst of labels counts whole.
    """

    def __init__(self, courses: dict[str, Newest]) -> None:
        self.courses: Final = courses

    def judge(self, course_id: str, shown: Figure, label: int) -> None:
        """Count what was shown of a course, and what came of it."""
        newest = self.courses.pop(course_id, None) or Newest()
        keep(self.courses, course_id, newest, COURSES_MAX)
        newest.judge(shown, label)

    def decide(self) -> bool:
        """Close and open gates; whether any did."""
        moved = False
        for it in self.courses.values():
            if it.count >= JUDGED_MIN:
                error, was = it.error, it.closed
                it.closed = not under(error, OPENS_UNDER) if was else exceeds(error, CLOSES_OVER)
                moved = moved or it.closed != was
        return moved

    def closed(self, target: Target) -> Iterator[tuple[str, Gate]]:
        """The courses whose gate is closed, with why."""
        for course_id, it in self.courses.items():
            if it.closed:
                yield course_id, Gate(target, it.count, it.error)
