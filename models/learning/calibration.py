"""Calibration, learned one example at a time: Platt scaling, then a rising curve."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from msgspec import Struct, field

from models.curve import Curve, unbend
from models.learning.isotonic import Isotonic
from models.learning.meters import inside
from models.serving import share

PUBLISHED_MAX: Final = 400
CURVES_MAX: Final = 200
_SLOPE_MIN: Final = 0.1
_MOVED: Final = 0.001
_BENT: Final = 2_000
"""Millionths: so far a knot moves before the curve is another one to remember."""


class Published(Struct, array_like=True):
    """Offset and slope as they were in the snapshots from this number on."""

    number: int
    offset: float
    slope: float


class Bent(Struct, array_like=True):
    """The curve as it was, nearly, in the snapshots from this number on."""

    number: int
    curve: Curve


class Behind(NamedTuple):
    """What is behind a shown probability: the model's logit, and the probability by Platt."""

    logit: float
    scaled: float


class Calibration(Struct):
    """Offset and slope, with AdaGrad's sums of squared gradients, the curve; what was published.

    Platt, Probabilistic outputs for support vector machines, 1999; here by AdaGrad:
    `sigmoid(offset + slope * logit)`, which the curve then bends. Both learn from what was shown,
    not from what the model says now: that has learned in the meantime what others did in the same
    week, so it looks better calibrated than what anybody was shown.
    """

    offset: float = 0.0
    slope: float = 1.0
    offset_squares: float = 1.0
    slope_squares: float = 1.0
    published: list[Published] = field(default_factory=lambda: [Published(0, 0.0, 1.0)])
    isotonic: Isotonic = field(default_factory=Isotonic)
    bent: list[Bent] = field(default_factory=lambda: [Bent(0, Isotonic().curve())])

    def learn(self, logit: float, label: int, *, says: float, step: float) -> None:
        """Move towards a label of 0 or 1, by this step; `says` is how much the label counts."""
        error = says * (share(self.offset + self.slope * logit) - label)
        self.offset_squares += error**2
        self.slope_squares += (error * logit) ** 2
        self.offset -= step * error / math.sqrt(self.offset_squares)
        slope = self.slope - step * error * logit / math.sqrt(self.slope_squares)
        self.slope = max(_SLOPE_MIN, slope)

    def publish(self, number: int) -> Curve:
        """The curve for the snapshot of this number; what differs from before is remembered."""
        newest, curve = self.published[-1], self.isotonic.curve()
        moved = max(abs(newest.offset - self.offset), abs(newest.slope - self.slope))
        if moved >= _MOVED:
            self.published.append(Published(number, self.offset, self.slope))
            del self.published[:-PUBLISHED_MAX]
        if _distance(self.bent[-1].curve, curve) >= _BENT:
            self.bent.append(Bent(number, curve))
            del self.bent[:-CURVES_MAX]
        return curve

    def behind(self, shown: int, number: int) -> Behind | None:
        """What is behind the thousandths that the snapshot of this number has shown.

        None where it is so old that it is not known any more.
        """
        platt, bent = _newest(self.published, number), _newest(self.bent, number)
        if platt is None or bent is None:
            return None
        scaled = unbend(bent.curve, inside(shown))
        return Behind((math.log(scaled / (1 - scaled)) - platt.offset) / platt.slope, scaled)


class _Numbered(Protocol):
    @property
    def number(self) -> int: ...


N = TypeVar("N", bound=_Numbered)


def _newest(known: Sequence[N], number: int) -> N | None:
    """The newest that is not newer than the snapshot of this number."""
    place = bisect_right(known, number, key=lambda it: it.number)
    return known[place - 1] if place else None


def _distance(one: Curve, other: Curve) -> int:
    """How far apart two curves' knots are at most, millionths."""
    return max(max(abs(a - c), abs(b - d)) for (a, b), (c, d) in zip(one, other, strict=True))
