"""What the next scores and activities may be: closed forms with intervals."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from domain.days import day_and_month, iso_date
from domain.exact import exceeds, rounded
from domain.score_trend import (
    LEVEL_NOISE_VARIANCE,
    LEVEL_STEP_VARIANCE,
    SCORES_MAX,
    SCORES_MIN,
    fit_kinds,
)
from domain.scores import Scored
from domain.statistics import deviation, gamma_quantile, normal_quantile, t_quantile
from metrics.figures import needs, percent, sentence
from metrics.scores_trend import fitted, performance_trend
from metrics.shapes import ForecastPoint, PerformanceForecast, Text
from metrics.shapes_trends import ActivitiesForecast, Forecast
from metrics.view import View
from metrics.windows import WEEK, bucket_of

LEVEL: Final = 0.9
DAILY_UNTIL: Final = 30
ACTIVITY_DAYS: Final = 28
ACTIVITY_DAYS_MIN: Final = 14
ACTIVITY_WEEKS_MIN: Final = 4
ACTIVITY_WEEKS_MAX: Final = 12
WIDTH_MAX: Final = 50  # points; a wider interval is said in words, not drawn
SPREAD_MIN: Final = 1.0  # points; equal scores do not make the next one certain
_DAY: Final = 86_400


def forecast(view: View, period: int) -> Forecast:
    """The section `forecast` of trend-analysis; its horizon is the period."""
    return Forecast(
        performance=performance_forecast(view, period),
        activities=activities_forecast(view, period),
    )


def performance_forecast(view: View, horizon: int) -> PerformanceForecast:
    """What scores to expect, with where nine in ten of them will lie.

    By the level against expectations where that is known; else the level of the newest scores,
    flat, or along their trend where that is proven. The interval widens with the distance: the
    level wanders, and an unproven slope is still an unknown one. Points end where the interval gets
    wider than 50 points, since a band over everything says nothing; `note` says that in words.
    """
    newest = view.scores[-SCORES_MAX:]
    status = needs(("scores", len(newest), SCORES_MIN))
    points: list[ForecastPoint] = []
    note = None
    if status.status == "ok":
        points, note = _narrow(_score_points(view, newest, horizon))
    return PerformanceForecast(
        status=status.status,
        missing=status.missing,
        unit="percent",
        level=LEVEL,
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


def _narrow(
    made: Iterator[tuple[int, ForecastPoint]],
) -> tuple[list[ForecastPoint], Text | None]:
    """The points before the first whose interval is too wide to be drawn, and why they end."""
    points: list[ForecastPoint] = []
    for day, point in made:
        if exceeds(point.high - point.low, WIDTH_MAX):
            if not points:
                return [], sentence("forecast.too_wide", {"width": WIDTH_MAX})
            date = day_and_month(day)
            return points, sentence("forecast.too_wide_from", {"date": date, "width": WIDTH_MAX})
        points.append(point)
    return points, None


def _score_points(
    view: View, newest: Sequence[Scored], horizon: int
) -> Iterator[tuple[int, ForecastPoint]]:
    """Each day with the score to expect on it, as far along as the own pace of scores has come."""
    pace = (len(newest) - 1) * _DAY / max(_DAY, newest[-1].at - newest[0].at)
    since = max(0.0, (view.now - newest[-1].at) / _DAY)
    ahead = _by_level(view, newest) or _by_line(view, newest)
    for day in forecast_days(view.today, horizon):
        value, half = ahead(pace * (since + day - view.today))
        low, high = percent(value - half), percent(value + half)
        yield day, ForecastPoint(date=iso_date(day), value=percent(value), low=low, high=high)


_Ahead: TypeAlias = Callable[[float], tuple[float, float]]
"""The score so many scores after the newest one, and half the width of its interval."""


def _by_level(view: View, newest: Sequence[Scored]) -> _Ahead | None:
    """The level on top of what the last assessments expected of everybody; it wanders on.

    The variance of a score: of the level now, of its steps until then, of a score about the level,
    and of one more expectation among those of the assessments so far.
    """
    level = fitted(view).level
    if level is None:
        return None
    expected = [score.expected for score in newest if score.expected is not None]
    value = math.fsum(expected) / len(expected) + level.now
    variance = level.deviation**2 + LEVEL_NOISE_VARIANCE
    variance += deviation(expected) ** 2 * (1 + 1 / len(expected))
    z = normal_quantile((1 + LEVEL) / 2)
    return lambda away: (value, z * math.sqrt(variance + LEVEL_STEP_VARIANCE * away))


def _by_line(view: View, newest: Sequence[Scored]) -> _Ahead:
    """The prediction interval of least squares, flat or along the trend of the kinds."""
    row = _row(newest, along_trend=fitted(view).direction in {"improving", "declining"})
    half = t_quantile((1 + LEVEL) / 2, row.degrees) * max(row.deviation, SPREAD_MIN)
    last = len(newest) - 1 - row.middle

    def ahead(away: float) -> tuple[float, float]:
        place = last + away
        width = half * math.sqrt(1 + 1 / row.n + place * place / row.spread)
        return row.level + row.slope * place, width

    return ahead


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
