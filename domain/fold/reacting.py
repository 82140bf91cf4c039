"""From changes to alerts: the rules look at what changed, and say when they look again.

What a learner does makes silences shorter, so what timers wait for only moves away: they are set
anew when they fire, not at each event. An early one finds nothing to say.

What is predicted is predicted again after the changes, and before the rules that look at it. It has
a timer of its own, so that one of the two does not do the other's work.

A timer fires in event time before an event that lies after it, and on ticks for learners who say
nothing; both publish the same alert, since its time is when the timer was due. What happens at the
very moment of a timer comes before it.
"""

from collections.abc import Iterator
from typing import Final, get_args

from domain.changes import Change, Predicted, PredictionDue, SilenceEnded, TimerDue
from domain.course_facts import DAY
from domain.engaged import FORGOTTEN_AFTER, forgotten_at
from domain.predicting import predict as predicting
from domain.rules import TABLE
from domain.rules.rule import AlertRule, DueAt
from domain.state.learner import Learner
from domain.state.limits import NEVER
from domain.step import Step

_LOOKING: Final[dict[type[Change], tuple[AlertRule, ...]]] = {
    kind: tuple(rule for rule in TABLE if kind in rule.changes) for kind in get_args(Change)
}
_ABOUT_SILENCE: Final = frozenset(rule.spec.category for rule in _LOOKING[SilenceEnded])
_BY_PREDICTIONS: Final = tuple(
    rule.due_at for rule in _LOOKING[Predicted] if rule.due_at is not None
)
_TIMED: Final = tuple(
    rule.due_at for rule in TABLE if rule.due_at is not None and rule.due_at not in _BY_PREDICTIONS
)
_MOVES_TIMERS: Final = frozenset(
    kind for kind, rules in _LOOKING.items() if any(rule.due_at in _TIMED for rule in rules)
)


def ends_silence(state: Learner, seconds: int) -> bool:
    """Whether a rule has to look at what the learner does after so many seconds without anything.

    That is where one has said something of the silence, and where its timers had ended with it.
    """
    if seconds >= FORGOTTEN_AFTER:
        return True
    return seconds >= DAY and any(alert.rule in _ABOUT_SILENCE for alert in state.alerts)


def react(state: Learner, step: Step) -> None:
    """Let the rules look at `step.changes`, in order, and forget these; then set the timers."""
    changes, step.seen = step.changes, None
    kinds = {change.__class__ for change in changes}
    _look(changes, state, step)
    changes.clear()
    if not kinds.isdisjoint(predicting.MOVES_PREDICTIONS):
        before = state.predictions
        predicting.follow(state, step, kinds)
        if before or state.predictions or state.alerts:  # else they have nothing to look at
            _look([Predicted()], state, step)
            state.predict_at = _first(state.predict_at, *_times(_BY_PREDICTIONS, state, step))
    if not kinds.isdisjoint(_MOVES_TIMERS):
        forgotten = forgotten_at(step.engaged(state), step.now)
        state.look_at = _first(forgotten, *_times(_TIMED, state, step))
    state.wake_at = _first(state.look_at, state.predict_at)
    step.seen = None


def _times(timed: tuple[DueAt, ...], state: Learner, step: Step) -> Iterator[int | None]:
    return (due_at(state, step) for due_at in timed)


def _first(*times: int | None) -> int:
    """The first of the times that there are; `NEVER` where there is none."""
    return min(filter(None, times), default=NEVER)


def _look(changes: list[Change], state: Learner, step: Step) -> None:
    for change in changes:
        for rule in _LOOKING[change.__class__]:
            rule.on(change, state, step)


def fire(state: Learner, step: Step, until: int) -> bool:
    """Fire everything that was due before `until`, in order of time; True where anything was."""
    fired = False
    while state.wake_at and state.wake_at < until:
        at = state.wake_at
        step.at, step.now = at, at + 1
        if state.look_at == at:
            step.changes.append(TimerDue())
        if state.predict_at == at:
            step.changes.append(PredictionDue())
        react(state, step)
        fired = True
    return fired
