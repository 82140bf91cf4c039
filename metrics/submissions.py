"""When the next assessments will be submitted: from the learner's own habit, an honest baseline."""

import math
from typing import Final

from domain.exact import rounded
from domain.statistics import deviation, t_quantile
from metrics.assessments import Due, dues, open_dues
from metrics.figures import instant, needs
from metrics.shapes import Est, Model
from metrics.shapes_predictions import Submission
from metrics.view import View

NAME: Final = "baseline.own_lateness"
VERSION: Final = "1"
LEVEL: Final = 0.9
EXAMPLES_MIN: Final = 3
EXAMPLES_MAX: Final = 8
SPREAD_MIN: Final = 0.25  # days; a steady habit is still no certainty
SUBMISSIONS_MAX: Final = 10
_DAY: Final = 86_400


def submissions(view: View, horizon: int) -> list[Submission]:
    """One for each assessment that is due within the horizon and not submitted."""
    last = view.today + horizon
    ahead = [due for due in open_dues(view) if view.day_of(due.due_at) <= last]
    past = sorted((d for d in dues(view) if d.submitted_at is not None), key=_submitted)
    past = past[-EXAMPLES_MAX:]
    estimate = _estimate([_lateness(view, due) for due in past])
    status = needs(("examples", len(past), EXAMPLES_MIN))
    model = None
    if estimate is not None:
        model = Model(name=NAME, version=VERSION, learned_until=instant(_submitted(past[-1])))
    return [
        Submission(
            status=status.status,
            missing=status.missing,
            course_id=due.course.course_id,
            assessment_id=due.fact.id,
            due_at=instant(due.due_at),
            days_from_due=estimate,
            model=model,
        )
        for due in ahead[:SUBMISSIONS_MAX]
    ]


def _submitted(due: Due) -> int:
    return due.submitted_at or 0


def _lateness(view: View, due: Due) -> float:
    """Days after the due time; whole local days where the hour is not known."""
    if due.submission is not None and not due.timed:
        return float(due.submission.day - view.day_of(due.due_at))
    return (_submitted(due) - due.due_at) / _DAY


def _estimate(days: list[float]) -> Est | None:
    """The mean of the last habits, with the prediction interval of a normal sample."""
    n = len(days)
    if n < EXAMPLES_MIN:
        return None
    mean = math.fsum(days) / n
    half = t_quantile((1 + LEVEL) / 2, n - 1) * max(deviation(days), SPREAD_MIN)
    half *= math.sqrt(1 + 1 / n)
    return Est(
        value=rounded(mean, 1),
        low=rounded(mean - half, 1),
        high=rounded(mean + half, 1),
        level=LEVEL,
    )
