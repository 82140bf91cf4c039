"""What the next scores and activities may be: closed forms with intervals, no model."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domain.days import iso_date
from domain.exact import rounded
from domain.score_trend import SCORES_MAX, SCORES_MIN, fit_kinds
from domain.scores import Scored
from domain.statistics import deviation, gamma_quantile, t_quantile
from metrics.figures import needs, percent
from metrics.scores_trend import performance_trend
from metrics.shapes import ForecastPoint, PerformanceForecast
from metrics.shapes_trends import ActivitiesForecast, Forecast
from metrics.view import View
from metrics.windows import WEEK, bucket_of

LEVEL: Final = 0.9
DAILY_UNTIL: Final = 30
ACTIVITY_DAYS: Final = 28
ACTIVITY_DAYS_MIN: Final = 14
ACTIVITY_WEEKS_MIN: Final = 4
ACTIVITY_WEEKS_MAX: Final = 12
SPREAD_MIN: Final = 1.0  # points; equal scores do not make the next one certain
_DAY: Final = 86_400


def forecast(view: View, period: int) -> Forecast:
    """The section `forecast` of trend-analysis; its horizon is the period."""
    return Forecast(
        performance=performance_forecast(view, period),
        activities=activities_forecast(view, period),
    )


def performance_forecast(view: View, horizon: int) -> PerformanceForecast:
    """The level of the newest scores, flat, or along their trend where that is proven.

    The interval is the prediction interval of least squares at the place in the row of scores that
    the learner's pace of scores has reached by then. It widens with the distance, flat or not,
    because an unproven slope is still an unknown one.
    """
    newest = view.scores[-SCORES_MAX:]
    status = needs(("scores", len(newest), SCORES_MIN))
    shown = performance_trend(view)
    points: list[ForecastPoint] = []
    if status.status == "ok":
        row = _row(newest, along_trend=shown.direction in {"improving", "declining"})
        points = list(_score_points(view, newest, row, horizon))
    return PerformanceForecast(
        status=status.status,
        missing=status.missing,
        unit="percent",
        level=LEVEL,
        trend=shown,
        points=points,
    )


def activities_forecast(view: View, horizon: int) -> ActivitiesForecast:
    """Activities a day (to 30 days) or a week: the mean so far, and where nine in ten will lie.

    The counts are taken as Gamma distributed with the mean and variance of the last 28 days or 12
    weeks; the variance is raised by 1 + 1/n, since the mean is itself estimated.
    """
    lived = 0 if view.first_day is None else view.today - view.first_day + 1
    daily = horizon <= DAILY_UNTIL
    if daily:
        status = needs(("active_days", min(lived, ACTIVITY_DAYS_MIN), ACTIVITY_DAYS_MIN))
    else:
        status = needs(("weeks", min(lived // WEEK, ACTIVITY_WEEKS_MIN), ACTIVITY_WEEKS_MIN))
    points: list[ForecastPoint] = []
    if status.status == "ok":
        counts = _daily_counts(view, lived) if daily else _weekly_counts(view, lived)
        value, low, high = _count_interval(counts)
        points = [
            ForecastPoint(date=iso_date(day), value=value, low=low, high=high)
            for day in forecast_days(view.today, horizon)
        ]
    return ActivitiesForecast(status=status.status, missing=status.missing, points=points)


def forecast_days(today: int, horizon: int) -> range:
    """The days of a forecast: daily to 30 days, else weekly."""
    step = 1 if horizon <= DAILY_UNTIL else WEEK
    return range(today + step, today + horizon + 1, step)


class _Row(NamedTuple):
    """The scores that a forecast goes by: their mean level and place, and how they spread."""

    n: int
    level: float
    middle: float
    slope: float
    deviation: float
    degrees: int
    spread: float  # sum of squared distances of the places from their mean


def _row(newest: Sequence[Scored], *, along_trend: bool) -> _Row:
    """The newest score's own kind where 3 or more of the last 8 are of it, else all of them."""
    last = newest[-1]
    places = [
        i for i, s in enumerate(newest) if (s.course_id, s.kind) == (last.course_id, last.kind)
    ]
    if len(places) < SCORES_MIN:
        places = list(range(len(newest)))
    percents = [newest[i].percent for i in places]
    n, middle = len(places), math.fsum(places) / len(places)
    level = math.fsum(percents) / n
    line = fit_kinds(newest) if along_trend else None
    if line is not None:
        return _Row(n, level, middle, line.slope, line.deviation, line.degrees, line.spread)
    spread = math.fsum((place - middle) ** 2 for place in places)
    return _Row(n, level, middle, 0.0, deviation(percents), n - 1, spread)


def _score_points(
    view: View, newest: Sequence[Scored], row: _Row, horizon: int
) -> Iterator[ForecastPoint]:
    pace = (len(newest) - 1) * _DAY / max(_DAY, newest[-1].at - newest[0].at)
    since = max(0.0, (view.now - newest[-1].at) / _DAY)
    t = t_quantile((1 + LEVEL) / 2, row.degrees)
    for day in forecast_days(view.today, horizon):
        away = len(newest) - 1 + pace * (since + day - view.today) - row.middle
        half = t * max(row.deviation, SPREAD_MIN)
        half *= math.sqrt(1 + 1 / row.n + away * away / row.spread)
        value = row.level + row.slope * away
        yield ForecastPoint(
            date=iso_date(day),
            value=percent(value),
            low=percent(value - half),
            high=percent(value + half),
        )


def _daily_counts(view: View, lived: int) -> list[int]:
    days = range(view.today - min(lived, ACTIVITY_DAYS) + 1, view.today + 1)
    return [bucket_of(view, day).activities for day in days]


def _weekly_counts(view: View, lived: int) -> list[int]:
    found = []
    for back in range(min(lived // WEEK, ACTIVITY_WEEKS_MAX)):
        end = view.today - WEEK * back
        days = range(end - WEEK + 1, end + 1)
        found.append(sum(bucket_of(view, day).activities for day in days))
    return found


def _count_interval(counts: list[int]) -> tuple[float, float, float]:
    n, tail = len(counts), (1 - LEVEL) / 2
    mean = sum(counts) / n
    if mean == 0:
        return 0.0, 0.0, rounded(-math.log(tail) / n, 1)  # the rule of three: none seen in n
    variance = max(deviation(counts) ** 2, mean) * (1 + 1 / n)
    shape, scale = mean * mean / variance, variance / mean
    low, high = (scale * gamma_quantile(share, shape) for share in (tail, 1 - tail))
    return rounded(mean, 1), rounded(min(low, mean), 1), rounded(max(high, mean), 1)
