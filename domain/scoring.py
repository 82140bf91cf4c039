"""What the fold asks of models: the wall between the pure core and `models`."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from domain.predictions import Figure, Reach, Target

SCORE_UNKNOWN: Final = 70.0
"""What a score is taken to be while nothing is known of any, percent."""


class Slot(NamedTuple):
    """What an assessment is to the priors: itself, and its place in every run of the course.

    `number` is the place among the assessments of its course by due time, from 1 on, equal due
    times sharing one; 0 where it has none.
    """

    course_id: str
    assessment: str
    series: str
    kind: str | None
    number: int


class Scorer(Protocol):
    """One snapshot of all models; every method is a pure function of its arguments."""

    @property
    def number(self) -> int:
        """The number of the snapshot; 0: nothing is learned yet."""
        ...

    def expected_score(self, slot: Slot) -> float | None:
        """What this assessment's score is expected to be, percent; None under 10 scores."""
        ...

    def score_prior(self, slot: Slot) -> float:
        """The same for a feature: shrunk to its slot, kind and all scores; 70 knowing nothing."""
        ...

    def submission_prior(self, slot: Slot) -> float:
        """When it is submitted, days from the due time, shrunk likewise; 0 knowing nothing."""
        ...

    def base_rate(self, course_id: str, series: str) -> float | None:
        """The share that does not pass in earlier runs; of all courses where there are none.

        None while no outcome is known at all.
        """
        ...

    def is_gated(self, course_id: str) -> bool:
        """Whether `not_passing` is not to be believed for this course: it is unlike the others."""
        ...

    def probability(self, target: Target, features: Sequence[int]) -> Figure | None:
        """A calibrated probability and the baseline's; None where too little is learned."""
        ...

    def contributions(self, target: Target, features: Sequence[int]) -> list[tuple[str, int]]:
        """What each feature adds to the logit against its mean, millionths, in their order.

        Empty where too little is learned.
        """
        ...

    def amount(
        self, target: Target, features: Sequence[int], series: str, kind: str | None
    ) -> Figure | None:
        """A score or a submission's time with its 90 % interval; None as above."""
        ...

    def reach(self, series: str, *, by_level: bool) -> Reach | None:
        """How far forecasts of scores reach, by what became of earlier ones of the series' runs.

        None: as far as the formula has it.
        """
        ...


class NoModels:
    """The scorer before anything is learned."""

    number = 0

    def expected_score(self, slot: Slot) -> float | None:
        """Nothing is known of any assessment."""
        del slot
        return None

    def score_prior(self, slot: Slot) -> float:
        """The mean of scores where nothing is known of any."""
        del slot
        return SCORE_UNKNOWN

    def submission_prior(self, slot: Slot) -> float:
        """The due time."""
        del slot
        return 0.0

    def base_rate(self, course_id: str, series: str) -> float | None:
        """No outcome is known."""
        del course_id, series
        return None

    def is_gated(self, course_id: str) -> bool:
        """Nothing is said that could be wrong."""
        del course_id
        return False

    def probability(self, target: Target, features: Sequence[int]) -> Figure | None:
        """Too little is learned."""
        del target, features
        return None

    def contributions(self, target: Target, features: Sequence[int]) -> list[tuple[str, int]]:
        """Too little is learned."""
        del target, features
        return []

    def amount(
        self, target: Target, features: Sequence[int], series: str, kind: str | None
    ) -> Figure | None:
        """Too little is learned."""
        del target, features, series, kind
        return None

    def reach(self, series: str, *, by_level: bool) -> Reach | None:
        """As far as the formula has it."""
        del series, by_level
        return None


Snapshots: TypeAlias = Callable[[int], Scorer]
"""The scorer of a snapshot by its number; 0 is `NoModels`."""


def no_snapshots(number: int) -> Scorer:
    """The scorer of a snapshot where there are none; raises KeyError for any number but 0."""
    if number:
        raise KeyError(number)
    return NoModels()
