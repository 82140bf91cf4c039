"""What priors rest on, as labels come in; bounded, the least recently seen goes first."""

from typing import Final

from domain.scoring import Slot
from models.learning.bounded import keep
from models.priors import Priors, Sum, assessment_key, kind_key, slot_key

KINDS_MAX: Final = 500
ENTRIES_MAX: Final = 4000
"""Of slots, and of assessments."""


def learn(priors: Priors, slot: Slot, label: int) -> None:
    """Count a figure (tenths of a point or a day) with all, its kind, slot and assessment."""
    _add(priors.everything, label)
    _count(priors.kinds, kind_key(slot), label, KINDS_MAX)
    if slot.number:
        _count(priors.slots, slot_key(slot), label, ENTRIES_MAX)
    _count(priors.assessments, assessment_key(slot), label, ENTRIES_MAX)


def _count(sums: dict[str, Sum], key: str, label: int, most: int) -> None:
    known = sums.pop(key, None) or Sum()
    _add(known, label)
    keep(sums, key, known, most)


def _add(known: Sum, label: int) -> None:
    known.total += label
    known.count += 1
