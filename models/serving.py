"""What serves a decoded snapshot: the fold's Scorer. It needs no river."""

import math
from collections.abc import Sequence
from typing import Final

from domain.predictions import Figure, Reach, Target
from domain.scoring import Slot
from models import amounts, intervals, priors
from models.curve import MILLION, bend
from models.encoding import ENCODINGS, TABLES
from models.snapshot import BaseRate, Classification, Snapshot

EXAMPLES_MIN: Final[dict[Target, int]] = {
    "score": 200,
    "submission": 200,
    "inactivity_7": 500,
    "inactivity_14": 500,
    "not_passing": 500,
    "next_missing": 500,
}
"""Under so many learned examples a model says nothing; a forecast goes by its formula."""
OUTCOMES_MIN: Final = 500
"""Under so many known outcomes `not_passing` says nothing."""
NO_OUTCOMES: Final = BaseRate("")
_LOGIT_MAX: Final = 30.0


class Served:
    """One snapshot, as a Scorer: every method is a pure function of its arguments."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot: Final = snapshot
        self._examples = snapshot.examples
        self._all = BaseRate("")
        self._by_series: dict[str, BaseRate] = {}
        for it in snapshot.base_rates.values():
            for total in (self._all, self._by_series.setdefault(it.series, BaseRate(it.series))):
                total.count += it.count
                total.not_passed += it.not_passed

    @property
    def number(self) -> int:
        """The number of the snapshot."""
        return self.snapshot.number

    @property
    def outcomes(self) -> int:
        """How many outcomes are known, of all courses."""
        return self._all.count

    def enough(self, target: Target) -> bool:
        """Whether enough examples of this target were learned to say anything."""
        if target == "not_passing" and self.outcomes < OUTCOMES_MIN:
            return False
        return self._examples.get(target, 0) >= EXAMPLES_MIN[target]

    def expected_score(self, slot: Slot) -> float | None:
        """What this assessment's score is expected to be, percent; None under 10 scores."""
        known = self.snapshot.priors["score"]
        return priors.expected(known, slot, "score") if priors.known(known, slot) else None

    def score_prior(self, slot: Slot) -> float:
        """The same for a feature: shrunk to its slot, kind and all scores; 70 knowing nothing."""
        return priors.expected(self.snapshot.priors["score"], slot, "score")

    def submission_prior(self, slot: Slot) -> float:
        """When it is submitted, days from the due time, shrunk likewise; 0 knowing nothing."""
        return priors.expected(self.snapshot.priors["submission"], slot, "submission")

    def base_rate(self, course_id: str, series: str) -> float | None:
        """The share that does not pass in earlier runs; of all other courses where there are none.

        None while no outcome of another course is known at all.
        """
        own = self.snapshot.base_rates.get(course_id, NO_OUTCOMES)
        runs = self._by_series.get(series, NO_OUTCOMES)
        for total, less in ((runs, own if own.series == series else NO_OUTCOMES), (self._all, own)):
            count = total.count - less.count
            if count:
                return (total.not_passed - less.not_passed) / count
        return None

    def is_gated(self, course_id: str) -> bool:
        """Whether `not_passing` is not to be believed for this course."""
        return course_id in self.snapshot.gates

    def probability(self, target: Target, features: Sequence[int]) -> Figure | None:
        """A calibrated probability and the baseline's, thousandths; None where too little is known.

        Too little is learned, or the features are not those of this target.
        """
        encoding = ENCODINGS.get(target)
        if encoding is None or not self.enough(target) or not encoding.fits(features):
            return None
        model = self.snapshot.classifications[target]
        weights = model.weights
        logit = sum([weights[key] for key in encoding.keys(features)])
        naive = model.naive[TABLES[target].keys(features)[1]]
        return Figure(calibrated(model, logit), naive)

    def contributions(self, target: Target, features: Sequence[int]) -> list[tuple[str, int]]:
        """What each feature adds to the logit, in their order; empty where too little is known.

        That is its weights less the mean that they have over the learned examples, millionths. A
        cross counts to its first feature.
        """
        if self.probability(target, features) is None:
            return []
        encoding, model = ENCODINGS[target], self.snapshot.classifications[target]
        sums = [-mean for mean in model.means]
        for key in encoding.keys(features):
            owner = encoding.owners[key]
            if owner is not None:
                sums[owner] += model.weights[key]
        names = (feature.name for feature in encoding.features)
        return list(zip(names, sums, strict=True))

    def amount(
        self, target: Target, features: Sequence[int], series: str, kind: str | None
    ) -> Figure | None:
        """A score or a submission's time with its 90 % interval, tenths; None as above."""
        scale = amounts.SCALES.get(target)
        if scale is None or not self.enough(target) or not amounts.fits(target, features):
            return None
        model = self.snapshot.regressions[target]
        expected, values = amounts.inputs(target, features, series, kind)
        weights = model.weights
        above = sum([weights.get(key, 0.0) * value for key, value in values.items()])
        value = scale.clamped(expected + above)
        at = intervals.keys(series, kind, scale.bin_of(value))
        error = intervals.typical_error(model.errors, at, scale.error)
        reach = model.quantiles.get(at.bin, scale.quantiles)
        return Figure(
            scale.figure(value),
            amounts.naive(target, features),
            scale.figure(value - reach.low * error),
            scale.figure(value + reach.high * error),
        )

    def reach(self, series: str, *, by_level: bool) -> Reach | None:
        """How far forecasts of scores reach: by the series' own scores, else by all of them.

        None, as far as the formula has it, while neither is known.
        """
        known = self.snapshot.reaches
        for name in (series, intervals.ALL):
            found = known.get(intervals.reach_key(name, by_level=by_level))
            if found is not None:
                return found
        return None


def calibrated(model: Classification, logit: int) -> int:
    """The calibrated probability of a logit in millionths, in thousandths."""
    scaled = share((model.offset + model.slope * logit / MILLION) / MILLION)
    return math.floor(1000 * bend(model.curve, scaled) + 0.5)


def share(logit: float) -> float:
    """The probability of a log-odd, from 1e-13 to 1 - 1e-13."""
    return 1 / (1 + math.exp(-max(-_LOGIT_MAX, min(_LOGIT_MAX, logit))))
