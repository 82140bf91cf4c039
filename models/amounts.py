"""From the features of a score or a submission to what its regression rests on."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.predicting.features import NOT_LATE_OR_EARLY, SCORE, SUBMISSION
from domain.predictions import Target
from models.encoding import within
from models.intervals import Quantiles

COUNT_MAX: Final = 99
OTHER: Final = "\x00"
"""The kind and the series of what has none."""
_LATE_MAX: Final = 30
_USUAL: Final = 70.0


class Inputs(NamedTuple):
    """What the regression of one amount rests on.

    `expected` is the prior, in points of percent or in days; `values` are those of each key.
    """

    expected: float
    values: dict[str, float]


class Scale(NamedTuple):
    """How an amount is written, and what it can be, in points or days.

    A figure is a whole number of `1 / unit`. `bin_of` tells intervals apart: bins of `step` from
    `lowest_bin` to `highest_bin`. `error` and `quantiles` are those of an interval before any
    label was seen.
    """

    unit: int
    low: float
    high: float
    step: float
    lowest_bin: int
    highest_bin: int
    error: float
    quantiles: Quantiles

    def clamped(self, value: float) -> float:
        """The nearest value that is possible."""
        return min(self.high, max(self.low, value))

    def figure(self, value: float) -> int:
        """The nearest possible value, as a figure is written."""
        return math.floor(self.clamped(value) * self.unit + 0.5)

    def bin_of(self, value: float) -> int:
        """The bin of a predicted value."""
        return min(self.highest_bin, max(self.lowest_bin, math.floor(value / self.step)))


SCALES: Final[dict[Target, Scale]] = {
    "score": Scale(
        unit=10,
        low=0.0,
        high=100.0,
        step=10.0,
        lowest_bin=0,
        highest_bin=9,
        error=18.0,
        quantiles=Quantiles(2.2, 1.8),
    ),
    "submission": Scale(
        unit=10,
        low=-30.0,
        high=30.0,
        step=4.0,
        lowest_bin=-4,
        highest_bin=3,
        error=4.0,
        quantiles=Quantiles(2.2, 1.8),
    ),
}


def fits(target: Target, features: Sequence[int]) -> bool:
    """Whether these are values of all features of a score or a submission, each in its range."""
    if target == "submission":
        return within(features, _SUBMISSION_BOUNDS)
    return within(features, _SCORE_BOUNDS) and (
        features[-1] <= _LATE_MAX or features[-1] == NOT_LATE_OR_EARLY
    )


def inputs(target: Target, features: Sequence[int], series: str | None, kind: str | None) -> Inputs:
    """What the regression rests on, for features that fit."""
    if target == "score":
        return _of_score(features, series or OTHER, kind or OTHER)
    return _of_submission(features, series or OTHER, kind or OTHER)


def naive(target: Target, features: Sequence[int]) -> int:
    """What the baseline says, as a figure: the learner's own mean; the prior before there is one.

    For submissions it is the prior: the mean of the same slot.
    """
    if target == "score" and features[_COUNT]:
        return SCALES[target].figure(features[_MEAN] / 10)
    return SCALES[target].figure(features[0] / 10)


_MEAN: Final = SCORE.index("mean")
_COUNT: Final = SCORE.index("scores")
_SCORE_BOUNDS: Final = [
    {"scores": (0, COUNT_MAX), "late_days": (-_LATE_MAX, NOT_LATE_OR_EARLY)}.get(
        name, (-1000, 1000)
    )
    for name in SCORE
]
_SUBMISSION_BOUNDS: Final = [
    (0, COUNT_MAX) if name == "submissions" else (-10 * _LATE_MAX, 10 * _LATE_MAX)
    for name in SUBMISSION
]


def _of_score(features: Sequence[int], series: str, kind: str) -> Inputs:
    expected, residual, recent, own, others, last, _, mean = [
        value / 10 for value in features[:_COUNT]
    ]
    count, late = features[_COUNT:]
    days = 0 if late == NOT_LATE_OR_EARLY else max(-7, min(7, late))
    values = {
        "bias": 1.0,
        "residual": residual / 5,
        "residual_recent": recent / 5,
        "residual_of_kind": own / 5,
        "residual_of_others": others / 5,
        "residual_last": last / 10,
        "new": float(count == 0),
        "late": days / 5,
        f"expected of {kind}": (expected - _USUAL) / 10,
        f"expected of {series} {kind}": (expected - _USUAL) / 10,
        f"residual of {series} {kind}": residual / 5,
        f"residual_of_kind of {series} {kind}": own / 5,
        f"kind {kind}": 1.0,
        f"series {series}": 1.0,
        f"{series} {kind}": 1.0,
        f"late {_late_bin(late)}": 1.0,
        f"{kind} late {_late_day(late)}": 1.0,
        f"scores {min(count, 6)}": 1.0,
        f"residual {_step(residual, 4)}": 1.0,
        f"residual_of_kind {_step(own, 4)}": 1.0,
        f"residual_last {_step(last, 6)}": 1.0,
        f"expected {_step(expected, 10)} mean {_step(mean, 10) if count else -1}": 1.0,
    }
    return Inputs(expected, values)


def _late_bin(late: int) -> int:
    return late if late == NOT_LATE_OR_EARLY else max(-3, min(5, late // 2))


def _late_day(late: int) -> int:
    return late if late == NOT_LATE_OR_EARLY else max(-5, min(8, late))


def _step(value: float, width: int) -> int:
    """The bin of a difference, cut towards nothing."""
    return int(value / width)


def _of_submission(features: Sequence[int], series: str, kind: str) -> Inputs:
    expected, recent, last, mean = [value / 10 for value in features[:-1]]
    count = features[-1]
    values = {
        "bias": 1.0,
        "recent": recent / 3,
        "last": last / 3,
        "mean": mean / 3,
        f"expected of {kind}": expected / 3,
        f"expected of {series} {kind}": expected / 3,
        f"recent of {kind}": recent / 3,
        f"mean of {kind}": mean / 3,
        f"series {series}": 1.0,
        f"kind {kind}": 1.0,
        f"{series} {kind}": 1.0,
        f"submissions {min(count, 6)}": 1.0,
        f"expected {_step(expected, 2)}": 1.0,
        f"last {_step(last, 3)}": 1.0,
        f"recent {_step(recent, 2)} {kind}": 1.0,
    }
    return Inputs(expected, values)
