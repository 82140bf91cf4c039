"""What Postgres holds of a learner in a course: the columns that lists of a course are made of."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from domain.course_facts import CourseFacts
from domain.keepers.coursework import is_excused, submitted
from domain.keepers.helping import helps
from domain.keepers.progress import course_progress
from domain.keepers.scores import counted_scores, mean_score
from domain.predictions import NUMBERS, Target
from domain.rules import RULES
from domain.state.course import Course
from domain.state.learner import Learner, OpenAlert, Severity

SCORES_SHOWN: Final = 8
ALERTS_SHOWN: Final = 3
MISSING_LIKELY: Final = 500
FAILING_LIKELY: Final = 600
"""Thousandths: the bars at which the weekly list was judged (docs/models.md)."""
ATTENTION: Final[dict[Severity, int]] = {"low": 1, "medium": 2, "high": 3}
LIKELY_MISSING: Final = 0
LIKELY_FAILING: Final = 1_000
WITH_ALERT: Final = 2_000
NOTHING_OPEN: Final = 3_000
"""Where the parts of the contact order begin (decision 23); lower comes first."""


class CourseRow(NamedTuple):
    """One learner in one open course; times in epoch seconds, probabilities in thousandths.

    `attention` is 3 where an alert of high severity is open, to 0 for none; `attention_since` is
    when the oldest of that severity was raised, `attention_until` when the last of them expires;
    both 0 without any. `alerts` are ids, the worst first. `settled` are the 32-bit ids of the
    assessments of which nothing is awaited: submitted, or excused.
    """

    course_id: str
    user_id: str
    entered_at: int
    last_work_day: int
    next_missing: int | None
    not_passing: int | None
    attention: int
    attention_since: int
    attention_until: int
    categories: list[str]
    alerts: list[str]
    contact_place: int
    progress: float | None
    average_score: float | None
    score_count: int
    scores: list[float]
    settled: list[int]
    helped_at: int | None
    helped: list[str]


def course_rows(state: Learner, facts: Mapping[str, CourseFacts]) -> list[CourseRow]:
    """A row for each open course of a learner; `facts` are as the learner's partition has them."""
    return [_row(state, course, facts.get(course.course_id)) for course in state.open_courses]


def _row(state: Learner, course: Course, facts: CourseFacts | None) -> CourseRow:
    alerts = sorted(_for_instructors(state, course), key=_worst_first)
    worst = [each for each in alerts if each.severity == alerts[0].severity]
    attention = ATTENTION[worst[0].severity] if worst else 0
    next_missing = _shown(state, course, "next_missing")
    not_passing = _shown(state, course, "not_passing")
    scores = counted_scores(course, facts)
    helped = helps(course)
    return CourseRow(
        course_id=course.course_id,
        user_id=state.user_id,
        entered_at=course.entered_at,
        last_work_day=state.streak.last_day,
        next_missing=next_missing,
        not_passing=not_passing,
        attention=attention,
        attention_since=worst[0].raised_at if worst else 0,
        attention_until=max((each.expires_at for each in worst), default=0),
        categories=sorted({each.rule for each in alerts}),
        alerts=[str(UUID(bytes=each.alert_id)) for each in alerts[:ALERTS_SHOWN]],
        contact_place=contact_place(next_missing, not_passing, attention),
        progress=course_progress(course, facts).percent,
        average_score=mean_score(scores),
        score_count=len(scores),
        scores=[each.percent for each in scores[-SCORES_SHOWN:]],
        settled=sorted(_settled(course)),
        helped_at=helped[-1].at if helped else None,
        helped=[each.kind for each in helped],
    )


def contact_place(next_missing: int | None, not_passing: int | None, attention: int) -> int:
    """The place in the contact order: lower comes first, within each of its four parts too."""
    if next_missing is not None and next_missing >= MISSING_LIKELY:
        return LIKELY_MISSING + 1_000 - next_missing
    if not_passing is not None and not_passing >= FAILING_LIKELY:
        return LIKELY_FAILING + 1_000 - not_passing
    return WITH_ALERT - attention if attention else NOTHING_OPEN


def is_for_instructors(alert: OpenAlert) -> bool:
    """Whether instructors see an open alert: their rule says so, and nothing held it back."""
    rule = RULES.get(alert.rule)
    return (
        rule is not None
        and not alert.suppressed
        and "instructor" in rule.audience_of(alert.severity)
    )


def _for_instructors(state: Learner, course: Course) -> Iterator[OpenAlert]:
    for alert in state.alerts:
        if alert.course_id == course.course_id and is_for_instructors(alert):
            yield alert


def _worst_first(alert: OpenAlert) -> tuple[int, int, bytes]:
    return -ATTENTION[alert.severity], alert.raised_at, alert.alert_id


def _shown(state: Learner, course: Course, target: Target) -> int | None:
    """What is shown of the newest prediction; of several assessments the next one counts."""
    for each in state.predictions:
        about = each.target == NUMBERS[target] and each.course_id == course.course_id
        if about and each.shown is not None:
            return each.shown.value
    return None


def _settled(course: Course) -> Iterator[int]:
    for work in course.work:
        if is_excused(course, work) or submitted(course, work) is not None:
            yield work.short
