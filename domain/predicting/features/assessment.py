"""The features of one assessment: what its score, and the day of its submission, rest on.

Values as `domain.predicting.features.SCORE` and `SUBMISSION` say.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.course_facts import DAY
from domain.keepers.coursework import Assigned, submitted
from domain.keepers.scores import Scored
from domain.keepers.standing import Lateness
from domain.predicting.features import NOT_LATE_OR_EARLY
from domain.scoring import Scorer, Slot
from domain.state.course import Course

LATE_MAX: Final = 30
_COUNT_MAX: Final = 99
_SHRINK: Final = 1.2
_KIND_SHRINK: Final = 1.5
_DAYS_SHRINK: Final = 2
_RECENT_RESIDUAL: Final = 0.35
_RECENT_PERCENT: Final = 0.3
_RECENT_DAYS: Final = 0.35
_TENTHS: Final = 10


def score_features(
    course: Course, each: Assigned, slot: Slot, scores: Sequence[Scored], scorer: Scorer
) -> list[int]:
    """What the score of one assessment rests on; `scores` are the learner's, in order of time.

    Residuals are taken of the scores whose expectation was known when they came.
    """
    prior = scorer.score_prior(slot)
    known = [score for score in scores if score.expected is not None]
    alike = [s for s in known if (s.course_id, s.kind) == (slot.course_id, slot.kind)]
    others = [s for s in known if (s.course_id, s.kind) != (slot.course_id, slot.kind)]
    percents = [score.percent for score in scores]
    return [
        _tenths(prior),
        _tenths(_shrunk(known, _SHRINK)),
        _tenths(_recent((s.residual for s in known), _RECENT_RESIDUAL, 0.0)),
        _tenths(_shrunk(alike, _KIND_SHRINK)),
        _tenths(_shrunk(others, _KIND_SHRINK)),
        _tenths(known[-1].residual if known else 0.0),
        _tenths(_recent(percents, _RECENT_PERCENT, percents[0] if percents else prior)),
        _tenths(sum(percents) / len(percents) if percents else prior),
        min(len(scores), _COUNT_MAX),
        _late_days(course, each),
    ]


def submission_features(slot: Slot, earlier: Iterable[Lateness], scorer: Scorer) -> list[int]:
    """What the time of a submission rests on; `earlier` are the learner's, in order of time."""
    days = [clipped((each.at - each.due_at) / DAY) for each in earlier]
    return [
        _tenths(clipped(scorer.submission_prior(slot))),
        _tenths(_recent(days, _RECENT_DAYS, days[0] if days else 0.0)),
        _tenths(days[-1] if days else 0.0),
        _tenths(sum(days) / (len(days) + _DAYS_SHRINK)),
        min(len(days), _COUNT_MAX),
    ]


def clipped(days: float) -> float:
    """Days from the due time, within 30 either way."""
    return max(-LATE_MAX, min(LATE_MAX, days))


def _late_days(course: Course, each: Assigned) -> int:
    first = submitted(course, each.work)
    if first is None or each.due_at is None:
        return NOT_LATE_OR_EARLY
    return int(clipped((first.at - each.due_at) // DAY))


def _shrunk(scores: Sequence[Scored], strength: float) -> float:
    return sum(score.residual for score in scores) / (len(scores) + strength)


def _recent(values: Iterable[float], weight: float, start: float) -> float:
    """The exponentially weighted mean, newest last."""
    mean = start
    for value in values:
        mean += weight * (value - mean)
    return mean


def _tenths(value: float) -> int:
    return round(_TENTHS * value)
