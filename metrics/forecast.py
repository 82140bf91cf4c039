"""What the next scores and activities may be: closed forms with intervals."""

import math
from typing import Final

from domain.exact import rounded
from domain.keepers.days import day_and_month, iso_date
from domain.keepers.score_trend import SCORES_MAX, SCORES_MIN
from domain.predicting.forecasting import WIDTH_MAX, drawn
from domain.predictions import INTERVAL_LEVEL
from domain.statistics import deviation, gamma_quantile
from metrics.figures import needs, sentence
from metrics.scores_trend import fitted, performance_trend
from metrics.shapes import ForecastPoint, PerformanceForecast, Text
from metrics.shapes_trends import ActivitiesForecast, Forecast
from metrics.view import View
from metrics.windows import WEEK, bucket_of

DAILY_UNTIL: Final = 30
ACTIVITY_DAYS: Final = 28
ACTIVITY_DAYS_MIN: Final = 14
ACTIVITY_WEEKS_MIN: Final = 4
ACTIVITY_WEEKS_MAX: Final = 12


def forecast(view: View, period: int) -> Forecast:
    """The section `forecast` of trend-analysis; its horizon is the period."""
    return Forecast(
        performance=performance_forecast(view, period),
        activities=activities_forecast(view, period),
    )


def performance_forecast(view: View, horizon: int) -> PerformanceForecast:
    """What scores to expect, with where nine in ten of them will lie: see `domain.predictions`.

    Points end where the interval gets wider than 50 points; `note` says that in words.
    """
    status = needs(("scores", min(len(view.scores), SCORES_MAX), SCORES_MIN))
    points: list[ForecastPoint] = []
    note = None
    if status.status == "ok":
        points, note = _score_points(view, horizon)
    return PerformanceForecast(
        status=status.status,
        missing=status.missing,
        unit="percent",
        level=INTERVAL_LEVEL,
        trend=performance_trend(view),
        points=points,
        note=note,
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


def _score_points(view: View, horizon: int) -> tuple[list[ForecastPoint], Text | None]:
    """The points that are shown, and why they end where they do."""
    days = [day - view.today for day in forecast_days(view.today, horizon)]
    found = drawn(view.scores, fitted(view), view.now, days, view.state.reach)
    points = [
        ForecastPoint(date=iso_date(view.today + ahead), value=value, low=low, high=high)
        for ahead, value, low, high, _ in found.points
    ]
    if found.too_wide_from is None:
        return points, None
    if not points:
        return [], sentence("forecast.too_wide", {"width": WIDTH_MAX})
    date = day_and_month(view.today + found.too_wide_from)
    return points, sentence("forecast.too_wide_from", {"date": date, "width": WIDTH_MAX})


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
    n, tail = len(counts), (1 - INTERVAL_LEVEL) / 2
    mean = sum(counts) / n
    if mean == 0:
        return 0.0, 0.0, rounded(-math.log(tail) / n, 1)  # the rule of three: none seen in n
    variance = max(deviation(counts) ** 2, mean) * (1 + 1 / n)
    shape, scale = mean * mean / variance, variance / mean
    low, high = (scale * gamma_quantile(share, shape) for share in (tail, 1 - tail))
    return rounded(mean, 1), rounded(min(low, mean), 1), rounded(max(high, mean), 1)
