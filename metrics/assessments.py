"""What was due and what of it was submitted, over the open courses."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from domain.course_facts import Assessment, CourseFacts
from domain.keepers.coursework import assigned, is_banked, submitted
from domain.keepers.days import local_day
from domain.keepers.standing import HeavyWork, Standing, standing
from domain.predicting.predict import AHEAD
from domain.state.course import (
    Course,
    Submission,
)
from metrics.view import View, once

OF_A_COURSE_MAX: Final = 4
"""So much is predicted of each course, what is due next first."""


class Due(NamedTuple):
    """A required assessment with a due time, and its first submission if there is one."""

    course: Course
    fact: Assessment
    due_at: int
    submission: Submission | None

    @property
    def submitted_at(self) -> int | None:
        """When it was first submitted; a grade shows that it was by then, if not when."""
        return None if self.submission is None else self.submission.at

    @property
    def timed(self) -> bool:
        """Whether the time of day of the submission is known."""
        return self.submission is not None and self.submission.timed

    def in_time(self, zone: str) -> bool:
        """Whether it was submitted by the due time; by the due date where no time is known."""
        submission = self.submission
        if submission is None:
            return False
        if submission.timed:
            return submission.at <= self.due_at
        return submission.day <= local_day(self.due_at, zone)


@once
def dues(view: View) -> list[Due]:
    """Every required assessment of an open course that has a due time while the learner is there.

    Banked ones were carried over from an earlier run, and what was due before the enrolment was
    never asked for. An extension of the learner's own counts, and what was excused is not due.
    """
    return [
        due
        for course in view.courses
        if (facts := view.facts.get(course.course_id)) is not None
        for due in _dues_of(course, facts)
    ]


def _dues_of(course: Course, facts: CourseFacts) -> Iterator[Due]:
    for each in assigned(course, facts):
        if each.due_at is None or not each.required or each.due_at < course.enrolled_at:
            continue
        if each.work is None or not is_banked(course, each.work):
            yield Due(course, each.fact, each.due_at, submitted(course, each.work))


def open_dues(view: View) -> list[Due]:
    """What is due after now and not submitted, the next one first."""
    found = [due for due in dues(view) if due.due_at > view.now and due.submitted_at is None]
    found.sort(key=lambda due: (due.due_at, due.course.course_id, due.fact.id))
    return found


def next_dues(view: View) -> list[Due]:
    """The next open assessments of each course, the one that is due first first."""
    count: dict[str, int] = {}
    found = []
    for due in open_dues(view):
        course_id = due.course.course_id
        count[course_id] = count.get(course_id, 0) + 1
        if count[course_id] <= OF_A_COURSE_MAX:
            found.append(due)
    return found


@once
def heavy_ahead(view: View) -> list[tuple[Course, HeavyWork]]:
    """Heavy work that is open and due in the next 28 days, of each course the next ones."""
    found = []
    for course in view.courses:
        ahead = (each for each in _standing(view, course).heavy if _is_ahead(view, each))
        found += [(course, each) for each in islice(ahead, OF_A_COURSE_MAX)]
    return sorted(found, key=lambda each: (each[1].due_at, each[0].course_id))


class Heavy(NamedTuple):
    """Heavy work of one course that is, was or will be due while the learner is there."""

    course: Course
    work: HeavyWork

    @property
    def due_at(self) -> int:
        """The learner's own due time."""
        return self.work.due_at

    def is_open(self, at: int) -> bool:
        """Whether it was not submitted by then."""
        return not self.work.submitted_by(at)

    def is_overdue(self, at: int, grace: int = 0) -> bool:
        """Whether it was due `grace` seconds before, or earlier, and is open."""
        return self.due_at + grace <= at and self.is_open(at)


@once
def heavy_work(view: View) -> list[Heavy]:
    """Heavy work of the open courses, in order of its due times.

    As of what is required: neither what was carried over from an earlier run, nor what was due
    before the enrolment.
    """
    found = []
    for course in view.courses:
        banked = {work.name for work in course.work if is_banked(course, work)}
        found += [
            Heavy(course, each)
            for each in _standing(view, course).heavy
            if each.due_at >= course.enrolled_at and each.assessment.id not in banked
        ]
    found.sort(key=lambda each: (each.due_at, each.course.course_id, each.work.assessment.id))
    return found


def _standing(view: View, course: Course) -> Standing:
    return _standings(view)[course.course_id]


@once
def _standings(view: View) -> dict[str, Standing]:
    return {
        course.course_id: Standing() if facts is None else standing(course, facts)
        for course in view.courses
        for facts in (view.facts.get(course.course_id),)
    }


def _is_ahead(view: View, work: HeavyWork) -> bool:
    return work.is_next(view.now) and work.due_at <= view.now + AHEAD


class Completion(NamedTuple):
    """How much of what was due was done."""

    due: int
    done: int
    in_time: int

    @property
    def rate(self) -> float | None:
        """Percent done of what was due."""
        return 100 * self.done / self.due if self.due else None

    @property
    def on_time_rate(self) -> float | None:
        """Percent done in time of what was due."""
        return 100 * self.in_time / self.due if self.due else None


def completion(view: View, first: int, last: int) -> Completion:
    """Of what was due on the local days `first` to `last` and by now: what is done."""
    due = done = in_time = 0
    for each in dated_dues(view):
        if first <= each.day <= last:
            due += 1
            done += each.done
            in_time += each.in_time
    return Completion(due, done, in_time)


class DatedDue(NamedTuple):
    """On which local day something was due, and whether it is done."""

    day: int
    done: bool
    in_time: bool


@once
def dated_dues(view: View) -> list[DatedDue]:
    """What was due by now, in order of the days."""
    found = [
        DatedDue(view.day_of(due.due_at), due.submitted_at is not None, due.in_time(view.zone))
        for due in dues(view)
        if due.due_at <= view.now
    ]
    return sorted(found)
