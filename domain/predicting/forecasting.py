"""What the next scores may be: closed forms with 90 % intervals, as readers are shown them.

The fold keeps what it makes of them each week, to be judged; answers draw the points.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from domain.course_facts import DAY
from domain.exact import exceeds, percent
from domain.keepers.score_trend import (
    LEVEL_NOISE_VARIANCE,
    LEVEL_STEP_VARIANCE,
    SCORES_MAX,
    SCORES_MIN,
    ScoreLevel,
    ScoreTrend,
    fit_kinds,
    fit_scores,
)
from domain.keepers.scores import Scored
from domain.predictions import INTERVAL_LEVEL, Figure, Reach, Target
from domain.statistics import deviation, normal_quantile, t_quantile

WIDTH_MAX: Final = 50
"""Points; a wider interval is said in words, not drawn: a band over everything says nothing."""
FORECAST_DAYS: Final[dict[Target, int]] = {"forecast_7": 7, "forecast_28": 28, "forecast_84": 84}
"""The forecasts that are judged, and how many days each looks ahead."""
SPREAD_MIN: Final = 1.0
"""Points; equal scores do not make the next one certain."""
_WEEK: Final = 7
_THOUSAND: Final = 1000


class Point(NamedTuple):
    """What to expect so many days from now, and where nine in ten scores will lie.

    Percent with one decimal, held within 0 and 100; `half` is half the width of the formula's
    interval, in points.
    """

    days: int
    value: float
    low: float
    high: float
    half: float


class Drawn(NamedTuple):
    """The points that are shown, and in how many days they end as the interval gets too wide."""

    points: list[Point]
    too_wide_from: int | None


def drawn(
    scores: Sequence[Scored], trend: ScoreTrend, now: int, days: Iterable[int], reach: Reach | None
) -> Drawn:
    """The points of these days from now, before the first whose interval is too wide.

    `scores` are the counted ones of open courses, three at least, and `trend` is theirs. By the
    level against expectations where that is known; else the level of the newest scores, flat, or
    along their trend where that is proven. The interval widens with the distance: the level
    wanders, and an unproven slope is still an unknown one. `reach` is how far it has to go, down
    and up, so that nine in ten scores lie within.
    """
    newest = scores[-SCORES_MAX:]
    assert len(newest) >= SCORES_MIN, "a forecast rests on three scores"
    pace = (len(newest) - 1) * DAY / max(DAY, newest[-1].at - newest[0].at)
    since = max(0.0, (now - newest[-1].at) / DAY)
    ahead = _by_line(newest, trend) if trend.level is None else _by_level(newest, trend.level)
    down, up = (1.0, 1.0) if reach is None else (reach.low / _THOUSAND, reach.high / _THOUSAND)
    points: list[Point] = []
    for each in days:
        value, half = ahead(pace * (since + each))
        low, high = percent(value - down * half), percent(value + up * half)
        point = Point(each, percent(value), low, high, half)
        if exceeds(point.high - point.low, WIDTH_MAX):
            return Drawn(points, each)
        points.append(point)
    return Drawn(points, None)


class Forecast(NamedTuple):
    """What a reader could be shown of the score in some weeks.

    `half` is half the width of the formula's interval, in tenths of a point; 1 in `by_level` is
    that the formula goes by the level against expectations.
    """

    target: Target
    by_level: int
    half: int
    shown: Figure


def forecasts(
    scores: Sequence[Scored], now: int, reach: Reach | None, wanted: Collection[Target]
) -> Iterator[Forecast]:
    """Those of the wanted forecasts that can be drawn now; none where scores are under three.

    The baseline is the mean of all `scores`.
    """
    if len(scores) < SCORES_MIN or not wanted:
        return
    trend = fit_scores(scores)
    naive = _tenths(math.fsum(score.percent for score in scores) / len(scores))
    days_of = {FORECAST_DAYS[target]: target for target in wanted}
    weeks = range(_WEEK, max(days_of) + 1, _WEEK)
    for point in drawn(scores, trend, now, weeks, reach).points:
        if point.days in days_of:
            low, value, high = map(_tenths, (point.low, point.value, point.high))
            yield Forecast(
                target=days_of[point.days],
                by_level=int(trend.level is not None),
                half=_tenths(point.half),
                shown=Figure(value, naive, low, high),
            )


def is_by_level(scores: Sequence[Scored]) -> bool:
    """Whether the expectations of enough of the newest scores are known."""
    known = sum(score.expected is not None for score in scores[-SCORES_MAX:])
    return known >= SCORES_MIN


def _tenths(value: float) -> int:
    return round(10 * value)


_Ahead: TypeAlias = Callable[[float], tuple[float, float]]
"""The score so many scores after the newest one, and half the width of its interval."""


def _by_level(newest: Sequence[Scored], level: ScoreLevel) -> _Ahead:
    """The level on top of what the last assessments expected of everybody; it wanders on.

    The variance of a score: of the level now, of its steps until then, of a score about the level,
    and of one more expectation among those of the assessments so far.
    """
    expected = [score.expected for score in newest if score.expected is not None]
    value = math.fsum(expected) / len(expected) + level.now
    variance = level.deviation**2 + LEVEL_NOISE_VARIANCE
    variance += deviation(expected) ** 2 * (1 + 1 / len(expected))
    z = normal_quantile((1 + INTERVAL_LEVEL) / 2)
    return lambda away: (value, z * math.sqrt(variance + LEVEL_STEP_VARIANCE * away))


def _by_line(newest: Sequence[Scored], trend: ScoreTrend) -> _Ahead:
    """The prediction interval of least squares, flat or along the trend of the kinds."""
    row = _row(newest, along_trend=trend.direction in {"improving", "declining"})
    half = t_quantile((1 + INTERVAL_LEVEL) / 2, row.degrees) * max(row.deviation, SPREAD_MIN)
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
