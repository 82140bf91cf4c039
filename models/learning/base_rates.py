"""How many of each run did not pass, as outcomes come in."""

from typing import Final

from models.learning.bounded import keep
from models.snapshot import BaseRate

COURSES_MAX: Final = 2000


def learn(rates: dict[str, BaseRate], course_id: str, series: str, outcome: int) -> None:
    """Count an outcome: 1 not passed, 0 passed. The least recently seen course goes first."""
    known = rates.pop(course_id, None) or BaseRate(series)
    known.series = series
    known.count += 1
    known.not_passed += outcome
    keep(rates, course_id, known, COURSES_MAX)
