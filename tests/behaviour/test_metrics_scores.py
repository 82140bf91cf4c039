"""Trends of scores: proven, or not said; averages, spread and forecasts."""

import importlib
import math
from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean, stdev
from typing import Any

import pytest

from domain.course_facts import Assessment, CourseFacts
from metrics.dashboard import dashboard
from metrics.engagement import engagement
from metrics.forecast import performance_forecast
from metrics.insights import insights
from metrics.scores_trend import level_band, performance_analysis, performance_trend
from metrics.trends import trend_analysis
from metrics.view import View
from tests.factories import Bench, at, enrolled, graded, viewed
from tests.viewing import view

numpy: Any = importlib.import_module("numpy")
stats: Any = importlib.import_module("scipy.stats")  # it brings no types


def scored(*percents: float) -> Bench:
    return Bench().send(*(graded(at(3 * n), p, f"a{n}") for n, p in enumerate(percents)))


def test_the_slope_and_its_interval_are_those_of_least_squares() -> None:
    values = [61.0, 72.0, 58.0, 80.0, 66.0, 91.0]
    shown = performance_trend(view(scored(*values), at(20)))
    theirs = stats.linregress(range(6), values)
    half = stats.t.ppf(0.975, 4) * theirs.stderr
    assert shown.slope == round(theirs.slope, 2)
    assert (shown.low, shown.high) == (
        round(theirs.slope - half, 2),
        round(theirs.slope + half, 2),
    )
    assert (shown.n, shown.needed, shown.level) == (6, 3, 0.95)
    assert shown.probability == round(stats.t.cdf(theirs.slope / theirs.stderr, 4), 3)


@pytest.mark.parametrize(
    ("percents", "direction"),
    [
        ((60, 70), "insufficient_data"),
        ((60, 71, 80), "improving"),
        ((60, 65, 70, 76), "improving"),
        ((76, 70, 65, 60), "declining"),
        ((70, 70, 70, 70), "stable"),
        ((70, 72, 70, 72, 70, 72), "stable"),
        ((40, 90, 35, 80), "unclear"),
    ],
)
def test_what_is_not_proven_is_not_said(percents: tuple[float, ...], direction: str) -> None:
    assert performance_trend(view(scored(*percents), at(20))).direction == direction


def test_the_last_eight_scores_count_however_old_they_are() -> None:
    many = scored(*range(10, 100, 8))
    for day in (40, 200, 400):
        shown = performance_analysis(view(many, at(day)), 30)
        assert (shown.trend.n, shown.status, shown.missing) == (8, "ok", [])
        assert shown.volatility is not None


def test_what_is_not_clear_is_said_wherever_scores_suffice() -> None:
    bench = scored(40, 90, 35)
    board = dashboard(view(bench, at(20)))
    assert board.realtime_metrics.performance_trend == "unclear"
    assert board.performance_trends.trend.direction == "unclear"
    assert performance_forecast(view(bench, at(20)), 30).trend.direction == "unclear"


def kinds(*given: tuple[str, float]) -> Bench:
    facts = CourseFacts(
        course_id="c1",
        assessments=tuple(Assessment(id=f"a{n}", kind=kind) for n, (kind, _) in enumerate(given)),
    )
    return scored(*(percent for _, percent in given)).adopt("course", facts)


def test_scores_are_compared_with_their_own_kind() -> None:
    bench = kinds(("CMA", 90), ("cma", 88), ("CMA", 91), ("TMA", 70), ("tma", 71), ("TMA", 71))
    shown = performance_analysis(view(bench, at(20)), 30)
    assert (shown.trend.direction, shown.trend.n) == ("stable", 6)
    assert shown.volatility == 1.2  # sqrt(4.33 / 3) about the common slope
    assert [(k.kind, k.score_count) for k in shown.by_assessment_kind] == [("cma", 3), ("tma", 3)]


def test_a_forecast_goes_by_the_newest_kind_where_that_has_three_scores() -> None:
    given = (("cma", 90), ("cma", 88), ("cma", 92), ("tma", 70), ("tma", 72), ("tma", 71))
    own = performance_forecast(view(kinds(*given), at(20)), 30)
    assert {point.value for point in own.points} == {71.0}
    all_kinds = performance_forecast(view(kinds(*given[:5]), at(13)), 30)
    assert {point.value for point in all_kinds.points} == {82.4}


def expecting(*given: tuple[float, float | None]) -> View:
    """What is seen on day 20 of a learner with these percents and expectations, days apart."""
    bench = scored(*(percent for percent, _ in given))
    state = bench.learner()
    for work, (_, expected) in zip(state.courses[0].work, given, strict=True):
        work.grades[0].expected = expected
    looked = view(bench, at(20))
    object.__setattr__(looked, "state", state)
    return looked


def test_the_trend_is_the_levels_where_three_expectations_are_known() -> None:
    level = LocalLevel((1, 1, 0))
    for last in (None, 80.0):
        looked = expecting((80, 79), (70, 69), (60, 60), (50, last))
        if last is not None:
            level = LocalLevel((1, 1, 0, -30))
        shown = performance_trend(looked)
        assert shown.n == level.n
        assert shown.slope == round(level.change / (level.n - 1), 2)
        half = stats.norm.ppf(0.975) * level.change_deviation
        assert shown.low == round((level.change - half) / (level.n - 1), 2)
        assert shown.high == round((level.change + half) / (level.n - 1), 2)
        assert shown.probability == round(stats.norm.cdf(level.change / level.change_deviation), 3)
    few = expecting((80, 79), (70, 69), (60, None), (50, None))
    assert performance_trend(few).slope == -10.0


class LocalLevel:
    """The levels and scores as one normal vector of residuals' levels, conditioned: the recount."""

    def __init__(self, residuals: Sequence[float]) -> None:
        self.n = len(residuals)
        places = numpy.arange(self.n)
        levels = 120 + 10 * numpy.minimum.outer(places, places)
        gains = levels @ numpy.linalg.inv(levels + 160 * numpy.eye(self.n))
        mean, left = gains @ numpy.array(residuals), levels - gains @ levels
        self.now, self.variance = float(mean[-1]), float(left[-1, -1])
        self.change = float(mean[-1] - mean[0])
        self.change_deviation = math.sqrt(left[0, 0] + left[-1, -1] - 2 * left[0, -1])


def test_the_level_is_said_in_points_and_in_words() -> None:
    shown = performance_analysis(expecting((70, 80), (60, 80), (50, 80)), 30).level
    level = LocalLevel((-10, -20, -30))
    assert (shown.points, shown.band) == (round(level.now, 1), "well_below")
    unknown = performance_analysis(expecting((70, 80), (60, 80), (50, None)), 30).level
    assert (unknown.points, unknown.band) == (None, None)


@pytest.mark.parametrize(
    ("points", "band"),
    [
        (-30, "well_below"),
        (-10, "well_below"),
        (-9.99, "below"),
        (-5, "below"),
        (-4.99, "as_expected"),
        (0, "as_expected"),
        (4.99, "as_expected"),
        (5, "above"),
        (9.99, "above"),
        (10, "well_above"),
    ],
)
def test_a_bar_of_the_level_belongs_to_the_band_further_out(points: float, band: str) -> None:
    assert level_band(points) == band


def test_a_fall_of_the_level_is_said_over_the_window() -> None:
    looked = expecting((90, 90), (80, 90), (70, 90), (61, 95))
    level = LocalLevel((0, -10, -20, -34))
    (found,) = insights(looked, engagement(looked))
    assert found.code == "insight.trend_declining"
    assert found.text == (
        "Comparing like with like, your results have fallen by about "
        f"{-round(level.change, 1)} points over your last 4 assessments"
    )
    assert found.evidence[0].feature == "score_change"
    assert found.evidence[0].value == round(level.change, 2)


def test_a_forecast_rests_on_expectations_where_they_are_known() -> None:
    looked = expecting((85, 80), (95, 88), (88, 84), (91, 84))
    shown = performance_forecast(looked, 10)
    level = LocalLevel((5, 7, 4, 7))
    expected = [80.0, 88.0, 84.0, 84.0]
    value = fmean(expected) + level.now
    pace, days = 3 / 9, 20 - 9  # of scores a day; since the newest one
    for place, point in enumerate(shown.points, start=1):
        variance = level.variance + 160 + 10 * pace * (days + place)
        variance += stdev(expected) ** 2 * 5 / 4
        half = stats.norm.ppf(0.95) * math.sqrt(variance)
        assert point.value == round(value, 1)
        assert point.low == round(value - half, 1)
        assert point.high == 100
    assert len(shown.points) == 10
    assert shown.note is None


def test_moving_averages_weigh_the_newest_most() -> None:
    values = [50.0, 60.0, 70.0, 80.0, 90.0, 60.0, 70.0, 80.0, 90.0]
    shown = performance_analysis(view(scored(*values), at(30)), 30)
    last = values[-8:]
    weights = [(7 / 9) ** back for back in reversed(range(8))]
    ew = sum(w * v for w, v in zip(weights, last, strict=True)) / sum(weights)
    assert shown.moving_averages.last_3 == 80.0
    assert shown.moving_averages.last_8 == 75.0
    assert shown.moving_averages.ew == round(ew, 1)
    assert [row.moving_average for row in shown.daily if row.moving_average][-1] == round(ew, 1)


def test_volatility_is_the_spread_about_the_line() -> None:
    values = [50.0, 70.0, 55.0, 80.0, 60.0]
    shown = performance_analysis(view(scored(*values), at(30)), 30)
    fit = stats.linregress(range(5), values)
    rest = [v - fit.intercept - fit.slope * n for n, v in enumerate(values)]
    assert shown.volatility == round(math.sqrt(sum(r * r for r in rest) / 3), 1)
    assert shown.volatility_band == "high"
    assert performance_analysis(view(scored(1, 2, 3, 4), at(30)), 30).volatility is None


def test_scores_are_shown_by_course_and_by_kind() -> None:
    facts = CourseFacts(
        course_id="c1",
        assessments=(
            Assessment(id="a0", kind="quiz"),
            Assessment(id="a1", kind="essay"),
            Assessment(id="a2", kind="quiz"),
        ),
    )
    bench = scored(50, 60, 70).adopt("course", facts)
    bench.send(graded(at(1), 90, "b0", course_id="c2"))
    shown = performance_analysis(view(bench, at(20)), 30)
    assert [(k.kind, k.average_score, k.score_count) for k in shown.by_assessment_kind] == [
        ("essay", 60.0, 1),
        ("quiz", 60.0, 2),
    ]
    assert [(c.course_id, c.average_score) for c in shown.by_course] == [("c1", 60.0), ("c2", 90.0)]


def test_a_flat_forecast_widens_and_a_proven_trend_goes_on() -> None:
    flat = performance_forecast(view(scored(73, 77, 74, 76), at(10)), 30)
    assert (flat.status, {p.value for p in flat.points}) == ("ok", {75.0})
    widths = [p.high - p.low for p in flat.points]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
    rising = performance_forecast(view(scored(50, 55, 60, 66), at(10)), 14)
    values = [p.value for p in rising.points]
    assert values == sorted(values)
    assert values[0] > 66
    assert all(0 <= p.low <= p.value <= p.high <= 100 for p in rising.points)


def test_a_long_forecast_is_weekly_and_a_short_row_has_none() -> None:
    assert len(performance_forecast(view(scored(75, 75.1, 75, 75), at(10)), 60).points) == 8
    few = performance_forecast(view(scored(70, 80), at(10)), 30)
    assert (few.status, few.points, few.missing[0].have) == ("insufficient_data", [], 2)
    assert few.note is None


def test_a_forecast_ends_where_it_gets_wider_than_fifty_points() -> None:
    shown = performance_forecast(view(scored(70, 80, 72, 78), at(10)), 30)
    assert 0 < len(shown.points) < 30
    assert all(point.high - point.low <= 50 for point in shown.points)
    assert shown.note is not None
    day = (at(10) + timedelta(days=len(shown.points) + 1)).date()
    assert shown.note.text == (
        f"From {day.day} March on, your scores cannot be predicted to within 50 points, so the "
        "forecast ends there"
    )
    nothing = performance_forecast(view(scored(20, 80, 30, 70), at(10)), 30)
    assert (nothing.status, nothing.points) == ("ok", [])
    assert nothing.note is not None
    assert nothing.note.text == (
        "Your next scores cannot be predicted to within 50 points, so no forecast is shown"
    )


def test_the_forecast_of_activities_holds_the_mean_and_never_less_than_none() -> None:
    bench = Bench().send(
        enrolled(at(0)), *(viewed(at(day), f"p{n}") for day in range(0, 28, 2) for n in range(3))
    )
    shown = trend_analysis(view(bench, at(27)), 14, "performance").forecast
    assert shown is not None
    point = shown.activities.points[0]
    assert (len(shown.activities.points), point.value) == (14, 1.5)
    assert 0 <= point.low < point.value < point.high
    young = trend_analysis(view(bench, at(5)), 14, "performance").forecast
    assert young is not None
    assert young.activities.missing[0].code == "active_days"


def test_a_proven_fall_is_an_insight_with_its_evidence() -> None:
    looked = view(scored(90, 80, 72, 60), at(10))
    found = insights(looked, engagement(looked))
    assert [each.code for each in found] == ["insight.trend_declining"]
    assert found[0].text == (
        "Comparing like with like, your results have fallen by about 29.4 points over your last 4 "
        "assessments"
    )
    assert found[0].evidence[0].value == -29.4
