"""What was due and what of it was handed in, over the open courses."""

from collections.abc import Iterator
from typing import NamedTuple

from domain.course_facts import Assessment, CourseFacts
from domain.days import local_day
from domain.measures.view import View
from domain.progress import is_submitted
from domain.state import Course, Work


class Due(NamedTuple):
    """A required assessment with a due time, and what the learner did on it."""

    course: Course
    fact: Assessment
    due_at: int
    work: Work | None

    @property
    def submitted_at(self) -> int | None:
        """When it was first handed in; a grade shows that it was by then, if not when."""
        work = self.work
        if work is None or not is_submitted(work):
            return None
        seen = [grade.at for grade in work.grades]
        return min([work.submitted_first, *seen] if work.submitted_first else seen)

    def in_time(self, zone: str) -> bool:
        """Whether it was handed in by the due time; by the due date where no time is known."""
        at = self.submitted_at
        if at is None or self.work is None:
            return False
        if self.work.timed:
            return at <= self.due_at
        return local_day(at, zone) <= local_day(self.due_at, zone)


def dues(view: View) -> Iterator[Due]:
    """Every required assessment of an open course that has a due time while the learner is there.

    Banked ones were carried over from an earlier run, and what was due before the enrolment was
    never asked for.
    """
    for course in view.courses:
        facts = view.facts.get(course.course_id)
        if facts is not None:
            yield from _dues_of(course, facts)


def _dues_of(course: Course, facts: CourseFacts) -> Iterator[Due]:
    done = {work.short: work for work in course.work}
    for short, fact in facts.assessment_by_short.items():
        if fact.due_at is None or not fact.required or fact.due_at < course.enrolled_at:
            continue
        work = done.get(short)
        if work is None or not work.banked:
            yield Due(course, fact, fact.due_at, work)


def open_dues(view: View) -> list[Due]:
    """What is due after now and not handed in, the next one first."""
    found = [due for due in dues(view) if due.due_at > view.now and due.submitted_at is None]
    found.sort(key=lambda due: (due.due_at, due.course.course_id, due.fact.id))
    return found


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


def completion(view: View, first: int, last: int, until: int) -> Completion:
    """Of what was due on the local days `first` to `last` and by `until`: what is done."""
    due = done = in_time = 0
    for each in dues(view):
        if each.due_at > until or not first <= view.day_of(each.due_at) <= last:
            continue
        due += 1
        done += each.submitted_at is not None
        in_time += each.in_time(view.zone)
    return Completion(due, done, in_time)
