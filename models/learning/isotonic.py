"""A rising curve through what came true of what was said, learned one label at a time."""

from typing import Final

from msgspec import Struct, field

from models.curve import MILLION, Curve

BINS: Final = 20
_MEMORY: Final = 0.99995
"""What a bin knows fades by this with each of its labels: it remembers 20,000 of them."""
_PRIOR: Final = 50.0
"""So many labels that came true as was said are taken for known at first."""
_AS_SAID: Final = 0.1
"""The share of what was said in what the curve has: no piece of it is flat."""
_EDGE: Final = 0.05
"""So far from its bin's edges, in widths, a knot stays: no two of them meet."""


class Cell(Struct, array_like=True):
    """A bin's labels: how many, the sum of what was said, and how many came true."""

    count: float
    said: float
    came: float


class Isotonic(Struct):
    """What came true of what was said, by bins of equal width.

    Isotonic calibration (Zadrozny and Elkan, Transforming classifier scores into accurate
    multiclass probability estimates, 2002), on bins that forget. Platt scaling is right where the
    error is that of a sigmoid; what remains of it, this takes.
    """

    cells: list[Cell] = field(
        default_factory=lambda: [
            Cell(_PRIOR, _PRIOR * (n + 0.5) / BINS, _PRIOR * (n + 0.5) / BINS) for n in range(BINS)
        ]
    )

    def learn(self, said: float, label: int) -> None:
        """Count a label of 0 or 1 of what was said with this probability."""
        cell = self.cells[min(int(said * BINS), BINS - 1)]
        cell.count = cell.count * _MEMORY + 1
        cell.said = cell.said * _MEMORY + said
        cell.came = cell.came * _MEMORY + label

    def curve(self) -> Curve:
        """The curve, one knot a bin."""
        knots = []
        for number, (cell, came) in enumerate(zip(self.cells, self._rising(), strict=True)):
            low, high = (number + _EDGE) / BINS, (number + 1 - _EDGE) / BINS
            said = min(max(cell.said / cell.count, low), high)
            bent = _AS_SAID * said + (1 - _AS_SAID) * came
            knots.append((round(said * MILLION), round(bent * MILLION)))
        return knots

    def _rising(self) -> list[float]:
        """The share that came true in each bin, pooled with its neighbours where it would fall."""
        pools: list[tuple[float, float, int]] = []
        for cell in self.cells:
            came, count, bins = cell.came, cell.count, 1
            while pools and pools[-1][0] * count >= came * pools[-1][1]:
                before = pools.pop()
                came, count, bins = came + before[0], count + before[1], bins + before[2]
            pools.append((came, count, bins))
        return [came / count for came, count, bins in pools for _ in range(bins)]
