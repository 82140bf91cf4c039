"""Timers: when a learner is to be woken, and what is then looked at.

A timer fires in event time before an event that lies after it, and on ticks for learners who say
nothing; both publish the same alert, since its time is when the timer was due. What happens at the
very moment of a timer comes before it.
"""

from collections.abc import Mapping

from domain.alerts import Resolution
from domain.rules import missed_deadline
from domain.rules.step import Step
from domain.state import NEVER, Learner


def fire(state: Learner, step: Step, until: int) -> bool:
    """Fire everything that was due before `until`, in order of time; True where anything was."""
    fired = False
    while state.wake_at and state.wake_at < until:
        step.at, step.now = state.wake_at, state.wake_at + 1
        review(state, step)
        fired = True
    return fired


def review(state: Learner, step: Step, endings: Mapping[str, Resolution] | None = None) -> None:
    """Look again at all that depends on time, and set when the learner is to be woken next."""
    state.wake_at = missed_deadline.review(state, step, endings) or NEVER
