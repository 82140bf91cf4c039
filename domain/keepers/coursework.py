"""What a learner did on each assessment of a course: submissions, grades, excuses, extensions.

Everything here is read from short histories in event time, so it is the same whatever the order
of arrival. Only what belongs to the course's present run counts (`Course.covers`).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from domain.course_facts import Assessment, AttemptRule, CourseFacts
from domain.ids import short_id
from domain.state.course import (
    OVERRIDE,
    UNTIMED,
    Course,
    Grade,
    Submission,
    Work,
)
from domain.state.history import Entry, insert
from domain.state.learner import Learner
from domain.state.limits import (
    ASSESSMENTS_MAX,
    GRADES_MAX,
    SUBMISSIONS_MAX,
)


def find_work(course: Course, short: int) -> Work | None:
    """What the learner did on one assessment; None where that is nothing."""
    for work in course.work:
        if work.short == short:
            return work
    return None


def work_on(state: Learner, course: Course, assessment_id: str) -> Work:
    """What the learner did on one assessment, made where there is nothing yet.

    Beyond 64 assessments of a course what is made is not kept, and counted.
    """
    short = short_id(assessment_id)
    work = find_work(course, short)
    if work is not None:
        work.name = work.name or assessment_id  # states of version 2 had no names
        return work
    made = Work(short, assessment_id)
    if len(course.work) >= ASSESSMENTS_MAX:
        state.overflow.assessments += 1
    else:
        course.work.append(made)
    return made


def add_submission(state: Learner, work: Work, submission: Submission) -> None:
    """Remember a submission; beyond 8 the first and the newest ones stay."""
    insert(work.submissions, submission)
    if len(work.submissions) > SUBMISSIONS_MAX:
        del work.submissions[1]
        state.overflow.submissions += 1


def add_grade(state: Learner, work: Work, grade: Grade) -> None:
    """Remember a grade; beyond 8 those go first that a newer one of their attempt replaced."""
    insert(work.grades, grade)
    if len(work.grades) > GRADES_MAX:
        work.grades.remove(_dispensable(work.grades))
        state.overflow.grades += 1


def _dispensable(grades: list[Grade]) -> Grade:
    newest = {grade.attempt: grade for grade in grades}
    replaced = next((grade for grade in grades if newest[grade.attempt] is not grade), None)
    if replaced is not None:
        return replaced
    best = max(grades, key=_by_percent)
    return next(grade for grade in grades if grade is not best)


def _by_percent(grade: Grade) -> tuple[float, int]:
    """The better grade is greater, and of equal ones the newer; no score is like 0 percent."""
    return grade.percent or 0.0, grade.at


def submitted(course: Course, work: Work | None) -> Submission | None:
    """The first submission of this run; a grade stands for one that was never seen."""
    if work is None:
        return None
    first = None
    for each in work.submissions:
        if course.covers(each.at):
            first = each
            break
    shown = _first_shown([grade for grade in work.grades if course.covers(grade.at)])
    if shown is None or (first is not None and first.at <= _shown_at(shown)):
        return first
    return _as_submission(shown)


def unseen_submission(work: Work) -> Submission | None:
    """The submission that a grade shows and that was not seen by then; banked ones show none."""
    shown = _first_shown(work.grades)
    if shown is None or work.grades[-1].banked:
        return None
    seen = any(each.at <= _shown_at(shown) for each in work.submissions)
    return None if seen else _as_submission(shown)


def _first_shown(grades: Iterable[Grade]) -> Grade | None:
    """Of the grades that show a submission, the one that shows the earliest."""
    first = None
    for grade in grades:
        if grade.shows_submission and (first is None or _shown_at(grade) < _shown_at(first)):
            first = grade
    return first


def _shown_at(grade: Grade) -> int:
    """When what was graded was submitted: `submitted_at` where given, else the grade's time."""
    return grade.submitted_at or grade.at


def _as_submission(grade: Grade) -> Submission:
    return Submission(
        _shown_at(grade),
        grade.submitted_day or grade.day,
        timed=bool(grade.submitted_at) or not grade.flags & UNTIMED,
    )


def is_banked(course: Course, work: Work) -> bool:
    """Whether the newest grade was carried over from an earlier run."""
    newest = _newest(course, work.grades)
    return newest is not None and newest.banked


def counting_grade(
    course: Course, work: Work, rule: AttemptRule, until: int | None = None
) -> Grade | None:
    """The grade that counts, of those given by `until`; None where there is no score.

    Of each attempt the newest grade stands. A grade without an attempt stands for the assessment
    as a whole until a newer attempt is graded; else the latest or the best attempt counts, by the
    course's rule.
    """
    grades = [
        grade
        for grade in work.grades
        if course.covers(grade.at) and (until is None or grade.at <= until)
    ]
    if len(grades) == 1:
        (only,) = grades
        return None if only.percent is None else only
    standing, first = _by_attempt(grades)
    override = standing.pop(OVERRIDE, None)
    if override is not None and not _overtaken(override, first):
        return None if override.percent is None else override
    scored = [grade for grade in standing.values() if grade.percent is not None]
    if rule == "best":
        return max(scored, key=_by_percent, default=None)
    return max(scored, key=lambda grade: grade.attempt, default=None)


def _by_attempt(grades: list[Grade]) -> tuple[dict[int, Grade], dict[int, int]]:
    """Of each attempt its newest grade, and when it was graded first."""
    standing: dict[int, Grade] = {}
    first: dict[int, int] = {}
    for grade in grades:
        standing[grade.attempt] = grade
        if grade.attempt != OVERRIDE:
            first.setdefault(grade.attempt, grade.at)
    return standing, first


def _overtaken(override: Grade, first: dict[int, int]) -> bool:
    """Whether an attempt that is newer than all before the override was graded after it."""
    before = max((attempt for attempt, at in first.items() if at <= override.at), default=OVERRIDE)
    return max(first, default=OVERRIDE) > before


def is_excused(course: Course, work: Work | None) -> bool:
    """Whether the assessment is not asked of the learner."""
    if work is None or not work.excuses:
        return False
    newest = _newest(course, work.excuses)
    return newest is not None and newest.excused


def _newest(course: Course, history: Sequence[Entry]) -> Entry | None:
    """The newest entry of this run."""
    for entry in reversed(history):
        if course.covers(entry.at):
            return entry
    return None


class Assigned(NamedTuple):
    """An assessment of the course as it stands for one learner."""

    fact: Assessment
    work: Work | None
    due_at: int | None  # the learner's own due time where it was extended
    required: bool  # by the course, and not excused


def assigned(course: Course, facts: CourseFacts | None) -> Iterator[Assigned]:
    """Every assessment of the course, with what the learner did on it."""
    if facts is None:
        return
    done = {work.short: work for work in course.work}
    for short, fact in facts.assessment_by_short.items():
        work = done.get(short)
        if work is None:
            yield Assigned(fact, None, fact.due_at, fact.required)
        else:
            yield assigned_one(course, fact, work)


def assigned_one(course: Course, fact: Assessment, work: Work) -> Assigned:
    """One assessment on which the learner did something."""
    due_at = fact.due_at if work.due_at is None else work.due_at
    return Assigned(fact, work, due_at, fact.required and not is_excused(course, work))
