"""What rules share: a model's word and how it is reported, and how what they said ended."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from domain.alerts import Contribution, Evidence, Finding, Resolution, Spoken
from domain.changes import Change, DeadlinesChanged
from domain.ids import short_id
from domain.keepers.courses import find_course
from domain.keepers.coursework import find_work, submitted
from domain.predictions import NUMBERS, TARGETS, Figure, Prediction, Target
from domain.state.course import Course
from domain.state.learner import Learner, OpenAlert
from domain.step import Step

_THOUSAND: Final = 1000
_MILLION: Final = 1_000_000


def predicted(state: Learner, target: Target) -> Iterator[tuple[Prediction, Figure]]:
    """The newest predictions of a target, each with what is shown of it."""
    number = NUMBERS[target]
    for each in state.predictions:
        if each.target == number and each.shown is not None:
            yield each, each.shown


def probability(shown: Figure) -> float:
    """A probability, 0 to 1, as it is shown."""
    return shown.value / _THOUSAND


def spoken(made: Prediction, shown: Figure, step: Step) -> Spoken:
    """What the model said, and why."""
    target = TARGETS[made.target]
    found = step.scorer.contributions(target, made.features)
    each = [
        Contribution(name, value, log_odds / _MILLION)
        for (name, log_odds), value in zip(found, made.features, strict=True)
        if log_odds
    ]
    return Spoken(
        name=target,
        version=str(made.model),
        probability=probability(shown),
        contributions=tuple(sorted(each, key=lambda c: (-abs(c.log_odds), c.feature))),
    )


def risk_evidence(feature: str, shown: Figure, threshold: float) -> Evidence:
    """The probability beside its bar and what is usual, as percent."""
    naive = shown.naive
    return Evidence(
        feature=feature,
        value=round(100 * probability(shown), 1),
        baseline=None if naive is None else round(100 * naive / _THOUSAND, 1),
        threshold=round(100 * threshold, 1),
        unit="percent",
        direction="up",
    )


def how_work_ended(state: Learner, alert: OpenAlert) -> Resolution:
    """Why what was open about heavy work is over: submitted, the course is over, or not asked."""
    course = find_course(state, alert.course_id or "")
    if course is None:
        return "corrected"
    if not course.is_open:
        return how_it_ended(course)
    work = find_work(course, short_id(alert.subject or ""))
    return "cleared" if submitted(course, work) is not None else "corrected"


def how_silence_ended(state: Learner, alert: OpenAlert, change: Change, at: int) -> Resolution:
    """Why what was open about silence is over: by the learner at `at`, or it was never so."""
    course = find_course(state, alert.course_id or "")
    if course is None or not course.is_open:
        return how_it_ended(course)
    moved = isinstance(change, DeadlinesChanged)
    return "corrected" if moved or at < alert.raised_at else "cleared"


def same_silence(state: Learner, finding: Finding, now: int) -> Finding:
    """The finding as what is open about silence in its course, where anything is.

    Late events move the last work; as long as the silence still lasts it is the same alert, and a
    late upload of a hundred events does not raise a hundred.
    """
    for alert in state.alerts:
        about_it = alert.rule == finding.rule.category and alert.course_id == finding.course_id
        if about_it and alert.expires_at > now:
            return replace(finding, continues=alert.alert_id, at=alert.raised_at)
    return finding


def silent_for(feature: str, days: int) -> tuple[Evidence, ...]:
    """What an alert about silence goes by: so many days, which are its bar."""
    return (Evidence(feature=feature, value=days, threshold=days, unit="days", direction="up"),)


def how_it_ended(course: Course | None) -> Resolution:
    """Why what was open about a course is over: the course is, or the model says otherwise."""
    if course is None:
        return "corrected"
    if course.unenrolled_at:
        return "unenrolled"
    return "course_finished" if course.finished_at else "cleared"
