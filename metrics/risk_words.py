"""The features of the models of risk in words: what a learner can understand of them.

A feature is the number of a bin; here is what it stands for. What is not in the table stays out of
the words: shares of the course's time, rates of earlier runs, means that begin with a guess, and
ratios of what is said already.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from domain.predicting.features import course, silence
from metrics.shapes_predictions import RiskUnit


class Word(NamedTuple):
    """One feature: for each bin its lower end and how that is said; None where nothing is known.

    `changeable` is whether the learner can move it by what is done from now on.
    """

    unit: RiskUnit
    bins: tuple[tuple[float, str] | None, ...]
    changeable: bool = True

    def is_known(self, number: int) -> bool:
        """Whether the bin stands for a figure."""
        return self.bins[number] is not None

    def value(self, number: int) -> float:
        """The lower end of a bin; of the lowest one that has none, its upper end."""
        known = self.bins[number]
        assert known is not None, "a bin that stands for no figure is not said"
        return known[0]

    def text(self, number: int) -> str:
        """How a bin is said: "60 to 65", "28 or more", "2"."""
        known = self.bins[number]
        assert known is not None, "a bin that stands for no figure is not said"
        return known[1]


_Bins = tuple[tuple[float, str] | None, ...]
_NOTHING: Final[_Bins] = (None,)


def _counted(most: int) -> _Bins:
    """0, 1, 2 ...; the last bin is all from there on."""
    below: _Bins = tuple((float(n), str(n)) for n in range(most))
    return (*below, (float(most), f"{most} or more"))


def _whole(edges: Sequence[int], lowest: int | None = 0) -> _Bins:
    """Bins of whole numbers between edges, each belonging to the bin above it."""
    bins = [_below(edges[0], lowest, gap=1)]
    for low, high in pairwise(edges):
        bins.append((float(low), str(low) if high - low == 1 else f"{low} to {high - 1}"))
    return (*bins, (float(edges[-1]), f"{edges[-1]} or more"))


def _between(edges: Sequence[float], lowest: float | None = 0) -> _Bins:
    """Bins of figures with fractions between edges."""
    bins = [_below(edges[0], lowest, gap=0)]
    for low, high in pairwise(edges):
        bins.append((float(low), f"{low:g} to {high:g}"))
    return (*bins, (float(edges[-1]), f"{edges[-1]:g} or more"))


def _below(edge: float, lowest: float | None, *, gap: int) -> tuple[float, str]:
    """The bin under the first edge."""
    if lowest is None:
        return float(edge), f"less than {edge:g}"
    highest = edge - gap
    text = f"{lowest:g}" if highest <= lowest else f"{lowest:g} to {highest:g}"
    return float(lowest), text


def _tenths() -> _Bins:
    """Tenths of what was due, and 100; nothing where nothing was due."""
    tenths: _Bins = tuple((10.0 * n, f"{10 * n} to {10 * n + 9}") for n in range(10))
    return (*tenths, (100.0, "100"), None)


SILENCE: Final[dict[str, Word]] = {
    "days_since_work": Word("days", _whole(silence.DAYS)),
    "active_days_7": Word("days", tuple((float(n), str(n)) for n in range(8))),
    "active_days_28": Word("days", _whole(silence.ACTIVE_28)),
    "activities_7": Word("activities", _whole(silence.ACTIVITIES)),
    "next_due": Word("days", (*_whole(silence.DUE), *_NOTHING), changeable=False),
    "overdue": Word("assessments", _counted(3)),
    "days_since_submission": Word("days", (*_whole(silence.SUBMITTED)[:-1], *_NOTHING)),
    "streak": Word("days", _counted(7)),
}
"""What is said of silence: the learner's own rhythm."""

COURSE: Final[dict[str, Word]] = {
    "overdue": Word("assessments", _counted(6)),
    "missed_in_row": Word("assessments", _counted(4)),
    "overdue_weight": Word("percent", _between(range(10, 100, 10))),
    "average_score": Word("percent", (*_NOTHING, *_between(course.AVERAGES))),
    "last_score": Word("percent", (*_NOTHING, *_between(course.LASTS))),
    "lowest_score": Word("percent", (*_NOTHING, *_between(course.LOWESTS)), changeable=False),
    "level": Word("points", (*_NOTHING, *_between(course.LEVELS, lowest=None))),
    "lateness": Word("days", (*_NOTHING, *_between(course.LATENESS, lowest=None))),
    "last_lateness": Word("days", (*_NOTHING, *_between(course.LATENESS, lowest=None))),
    "entered": Word("days", _whole(course.ENTERED, lowest=None), changeable=False),
    "banked": Word("assessments", _counted(2), changeable=False),
    "next_due": Word("days", (*_whole(course.DUE), *_NOTHING), changeable=False),
    "overdue_week": Word("assessments", _counted(3)),
    "due_so_far": Word("assessments", _counted(10), changeable=False),
    "share_submitted": Word("percent", _tenths()),
    "days_since_work": Word("days", _whole(silence.DAYS)),
    "active_days_28": Word("days", _whole(silence.ACTIVE_28)),
}
"""What is said of a course: work, deadlines, scores and rhythm; nothing of who the learner is."""
