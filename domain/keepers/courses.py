"""A learner's courses: which are kept, and what stays of those that are over."""

from domain.course_facts import CourseFacts
from domain.keepers.progress import course_progress, peak_percent
from domain.keepers.scores import counted_scores, is_pass, mean_score, pass_mark_of, weighted_score
from domain.state.course import (
    FINISHED,
    OUTCOMES,
    Course,
    FinishedCourse,
    Membership,
)
from domain.state.learner import Learner
from domain.state.limits import (
    COURSES_MAX,
    FINISHED_MAX,
    FROZEN_SECONDS,
    NEVER,
)


def find_course(state: Learner, course_id: str) -> Course | None:
    """The learner's course of that id, as long as it is kept; None for any other."""
    for course in state.courses:
        if course.course_id == course_id:
            return course
    return None


def seen_in(state: Learner, course_id: str, at: int) -> Course | None:
    """The course of an event, made where there is none.

    None where the last figures are all that is kept of the course, and the event is counted.
    """
    course = _find_or_add(state, course_id, NEVER)
    if course is None:
        return None
    course.first_at = min(course.first_at or at, at)
    course.last_at = max(course.last_at, at)
    return course


def entered(state: Learner, course_id: str, at: int) -> Course | None:
    """The course of a membership event, made where there is none.

    None where only last figures are kept, of a run that ended at `at` or later.
    """
    course = _find_or_add(state, course_id, at)
    if course is not None:
        course.last_at = max(course.last_at, at)
    return course


def _find_or_add(state: Learner, course_id: str, begins_at: int) -> Course | None:
    """None, counted, where only last figures are kept, of a run that ended then or later."""
    course = find_course(state, course_id)
    if course is not None:
        return course
    if any(c.course_id == course_id and begins_at <= c.finished_at for c in state.finished):
        state.overflow.finished += 1
        return None
    return add_course(state, course_id)


def add_course(state: Learner, course_id: str) -> Course:
    """Keep a course; the one that is needed least goes where there are eight already."""
    if len(state.courses) >= COURSES_MAX:
        drop_course(state)
    made = Course(course_id)
    for before in state.finished:
        if before.course_id == course_id:
            made.peak_before, made.passed_before = before.peak, before.passed
            made.memberships.append(
                Membership(before.finished_at, FINISHED + OUTCOMES.index(before.outcome))
            )
    state.courses.append(made)
    list_courses(state)
    return made


def drop_course(state: Learner) -> None:
    """Let go of the course that is needed least: finished, then left, then longest unused."""
    gone = min(state.courses, key=lambda each: (not each.finished_at, each.is_open, each.last_at))
    let_go(state, gone)
    state.overflow.courses += not gone.finished_at


def list_courses(state: Learner) -> None:
    """Set the ids of the courses that are not finished."""
    state.course_ids = [c.course_id for c in state.courses if not c.finished_at]


def freeze(
    state: Learner, course: Course, facts: CourseFacts | None, default_pass_mark: float
) -> None:
    """Keep the last figures of a finished course; forget them where it is open again."""
    state.finished = [known for known in state.finished if known.course_id != course.course_id]
    if course.finished_at and course.outcome is not None:
        state.finished.append(_last_figures(course, facts, default_pass_mark))
        state.finished.sort(key=lambda known: known.finished_at)
        state.overflow.finished += len(state.finished) > FINISHED_MAX
        del state.finished[:-FINISHED_MAX]


def long_finished(state: Learner, now: int) -> list[Course]:
    """The courses that finished more than 90 days ago."""
    return [c for c in state.courses if c.finished_at and now - c.finished_at > FROZEN_SECONDS]


def let_go(state: Learner, course: Course) -> None:
    """Keep a course no longer; what came behind its end, and might be of a next run, is counted."""
    if course.finished_at:
        state.overflow.finished += _behind(course, course.finished_at)
    state.courses.remove(course)
    list_courses(state)


def _behind(course: Course, end: int) -> int:
    times = [fact.at for fact in course.modules]
    for work in course.work:
        times += [submission.at for submission in work.submissions]
        times += [grade.at for grade in work.grades]
        times += [excuse.at for excuse in work.excuses]
    return sum(at > end for at in times)


def _last_figures(
    course: Course, facts: CourseFacts | None, default_pass_mark: float
) -> FinishedCourse:
    mark = pass_mark_of(facts, default_pass_mark)
    progress = course_progress(course, facts)
    scores = counted_scores(course, facts)
    assert course.outcome is not None, "a finished course has an outcome"
    return FinishedCourse(
        course_id=course.course_id,
        outcome=course.outcome,
        finished_at=course.finished_at,
        basis=progress.basis,
        progress=progress.percent,
        modules_completed=progress.modules_completed,
        total_modules=progress.total_modules,
        average_score=mean_score(scores),
        weighted_score=weighted_score(scores, facts),
        score_count=len(scores),
        peak=max(course.peak_before, peak_percent(course, facts)),
        passed=course.passed_before
        or any(is_pass(s.percent, mark, passed=s.passed) for s in scores),
    )
