"""How a learner stands in a course: what weighs and is due, and what was submitted, in one pass."""

from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from domain.course_facts import Assessment, CourseFacts
from domain.keepers.coursework import is_banked, is_excused, submitted
from domain.state.course import (
    Course,
    Work,
)
from domain.state.limits import NEVER


class HeavyWork(NamedTuple):
    """Heavy work as it stands for one learner; `share` is of the course's weight, 0 to 1."""

    assessment: Assessment
    due_at: int
    submitted_at: int | None
    share: float

    def submitted_by(self, at: int) -> bool:
        """Whether it was submitted by then."""
        return self.submitted_at is not None and self.submitted_at <= at

    def is_next(self, now: int) -> bool:
        """Whether it is due from `now` on and still open."""
        return self.due_at >= now and not self.submitted_by(now)


class Lateness(NamedTuple):
    """When something was first submitted, and when it was due."""

    at: int
    due_at: int


@dataclass(slots=True)
class Standing:
    """A learner's work in one course.

    Attributes:
        heavy: what weighs, is asked of this learner and has a due time, in order of that.
        lateness: what was submitted and had a due time, in order of time; banked work is not
            among it.
        submitted_at: the newest first submission; NEVER without any.
    """

    heavy: list[HeavyWork] = field(default_factory=list)
    lateness: list[Lateness] = field(default_factory=list)
    submitted_at: int = NEVER


def standing(course: Course, facts: CourseFacts) -> Standing:
    """How the learner stands in the course now."""
    made, firsts = Standing(), dict[int, int]()
    own: dict[int, Work] = {}  # what is excused, or due at the learner's own time
    known = facts.assessment_by_short
    for work in course.work:
        if work.excuses or work.due_at is not None:
            own[work.short] = work
        first = submitted(course, work)
        if first is None:
            continue
        firsts[work.short] = first.at
        made.submitted_at = max(made.submitted_at, first.at)
        fact = known.get(work.short)
        due_at = work.due_at if fact is None or work.due_at is not None else fact.due_at
        if due_at is not None and not is_banked(course, work):
            made.lateness.append(Lateness(first.at, due_at))
    made.lateness.sort()
    made.heavy = _heavy(facts, firsts) if not own else _own_heavy(course, facts, firsts, own)
    return made


def _heavy(facts: CourseFacts, firsts: dict[int, int]) -> list[HeavyWork]:
    return [
        HeavyWork(fact, due_at, firsts.get(short), share)
        for due_at, short, fact, share in facts.heavy_dues
    ]


def _own_heavy(
    course: Course, facts: CourseFacts, firsts: dict[int, int], own: dict[int, Work]
) -> list[HeavyWork]:
    """The same, where something is excused or extended."""
    found = []
    for short, share in facts.heavy_shares.items():
        fact, work = facts.assessment_by_short[short], own.get(short)
        due_at = fact.due_at if work is None or work.due_at is None else work.due_at
        if due_at is not None and not is_excused(course, work):
            found.append(HeavyWork(fact, due_at, firsts.get(short), share))
    return sorted(found, key=attrgetter("due_at"))
