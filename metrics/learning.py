"""How much is done over a period, how that goes, and how much of what was due is done."""

from typing import Final

from domain import exact
from domain.keepers.days import iso_date, weekday
from metrics.assessments import completion
from metrics.figures import needs, pct, trend
from metrics.shapes import Trend
from metrics.shapes_trends import (
    ActivityPattern,
    LearningDay,
    LearningTrends,
    PreviousLearning,
)
from metrics.view import View
from metrics.windows import DayFigures, days_since, lived_weeks, reaches, window

STABLE_SHARE: Final = 0.05  # of the weekly mean, in a week
PATTERN_DAYS_MIN: Final = 14
PATTERN_ACTIVE_DAYS_MIN: Final = 5
DAILY_SHARE: Final = 0.8
WEEKDAYS_SHARE: Final = 0.9
WEEKENDS_SHARE: Final = 0.6
BURST_DAYS: Final = 5  # one in so many of the active days is a busiest one
BURST_SHARE: Final = 0.5
_SATURDAY: Final = 6


def learning_trends(view: View, period: int) -> LearningTrends:
    """The section `learning_trends`."""
    first = view.today - period + 1
    over = window(view, first, view.today)
    due = completion(view, first, view.today)
    status = needs(("active_days", over.active_days, 1))
    return LearningTrends(
        status=status.status,
        missing=status.missing,
        activity_trend=activity_trend(view, period),
        activities=over.activities,
        active_days=over.active_days,
        minutes=over.minutes(view),
        modules_completed=over.modules,
        completion_rate=pct(due.rate),
        due=due.due,
        done=due.done,
        on_time_rate=pct(due.on_time_rate),
        activity_pattern=activity_pattern(view, first),
        daily=list(map(_day, days_since(view, first))),
        previous=_previous(view, first - period, first - 1),
    )


def activity_trend(view: View, period: int) -> Trend:
    """Regression on the sums of whole weeks, since days hang together."""
    sums = [float(week.activities) for week in lived_weeks(view, period)]
    mean = sum(sums) / len(sums) if sums else 0.0
    return trend(sums, unit="activities", stable_within=STABLE_SHARE * mean)


def activity_pattern(view: View, first: int) -> ActivityPattern | None:
    """The shape of the days from `first` on; None under 14 known and 5 active days.

    Daily: work on 80 % of the days. Weekdays: 90 % of it from Monday to Friday. Weekends: 60 % on
    Saturday and Sunday. Bursts: the busiest fifth of the active days holds half. Else irregular.
    """
    if view.first_day is None:
        return None
    since = max(first, view.first_day)
    known = view.today - since + 1
    counts = {
        day.day: day.activities
        for day in view.state.days
        if day.activities and since <= day.day <= view.today
    }
    if known < PATTERN_DAYS_MIN or len(counts) < PATTERN_ACTIVE_DAYS_MIN:
        return None
    return _pattern(counts, known)


def _pattern(counts: dict[int, int], known: int) -> ActivityPattern:
    total = sum(counts.values())
    weekend = sum(count for day, count in counts.items() if weekday(day) >= _SATURDAY)
    if exact.reaches(len(counts), DAILY_SHARE * known):
        return "daily"
    if exact.reaches(weekend, WEEKENDS_SHARE * total):
        return "weekends"
    on_half_of_them = exact.reaches(len(counts), known * 5 / 7 / 2)
    if on_half_of_them and exact.reaches(total - weekend, WEEKDAYS_SHARE * total):
        return "weekdays"
    fifth = max(1, len(counts) // BURST_DAYS)
    busiest = sum(sorted(counts.values(), reverse=True)[:fifth])
    return "bursts" if exact.reaches(busiest, BURST_SHARE * total) else "irregular"


def _day(row: DayFigures) -> LearningDay:
    return LearningDay(
        date=iso_date(row.day),
        activities=row.activities,
        minutes=row.minutes,
        modules_completed=row.modules,
        assessments=row.assessments,
    )


def _previous(view: View, first: int, last: int) -> PreviousLearning:
    if not reaches(view, first, last):
        return PreviousLearning(
            activities=None, active_days=None, minutes=None, completion_rate=None
        )
    before = window(view, first, last)
    return PreviousLearning(
        activities=before.activities,
        active_days=before.active_days,
        minutes=before.minutes(view),
        completion_rate=pct(completion(view, first, last).rate),
    )
