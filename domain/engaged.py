"""The courses that rules about engagement may speak of, and what is asked of the learner there."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from domain.course_facts import DAY, CourseFacts
from domain.keepers.standing import HeavyWork, standing
from domain.state.course import Course
from domain.state.learner import Learner

FORGOTTEN_AFTER: Final = 91 * DAY
"""Seconds: a course without an end runs as long as its learner does something once in so long."""


class Engaged(NamedTuple):
    """A course that the learner is in.

    `heavy` is what weighs and was or will be due while the learner is in it, in order of due time.
    """

    course: Course
    facts: CourseFacts
    began_at: int  # the course's start, or when the learner came if that is later
    over_at: int | None  # where the course has no end: when it is taken to be over
    dated: bool  # whether any heavy work of the course has a due time
    heavy: list[HeavyWork]
    open_work: list[HeavyWork]  # of it, what is not submitted

    def speaking_from(self, at: int) -> int | None:
        """The first moment from `at` on at which a rule about engagement may speak of it.

        From day 7 after the beginning to the end, and not in breaks; None: never.
        """
        moment = self.facts.running_from(at, self.course.entered_at)
        late = moment is not None and self.over_at is not None and moment > self.over_at
        return None if late else moment

    def silent_for(self, since: int, seconds: int) -> int:
        """The moment at which a silence that began at `since` has lasted so long, breaks aside.

        What was before the course began is no silence.
        """
        return self.facts.later(max(since, self.began_at), seconds)

    def before(self, work: HeavyWork) -> list[HeavyWork]:
        """The heavy work that was due last before `work`: several where they share a due time."""
        earlier = [each for each in self.heavy if each.due_at < work.due_at]
        return [each for each in earlier if each.due_at == earlier[-1].due_at]


def forgotten_at(courses: Iterable[Engaged], now: int) -> int | None:
    """When the first of the courses without an end is over, if nothing is done until then."""
    times = (each.over_at for each in courses if each.over_at is not None)
    return min((at for at in times if at >= now), default=None)


def engaged(state: Learner, facts: Mapping[str, CourseFacts]) -> list[Engaged]:
    """The learner's open courses."""
    found = []
    for course in state.courses:
        if not course.is_open:
            continue
        known = facts.get(course.course_id) or _unknown(course.course_id)
        entered_at = course.entered_at
        all_heavy = standing(course, known).heavy if known.assessments else []
        heavy = [work for work in all_heavy if work.due_at >= entered_at]
        dated = bool(known.heavy_dues or all_heavy)
        over_at = state.last_event_at + FORGOTTEN_AFTER if known.ends_at is None else None
        began_at = max(entered_at, known.starts_at or 0)
        open_work = [work for work in heavy if work.submitted_at is None]
        found.append(Engaged(course, known, began_at, over_at, dated, heavy, open_work))
    return found


@lru_cache(maxsize=1024)
def _unknown(course_id: str) -> CourseFacts:
    """A course of which no facts are known."""
    return CourseFacts(course_id=course_id)
