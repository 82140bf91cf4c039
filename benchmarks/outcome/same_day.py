"""Pass rates of those of whom something is said, beside others in the course on the same day.

A comparison of all who were ever told with all who never were is misleading: who leaves early has
no time to be told. So each is compared with who was still there on that day.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from math import sqrt
from typing import Final, Literal, NamedTuple, TypeAlias

LEARNERS_MIN: Final = 20
"""Of fewer learners nothing is judged."""
_NORMAL_95: Final = 1.96
_PRIOR: Final = 2  # of each kind, added where a variance is estimated (Agresti and Coull, 1998)

Points: TypeAlias = Literal["up", "down"]
Verdict: TypeAlias = Literal["right", "wrong", "not proven", "too few", "no clicks", "not judged"]


class Group(NamedTuple):
    """Those of one course of whom something was said on one day, and who they are compared with.

    Who is in `said` twice counts twice.
    """

    course_id: str
    said: Sequence[str]
    others: Collection[str]


class SameDay(NamedTuple):
    """Pass rates from 0 to 1; `half` is half the 95 % interval of the difference, by learner."""

    learners: int
    told: float
    others: float
    half: float

    @property
    def difference(self) -> float:
        """The pass rate of those told less that of the others."""
        return self.told - self.others

    def verdict(self, points: Points | None) -> Verdict:
        """Whether it points the way it should, beyond its interval."""
        if points is None:
            return "not judged"
        if self.learners < LEARNERS_MIN:
            return "too few"
        towards = self.difference if points == "up" else -self.difference
        if towards > self.half:
            return "right"
        return "wrong" if towards < -self.half else "not proven"


def same_day(groups: Sequence[Group], passed: Callable[[str, str], bool]) -> SameDay | None:
    """The comparison over all groups; None where nobody is compared with anybody.

    The difference is a sum of outcomes, each with a weight: of what was said of the learner, less
    the learner's part in the means of others. Its variance is the sum of squared weighted
    residuals, one for each learner, so that days of one learner are not taken for many learners.
    """
    groups = [each for each in groups if each.said and each.others]
    count = sum(len(each.said) for each in groups)
    if not count:
        return None
    told: dict[tuple[str, str], float] = defaultdict(float)
    beside: dict[tuple[str, str], float] = defaultdict(float)
    for each in groups:
        for user in each.said:
            told[each.course_id, user] += 1 / count
        weight = len(each.said) / count / len(each.others)
        for user in each.others:
            beside[each.course_id, user] += weight
    came = {member: passed(*member) for member in told.keys() | beside.keys()}
    rate = sum(weight * came[member] for member, weight in told.items())
    other = sum(weight * came[member] for member, weight in beside.items())
    near, far = _shrunk(rate, len(told)), _shrunk(other, len(beside))
    variance = sum(
        (told.get(member, 0) * (y - near) - beside.get(member, 0) * (y - far)) ** 2
        for member, y in came.items()
    )
    return SameDay(len(told), rate, other, _NORMAL_95 * sqrt(variance))


def _shrunk(rate: float, learners: int) -> float:
    """A rate that is never 0 or 1, so that few learners who are alike have an interval, too."""
    return (rate * learners + _PRIOR) / (learners + 2 * _PRIOR)
