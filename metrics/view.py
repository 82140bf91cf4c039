"""What every measure looks at: one learner's state, the course facts, the cohort, and the time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.keepers.days import day_began_at, local_day
from domain.keepers.progress import Progress, course_progress
from domain.keepers.scores import Scored, counted_scores, together
from domain.predictions import Target
from domain.state.course import (
    UNTIMED,
    Course,
    FinishedCourse,
)
from domain.state.learner import (
    Day,
    Learner,
)
from domain.state.limits import NEVER
from metrics.shapes import CourseRef
from models.serving import Served

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortCourse:
    """One course's weekly 90th percentiles over 28 days, and 70th and 85th of engagement.

    A course has them from `engagement.COHORT_MIN` active learners on.
    """

    course_id: str
    active_days: float | None
    minutes: float | None
    activities: float | None
    discussion: float | None
    engagement_p70: float | None
    engagement_p85: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """What is known of the other learners, by course, as of a time of the clock."""

    courses: Mapping[str, CohortCourse]
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The snapshots of the models that an answer needs, by number, and which of them serves.

    `adopted` is the number that the learner's partition has adopted, `newest` the last that was
    published, `serving` the one to be adopted next; 0: none. `pinned`: an older one serves on
    purpose; `frozen`: nothing is learned.
    """

    snapshots: Mapping[int, Served] = field(default_factory=dict)
    adopted: int = 0
    newest: int = 0
    serving: int = 0
    pinned: bool = False
    frozen: bool = False

    def missing(self, state: Learner) -> bool:
        """Whether something was predicted with a snapshot that is not here."""
        return any(made.model not in self.snapshots for made in state.predictions)


@dataclass(frozen=True, kw_only=True)
class View:
    """All that the numbers of one answer are derived from; `now` in epoch seconds."""

    state: Learner
    facts: dict[str, CourseFacts]
    cohort: Cohort | None
    now: int
    default_zone: str
    default_pass_mark: float = Configuration().default_pass_mark  # in percent, as adopted
    models: Models = Models()
    predicted: frozenset[Target] = Configuration().models.predicted()
    """What is predicted; the models of all else are switched off."""

    @cached_property
    def derived(self) -> dict[tuple[object, ...], Any]:
        """What `once` keeps of this view."""
        return {}

    @cached_property
    def zone(self) -> str:
        """The learner's zone: of the newest event that carried one, else the setting."""
        return self.state.zone or self.default_zone

    @cached_property
    def today(self) -> int:
        """The learner's local date, as an ordinal.

        Where the source knows only dates, west of it the newest one that it wrote: else what is
        known to be done would not be seen before the evening is over.
        """
        return max(local_day(self.now, self.zone), *_written_days(self.state, self.now))

    @cached_property
    def courses(self) -> list[Course]:
        """The open courses that the learner has not left."""
        return sorted(self.state.open_courses, key=lambda each: (each.began_at, each.course_id))

    @cached_property
    def last_finished(self) -> FinishedCourse | None:
        """The course that stands for a learner who has only finished ones."""
        return None if self.courses or not self.state.finished else self.state.finished[-1]

    @cached_property
    def scores(self) -> list[Scored]:
        """Counted scores of the open courses, in order of time."""
        courses = self.state.open_courses
        return together(self.course_scores[course.course_id] for course in courses)

    @cached_property
    def course_scores(self) -> dict[str, list[Scored]]:
        """Counted scores by open course."""
        return {
            course.course_id: counted_scores(course, self.facts.get(course.course_id))
            for course in self.courses
        }

    @cached_property
    def progress(self) -> dict[str, Progress]:
        """Where the learner stands, by open course."""
        return {
            course.course_id: course_progress(course, self.facts.get(course.course_id))
            for course in self.courses
        }

    @cached_property
    def first_day(self) -> int | None:
        """The local date of the learner's first event; None without any."""
        first = self.state.first_event_at
        return None if first == NEVER else local_day(first, self.zone)

    @cached_property
    def ever_timed(self) -> bool:
        """Whether any event had a time of day, so that "no minutes" is known to be none."""
        state = self.state
        return bool(state.spans or state.sessions) or any(
            day.timed or day.seconds for day in state.days
        )

    @cached_property
    def buckets(self) -> dict[int, Day]:
        """The days on which anything happened."""
        return {day.day: day for day in self.state.days}

    @cached_property
    def today_bucket(self) -> Day | None:
        """Today's bucket; None while nothing happened today."""
        return self.buckets.get(self.today)

    @cached_property
    def refs(self) -> dict[str, CourseRef]:
        """What names each open course, and whether it has begun."""
        return {course.course_id: self._ref(course) for course in self.courses}

    def day_of(self, at: int) -> int:
        """The local date of an instant, as an ordinal."""
        return local_day(at, self.zone)

    def title(self, course_id: str | None) -> str | None:
        """The course's title; None where it is not known."""
        facts = self.facts.get(course_id) if course_id is not None else None
        return None if facts is None else facts.title

    def _ref(self, course: Course) -> CourseRef:
        """`not_started` until the course begins or the learner does something in it."""
        facts = self.facts.get(course.course_id)
        begins = None if facts is None else facts.starts_at
        waiting = begins is not None and self.now < begins and not course.first_at
        return CourseRef(
            course_id=course.course_id,
            title=None if facts is None else facts.title,
            course_status="not_started" if waiting else "active",
            outcome=None,
        )


def once(
    measure: Callable[Concatenate[View, Arguments], Value],
) -> Callable[Concatenate[View, Arguments], Value]:
    """Compute a measure once for a view and the same arguments, however many others ask for it.

    The arguments are hashable and given by place; nobody may change what is found.
    """

    @wraps(measure)
    def ask(view: View, /, *given: Arguments.args, **named: Arguments.kwargs) -> Value:
        assert not named, "arguments of a measure that is kept are given by place"
        asked, derived = (measure, *given), view.derived
        if asked in derived:
            found: Value = derived[asked]
            return found
        made = derived[asked] = measure(view, *given, **named)
        return made

    return ask


def _written_days(state: Learner, now: int) -> Iterator[int]:
    """Local dates of work and grades without a time of day, as far as they have come; 0 at least.

    Only the newest days are of interest: no date lies two days ahead of another.
    """
    yield 0
    for day in state.days[-3:]:
        if day.timed < day.activities and day_began_at(day) <= now:
            yield day.day
    for course in state.courses:
        for work in course.work:
            yield from (g.day for g in work.grades if g.flags & UNTIMED and g.at <= now)
