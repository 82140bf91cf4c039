"""From changes to alerts: the rules look at what changed, and say when they look again.

What is predicted is predicted again after the changes, and before the rules that look at it. At a
timer it is where predicting was due, or a rule that looks at predictions.

A timer fires in event time before an event that lies after it, and on ticks for learners who say
nothing; both publish the same alert, since its time is when the timer was due. What happens at the
very moment of a timer comes before it.
"""

from typing import Final, get_args

from domain.changes import Change, Predicted, TimerDue
from domain.predicting import predict as predicting
from domain.rules import TABLE
from domain.rules.rule import AlertRule, DueAt
from domain.state.learner import Learner
from domain.state.limits import NEVER
from domain.step import Step

_LOOKING: Final[dict[type[Change], tuple[AlertRule, ...]]] = {
    kind: tuple(rule for rule in TABLE if kind in rule.changes) for kind in get_args(Change)
}
_TIMED: Final = tuple(rule.due_at for rule in TABLE if rule.due_at is not None)
_TIMED_BY_PREDICTIONS: Final = tuple(
    rule.due_at for rule in _LOOKING[Predicted] if rule.due_at is not None
)
_MOVES_TIMERS: Final = frozenset(
    {kind for kind, rules in _LOOKING.items() if any(rule.due_at is not None for rule in rules)}
    | predicting.MOVES_TIMERS
)


def react(state: Learner, step: Step) -> None:
    """Let the rules look at `step.changes`, in order, and forget these; then set the timer anew."""
    changes, step.seen = step.changes, None
    kinds = {change.__class__ for change in changes}
    moved = not kinds.isdisjoint(_MOVES_TIMERS)
    _look(changes, state, step)
    changes.clear()
    if _predicts(state, step, kinds):
        before = state.predict_at
        predicting.follow(state, step, kinds)
        _look([Predicted()], state, step)
        state.predict_at = _first(state, step, _TIMED_BY_PREDICTIONS)
        moved = moved or state.predict_at != before
    if moved:
        state.wake_at = _first(state, step, _TIMED)
    step.seen = None


def _predicts(state: Learner, step: Step, kinds: set[type[Change]]) -> bool:
    """Whether these changes have all predicted again; a timer only where it is one for that."""
    if kinds == {TimerDue}:
        return step.at == state.predict_at
    return not kinds.isdisjoint(predicting.MOVES_PREDICTIONS)


def _first(state: Learner, step: Step, timed: tuple[DueAt, ...]) -> int:
    """The first of these timers and of when to predict again; `NEVER` where there is none."""
    times = [at for due_at in timed if (at := due_at(state, step)) is not None]
    if state.predict_at:
        times.append(state.predict_at)
    return min(times, default=NEVER)


def _look(changes: list[Change], state: Learner, step: Step) -> None:
    for change in changes:
        for rule in _LOOKING[change.__class__]:
            rule.on(change, state, step)


def fire(state: Learner, step: Step, until: int) -> bool:
    """Fire everything that was due before `until`, in order of time; True where anything was."""
    fired = False
    while state.wake_at and state.wake_at < until:
        step.at, step.now = state.wake_at, state.wake_at + 1
        step.changes.append(TimerDue())
        react(state, step)
        fired = True
    return fired
