"""What the next scores and activities may be: closed forms with intervals, no model."""

import math
from collections.abc import Iterator
from typing import Final

from domain.days import iso_date
from domain.measures.figures import needs
from domain.measures.scores_trend import (
    TREND_AGE_MAX,
    TREND_SCORES_MAX,
    TREND_SCORES_MIN,
    performance_trend,
)
from domain.measures.shapes import ForecastPoint, PerformanceForecast
from domain.measures.shapes_trends import ActivitiesForecast, Forecast
from domain.measures.statistics import (
    deviation,
    fit_line,
    gamma_quantile,
    spread_of_indices,
    t_quantile,
)
from domain.measures.view import View
from domain.measures.windows import WEEK, bucket_of

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
    """The level of the last 4 to 8 scores, flat, or along their trend where that is proven.

    The interval is the prediction interval of least squares at the place in the row of scores that
    the learner's pace of scores has reached by then. It widens with the distance, flat or not,
    because an unproven slope is still an unknown one.
    """
    scores = [s for s in view.scores if view.now - TREND_AGE_MAX <= s.at <= view.now]
    newest = scores[-TREND_SCORES_MAX:]
    status = needs(("scores", len(newest), TREND_SCORES_MIN))
    points: list[ForecastPoint] = []
    if status.status == "ok":
        percents = [score.percent for score in newest]
        span = max(_DAY, newest[-1].at - newest[0].at)
        pace = (len(newest) - 1) * _DAY / span
        since = (view.now - newest[-1].at) / _DAY
        rising = performance_trend(view).direction in {"improving", "declining"}
        points = list(_score_points(view, percents, horizon, pace, since, along_trend=rising))
    return PerformanceForecast(
        status=status.status,
        missing=status.missing,
        unit="percent",
        level=LEVEL,
        trend=performance_trend(view),
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


def _score_points(
    view: View,
    percents: list[float],
    horizon: int,
    pace: float,
    since: float,
    *,
    along_trend: bool,
) -> Iterator[ForecastPoint]:
    n = len(percents)
    line = fit_line(percents)
    mean, middle = math.fsum(percents) / n, (n - 1) / 2
    spread = max(line.residual_deviation if along_trend else deviation(percents), SPREAD_MIN)
    t = t_quantile((1 + LEVEL) / 2, n - 2 if along_trend else n - 1)
    for day in forecast_days(view.today, horizon):
        place = n - 1 + pace * (since + day - view.today)
        away = (place - middle) ** 2 / spread_of_indices(n)
        half = t * spread * math.sqrt(1 + 1 / n + away)
        value = mean + line.slope * (place - middle) if along_trend else mean
        yield ForecastPoint(
            date=iso_date(day),
            value=_held(value),
            low=_held(value - half),
            high=_held(value + half),
        )


def _held(value: float) -> float:
    return round(min(max(value, 0.0), 100.0), 1)


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
        return 0.0, 0.0, round(-math.log(tail) / n, 1)  # the rule of three: none seen in n
    variance = max(deviation(counts) ** 2, mean) * (1 + 1 / n)
    shape, scale = mean * mean / variance, variance / mean
    low, high = (scale * gamma_quantile(share, shape) for share in (tail, 1 - tail))
    return round(mean, 1), round(min(low, mean), 1), round(max(high, mean), 1)
