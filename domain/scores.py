"""Which grade of an assessment counts, and what a course's scores come to."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from domain.course_facts import CourseFacts
from domain.state import Course, Grade, Learner, Work

PERCENT_MAX: Final = 100.0
_KEPT_MAX: Final = 1000.0  # a bonus is kept; what a tiny maximum makes of a score is not


class Scored(NamedTuple):
    """The grade of one assessment that counts; `percent` is capped at 100."""

    course_id: str
    short: int
    percent: float
    at: int
    expected: float | None

    @property
    def residual(self) -> float:
        """Percent less what the assessment expects; without an expectation, the percent."""
        return self.percent if self.expected is None else self.percent - self.expected


def percent_of(score: float, max_score: float) -> float:
    """100 x score / max_score, kept between 0 and 1000 (metrics cap it at 100)."""
    return max(0.0, min(100 * (score / max_score), _KEPT_MAX))


def counting_grade(work: Work, rule: Literal["latest", "best"]) -> Grade | None:
    """The latest or the best released grade of one assessment, by the course's rule."""
    if not work.grades:
        return None
    if len(work.grades) == 1:
        return work.grades[0]
    if rule == "best":
        return max(work.grades, key=lambda grade: (grade.percent, grade.at))
    return max(work.grades, key=lambda grade: (grade.attempt, grade.at))


def counted_scores(course: Course, facts: CourseFacts | None) -> list[Scored]:
    """One score per assessment, in order of time, without banked ones and those of weight 0."""
    rule = "latest" if facts is None else facts.attempt_rule
    known = {} if facts is None else facts.assessment_by_short
    found = []
    for work in course.work:
        grade = counting_grade(work, rule)
        if grade is None or work.banked:
            continue
        fact = known.get(work.short)
        if fact is not None and fact.weight == 0:
            continue
        percent = min(grade.percent, PERCENT_MAX)
        found.append(Scored(course.course_id, work.short, percent, grade.at, grade.expected))
    found.sort(key=lambda score: (score.at, score.short))
    return found


def open_scores(state: Learner, facts: dict[str, CourseFacts]) -> list[Scored]:
    """Counted scores of all open courses that the learner has not left, in order of time."""
    found: list[Scored] = []
    for course in state.courses:
        if not course.unenrolled_at:
            found += counted_scores(course, facts.get(course.course_id))
    found.sort(key=lambda score: (score.at, score.short))
    return found


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


def weighted_score(course: Course, facts: CourseFacts | None) -> float | None:
    """The gradebook's view: percents weighted by the assessments' weights; None without facts."""
    if facts is None:
        return None
    known = facts.assessment_by_short
    total = weights = 0.0
    for score in counted_scores(course, facts):
        fact = known.get(score.short)
        if fact is not None:
            total += fact.weight * score.percent
            weights += fact.weight
    return total / weights if weights else None
