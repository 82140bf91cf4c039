"""What one learner is shown at one moment, in the few words that can be judged later."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from benchmarks.outcome.truth import Truth
from metrics.dashboard import dashboard
from metrics.predictions import predictive_analytics
from metrics.shapes import Est
from metrics.shapes_dashboard import Dashboard
from metrics.shapes_predictions import PredictiveAnalytics
from metrics.trends import trend_analysis
from metrics.view import View

HORIZON: Final = 30
PERIOD: Final = 30
SILENT_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An interval and the score that came; `error` and `naive_error` are absolute, in points."""

    covered: bool
    width: float
    error: float
    naive_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of one learner in one course."""

    course_id: str
    user: str
    passed: bool
    trend: str
    segment: str
    schedule: str
    progress: float | None
    forecast_ok: bool
    forecast_width: float | None
    forecast: Judged | None
    score_ok: bool
    score: Judged | None
    next_residual: float | None
    next_change: float | None
    insights: int
    praised_in_silence: bool | None
    overdue_alert: bool
    overdue_published: bool


def said_of(view: View, course_id: str, truth: Truth) -> Said:
    """Ask the three pages, and keep what can be judged."""
    board = dashboard(view)
    predicted = predictive_analytics(view, HORIZON)
    trends = trend_analysis(view, PERIOD, "comprehensive").engagement_trends
    assert trends is not None
    user = view.state.user_id
    after = truth.next_score(user, {c.course_id for c in view.courses}, view.today)
    last = view.scores[-1].percent if view.scores else None
    points = predicted.performance_forecast.points
    return Said(
        course_id=course_id,
        user=user,
        passed=truth.passed(course_id, user),
        trend=board.realtime_metrics.performance_trend,
        segment=trends.segment or "none",
        schedule=_schedule(predicted, course_id),
        progress=_progress(board, course_id),
        forecast_ok=predicted.performance_forecast.status == "ok",
        forecast_width=sum(p.high - p.low for p in points) / len(points) if points else None,
        forecast=None if after is None else _forecast(predicted, after.day, after.percent),
        score_ok=predicted.predictions.next_assessment_score.score is not None,
        score=None if after is None else _score(predicted, after.percent),
        next_residual=None if after is None else truth.residual(after),
        next_change=None if after is None or last is None else after.percent - last,
        insights=len(board.insights),
        praised_in_silence=_praised_in_silence(board),
        overdue_alert=bool(_overdue(view)),
        overdue_published=bool(_overdue(view) & _asked(predicted)),
    )


def _schedule(predicted: PredictiveAnalytics, course_id: str) -> str:
    found = [c.schedule for c in predicted.completion_predictions if c.course_id == course_id]
    return found[0] if found else "unknown"


def _progress(board: Dashboard, course_id: str) -> float | None:
    courses = board.progress_summary.courses
    return next((c.progress for c in courses if c.course_id == course_id), None)


def _forecast(predicted: PredictiveAnalytics, day: int, percent: float) -> Judged | None:
    """None where the score came beyond the horizon, or nothing was said."""
    when = date.fromordinal(day).isoformat()
    for point in predicted.performance_forecast.points:
        if point.date == when:
            return _judged(Est(value=point.value, low=point.low, high=point.high, level=0), percent)
    return None


def _score(predicted: PredictiveAnalytics, percent: float) -> Judged | None:
    shown = predicted.predictions.next_assessment_score
    if shown.score is None:
        return None
    return _judged(shown.score, percent, shown.naive_score)


def _judged(said: Est, percent: float, naive: float | None = None) -> Judged:
    return Judged(
        covered=said.low <= percent <= said.high,
        width=said.high - said.low,
        error=abs(percent - said.value),
        naive_error=None if naive is None else abs(percent - naive),
    )


def _praised_in_silence(board: Dashboard) -> bool | None:
    """Of a learner silent for 14 days; None of all others."""
    silent = board.realtime_metrics.days_inactive
    if silent is None or silent < SILENT_DAYS:
        return None
    return any(insight.tone == "praise" for insight in board.insight_details)


def _overdue(view: View) -> set[str | None]:
    """The assessments about which a missed_deadline alert is open."""
    return {
        alert.subject
        for alert in view.state.alerts
        if alert.rule == "missed_deadline" and alert.expires_at > view.now and not alert.suppressed
    }


def _asked(predicted: PredictiveAnalytics) -> set[str | None]:
    """The assessments whose submission is recommended."""
    steps = (step.action for step in predicted.learning_recommendations)
    return {step.target.id for step in steps if step.code == "submit_assessment"}
