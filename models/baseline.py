"""Honest baselines, named so: the learner's own mean and spread, by river's statistics."""

import math
from collections.abc import Sequence
from typing import Final

from river import stats

from domain.state import ScorePrediction

NAME: Final = "baseline.own_mean"
VERSION: Final = "1"
SCORES_MIN: Final = 3
LEVEL: Final = 0.9
_NORMAL_95: Final = 1.6448536269514722
_SPREAD_MIN: Final = 1.0
_PERCENT_MAX: Final = 100.0


class Baseline:
    """A scorer that knows nothing of assessments, and of a learner only the own scores."""

    def expected(self, course_id: str, assessment: int) -> float | None:
        """Nothing is known of any assessment, so nothing is subtracted from a score."""
        del course_id, assessment
        return None

    def next_score(self, percents: Sequence[float], at: int) -> ScorePrediction | None:
        """The mean of the learner's scores, with mean +- z s sqrt(1 + 1/n) as 90 % interval.

        The interval is the usual prediction interval of a normal sample with the normal quantile;
        how often it covers is counted. None under three scores.
        """
        if len(percents) < SCORES_MIN:
            return None
        spread = stats.Var()
        for percent in percents:
            spread.update(percent)
        mean = spread.mean.get()
        width = _NORMAL_95 * max(math.sqrt(spread.get()), _SPREAD_MIN)
        width *= math.sqrt(1 + 1 / len(percents))
        return ScorePrediction(
            value=round(mean, 6),
            low=round(max(mean - width, 0.0), 6),
            high=round(min(mean + width, _PERCENT_MAX), 6),
            naive=percents[-1],
            made_at=at,
            examples=len(percents),
        )
