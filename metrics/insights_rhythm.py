"""What is said of working days: silence, a return, momentum, a streak, a rhythm."""

from typing import Final

from domain.exact import reaches
from domain.keepers.days import day_and_month, worked
from metrics.engagement import Engagement
from metrics.insights_making import figure, insight
from metrics.pressing import any_runs
from metrics.progress_summary import streak_now
from metrics.shapes import Insight
from metrics.view import View
from metrics.windows import WEEK, days_inactive, this_week, window

SILENT_DAYS: Final = 10
BACK_AFTER: Final = 7  # whole local days without work
ENGAGEMENT_HIGH: Final = 80
STREAK_FROM: Final = 5
RHYTHM_DAYS: Final = 3
RHYTHM_OVER_MEAN: Final = 1.5  # days more than in the mean of four weeks
RHYTHM_EVERY_WEEK: Final = 2  # days, in each of the last four weeks
WEEKS: Final = 4


def rhythm_insight(view: View, engagement: Engagement) -> Insight | None:
    """One of five, in this order."""
    silent = days_inactive(view)
    if silent is None:
        return None
    if silent >= SILENT_DAYS:
        return _silent(view, silent)
    return _back(view) or _engagement_high(view, engagement) or _streak(view) or _rhythm(view)


def _silent(view: View, days: int) -> Insight | None:
    """No work for 10 days while a course runs; the date is that of the last work."""
    if not any_runs(view):
        return None
    return insight(
        "insight.silent",
        {"date": day_and_month(view.today - days)},
        area="engagement",
        tone="warning",
        evidence=figure("days_inactive", days, "days", threshold=SILENT_DAYS, up=True),
    )


def _back(view: View) -> Insight | None:
    """Work today or yesterday, after 7 whole days without."""
    first = next((d for d in (view.today - 1, view.today) if _worked_on(view, d)), None)
    if first is None:
        return None
    before = max((d.day for d in view.state.days if worked(d) and d.day < first), default=0)
    before = before or view.state.streak.gone_day
    days = first - before - 1
    if not before or days < BACK_AFTER:
        return None
    return insight(
        "insight.back",
        {"days": days},
        area="engagement",
        tone="neutral",
        evidence=figure("days_without_work", days, "days", threshold=BACK_AFTER, up=True),
    )


def _engagement_high(view: View, engagement: Engagement) -> Insight | None:
    """Work today, and a level of 80 or more."""
    level = engagement.level
    if level is None or level < ENGAGEMENT_HIGH or not _worked_on(view, view.today):
        return None
    return insight(
        "insight.engagement_high",
        {},
        area="engagement",
        tone="praise",
        evidence=figure("engagement_level", level, "points", threshold=ENGAGEMENT_HIGH, up=True),
    )


def _streak(view: View) -> Insight | None:
    days = streak_now(view).days
    if days < STREAK_FROM:
        return None
    return insight(
        "insight.streak",
        {"days": days},
        area="engagement",
        tone="praise",
        evidence=figure("streak_days", days, "days", threshold=STREAK_FROM, up=True),
    )


def _rhythm(view: View) -> Insight | None:
    """More days this week than in the own mean of four weeks, or two days in each of four."""
    days, last = this_week(view).active_days, view.today
    weeks = [
        window(view, last - WEEK * (back + 1) + 1, last - WEEK * back) for back in range(WEEKS + 1)
    ]
    lived = [
        week.active_days
        for week in weeks[1:]
        if view.first_day is not None and week.first >= view.first_day
    ]
    mean = sum(lived) / len(lived) if lived else None
    more = mean is not None and reaches(days, mean + RHYTHM_OVER_MEAN) and days >= RHYTHM_DAYS
    if not more and min(week.active_days for week in weeks[:WEEKS]) < RHYTHM_EVERY_WEEK:
        return None
    return insight(
        "insight.rhythm",
        {"days": days},
        area="engagement",
        tone="praise",
        evidence=figure("active_days", days, "days", baseline=mean, up=True),
    )


def _worked_on(view: View, day: int) -> bool:
    bucket = view.buckets.get(day)
    return bucket is not None and worked(bucket)
