"""What to do next, by rule: at most five steps, the most pressing first, each with its reason."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domain.days import iso_date
from domain.measures.assessments import Due, dues, open_dues
from domain.measures.engagement import pass_mark
from domain.measures.figures import action, sentence
from domain.measures.progress_summary import expected_progress, streak_now
from domain.measures.scores_trend import performance_trend
from domain.measures.shapes import Action, ActionTarget, Text
from domain.measures.shapes_predictions import Recommendation
from domain.measures.view import View
from domain.measures.windows import days_inactive

RECOMMENDATIONS_MAX: Final = 5
DEADLINE_DAYS: Final = 7
OVERDUE_DAYS: Final = 14
BEHIND_BY: Final = 10.0  # points of progress
INACTIVE_FROM: Final = 3
CELEBRATE_FROM: Final = 7
_DAY: Final = 86_400
_NOTHING: Final = ActionTarget(kind="none", id=None, course_id=None)


class _Step(NamedTuple):
    reason: Text
    action: Action


def learning_recommendations(view: View) -> list[Recommendation]:
    """The section `learning_recommendations`; nothing for a learner without an open course."""
    steps = list(_steps(view)) if view.courses else []
    return [
        Recommendation(
            rank=rank, reason=step.reason, action=step.action, source="rule", effect=None
        )
        for rank, step in enumerate(steps[:RECOMMENDATIONS_MAX], start=1)
    ]


def _steps(view: View) -> Iterator[_Step]:
    yield from _due_soon(view)
    yield from _overdue(view)
    yield from _scores(view)
    yield from _behind(view)
    yield from _silent(view)
    yield from _goal_or_praise(view)


def _due_soon(view: View) -> Iterator[_Step]:
    for due in open_dues(view)[:2]:
        if due.due_at - view.now < DEADLINE_DAYS * _DAY:
            yield _hand_in(view, due, "recommendation.deadline")


def _overdue(view: View) -> Iterator[_Step]:
    since = view.now - OVERDUE_DAYS * _DAY
    late = [d for d in dues(view) if since <= d.due_at <= view.now and d.submitted_at is None]
    for due in sorted(late, key=lambda due: -due.due_at)[:1]:
        yield _hand_in(view, due, "recommendation.overdue")


def _hand_in(view: View, due: Due, code: str) -> _Step:
    target = ActionTarget(kind="assessment", id=due.fact.id, course_id=due.course.course_id)
    return _Step(
        sentence(
            code,
            {
                "title": due.fact.title or due.fact.id,
                "date": iso_date(view.day_of(due.due_at)),
            },
        ),
        action("submit_assessment", target, due.due_at),
    )


def _scores(view: View) -> Iterator[_Step]:
    trend = performance_trend(view)
    last = view.scores[-1] if view.scores else None
    if last is not None and last.percent < pass_mark(view, last.course_id):
        params = {
            "score": round(last.percent, 1),
            "pass_mark": round(pass_mark(view, last.course_id), 1),
        }
        target = ActionTarget(kind="course", id=last.course_id, course_id=last.course_id)
        reason = sentence("recommendation.low_score", {**params})
        yield _Step(reason, action("ask_for_help", target))
    elif trend.direction == "declining" and trend.slope is not None:
        points = round(-trend.slope, 1)
        reason = sentence("recommendation.declining", {"points": points})
        yield _Step(reason, action("plan_session", _NOTHING))


def _behind(view: View) -> Iterator[_Step]:
    for course in view.courses:
        expected = expected_progress(view, course, view.facts.get(course.course_id))
        progress = view.progress[course.course_id].percent
        if expected is None or progress is None or progress > expected - BEHIND_BY:
            continue
        target = ActionTarget(kind="course", id=course.course_id, course_id=course.course_id)
        params = {"progress": round(progress, 1), "expected": round(expected, 1)}
        yield _Step(sentence("recommendation.behind", {**params}), action("resume_course", target))


def _silent(view: View) -> Iterator[_Step]:
    days = days_inactive(view)
    if days is not None and days >= INACTIVE_FROM:
        reason = sentence("recommendation.inactive", {"days": days})
        yield _Step(reason, action("plan_session", _NOTHING))


def _goal_or_praise(view: View) -> Iterator[_Step]:
    streak = streak_now(view).days
    if streak >= CELEBRATE_FROM:
        reason = sentence("recommendation.streak", {"days": streak})
        yield _Step(reason, action("celebrate", _NOTHING))
    if not view.state.goals:
        yield _Step(sentence("recommendation.no_goal", {}), action("set_goal", _NOTHING))
