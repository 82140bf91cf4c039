"""A learner's courses: entering, leaving, finishing, and the pace of units done."""

from typing import Final

from domain.course_facts import CourseFacts
from domain.events import Outcome
from domain.ids import short_id
from domain.progress import course_progress
from domain.scores import counted_scores, mean_score, weighted_score
from domain.state import (
    ASSESSMENTS_MAX,
    COURSES_MAX,
    FINISHED_MAX,
    NEVER,
    Course,
    FinishedCourse,
    Learner,
    Work,
)

HALF_LIFE_DAYS: Final = 14
_DAY: Final = 86_400


def open_course(state: Learner, course_id: str) -> Course | None:
    """The learner's open course of that id (one that was left counts), or None."""
    for course in state.courses:
        if course.course_id == course_id:
            return course
    return None


def is_finished(state: Learner, course_id: str) -> bool:
    """Whether the learner finished the course and did not enrol again."""
    return any(course.course_id == course_id for course in state.finished)


def enrol(state: Learner, course_id: str, at: int) -> Course:
    """Enter a course, or come back to it."""
    course = open_course(state, course_id) or _add(state, course_id)
    if not course.enrolled_at or course.unenrolled_at:
        course.enrolled_at = at
    course.unenrolled_at = NEVER
    return course


def seen_in(state: Learner, course_id: str, at: int) -> Course | None:
    """The course of an event; made where no enrolment was seen, None where it is finished."""
    course = open_course(state, course_id)
    if course is None:
        if is_finished(state, course_id):
            return None
        course = _add(state, course_id)
    if not course.first_at or at < course.first_at:
        course.first_at = at
    course.last_at = max(course.last_at, at)
    return course


def leave(state: Learner, course_id: str, at: int) -> bool:
    """Leave a course: it counts no more, and is kept for a return."""
    course = open_course(state, course_id)
    if course is None or course.unenrolled_at:
        return False
    course.unenrolled_at = at
    return True


def finish(
    state: Learner, course_id: str, outcome: Outcome, at: int, facts: CourseFacts | None
) -> None:
    """Freeze a course's last figures."""
    course = open_course(state, course_id) or Course(course_id, NEVER)
    progress = course_progress(course, facts)
    scores = counted_scores(course, facts)
    state.courses = [known for known in state.courses if known.course_id != course_id]
    state.course_ids = [known.course_id for known in state.courses]
    state.finished = [known for known in state.finished if known.course_id != course_id]
    state.finished.append(
        FinishedCourse(
            course_id=course_id,
            outcome=outcome,
            finished_at=at,
            basis=progress.basis,
            progress=progress.percent,
            modules_completed=progress.modules_completed,
            total_modules=progress.total_modules,
            average_score=mean_score(scores),
            weighted_score=weighted_score(course, facts),
            score_count=len(scores),
            milestones=course.milestones,
            first_pass_told=course.first_pass_told,
        )
    )
    if len(state.finished) > FINISHED_MAX:
        del state.finished[0]


def is_full(course: Course) -> bool:
    """Whether no further assessment of the course can be remembered."""
    return len(course.work) >= ASSESSMENTS_MAX


def work_on(state: Learner, course: Course, assessment_id: str) -> Work:
    """What the learner did on one assessment, made where there is nothing yet.

    Beyond 64 assessments of a course what is made is not kept, and counted.
    """
    short = short_id(assessment_id)
    for work in course.work:
        if work.short == short:
            return work
    made = Work(short)
    if is_full(course):
        state.overflow.assessments += 1
    else:
        course.work.append(made)
    return made


def unit_done(course: Course, at: int, day: int) -> None:
    """Count a unit (a module, or a submitted assessment) in the exponentially weighted pace."""
    if at >= course.rate_at:
        passed = (at - course.rate_at) // _DAY if course.rate_at else 0
        course.rate = round(course.rate * 0.5 ** (passed / HALF_LIFE_DAYS) + 1, 9)
        course.rate_at = at
    else:
        passed = (course.rate_at - at) // _DAY
        course.rate = round(course.rate + 0.5 ** (passed / HALF_LIFE_DAYS), 9)
    if day != course.unit_last_day:
        course.unit_days += 1
        course.unit_last_day = max(day, course.unit_last_day)


def _add(state: Learner, course_id: str) -> Course:
    if len(state.courses) >= COURSES_MAX:
        oldest = min(state.courses, key=lambda c: (not c.unenrolled_at, c.last_at, c.course_id))
        state.courses.remove(oldest)
        state.overflow.courses += 1
    made = Course(course_id, NEVER)
    for before in state.finished:
        if before.course_id == course_id:
            made.milestones, made.first_pass_told = before.milestones, before.first_pass_told
    state.courses.append(made)
    state.course_ids = [course.course_id for course in state.courses]
    return made
