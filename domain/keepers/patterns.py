"""When and on what a learner works: hours and content kinds, decayed over 90 days.

Weights are whole hundredths and decay by whole-number arithmetic, once a local day, so that every
machine comes to the same bytes.
"""

from typing import Final

from domain.state.learner import (
    Kind,
    Learner,
)
from domain.state.limits import KINDS_MAX

WEIGHT: Final = 100
_ONE: Final = 1 << 16
_PER_DAY: Final = 64_812  # 65536 * exp(-1/90)
_DAYS_MAX: Final = 720
OTHER_KIND: Final = "other"


def _factors() -> tuple[int, ...]:
    factors = [_ONE]
    for _ in range(_DAYS_MAX):
        factors.append(factors[-1] * _PER_DAY >> 16)
    return tuple(factors)


_FACTORS: Final = _factors()


def count_hour(state: Learner, hour: int, day: int) -> None:
    """Count one activity in a local hour of a local day."""
    if not state.hours:
        state.hours = [0] * 24
    state.hours[hour] += faded(state, WEIGHT, day)


def count_kind(state: Learner, name: str, weight: int, seconds: int) -> None:
    """Count on a kind of content; beyond 16 kinds the rest is "other"."""
    kinds = state.kinds
    for kind in kinds:
        if kind.kind == name:
            kind.activities += weight
            kind.seconds += seconds
            return
    if len(kinds) >= KINDS_MAX - 1 and name != OTHER_KIND:
        count_kind(state, OTHER_KIND, weight, seconds)
        return
    kinds.append(Kind(name, weight, seconds))


def faded(state: Learner, value: int, day: int) -> int:
    """What is left by now of a weight or of seconds of that local day."""
    passed = state.patterns_day - day
    if passed <= 0:
        return value
    return value * _FACTORS[min(passed, _DAYS_MAX)] >> 16


def decay(state: Learner, day: int) -> None:
    """Let what is older weigh less, once the local date has moved on."""
    if day <= state.patterns_day:
        return
    if state.patterns_day:
        factor = _FACTORS[min(day - state.patterns_day, _DAYS_MAX)]
        state.hours = [weight * factor >> 16 for weight in state.hours]
        for kind in state.kinds:
            kind.activities = kind.activities * factor >> 16
            kind.seconds = kind.seconds * factor >> 16
    state.patterns_day = day
