"""The courses of a learner that run: that have begun, are not over, and that the learner is in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.course_facts import CourseFacts
from domain.engaged import FORGOTTEN_AFTER
from domain.keepers.standing import Standing, standing
from domain.state.course import Course
from domain.state.learner import Learner


@dataclass(slots=True)
class Running:
    """A course with what is known of it, and how the learner stands in it."""

    course: Course
    facts: CourseFacts | None
    over_at: int
    standing: Standing = field(default_factory=Standing)

    @property
    def begins_at(self) -> int:
        """Where its weeks begin: the course's start, else when the learner came."""
        known = None if self.facts is None else self.facts.starts_at
        return self.course.entered_at if known is None else known


def open_courses(state: Learner, facts: Mapping[str, CourseFacts], now: int) -> list[Running]:
    """The courses that the learner is in and that are not over, the one that begins first first."""
    found = []
    for course in state.courses:
        known = facts.get(course.course_id)
        over_at = None if known is None else known.ends_at
        if over_at is None:
            over_at = state.last_event_at + FORGOTTEN_AFTER
        if course.is_open and now < over_at:
            stands = Standing() if known is None else standing(course, known)
            found.append(Running(course, known, over_at, stands))
    found.sort(key=_in_order)
    return found


def _in_order(each: Running) -> tuple[int, str]:
    return each.begins_at, each.course.course_id
