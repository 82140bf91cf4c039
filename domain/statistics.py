"""The little statistics that the metrics need, in closed form or by a continued fraction.

Sources: DLMF 8.17 (incomplete beta function), 8.11 (incomplete gamma function); Miller (1955) for
the bias of entropy. A unit test holds every function to scipy.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.exact import exceeds, reaches

Shown: TypeAlias = Literal["improving", "declining", "stable", "unclear"]

SHOWN_LEVEL: Final = 0.95
"""The level of the interval of a slope that is shown."""
DECIDING_LEVEL: Final = 0.8
"""The level of the interval that decides what is said of the slope."""
_TINY: Final = 1e-300
_PRECISION: Final = 1e-12
_ROUNDS_MAX: Final = 500
_HALVINGS: Final = 60
QUANTILES_MAX: Final = 4_096
"""So many quantiles of each distribution are remembered: a learner who is asked for again mostly
has the counts of the last time, and one quantile costs as much as the reading of all rows."""
_LINE_MIN: Final = 3


class Line(NamedTuple):
    """A least-squares line over x = 0, 1, ..., n - 1."""

    n: int
    intercept: float
    slope: float
    residual_deviation: float  # sqrt(SSE / (n - 2))

    @property
    def slope_error(self) -> float:
        """The standard error of the slope."""
        return self.residual_deviation / math.sqrt(spread_of_indices(self.n))

    def slope_interval(self, level: float) -> tuple[float, float]:
        """The interval that holds the true slope with probability `level`."""
        half = t_quantile((1 + level) / 2, self.n - 2) * self.slope_error
        return self.slope - half, self.slope + half


def spread_of_indices(n: int) -> float:
    """The sum of squared distances of 0 .. n - 1 from their mean."""
    return n * (n * n - 1) / 12


def fit_line(values: Sequence[float]) -> Line:
    """Ordinary least squares over the order of the values; three or more of them."""
    n = len(values)
    assert n >= _LINE_MIN, "a line with a spread needs three values"
    middle = (n - 1) / 2
    mean = math.fsum(values) / n
    slope = math.fsum((i - middle) * v for i, v in enumerate(values)) / spread_of_indices(n)
    intercept = mean - slope * middle
    squares = math.fsum((v - intercept - slope * i) ** 2 for i, v in enumerate(values))
    scale = max(1.0, *(abs(v) for v in values))
    deviation = math.sqrt(squares / (n - 2))
    return Line(n, intercept, slope, 0.0 if deviation < scale * _PRECISION else deviation)


def direction(low: float, high: float, stable_within: float) -> Shown:
    """What an interval of a slope proves: a direction where it lies beside 0, or that little moves.

    A bound of 0 proves no direction; without any proof it is `unclear`.
    """
    if exceeds(low, 0):
        return "improving"
    if exceeds(0, high):
        return "declining"
    if reaches(low, -stable_within) and reaches(stable_within, high):
        return "stable"
    return "unclear"


def deviation(values: Sequence[float]) -> float:
    """The sample's standard deviation (n - 1); 0 under two values."""
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one value has no spread
        return 0.0
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))


def quantile(values: Sequence[float], share: float) -> float:
    """The empirical quantile, linear between order statistics (type 7 of Hyndman and Fan)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def normal_share(value: float) -> float:
    """The probability that a standard normal variable is under `value` (DLMF 7.2.2)."""
    return math.erfc(-value / math.sqrt(2)) / 2


@lru_cache(maxsize=QUANTILES_MAX)
def normal_quantile(probability: float) -> float:
    """The quantile of a standard normal variable."""
    return NormalDist().inv_cdf(probability)


@lru_cache(maxsize=QUANTILES_MAX)
def t_quantile(probability: float, degrees: int) -> float:
    """Student's t: by the incomplete beta function, t^2 = v (1 - x) / x (DLMF 8.17, Student)."""
    if probability < 0.5:  # noqa: PLR2004 - the distribution is symmetric
        return -t_quantile(1 - probability, degrees)
    tail = 2 * (1 - probability)
    x = _invert(lambda at: beta_share(at, degrees / 2, 0.5), tail)
    return math.sqrt(degrees * (1 - x) / x)


def t_share(value: float, degrees: int) -> float:
    """The probability that a variable of Student's t is under `value` (DLMF 8.17, Student)."""
    tail = beta_share(degrees / (degrees + value * value), degrees / 2, 0.5) / 2
    return 1 - tail if value > 0 else tail


def beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), DLMF 8.17.22 by Lentz's method."""
    if x <= 0:
        return 0.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(1 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x)
    front += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) * _beta_fraction(x, a, b) / a


@lru_cache(maxsize=QUANTILES_MAX)
def beta_quantile(share: float, a: float, b: float) -> float:
    """The x at which I_x(a, b) is `share`."""
    return _invert(lambda x: beta_share(x, a, b), share)


def gamma_share(x: float, shape: float) -> float:
    """The regularised lower incomplete gamma function P(shape, x), by DLMF 8.11.4."""
    if x <= 0:
        return 0.0
    term = total = 1.0
    step = shape
    while term > total * _PRECISION:
        step += 1
        term *= x / step
        total += term
    return min(1.0, total * math.exp(shape * math.log(x) - x - math.lgamma(shape + 1)))


@lru_cache(maxsize=QUANTILES_MAX)
def gamma_quantile(share: float, shape: float) -> float:
    """The quantile of a Gamma variable of that shape and scale 1."""
    odds = _invert(lambda u: gamma_share(u / (1 - u), shape), share)
    return odds / (1 - odds)


def concentration(counts: Sequence[float]) -> float:
    """1 - H / ln k of counts in k cells, H with Miller's correction (m - 1) / 2N; 0 is even."""
    total = math.fsum(counts)
    seen = [count / total for count in counts if count > 0]
    entropy = -math.fsum(share * math.log(share) for share in seen)
    entropy += (len(seen) - 1) / (2 * total)
    return max(0.0, 1 - entropy / math.log(len(counts)))


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _ROUNDS_MAX):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _away_from_zero(1 + even * d)
        c = _away_from_zero(1 + even / c)
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _away_from_zero(1 + odd * d)
        c = _away_from_zero(1 + odd / c)
        result *= d * c
        if abs(d * c - 1) < _PRECISION:
            break
    return result


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _invert(rising: Callable[[float], float], share: float) -> float:
    """The x in 0..1 at which a rising function comes to `share`, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if rising(middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
