"""Sessions: the current one, today's and the week's, and how long they are."""

from typing import Final

from domain.exact import rounded
from domain.keepers.sessions import GAP_SECONDS
from domain.state.learner import Span
from domain.statistics import quantile
from metrics.figures import Status, instant, minutes, needs, trend
from metrics.shapes_dashboard import CurrentSession, LearningSessions
from metrics.shapes_trends import SessionAnalysis
from metrics.view import View
from metrics.windows import (
    WEEK,
    day_minutes,
    lived_weeks,
    this_week,
    window,
)

LENGTHS_DAYS: Final = 30  # the dashboard's median is of the last 30 days
STABLE_SHARE: Final = 0.05  # of the weekly mean, in a week


def learning_sessions(view: View) -> LearningSessions:
    """The section `learning_sessions`."""
    week = this_week(view)
    today = view.today_bucket
    lengths = session_lengths(view, view.today - LENGTHS_DAYS + 1)
    status = _status(view)
    return LearningSessions(
        status=status.status,
        missing=status.missing,
        current=_current(view),
        today_count=0 if today is None else today.sessions,
        today_minutes=day_minutes(view, today),
        week_count=week.sessions,
        week_minutes=week.minutes(view),
        median_minutes=_in_minutes(lengths, 0.5),
        gap_minutes=GAP_SECONDS // 60,
    )


def session_analysis(view: View, period: int) -> SessionAnalysis:
    """The section `session_analysis`; lengths are of the newest 72 sessions at most."""
    first = view.today - period + 1
    over = window(view, first, view.today)
    lengths = session_lengths(view, first)
    weekly = [float(week.sessions) for week in lived_weeks(view, period)]
    mean = sum(weekly) / len(weekly) if weekly else 0.0
    lived = 0 if view.first_day is None else min(period, view.today - view.first_day + 1)
    status = _status(view)
    return SessionAnalysis(
        status=status.status,
        missing=status.missing,
        count=over.sessions,
        total_minutes=over.minutes(view),
        median_minutes=_in_minutes(lengths, 0.5),
        p90_minutes=_in_minutes(lengths, 0.9),
        longest_minutes=minutes(max(lengths)) if lengths else None,
        per_week=rounded(over.sessions * WEEK / lived, 1) if lived and view.ever_timed else None,
        trend=trend(
            weekly if view.ever_timed else [],
            unit="sessions",
            stable_within=STABLE_SHARE * mean,
        ),
    )


def session_lengths(view: View, first: int) -> list[int]:
    """Seconds of every remembered session that is over and began on the day `first` or later."""
    state = view.state
    going_on = _open_span(view)
    lengths = [each.seconds for each in state.sessions if first <= each.day <= view.today]
    lengths += [
        span.end - span.start
        for span in state.spans
        if first <= span.day <= view.today and span is not going_on
    ]
    return lengths


def _open_span(view: View) -> Span | None:
    """The newest span that began by today, where a next event would still join it."""
    begun = [span for span in view.state.spans if span.day <= view.today]
    last = begun[-1] if begun else None
    if last is None or last.closed or view.now > last.end + GAP_SECONDS:
        return None
    return last


def _current(view: View) -> CurrentSession | None:
    span = _open_span(view)
    if span is None:
        return None
    return CurrentSession(
        session_id=view.state.session_id if view.state.session_at >= span.start else None,
        started_at=instant(span.start),
        last_activity_at=instant(span.last_at),
        minutes=minutes(span.end - span.start),
        activities=span.activities,
    )


def _status(view: View) -> Status:
    if view.first_day is None:
        return needs(("active_days", 0, 1))
    return needs(("time_of_day", int(view.ever_timed), 1))


def _in_minutes(lengths: list[int], share: float) -> float | None:
    return rounded(quantile(lengths, share) / 60, 1) if lengths else None
