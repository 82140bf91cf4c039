"""Timers: when a learner is to be woken, and what is then looked at.

A timer fires in event time before an event that lies after it, and on ticks for learners who say
nothing; both tell the same alert, since its time is when the timer was due.
"""

from domain.rules import missed_deadline
from domain.rules.step import Step
from domain.state import NEVER, Learner


def fire(state: Learner, step: Step, until: int) -> bool:
    """Fire everything that is due by `until`, in order of time; True where the state changed."""
    if not state.wake_at or state.wake_at > until:
        return False
    while state.wake_at and state.wake_at <= until:
        step.at = state.wake_at
        missed_deadline.on_time(state, step)
        set_wake(state, step, after=step.at)  # later: a timer moves on, whatever was forgotten
    return True


def set_wake(state: Learner, step: Step, *, after: int | None = None) -> None:
    """Set when the learner is to be woken next; later than `after`, where that is given."""
    state.wake_at = missed_deadline.next_at(state, step, after) or NEVER


def reset(state: Learner, step: Step) -> bool:
    """Look again after facts or thresholds changed; True where the state changed."""
    before = state.wake_at
    changed = missed_deadline.on_facts(state, step)
    set_wake(state, step)
    return changed or state.wake_at != before
