"""What an assessment's score or time is expected to be, from what others had: shrunk means."""

from typing import Final, NamedTuple

from msgspec import Struct, field

from domain.predictions import Target
from domain.scoring import Slot

EXPECTED_MIN: Final = 10
"""From so many scores of the assessment, or of its slot, on, its expectation is known."""
SEPARATOR: Final = "\x1f"


class Sum(Struct, array_like=True):
    """A sum of figures (tenths of a point or of a day), and how many they are."""

    total: int = 0
    count: int = 0


class Priors(Struct):
    """Sums of all figures, of those of a kind in a series, of a slot and of an assessment."""

    everything: Sum = field(default_factory=Sum)
    kinds: dict[str, Sum] = field(default_factory=dict)
    slots: dict[str, Sum] = field(default_factory=dict)
    assessments: dict[str, Sum] = field(default_factory=dict)


class Strengths(NamedTuple):
    """How many figures the wider mean counts as, at each step; and what is known before any."""

    start: float
    of_start: float
    of_everything: float
    of_kind: float
    of_slot: float


STRENGTHS: Final[dict[Target, Strengths]] = {
    "score": Strengths(70.0, 1.0, 5.0, 5.0, 8.0),
    "submission": Strengths(0.0, 5.0, 5.0, 5.0, 8.0),
}
"""Measured on OULAD, in one pass over all scores and submissions."""


def expected(priors: Priors, slot: Slot, target: Target) -> float:
    """The shrunk mean of the assessment, in points of percent or days from the due time."""
    by = STRENGTHS[target]
    mean = _shrunk(priors.everything, by.start, by.of_start)
    mean = _shrunk(priors.kinds.get(kind_key(slot)), mean, by.of_everything)
    if slot.number:
        mean = _shrunk(priors.slots.get(slot_key(slot)), mean, by.of_kind)
    return _shrunk(priors.assessments.get(assessment_key(slot)), mean, by.of_slot)


def known(priors: Priors, slot: Slot) -> bool:
    """Whether enough figures of the assessment, or of its slot, are known."""
    sums = [priors.assessments.get(assessment_key(slot))]
    if slot.number:
        sums.append(priors.slots.get(slot_key(slot)))
    return any(it is not None and it.count >= EXPECTED_MIN for it in sums)


def kind_key(slot: Slot) -> str:
    """The key of a kind in a series."""
    return SEPARATOR.join((slot.series, slot.kind or ""))


def slot_key(slot: Slot) -> str:
    """The key of a slot: the same in every run of the course."""
    return SEPARATOR.join((slot.series, slot.kind or "", str(slot.number)))


def assessment_key(slot: Slot) -> str:
    """The key of one assessment of one course."""
    return SEPARATOR.join((slot.course_id, slot.assessment))


def _shrunk(own: Sum | None, wider: float, strength: float) -> float:
    if own is None:
        return wider
    return (own.total / 10 + strength * wider) / (own.count + strength)
