"""Who is in a course: a fold over the course's enrolments, leavings and outcomes in event time.

The few entries are folded again whenever one arrives, so their order of arrival does not matter.
"""

from msgspec import structs

from domain.events.activity import Outcome
from domain.state.course import (
    ENTERED,
    FINISHED,
    LEFT,
    OUTCOMES,
    Course,
    Membership,
)
from domain.state.history import insert, trim
from domain.state.learner import Learner
from domain.state.limits import (
    MEMBERSHIPS_MAX,
    NEVER,
)


def enrol(state: Learner, course: Course, at: int) -> None:
    """The learner entered, or came back; after an outcome a new run of the course begins."""
    _add(state, course, Membership(at, ENTERED))


def leave(state: Learner, course: Course, at: int) -> None:
    """The learner left: the course counts no more until a re-enrolment."""
    _add(state, course, Membership(at, LEFT))


def finish(state: Learner, course: Course, outcome: Outcome, at: int) -> None:
    """The course is over for the learner; of one who had left, only the outcome is kept."""
    _add(state, course, Membership(at, FINISHED + OUTCOMES.index(outcome)))


def earlier_run(course: Course) -> Course:
    """The course as it stood before its present run: what belongs to runs that were finished."""
    return structs.replace(course, since=NEVER, finished_at=course.since)


def _add(state: Learner, course: Course, entry: Membership) -> None:
    insert(course.memberships, entry)
    state.overflow.memberships += trim(course.memberships, MEMBERSHIPS_MAX, _same)
    _fold(course)


def _same(one: Membership, other: Membership) -> bool:
    return one.what == other.what


def was_open(course: Course, at: int) -> bool:
    """Whether the learner was in the course at that time."""
    if course.is_open and not course.returned_at:
        return True
    then = Course(course.course_id)
    for entry in course.memberships:
        if entry.at <= at:
            _take(then, entry)
    return then.is_open


def _fold(course: Course) -> None:
    """What the memberships come to."""
    course.enrolled_at = course.unenrolled_at = course.finished_at = NEVER
    course.returned_at = course.since = NEVER
    course.outcome = None
    for entry in course.memberships:
        _take(course, entry)


def _take(course: Course, entry: Membership) -> None:
    """The fold's step.

    A second enrolment changes nothing while the learner is in; leaving changes nothing behind an
    outcome, nor does an outcome behind leaving, but it is remembered.
    """
    if entry.what == ENTERED:
        _enter(course, entry.at)
    elif entry.what == LEFT:
        if course.is_open:
            course.unenrolled_at = entry.at
    else:
        course.outcome = OUTCOMES[entry.what - FINISHED]
        if course.is_open:
            course.finished_at = entry.at


def _enter(course: Course, at: int) -> None:
    if course.finished_at:
        course.since = course.finished_at
    if not course.is_open:
        course.returned_at = at
    if not course.enrolled_at or not course.is_open:
        course.enrolled_at = at
    course.unenrolled_at = course.finished_at = NEVER
