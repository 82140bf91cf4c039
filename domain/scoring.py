"""What the fold asks of a model: the wall between the pure core and `models`."""

from collections.abc import Sequence
from typing import Protocol

from domain.state import ScorePrediction


class Scorer(Protocol):
    """Predicts at an event from what the state holds; a pure function of its arguments."""

    def expected(self, course_id: str, assessment: int) -> float | None:
        """What this assessment's score is expected to be, percent; None where nothing is known."""
        ...

    def next_score(self, percents: Sequence[float], at: int) -> ScorePrediction | None:
        """The next score from the counted ones in order of time; None where there are too few."""
        ...
