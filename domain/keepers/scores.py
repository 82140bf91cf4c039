"""Which scores of a course count, and what they come to."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple

from domain.course_facts import CourseFacts
from domain.exact import reaches
from domain.keepers.coursework import counting_grade, is_banked, is_excused
from domain.state.course import (
    Course,
    Grade,
    Work,
)
from domain.state.learner import Learner

PERCENT_MAX: Final = 100.0
_KEPT_MAX: Final = 1000.0  # a bonus is kept; what a tiny maximum makes of a score is not


class Scored(NamedTuple):
    """The grade of one assessment that counts; `percent` is capped at 100.

    `kind` is the assessment's, as the course's facts have it, in lower case.
    """

    course_id: str
    short: int
    percent: float
    at: int
    day: int
    order: int
    expected: float | None
    passed: bool | None
    kind: str | None = None

    @property
    def residual(self) -> float:
        """Percent less what the assessment expects; without an expectation, the percent."""
        return self.percent if self.expected is None else self.percent - self.expected


def percent_of(score: float, max_score: float) -> float:
    """100 x score / max_score, kept between 0 and 1000 (metrics cap it at 100).

    In this order, whole numbers whose percent is whole come to exactly that.
    """
    return max(0.0, min(100.0 * score / max_score, _KEPT_MAX))


def pass_mark_of(facts: CourseFacts | None, default: float) -> float:
    """The course's pass mark in percent, or the default where none is known."""
    own = None if facts is None else facts.pass_mark
    return default if own is None else own


def is_pass(percent: float | None, mark: float, *, passed: bool | None) -> bool:
    """Whether a grade is a pass: as it says itself, else at the pass mark or above."""
    if passed is not None:
        return passed
    return percent is not None and reaches(percent, mark)


def counts(course: Course, work: Work, facts: CourseFacts | None) -> bool:
    """Whether a grade of this assessment counts: not banked, not excused, of some weight."""
    fact = None if facts is None else facts.assessment_by_short.get(work.short)
    weightless = fact is not None and fact.weight == 0
    return not (weightless or is_excused(course, work) or is_banked(course, work))


def counted_scores(course: Course, facts: CourseFacts | None) -> list[Scored]:
    """One score per assessment, in order of time, and of the log where times are equal."""
    scores = (score_of(course, work, facts) for work in course.work if work.grades)
    return sorted((score for score in scores if score is not None), key=_in_order)


def score_of(course: Course, work: Work, facts: CourseFacts | None) -> Scored | None:
    """The score of one assessment; None where none counts."""
    rule = "latest" if facts is None else facts.attempt_rule
    grade = counting_grade(course, work, rule)
    if grade is None or not counts(course, work, facts):
        return None
    fact = None if facts is None else facts.assessment_by_short.get(work.short)
    kind = None if fact is None or fact.kind is None else fact.kind.lower()
    return _scored(course.course_id, work.short, grade, kind)


def all_scores(state: Learner, facts: dict[str, CourseFacts]) -> list[Scored]:
    """Counted scores of all courses that are kept, in order of time."""
    return _scores_of(state.courses, facts)


def open_scores(state: Learner, facts: dict[str, CourseFacts]) -> list[Scored]:
    """Counted scores of all courses that the learner is in, in order of time."""
    return _scores_of([course for course in state.courses if course.is_open], facts)


def _scores_of(courses: Sequence[Course], facts: dict[str, CourseFacts]) -> list[Scored]:
    return together(
        counted_scores(course, facts.get(course.course_id)) for course in courses if course.work
    )


def together(courses: Iterable[Sequence[Scored]]) -> list[Scored]:
    """The scores of several courses in order of time, and of the log where times are equal."""
    return sorted(chain.from_iterable(courses), key=_in_order)


def residuals(scores: Sequence[Scored]) -> list[float]:
    """Percent less what each assessment expects; as they are while any expectation is missing.

    A residual beside a plain percent would show a fall where only the scale has changed.
    """
    if any(score.expected is None for score in scores):
        return [score.percent for score in scores]
    return [score.residual for score in scores]


def mean_score(scores: list[Scored]) -> float | None:
    """The mean percent; None without scores."""
    return sum(score.percent for score in scores) / len(scores) if scores else None


def weighted_score(scores: Sequence[Scored], facts: CourseFacts | None) -> float | None:
    """The gradebook's view of a course's scores, weighted by assessment; None without facts."""
    if facts is None:
        return None
    known = facts.assessment_by_short
    total = weights = 0.0
    for score in scores:
        fact = known.get(score.short)
        if fact is not None:
            total += fact.weight * score.percent
            weights += fact.weight
    return total / weights if weights else None


def _scored(course_id: str, short: int, grade: Grade, kind: str | None) -> Scored:
    assert grade.percent is not None, "a grade that counts has a score"
    return Scored(
        course_id,
        short,
        min(grade.percent, PERCENT_MAX),
        grade.at,
        grade.day,
        grade.order,
        grade.expected,
        grade.passed,
        kind,
    )


def _in_order(score: Scored) -> tuple[int, int]:
    return score.at, score.order
