"""The learner's goals; how far they are reached is not measured yet."""

from typing import Final, Literal

from domain.events.activity import GoalMetric
from domain.state.learner import Goal
from metrics.figures import instant, maybe_instant
from metrics.shapes_dashboard import GoalProgress
from metrics.view import View

_UNITS: Final[dict[GoalMetric, Literal["minutes", "activities", "percent", "days"]]] = {
    "weekly_minutes": "minutes",
    "weekly_activities": "activities",
    "average_score": "percent",
    "streak_days": "days",
    "course_progress": "percent",
}


def goals(view: View) -> list[GoalProgress]:
    """The section `goals`: what was set, with status `no_data` and no current figure."""
    return [_goal(goal, goal.metric) for goal in view.state.goals if goal.metric is not None]


def _goal(goal: Goal, metric: GoalMetric) -> GoalProgress:
    return GoalProgress(
        goal_id=goal.goal_id,
        metric=metric,
        course_id=goal.course_id,
        target=goal.target,
        current=None,
        unit=_UNITS[metric],
        progress=None,
        status="no_data",
        set_at=instant(goal.set_at),
        due_at=maybe_instant(goal.due_at),
        achieved_at=None,
    )
