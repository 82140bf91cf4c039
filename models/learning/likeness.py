"""How much one more label says, where many that are alike come in at once."""

from typing import Final

from msgspec import Struct, field

from models.learning.bounded import keep

ALIKE: Final = 10
"""After so many labels of one kind on one day, another one says half as much."""
RUNS_MAX: Final = 2000


class Run(Struct, array_like=True):
    """How many labels of one kind came in on its newest day."""

    day: int
    count: int = 0


class Likeness(Struct):
    """Counts the labels of a day; bounded, the least recently seen kind goes first.

    A course is graded at once, its outcomes come on one day, and all learners are silent in the
    same holidays: a thousand such labels are not a thousand observations of how wrong a model is.
    So the n-th of them counts `ALIKE / (ALIKE + n)`, which is 50 and not 1,000 of a thousand.
    """

    runs: dict[str, Run] = field(default_factory=dict)

    def says(self, kind: str, day: int) -> float:
        """How much the next label says, from 1 down."""
        known = self.runs.pop(kind, None)
        count = known.count if known is not None and known.day == day else 0
        keep(self.runs, kind, Run(day, count + 1), RUNS_MAX)
        return ALIKE / (ALIKE + count)
