"""What keepers and rules see while one event, tick or input is folded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from msgspec import Struct

from domain.alerts import Response, Transition
from domain.changes import Change
from domain.course_facts import CourseFacts
from domain.engaged import Engaged, engaged
from domain.examples import Lesson
from domain.keepers.scores import pass_mark_of
from domain.predictions import Target
from domain.scoring import Scorer
from domain.state.course import Course
from domain.state.learner import Learner

Thresholds = TypeVar("Thresholds", bound=Struct)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the adopted configuration says to a step: `zone` is that of learners without one."""

    zone: str
    default_pass_mark: float
    thresholds: Mapping[type[Struct], Struct]
    predicted: frozenset[Target]
    """What is predicted; the models of all else are switched off."""
    by_course: Mapping[str | None, Mapping[type[Struct], Struct]] = field(default_factory=dict)
    """Thresholds that are set for a course, by its id."""


@dataclass(slots=True)
class Step:
    """One step of the fold: the time that counts, what is known, and what is published.

    `at` is the event's time or the time at which a timer was due. `now` is how far time has come
    for this learner: timers due before it have fired, alerts that expire by it are over. It is
    later than `at` where an event arrives late. What is raised for a time before `stale_before` is
    suppressed.
    """

    at: int
    now: int
    stale_before: int
    adopted: Adopted
    facts: dict[str, CourseFacts]
    scorer: Scorer
    day: int = 0  # of an event: its local date
    timed: bool = True  # of an event: whether its time of day is known
    changes: list[Change] = field(default_factory=list)
    published: list[Transition] = field(default_factory=list)
    lessons: list[Lesson] = field(default_factory=list)
    responses: list[tuple[int, Response]] = field(default_factory=list)
    """Each with how many of `published` it comes behind."""
    seen: list[Engaged] | None = None  # while rules look at one set of changes

    def engaged(self, state: Learner) -> list[Engaged]:
        """The learner's open courses, worked out once for all rules that look."""
        if self.seen is None:
            self.seen = engaged(state, self.facts)
        return self.seen

    @property
    def zone(self) -> str:
        """The zone of learners whose events carry none."""
        return self.adopted.zone

    def pass_mark(self, course_id: str) -> float:
        """The course's pass mark in percent, or the default where none is known."""
        return pass_mark_of(self.facts.get(course_id), self.adopted.default_pass_mark)

    def other_facts(self, state: Learner, course: Course) -> Iterator[CourseFacts]:
        """The facts of the learner's courses but this one."""
        for other in state.courses:
            if other is not course and other.course_id in self.facts:
                yield self.facts[other.course_id]

    def thresholds(self, kind: type[Thresholds], course_id: str | None = None) -> Thresholds:
        """The adopted thresholds of the rule that declares them as `kind`.

        With a course, those that are set for it, else the rule's.
        """
        if course_id in self.adopted.by_course:
            own = self.adopted.by_course[course_id].get(kind)
            if own is not None:
                return cast("Thresholds", own)
        return cast("Thresholds", self.adopted.thresholds[kind])
