"""How the newest scores go, once the difficulty of each assessment is taken out.

Where a model knows what three or more of the assessments expect, a score less what is expected is
the learner's level with noise, and the level wanders: the local level model (Harvey, Forecasting,
Structural Time Series Models and the Kalman Filter, 1989, section 2.3). Its variances were fitted
by maximum likelihood on OULAD.

Until then a score is compared only with others of its kind in its course, since a quiz and an exam
are not alike in difficulty: the slope is the common one of an analysis of covariance whose groups
are the kinds of each course (Cochran and Cox, Experimental Designs, 1957, chapter 3).
"""

import math
from collections.abc import Hashable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.exact import EPSILON, reaches
from domain.keepers.scores import Scored
from domain.statistics import (
    DECIDING_LEVEL,
    SHOWN_LEVEL,
    Shown,
    direction,
    normal_quantile,
    normal_share,
    t_quantile,
    t_share,
)

SCORES_MAX: Final = 8
SCORES_MIN: Final = 3
LEVEL_SCORES_MIN: Final = 2
"""So few say where the level is, but not yet how it goes."""
STABLE_WITHIN: Final = 2.0  # points per assessment, where kinds are compared
LEVEL_STEP_VARIANCE: Final = 10.0
"""By how much the level wanders from one score to the next, in points squared."""
LEVEL_NOISE_VARIANCE: Final = 160.0
"""How far one score lies from the level, in points squared."""
LEVEL_START_VARIANCE: Final = 120.0
"""How far levels lie from what is expected, before any score is seen, in points squared."""
IMPROVING_FROM: Final = 0.7  # probability that the level rose
DECLINING_TO: Final = 0.3
STABLE_POINTS: Final = 8.0
STABLE_FROM: Final = 0.7  # probability that the level changed by no more than that
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


class ScoreLevel(NamedTuple):
    """The learner's level against what assessments expect, in points, and how it went.

    `now` is its mean after the newest of `n` scores, `change` the mean of how much it rose since
    the first of them; each with its standard deviation.
    """

    n: int
    now: float
    deviation: float
    change: float
    change_deviation: float

    @property
    def rose(self) -> float:
        """The probability that the level is higher than it was at the first score."""
        return normal_share(self.change / self.change_deviation)

    @property
    def fell(self) -> float:
        """The probability that it is lower."""
        return normal_share(-self.change / self.change_deviation)

    @property
    def direction(self) -> Shown:
        """What is said of the change: it rose, it fell, it hardly moved, or none of these."""
        if reaches(self.rose, IMPROVING_FROM):
            return "improving"
        if reaches(DECLINING_TO, self.rose):
            return "declining"
        return "stable" if reaches(self._within(STABLE_POINTS), STABLE_FROM) else "unclear"

    def change_interval(self, level: float) -> tuple[float, float]:
        """The interval that holds the change with probability `level`."""
        half = normal_quantile((1 + level) / 2) * self.change_deviation
        return self.change - half, self.change + half

    def _within(self, points: float) -> float:
        """The probability that the level changed by no more than `points`."""
        above = normal_share((points - self.change) / self.change_deviation)
        return above - normal_share((-points - self.change) / self.change_deviation)


class ScoreTrend(NamedTuple):
    """What can be said of the newest scores; figures are None where scores are missing.

    `slope` is in points per assessment, with its 95 % interval; `level` is None where too few
    assessments are known to a model.
    """

    direction: ScoreDirection
    slope: float | None
    low: float | None
    high: float | None
    probability: float | None
    n: int
    needed: int
    level: ScoreLevel | None = None


def fit_scores(scores: Sequence[Scored]) -> ScoreTrend:
    """The trend of the last 8 of `scores`: by the level where it is known, else by their kinds.

    By the level, `slope` is its change over the window, per assessment, and `n` counts the scores
    whose expectation is known. By kinds, `n` counts the scores that have another one of their kind,
    and the 80 % interval of the slope decides: beside 0 it proves a direction, within +-2 points it
    proves that nothing changes, and else it is unclear.
    """
    level = fit_level(scores)
    if level is not None:
        steps = level.n - 1
        low, high = level.change_interval(SHOWN_LEVEL)
        return ScoreTrend(
            direction=level.direction,
            slope=level.change / steps,
            low=low / steps,
            high=high / steps,
            probability=level.rose,
            n=level.n,
            needed=SCORES_MIN,
            level=level,
        )
    newest = scores[-SCORES_MAX:]
    line = fit_kinds(newest)
    if line is None:
        n = sum(len(group) for group in comparable(newest))
        return ScoreTrend("insufficient_data", None, None, None, None, n, SCORES_MIN)
    low, high = line.slope_interval(SHOWN_LEVEL)
    return ScoreTrend(
        direction=direction(*line.slope_interval(DECIDING_LEVEL), STABLE_WITHIN),
        slope=line.slope,
        low=low,
        high=high,
        probability=line.probability,
        n=line.n,
        needed=SCORES_MIN,
    )


def fit_level(scores: Sequence[Scored]) -> ScoreLevel | None:
    """The level by the last 8 of `scores`; None where under 3 of them have an expectation."""
    newest = scores[-SCORES_MAX:]
    residuals = [score.percent - score.expected for score in newest if score.expected is not None]
    n = len(residuals)
    if n < SCORES_MIN:
        return None
    window = _WINDOWS[n]
    return ScoreLevel(
        n=n,
        now=_dot(window.now, residuals),
        deviation=window.deviation,
        change=_dot(window.change, residuals),
        change_deviation=window.change_deviation,
    )


def level_now(scores: Sequence[Scored]) -> float | None:
    """The level now by the last 8 of `scores`, in points; None under 2 with an expectation."""
    newest = scores[-SCORES_MAX:]
    residuals = [score.percent - score.expected for score in newest if score.expected is not None]
    if len(residuals) < LEVEL_SCORES_MIN:
        return None
    return _dot(_WINDOWS[len(residuals)].now, residuals)


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
    for place, score in enumerate(scores):
        kind = None if known else (score.course_id, score.kind)
        value = score.residual if known else score.percent
        groups.setdefault(kind, []).append((place, value))
    return [group for group in groups.values() if len(group) > 1]


def _centred(group: list[tuple[int, float]]) -> list[tuple[float, float]]:
    middle = math.fsum(x for x, _ in group) / len(group)
    mean = math.fsum(y for _, y in group) / len(group)
    return [(x - middle, y - mean) for x, y in group]


class _Window(NamedTuple):
    """What the level model makes of so many residuals: their weights, and what is left open."""

    now: tuple[float, ...]
    deviation: float
    change: tuple[float, ...]
    change_deviation: float


def _window(n: int) -> _Window:
    """The Kalman filter of `n` scores, with the level at the first of them kept in the state.

    Keeping it is fixed-point smoothing (Anderson and Moore, Optimal Filtering, 1979, section 7.2).
    Gains depend on no score, so the means are weighted sums of the residuals: `first` and `now`
    hold the weights, and the three variances are those of the first level, of both, and of the
    newest one.
    """
    first, now = [0.0] * n, [0.0] * n
    first_variance = shared = variance = LEVEL_START_VARIANCE
    for place in range(n):
        if place:
            variance += LEVEL_STEP_VARIANCE
        total = variance + LEVEL_NOISE_VARIANCE
        gain, first_gain = variance / total, shared / total
        surprise = [-weight for weight in now]
        surprise[place] += 1.0
        now = [weight + gain * s for weight, s in zip(now, surprise, strict=True)]
        first = [weight + first_gain * s for weight, s in zip(first, surprise, strict=True)]
        first_variance -= first_gain * shared
        shared *= 1 - gain
        variance *= 1 - gain
    return _Window(
        now=tuple(now),
        deviation=math.sqrt(variance),
        change=tuple(a - b for a, b in zip(now, first, strict=True)),
        change_deviation=math.sqrt(first_variance + variance - 2 * shared),
    )


_WINDOWS: Final = {n: _window(n) for n in range(LEVEL_SCORES_MIN, SCORES_MAX + 1)}


def _dot(weights: Sequence[float], values: Sequence[float]) -> float:
    return math.fsum(weight * value for weight, value in zip(weights, values, strict=True))
