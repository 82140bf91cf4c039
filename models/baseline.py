"""Honest baselines, named so: the learner's own mean and spread, by river's statistics."""

import math
from collections.abc import Sequence
from typing import Final

from river import stats

from domain.exact import rounded
from domain.state import ScorePrediction
from domain.statistics import t_quantile

NAME: Final = "baseline.own_mean"
VERSION: Final = "2"
SCORES_MIN: Final = 3
LEVEL: Final = 0.9
_SPREAD_MIN: Final = 1.0
_PERCENT_MAX: Final = 100.0


class Baseline:
    """A scorer that knows nothing of assessments, and of a learner only the own scores."""

    def expected(self, course_id: str, assessment: int) -> float | None:
        """Nothing is known of any assessment, so nothing is subtracted from a score."""
        del course_id, assessment
        return None

    def next_score(self, percents: Sequence[float], at: int) -> ScorePrediction | None:
        """The mean of the learner's scores, with mean +- t s sqrt(1 + 1/n) as 90 % interval.

        The interval is the prediction interval of a normal sample, by Student's t with n - 1
        degrees of freedom; how often it covers is counted. None under three scores.
        """
        n = len(percents)
        if n < SCORES_MIN:
            return None
        spread = stats.Var()
        for percent in percents:
            spread.update(percent)
        mean = spread.mean.get()
        width = t_quantile((1 + LEVEL) / 2, n - 1) * max(math.sqrt(spread.get()), _SPREAD_MIN)
        width *= math.sqrt(1 + 1 / n)
        return ScorePrediction(
            value=rounded(mean, 6),
            low=rounded(max(mean - width, 0.0), 6),
            high=rounded(min(mean + width, _PERCENT_MAX), 6),
            naive=percents[-1],
            made_at=at,
            examples=n,
        )
