"""The bar of `at_risk` at any time, from the outcomes that were known then."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate

from domain.course_facts import DAY, CourseFacts
from domain.examples import Lesson
from domain.rules.at_risk import BAR_MAX, AtRisk


class Bars:
    """The base rates of courses, day by day, and the default bar that follows from them."""

    def __init__(self, lessons: Iterable[Lesson], facts: Mapping[str, CourseFacts]) -> None:
        told: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for lesson in lessons:
            if lesson.outcome is not None and lesson.course_id is not None:
                told[lesson.course_id].append((lesson.at // DAY, lesson.outcome))
        self._days = {course: [day for day, _ in sorted(found)] for course, found in told.items()}
        self._sums = {
            course: list(accumulate((label for _, label in sorted(found)), initial=0))
            for course, found in told.items()
        }
        self._series = {course: known.run_of for course, known in facts.items()}
        self._known: dict[tuple[str, int], float] = {}

    def bar(self, course_id: str, at: int) -> float:
        """The probability from which on `at_risk` speaks by default, in this course at this time.

        That is `AtRisk.probability`, or `above_base` over the rate of the course's earlier runs (of
        all other courses where there are none) where that is more.
        """
        key = course_id, at // DAY
        if key not in self._known:
            rate, rule = self._rate(*key), AtRisk()
            above = 0.0 if rate is None else min(BAR_MAX, rate + rule.above_base)
            self._known[key] = max(rule.probability, above)
        return self._known[key]

    def _rate(self, course_id: str, day: int) -> float | None:
        others = [course for course in self._days if course != course_id]
        own = self._series.get(course_id)
        for among in ([c for c in others if self._series.get(c) == own], others):
            counts = [(bisect_left(self._days[c], day), self._sums[c]) for c in among]
            count = sum(place for place, _ in counts)
            if count:
                return sum(sums[place] for place, sums in counts) / count
        return None
