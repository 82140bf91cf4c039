"""How engagement goes over a period, how regular it is, and on which days it falls."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from domain.keepers.days import iso_date, weekday
from domain.keepers.patterns import WEIGHT
from domain.statistics import concentration
from metrics.engagement import Engagement, engagement, level_on
from metrics.figures import needs, pct, prob, trend
from metrics.segments import segment
from metrics.shapes import Trend
from metrics.shapes_trends import EngagementTrends, EngagementWeek, WeekdayActivity
from metrics.view import View
from metrics.windows import WEEK, Window, known_minutes, lived_weeks, weeks, window

STABLE_WITHIN: Final = 2.0  # points of the level, in a week
CONSISTENCY_WEEKS_MIN: Final = 3
CONCENTRATION_EVENTS_MIN: Final = 30


def engagement_trends(view: View, period: int) -> EngagementTrends:
    """The section `engagement_trends`."""
    now = engagement(view)
    over = window(view, view.today - period + 1, view.today)
    status = needs(("active_days", over.active_days, 1))
    where, why = segment(view)
    return EngagementTrends(
        status=status.status,
        missing=status.missing,
        engagement_level=now.level,
        trend=_trend(view, period, now),
        components=now.components,
        consistency_score=consistency_score(view, period),
        hour_concentration=hour_concentration(view),
        weekday_concentration=weekday_concentration(view, period),
        weekly=[_week(view, week) for week in weeks(view, period)],
        weekday_pattern=weekday_pattern(view, period),
        segment=where,
        segment_reason=why,
    )


def consistency_score(view: View, period: int) -> float | None:
    """100 x share of weeks active x mean likeness of neighbouring weeks; from 3 whole weeks on.

    The likeness of two weeks is the number of weekdays active in both over the larger number of
    active weekdays (WS1 of Boroujeni, Sharma, Kidzinski, Lucignano and Dillenbourg, EC-TEL 2016).
    """
    lived = lived_weeks(view, period)
    if len(lived) < CONSISTENCY_WEEKS_MIN:
        return None
    profiles = [_active_weekdays(view, week) for week in lived]
    active = sum(1 for profile in profiles if profile) / len(profiles)
    likeness = [
        len(one & other) / max(len(one), len(other))
        for one, other in pairwise(profiles)
        if one or other
    ]
    return pct(100 * active * sum(likeness) / len(likeness)) if likeness else 0.0


def hour_concentration(view: View) -> float | None:
    """How far activity keeps to few hours of the day: 0 evenly, 1 all in one; from 30 events on."""
    counts = [count / WEIGHT for count in view.state.hours]
    if sum(counts) < CONCENTRATION_EVENTS_MIN:
        return None
    return prob(concentration(counts))


def weekday_concentration(view: View, period: int) -> float | None:
    """The same for weekdays, over the period's whole weeks, so that each weekday comes as often."""
    counts = [float(of.activities) for of in _weekdays(view, period // WEEK * WEEK)]
    if sum(counts) < CONCENTRATION_EVENTS_MIN:
        return None
    return prob(concentration(counts))


def weekday_pattern(view: View, period: int) -> list[WeekdayActivity]:
    """Activities and minutes by weekday over the period, Monday first."""
    return [
        WeekdayActivity(
            weekday=number,
            activities=of.activities,
            minutes=known_minutes(view, of.activities, of.timed, of.seconds),
        )
        for number, of in enumerate(_weekdays(view, period), 1)
    ]


@dataclass(slots=True)
class _Sums:
    """What was done on one weekday."""

    activities: int = 0
    timed: int = 0
    seconds: int = 0


def _weekdays(view: View, period: int) -> list[_Sums]:
    """The sums of the period's days, Monday first."""
    sums = [_Sums() for _ in range(WEEK)]
    for day in view.state.days:
        if view.today - period < day.day <= view.today:
            of = sums[weekday(day.day) - 1]
            of.activities += day.activities
            of.timed += day.timed
            of.seconds += day.seconds
    return sums


def _active_weekdays(view: View, week: Window) -> set[int]:
    return {
        weekday(day)
        for day in range(week.first, week.last + 1)
        if day in view.buckets and view.buckets[day].activities
    }


def _trend(view: View, period: int, now: Engagement) -> Trend:
    """The slope of the levels at the end of each whole week."""
    lived = [] if now.level is None else lived_weeks(view, period)
    levels = [float(level_on(view, week.last) or 0) for week in lived]
    return trend(levels, unit="points", stable_within=STABLE_WITHIN)


def _week(view: View, week: Window) -> EngagementWeek:
    return EngagementWeek(
        week_start=iso_date(week.first),
        active_days=week.active_days,
        activities=week.activities,
        minutes=week.minutes(view),
    )
