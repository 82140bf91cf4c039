"""How the newest scores go: one slope for all kinds of assessment, each kind from its own level.

A quiz and an exam are not alike in difficulty, so a score is compared only with others of its kind
in its course: the slope is the common one of an analysis of covariance whose groups are the kinds
of each course (Cochran and Cox, Experimental Designs, 1957, chapter 3). Once a model knows what
every one of the assessments expects, that is subtracted instead, and all of them are one group.
"""

import math
from collections.abc import Hashable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.exact import EPSILON
from domain.scores import Scored, residuals
from domain.statistics import (
    DECIDING_LEVEL,
    SHOWN_LEVEL,
    Shown,
    direction,
    t_quantile,
    t_share,
)

SCORES_MAX: Final = 8
SCORES_MIN: Final = 3
STABLE_WITHIN: Final = 2.0  # points per assessment
_EVEN: Final = 0.5

ScoreDirection: TypeAlias = Shown | Literal["insufficient_data"]


class KindsLine(NamedTuple):
    """The least-squares slope that is common to all kinds, in points per assessment.

    `deviation` is that of the residuals, sqrt(SSE / `degrees`); `spread` the sum of squared
    distances of the scores' places in the row from their own kind's mean place.
    """

    n: int
    slope: float
    deviation: float
    degrees: int
    spread: float

    @property
    def slope_error(self) -> float:
        """The standard error of the slope."""
        return self.deviation / math.sqrt(self.spread)

    @property
    def probability(self) -> float:
        """The probability that the scores rise, by Student's t; without any residual 0, .5 or 1."""
        if not self.deviation:
            flat = abs(self.slope) <= EPSILON
            return _EVEN if flat else float(self.slope > 0)
        return t_share(self.slope / self.slope_error, self.degrees)

    def slope_interval(self, level: float) -> tuple[float, float]:
        """The interval that holds the true slope with probability `level`."""
        half = t_quantile((1 + level) / 2, self.degrees) * self.slope_error
        return self.slope - half, self.slope + half


class ScoreTrend(NamedTuple):
    """What can be said of the newest scores; figures are None where scores are missing."""

    direction: ScoreDirection
    slope: float | None
    low: float | None
    high: float | None
    probability: float | None
    n: int
    needed: int
    deviation: float | None


def fit_scores(scores: Sequence[Scored]) -> ScoreTrend:
    """The trend of the last 8 of `scores`; `n` counts those that have another one of their kind.

    The interval shown is the 95 % one; the 80 % interval decides: beside 0 it proves a direction,
    within +-2 points it proves that nothing changes, and else it is unclear.
    """
    newest = scores[-SCORES_MAX:]
    line = fit_kinds(newest)
    if line is None:
        n = sum(len(group) for group in comparable(newest))
        return ScoreTrend("insufficient_data", None, None, None, None, n, SCORES_MIN, None)
    low, high = line.slope_interval(SHOWN_LEVEL)
    return ScoreTrend(
        direction=direction(*line.slope_interval(DECIDING_LEVEL), STABLE_WITHIN),
        slope=line.slope,
        low=low,
        high=high,
        probability=line.probability,
        n=line.n,
        needed=SCORES_MIN,
        deviation=line.deviation,
    )


def fit_kinds(scores: Sequence[Scored]) -> KindsLine | None:
    """The common slope over the scores' places in the row; None where under 3 take part.

    Groups of one score say nothing of a slope and take no part. The degrees of freedom are scores
    less groups less one, which is one or more as every group has two scores or more.
    """
    groups = comparable(scores)
    n = sum(len(group) for group in groups)
    if n < SCORES_MIN:
        return None
    centred = [point for group in groups for point in _centred(group)]
    spread = math.fsum(x * x for x, _ in centred)
    slope = math.fsum(x * y for x, y in centred) / spread
    squares = math.fsum((y - slope * x) ** 2 for x, y in centred)
    degrees = n - len(groups) - 1
    deviation = math.sqrt(squares / degrees)
    return KindsLine(n, slope, 0.0 if deviation < EPSILON else deviation, degrees, spread)


def comparable(scores: Sequence[Scored]) -> list[list[tuple[int, float]]]:
    """(place in the row, points) of the scores that have another one to be compared with."""
    known = all(score.expected is not None for score in scores)
    groups: dict[Hashable, list[tuple[int, float]]] = {}
    for place, (score, value) in enumerate(zip(scores, residuals(scores), strict=True)):
        kind = None if known else (score.course_id, score.kind)
        groups.setdefault(kind, []).append((place, value))
    return [group for group in groups.values() if len(group) > 1]


def _centred(group: list[tuple[int, float]]) -> list[tuple[float, float]]:
    middle = math.fsum(x for x, _ in group) / len(group)
    mean = math.fsum(y for _, y in group) / len(group)
    return [(x - middle, y - mean) for x, y in group]
