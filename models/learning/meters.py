"""Scores of what was shown, counted as labels come in: prequential, and each beside its baseline.

Judging what was shown before learning from it is prequential evaluation (Gama, Sebastiao and
Rodrigues, On evaluating stream learning algorithms, 2013).
"""

import math
from typing import Final, Protocol, Self

from msgspec import Struct, field

from domain.predictions import Figure
from models.reports import Bin, Scores

BINS: Final = 15
"""Of equal width, for the calibration error."""
DECILES: Final = 10
_RANKS: Final = 100
_THOUSAND: Final = 1000
_LEAST: Final = 0.5
"""So many thousandths a probability of 0 or 1,000 counts as off the edge, for its logarithm."""


class Meter(Protocol):
    """Counts of what was shown and what came of it."""

    def judge(self, shown: Figure, label: int) -> None:
        """Count what was shown and what came of it."""
        ...

    def plus(self, other: Self) -> Self:
        """Both together."""
        ...

    def scores(self, *, bins: bool) -> Scores:
        """What comes of the counts."""
        ...


class Tally(Struct):
    """Counts of one forecaster's probabilities, in thousandths, and of what came true.

    `ranks` are (zeros, ones) by hundredth, for the area under the ROC curve; `bins` are (count,
    sum of thousandths, ones).
    """

    count: int = 0
    ones: int = 0
    log_loss: float = 0.0
    brier: int = 0
    ranks: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in range(_RANKS)])
    bins: list[list[int]] = field(default_factory=lambda: [[0, 0, 0] for _ in range(BINS)])

    def add(self, said: int, label: int) -> None:
        """Count a probability and a label of 0 or 1."""
        self.count += 1
        self.ones += label
        of_label = said if label else _THOUSAND - said
        self.log_loss -= math.log(inside(of_label))
        self.brier += (said - _THOUSAND * label) ** 2
        self.ranks[min(said * _RANKS // _THOUSAND, _RANKS - 1)][label] += 1
        cell = self.bins[bin_of(said)]
        cell[0] += 1
        cell[1] += said
        cell[2] += label

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            count=self.count + other.count,
            ones=self.ones + other.ones,
            log_loss=self.log_loss + other.log_loss,
            brier=self.brier + other.brier,
            ranks=_sums(self.ranks, other.ranks),
            bins=_sums(self.bins, other.bins),
        )

    def auc(self) -> float | None:
        """Area under the ROC curve, by hundredths, ties counted half; None with one label only."""
        zeros = self.count - self.ones
        if not zeros or not self.ones:
            return None
        below, pairs = 0, 0.0
        for zero, one in self.ranks:
            pairs += one * (below + zero / 2)
            below += zero
        return pairs / (zeros * self.ones)

    def calibration_error(self) -> float:
        """Expected calibration error: by count, the mean over bins of |predicted - came true|."""
        return sum(abs(said / _THOUSAND - ones) for _, said, ones in self.bins) / self.count


def inside(said: int) -> float:
    """A probability in thousandths as one strictly between 0 and 1, which has a log-odd."""
    return min(max(said, _LEAST), _THOUSAND - _LEAST) / _THOUSAND


def bin_of(said: int) -> int:
    """The bin of a probability in thousandths."""
    return min(said * BINS // _THOUSAND, BINS - 1)


def _sums(cells: list[list[int]], others: list[list[int]]) -> list[list[int]]:
    return [
        [one + another for one, another in zip(cell, other, strict=True)]
        for cell, other in zip(cells, others, strict=True)
    ]


class ProbabilityMeter(Struct):
    """The model's probabilities, and the baseline's on the same examples."""

    model: Tally = field(default_factory=Tally)
    naive: Tally = field(default_factory=Tally)

    def judge(self, shown: Figure, label: int) -> None:
        """Count what was shown and what came of it."""
        self.model.add(shown.value, label)
        if shown.naive is not None:
            self.naive.add(shown.naive, label)

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(self.model.plus(other.model), self.naive.plus(other.naive))

    def scores(self, *, bins: bool) -> Scores:
        """What comes of the counts; with the reliability bins where asked for."""
        it, naive = self.model, self.naive
        if not it.count:
            return Scores()
        return Scores(
            count=it.count,
            rate=it.ones / it.count,
            log_loss=it.log_loss / it.count,
            brier=it.brier / it.count / _THOUSAND**2,
            auc=it.auc(),
            calibration_error=it.calibration_error(),
            naive_log_loss=naive.log_loss / naive.count if naive.count else None,
            naive_brier=naive.brier / naive.count / _THOUSAND**2 if naive.count else None,
            naive_auc=naive.auc(),
            naive_calibration_error=naive.calibration_error() if naive.count else None,
            bins=tuple(map(_bin, it.bins)) if bins else (),
        )


def _bin(cell: list[int]) -> Bin:
    count, said, ones = cell
    of = max(1, count)
    return Bin(count, said / of / _THOUSAND, ones / of)


class AmountMeter(Struct):
    """Errors of amounts in tenths, the baseline's beside them, and what intervals covered.

    `bins` are (intervals, sum of predicted tenths, covered) by decile of what can be predicted.
    """

    count: int = 0
    error: int = 0
    naive_count: int = 0
    naive_error: int = 0
    intervals: int = 0
    covered: int = 0
    width: int = 0
    bins: list[list[int]] = field(default_factory=lambda: [[0, 0, 0] for _ in range(DECILES)])

    def judge(self, shown: Figure, label: int) -> None:
        """Count what was shown and what came of it."""
        self.count += 1
        self.error += abs(shown.value - label)
        if shown.naive is not None:
            self.naive_count += 1
            self.naive_error += abs(shown.naive - label)
        if shown.low is not None and shown.high is not None:
            covered = shown.low <= label <= shown.high
            self.intervals += 1
            self.covered += covered
            self.width += shown.high - shown.low
            cell = self.bins[max(0, min(shown.value * DECILES // _THOUSAND, DECILES - 1))]
            cell[0] += 1
            cell[1] += shown.value
            cell[2] += covered

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            count=self.count + other.count,
            error=self.error + other.error,
            naive_count=self.naive_count + other.naive_count,
            naive_error=self.naive_error + other.naive_error,
            intervals=self.intervals + other.intervals,
            covered=self.covered + other.covered,
            width=self.width + other.width,
            bins=_sums(self.bins, other.bins),
        )

    def scores(self, *, bins: bool) -> Scores:
        """What comes of the counts, in points or days; with the deciles where asked for."""
        if not self.count:
            return Scores()
        return Scores(
            count=self.count,
            mae=self.error / self.count / 10,
            naive_mae=self.naive_error / self.naive_count / 10 if self.naive_count else None,
            coverage=self.covered / self.intervals if self.intervals else None,
            width=self.width / self.intervals / 10 if self.intervals else None,
            bins=tuple(
                Bin(count, said / max(1, count) / 10, covered / max(1, count))
                for count, said, covered in (self.bins if bins else ())
            ),
        )
