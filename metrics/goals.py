"""The learner's goals: where each stands, when it was reached, and whether it will be."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from domain.course_facts import DAY
from domain.events.activity import GoalMetric
from domain.exact import reaches, rounded
from domain.state.learner import Goal
from metrics.figures import instant, maybe_instant, pct
from metrics.goal_figures import Point, figure_at, figures
from metrics.shapes_dashboard import GoalProgress
from metrics.view import View

WEEK_SECONDS: Final = 7 * DAY

Status: TypeAlias = Literal["on_track", "behind", "achieved", "missed", "no_data"]
_UNITS: Final[dict[GoalMetric, Literal["minutes", "activities", "percent", "days"]]] = {
    "weekly_minutes": "minutes",
    "weekly_activities": "activities",
    "average_score": "percent",
    "streak_days": "days",
    "course_progress": "percent",
}


def goals(view: View) -> list[GoalProgress]:
    """The section `goals`: what was set and not removed, in the order in which it was set."""
    return [_goal(view, goal, goal.metric) for goal in view.state.goals if goal.metric is not None]


def _goal(view: View, goal: Goal, metric: GoalMetric) -> GoalProgress:
    """A goal as it stands now; one whose time is over, as it stood at its end."""
    until = view.now if goal.due_at is None else min(view.now, goal.due_at)
    points = figures(view, goal, metric, until)
    current = figure_at(points, until)
    achieved_at = _achieved_at(points, goal, until)
    return GoalProgress(
        goal_id=goal.goal_id,
        metric=metric,
        course_id=goal.course_id,
        target=goal.target,
        current=None if current is None else rounded(current, 1),
        unit=_UNITS[metric],
        progress=None if current is None else pct(_share(current, goal.target)),
        status=_status(view, goal, points, achieved_at, until),
        set_at=instant(goal.set_at),
        due_at=maybe_instant(goal.due_at),
        achieved_at=maybe_instant(achieved_at),
    )


def _share(current: float, target: float) -> float:
    """Percent of the target; a target of nothing is reached."""
    return 100 * current / target if target > 0 else 100.0


def _achieved_at(points: Sequence[Point], goal: Goal, until: int) -> int | None:
    """When the target was first reached, from when the goal was set until its time is over."""
    before = figure_at(points, goal.set_at)
    if before is not None and reaches(before, goal.target):
        return goal.set_at
    return next(
        (
            each.at
            for each in points
            if goal.set_at < each.at <= until and reaches(each.value, goal.target)
        ),
        None,
    )


def _status(
    view: View, goal: Goal, points: Sequence[Point], achieved_at: int | None, until: int
) -> Status:
    """Of a goal with a due time: achieved once is achieved. Without one it is to be kept up."""
    current = figure_at(points, until)
    if current is None:
        return "no_data"
    if goal.due_at is None:
        if reaches(current, goal.target):
            return "achieved"
        before = figure_at(points, max(goal.set_at, view.now - WEEK_SECONDS)) or 0.0
        return "on_track" if reaches(current, before) else "behind"
    if achieved_at is not None:
        return "achieved"
    if view.now > goal.due_at:
        return "missed"
    passed = (view.now - goal.set_at) / max(1, goal.due_at - goal.set_at)
    began = figure_at(points, goal.set_at) or 0.0
    return "on_track" if reaches(current, began + (goal.target - began) * passed) else "behind"
