"""What rules need of a model's word: the prediction they go by, and how it is reported."""

from collections.abc import Iterator
from typing import Final

from domain.alerts import Contribution, Evidence, Resolution, Spoken
from domain.predictions import NUMBERS, TARGETS, Figure, Prediction, Target
from domain.state.course import Course
from domain.state.learner import Learner
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


def how_it_ended(course: Course | None) -> Resolution:
    """Why what was open about a course is over: the course is, or the model says otherwise."""
    if course is None:
        return "corrected"
    if course.unenrolled_at:
        return "unenrolled"
    return "course_finished" if course.finished_at else "cleared"
