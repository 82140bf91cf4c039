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
    known = next((goal for goal in state.goals if goal.goal_id == event.goal_id), None)
    if known is not None:
        if known.set_at > at:
            return
        state.goals.remove(known)
    if isinstance(event, GoalRemoved):
        made = Goal(event.goal_id, None, None, 0.0, at)
    else:
        due_at = None if event.due_at is None else int(event.due_at.timestamp())
        made = Goal(event.goal_id, event.metric, event.course_id, event.target, at, due_at)
    state.goals.append(made)
    state.goals.sort(key=lambda goal: (goal.set_at, goal.goal_id))
    _forget_oldest(state)


def _forget_oldest(state: Learner) -> None:
    """Keep 16 goals, and the tombstones of removed ones up to 32 facts in all."""
    standing = [goal for goal in state.goals if goal.metric is not None]
    if len(standing) > GOALS_MAX:
        state.goals.remove(standing[0])
        state.overflow.goals += 1
    if len(state.goals) > GOAL_FACTS_MAX:
        state.goals.remove(next(goal for goal in state.goals if goal.metric is None))
