"""The learner's goals: of each the newest fact counts, whatever the order of arrival."""

from domain.events.activity import GoalRemoved, GoalSet
from domain.state.learner import (
    Goal,
    Learner,
)
from domain.state.limits import (
    GOAL_FACTS_MAX,
    GOALS_MAX,
)


def take(state: Learner, event: GoalSet | GoalRemoved, at: int) -> None:
    """Set a goal anew or remove it, unless a newer fact about it is known."""
    if isinstance(event, GoalRemoved):
        put(state, removed(event.goal_id, at))
    else:
        due_at = None if event.due_at is None else int(event.due_at.timestamp())
        put(state, Goal(event.goal_id, event.metric, event.course_id, event.target, at, due_at))


def put(state: Learner, fact: Goal) -> None:
    """Let this fact about a goal stand, unless a newer one is known."""
    known = find(state, fact.goal_id)
    if known is not None:
        if known.set_at > fact.set_at:
            return
        state.goals.remove(known)
    state.goals.append(fact)
    state.goals.sort(key=lambda goal: (goal.set_at, goal.goal_id))
    _forget_oldest(state)


def find(state: Learner, goal_id: str) -> Goal | None:
    """What is known of a goal; None where nothing is."""
    return next((goal for goal in state.goals if goal.goal_id == goal_id), None)


def removed(goal_id: str, at: int) -> Goal:
    """The fact that a goal was removed."""
    return Goal(goal_id, None, None, 0.0, at)


def standing(state: Learner) -> list[Goal]:
    """The goals that were set and not removed, in the order in which they were set."""
    return [goal for goal in state.goals if goal.metric is not None]


def _forget_oldest(state: Learner) -> None:
    """Keep 16 goals, and the tombstones of removed ones up to 32 facts in all."""
    kept = standing(state)
    if len(kept) > GOALS_MAX:
        state.goals.remove(kept[0])
        state.overflow.goals += 1
    if len(state.goals) > GOAL_FACTS_MAX:
        state.goals.remove(next(goal for goal in state.goals if goal.metric is None))
