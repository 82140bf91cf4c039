"""A classification that learns: a logistic regression, its calibration and its baseline."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field

from domain.examples import Example
from domain.predictions import Target
from models.curve import MILLION
from models.encoding import BIAS, ENCODINGS, TABLES
from models.learning.calibration import Calibration
from models.learning.likeness import Likeness
from models.learning.wall import Logistic, LogisticState
from models.priors import SEPARATOR
from models.snapshot import Classification


class Settings(NamedTuple):
    """AdaGrad's steps, of the weights and of Platt scaling, and whether a curve ends calibration.

    Silence has none: courses with clicks and without share its model, and a curve through both is
    right for their mixture alone.
    """

    weights: float
    platt: float
    curve: bool


SETTINGS: Final[dict[Target, Settings]] = {
    "inactivity_7": Settings(0.04, 0.02, curve=False),
    "inactivity_14": Settings(0.04, 0.02, curve=False),
    "not_passing": Settings(0.02, 0.05, curve=True),
    "next_missing": Settings(0.02, 0.05, curve=True),
}
_NAIVE_STRENGTH: Final = 5.0


class ClassifierState(Struct):
    """All that is kept of a classification between two processes.

    `seen` counts the examples of each key; `table` has (examples, ones) of each cell of the
    baseline.
    """

    logistic: LogisticState = field(default_factory=LogisticState)
    calibration: Calibration = field(default_factory=Calibration)
    likeness: Likeness = field(default_factory=Likeness)
    seen: list[int] = field(default_factory=list)
    table: list[tuple[int, int]] = field(default_factory=list)


class Classifier:
    """One target's probability, learned one example at a time."""

    def __init__(self, target: Target, state: ClassifierState | None = None) -> None:
        state = state or ClassifierState()
        self.encoding: Final = ENCODINGS[target]
        self._cells = TABLES[target]
        self._settings = SETTINGS[target]
        self._logistic = Logistic(self._settings.weights, state.logistic)
        self._calibration = state.calibration
        self._likeness = state.likeness
        self._seen = state.seen or [0] * self.encoding.size
        self._table = state.table or [(0, 0)] * self._cells.size

    def learn(self, example: Example, course_id: str | None, day: int) -> None:
        """Learn one example; its features fit the encoding, its label is 0 or 1."""
        features, label = example.features, example.label
        keys = self.encoding.keys(features)
        logit = self._logistic.learn(keys, label)
        shown = example.shown
        behind = None if shown is None else self._calibration.behind(shown.value, example.model)
        if behind is not None:
            logit = behind.logit
            if self._settings.curve:
                self._calibration.isotonic.learn(behind.scaled, label)
        says = self._likeness.says(f"{course_id}{SEPARATOR}{example.assessment}", day)
        self._calibration.learn(logit, label, says=says, step=self._settings.platt)
        seen = self._seen
        for key in keys:
            seen[key] += 1
        for cell in self._cells.keys(features):
            count, ones = self._table[cell]
            self._table[cell] = count + 1, ones + label

    @property
    def state(self) -> ClassifierState:
        """What goes on as this one."""
        return ClassifierState(
            self._logistic.state, self._calibration, self._likeness, self._seen, self._table
        )

    def served(self, number: int) -> Classification:
        """The same, as the snapshot of this number has it; it is remembered as published."""
        curve = self._calibration.publish(number)
        weights = [0] * self.encoding.size
        for key, weight in self._logistic.weights.items():
            weights[key] = round(weight * MILLION)
        return Classification(
            weights=weights,
            means=self._means(weights),
            offset=round(self._calibration.offset * MILLION),
            slope=round(self._calibration.slope * MILLION),
            curve=curve,
            naive=self._naive(),
        )

    def _means(self, weights: Sequence[int]) -> list[int]:
        """What each feature adds to a logit, over the learned examples, in millionths."""
        sums = [0] * len(self.encoding.features)
        for owner, weight, count in zip(self.encoding.owners, weights, self._seen, strict=True):
            if owner is not None:
                sums[owner] += weight * count
        return [round(it / max(1, self._seen[BIAS])) for it in sums]

    def _naive(self) -> list[int]:
        """The rate of each cell, shrunk to that of all, in thousandths."""
        count, ones = self._table[BIAS]
        rate = (ones + 1) / (count + 2)
        return [
            round(1000 * (ones + _NAIVE_STRENGTH * rate) / (count + _NAIVE_STRENGTH))
            for count, ones in self._table
        ]
