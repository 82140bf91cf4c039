"""Measures at their bounds, by the definitions of docs/metrics.md."""

import importlib
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev, variance

import pytest

from metrics.forecast import activities_forecast, forecast_days, performance_forecast
from metrics.learning import activity_pattern, learning_trends
from metrics.patterns import learning_preferences, productivity_peaks, submission_habits
from metrics.view import View
from tests.factories import Bench, at, course, event, graded, submitted, viewed
from tests.viewing import view

stats = importlib.import_module("scipy.stats")  # it brings no types
FIRST = at().toordinal()


def worked(counts: Mapping[int, int], until: int) -> View:
    """So many activities on these days after a Monday, looked at on the day `until`."""
    events = [
        viewed(at(day, minutes=n), f"p{day}-{n}")
        for day, count in counts.items()
        for n in range(count)
    ]
    return view(Bench().send(*events), at(until))


def pattern(counts: Mapping[int, int], until: int) -> str | None:
    return activity_pattern(worked(counts, until), FIRST)


# -- activity_pattern ----------------------------------------------------------------------------


def test_a_pattern_takes_14_known_days_and_5_active_ones() -> None:
    five = dict.fromkeys((0, 2, 5, 6, 8), 1)
    assert pattern(five, 13) is not None
    assert pattern(five, 12) is None
    assert pattern(dict.fromkeys((0, 2, 5, 6), 1), 13) is None


def test_a_pattern_is_of_the_days_from_the_first_one_on() -> None:
    looked_at = worked(dict.fromkeys((0, *range(6, 20)), 1), 19)
    assert activity_pattern(looked_at, FIRST + 6) == "daily"
    assert activity_pattern(looked_at, FIRST) == "irregular"  # 15 of 20 days
    assert activity_pattern(looked_at, FIRST - 9) == "irregular"  # nobody was there before


def test_daily_is_80_percent_of_the_days() -> None:
    assert pattern(dict.fromkeys(range(12), 1), 14) == "daily"
    assert pattern(dict.fromkeys(range(11), 1), 14) != "daily"


def test_weekends_hold_60_percent() -> None:
    counts = {5: 2, 6: 2, 12: 1, 13: 1, 0: 1, 1: 1, 2: 1, 3: 1}
    assert pattern(counts, 13) == "weekends"
    assert pattern({**counts, 4: 1}, 13) == "irregular"


def test_weekdays_hold_90_percent_on_half_of_them() -> None:
    counts = {0: 3, 1: 2, 2: 2, 3: 2, 5: 1}
    assert pattern(counts, 13) == "weekdays"
    assert pattern({**counts, 6: 1}, 13) == "irregular"
    assert pattern(counts, 15) == "irregular"  # 5 of the 11 to 12 weekdays


def test_in_bursts_the_busiest_fifth_holds_half() -> None:
    counts = {0: 4, 5: 4} | dict.fromkeys((1, 2, 6, 8, 9, 12, 15, 20), 1)
    assert pattern(counts, 27) == "bursts"
    assert pattern({**counts, 5: 3}, 27) == "irregular"
    one = {0: 7, 1: 2, 5: 2, 6: 3}
    assert pattern({**one, 8: 0, 9: 1}, 27) == "irregular"  # 7 of 15
    assert pattern({**one, 9: 0, 8: 0, 12: 1, 0: 8}, 27) == "bursts"  # of 5 days the busiest one


def test_the_period_before_is_of_the_same_length_and_ends_the_day_before() -> None:
    shown = learning_trends(worked({0: 1, 6: 2, 7: 4, 13: 8, 14: 16}, 20), 7)
    assert (shown.activities, shown.active_days, len(shown.daily)) == (16, 1, 7)
    assert (shown.previous.activities, shown.previous.active_days) == (12, 2)
    assert shown.daily[0].activities == 16


# -- forecasts -----------------------------------------------------------------------------------


def test_a_forecast_is_daily_to_30_days_and_then_weekly() -> None:
    assert list(forecast_days(100, 1)) == [101]
    assert list(forecast_days(100, 30)) == list(range(101, 131))
    assert list(forecast_days(100, 31)) == [107, 114, 121, 128]
    assert list(forecast_days(100, 35)) == [107, 114, 121, 128, 135]


def test_a_forecast_of_activities_takes_14_days_or_4_weeks() -> None:
    for until, horizon, enough in ((12, 30, 0), (13, 30, 1), (26, 31, 0), (27, 31, 1)):
        shown = activities_forecast(worked({0: 1}, until), horizon)
        assert (shown.status == "ok") is bool(enough)
        assert bool(shown.points) is bool(enough)
        if not enough:
            (missing,) = shown.missing
            assert (missing.have, missing.need) in {(13, 14), (3, 4)}


@pytest.mark.parametrize(
    ("counts", "until", "horizon"),
    [
        ({0: 14}, 13, 30),
        ({0: 28, 1: 28, 9: 5}, 27, 7),
        ({0: 99, 1: 28, 20: 3}, 28, 7),  # the first day is 29 days old
        ({0: 9, 7: 30, 14: 20, 21: 10}, 27, 31),
        ({0: 99, 7: 12, 83: 24, 84: 7, 90: 12}, 90, 90),  # 13 weeks: the first does not count
    ],
)
def test_activities_are_the_mean_of_28_days_or_12_weeks_with_gamma_quantiles(
    counts: dict[int, int], until: int, horizon: int
) -> None:
    unit = 1 if horizon <= 30 else 7
    lived = (until + 1) // unit
    known = [
        sum(counts.get(until - unit * back - n, 0) for n in range(unit))
        for back in range(min(lived, 28 if unit == 1 else 12))
    ]
    mean = fmean(known)
    spread = max(variance(known), mean) * (1 + 1 / len(known))
    law = stats.gamma(mean * mean / spread, scale=spread / mean)
    points = activities_forecast(worked(counts, until), horizon).points
    assert len(points) == horizon // unit
    for point in points:
        assert point.value == round(mean, 1)
        assert point.low == pytest.approx(min(law.ppf(0.05), mean), abs=0.0501)
        assert point.high == pytest.approx(max(law.ppf(0.95), mean), abs=0.0501)


def test_where_none_was_seen_in_n_at_most_the_rule_of_three() -> None:
    (point,) = activities_forecast(worked({0: 5}, 40), 1).points
    assert (point.value, point.low, point.high) == (0, 0, round(-math.log(0.05) / 28, 1))
    some = activities_forecast(worked({0: 5}, 27), 1).points[0]
    assert some.value == round(5 / 28, 1)


def test_the_interval_of_the_next_scores_is_that_of_least_squares() -> None:
    percents = [60.0, 75.0, 52.0, 70.0, 66.0]
    events = [graded(at(10 * n), score, f"a{n}") for n, score in enumerate(percents)]
    shown = performance_forecast(view(Bench().send(*events), at(45)), 30)
    n, t = 5, stats.t.ppf(0.95, 4)
    for days, point in enumerate(shown.points, 1):
        place = n - 1 + 0.1 * (5 + days)
        away = (place - 2) ** 2 / sum((i - 2) ** 2 for i in range(n))
        half = t * stdev(percents) * math.sqrt(1 + 1 / n + away)
        mean = fmean(percents)
        assert point.value == round(mean, 1)
        assert point.low == pytest.approx(max(0, mean - half), abs=0.0501)
        assert point.high == pytest.approx(min(100, mean + half), abs=0.0501)


def test_equal_scores_leave_the_next_one_a_point_of_spread() -> None:
    events = [graded(at(n), 70, f"a{n}") for n in range(6)]
    point = performance_forecast(view(Bench().send(*events), at(5)), 1).points[0]
    half = stats.t.ppf(0.95, 5) * math.sqrt(1 + 1 / 6 + 3.5**2 / 17.5)
    assert point.value == 70
    assert point.low == pytest.approx(70 - half, abs=0.0501)
    assert point.high == pytest.approx(70 + half, abs=0.0501)


# -- when, on what, how long before --------------------------------------------------------------


def hours_of(counts: Mapping[int, int], days: int = 3) -> list[tuple[int, int]]:
    """The peaks of so many events at these hours, spread over some days."""
    events = [
        viewed(at(n % days, hours=hour - 9, minutes=n % 50), f"p{hour}-{n}")
        for hour, count in counts.items()
        for n in range(count)
    ]
    looked_at = view(Bench().send(*events), at(days - 1, hours=14))
    shown = productivity_peaks(looked_at, looked_at.today - 29)
    return [(peak.from_hour, peak.to_hour) for peak in shown.hours]


def test_peaks_take_30_events_on_3_days() -> None:
    assert hours_of({10: 32}) == [(9, 12)]
    assert hours_of({10: 32}, days=2) == []
    assert hours_of({10: 28}) == []


def test_a_peak_goes_round_midnight() -> None:
    (peak,) = hours_of({23: 40, 0: 40})
    assert peak == (22, 2)


def test_at_most_three_peaks_are_shown() -> None:
    assert len(hours_of({2: 30, 8: 31, 14: 32, 20: 33})) <= 3


def test_an_hour_stands_out_over_one_and_a_half_times_the_even_share_and_two_deviations() -> None:
    def hours(usual: int, around_ten: int) -> list[tuple[int, int]]:
        return hours_of(dict.fromkeys(range(24), usual) | dict.fromkeys((9, 10, 11), around_ten))

    assert hours(20, 31) == []  # 1.5 x 21.4 = 32.1; 21.4 + 2 x 4.6 = 30.6
    assert hours(20, 33) == [(10, 11)]
    assert hours(4, 8) == []  # 1.5 x 4.5 = 6.8; 4.5 + 2 x 2.1 = 8.7
    assert hours(4, 9) == [(10, 11)]  # 4.6 + 2 x 2.2 = 8.9


def weekdays_of(usual: int, mondays: Sequence[int]) -> list[int]:
    """The weekdays that stand out of three weeks, with so much on every other weekday in all."""
    counts = {7 * week: count for week, count in enumerate(mondays)}
    counts |= {
        7 * week + day: usual // 3 + (week < usual % 3) for day in range(1, 7) for week in range(3)
    }
    looked_at = worked(counts, 20)
    return productivity_peaks(looked_at, looked_at.today - 20).weekdays


def test_a_weekday_stands_out_in_the_same_way_on_three_dates() -> None:
    assert weekdays_of(22, (12, 12, 12)) == []  # 1.5 x 24 = 36
    assert weekdays_of(22, (12, 12, 13)) == [1]
    assert weekdays_of(4, (3, 3, 3)) == []  # 4.7 + 2 x 2.2 = 9.1
    assert weekdays_of(4, (4, 3, 3)) == [1]
    assert weekdays_of(4, (20, 20, 0)) == []


def test_contents_are_ordered_by_use_and_their_shares_are_whole() -> None:
    kinds = ["video"] * 3 + ["forum"] * 2 + ["page"] * 3
    events = [
        event("content_viewed", at(minutes=n), content_id=f"p{n}", content_kind=kind)
        for n, kind in enumerate(kinds)
    ]
    shown = learning_preferences(view(Bench().send(*events), at()))
    assert [(each.content_kind, each.activities, each.share) for each in shown] == [
        ("page", 3, 0.375),
        ("video", 3, 0.375),
        ("forum", 2, 0.25),
    ]


def test_early_is_more_than_24_hours_before_the_due_time() -> None:
    dues = {f"a{n}": at(5) for n in range(4)}
    bench = Bench(facts=course(assessments=dues)).send(
        submitted(at(4, minutes=-1), "a0"),
        submitted(at(4), "a1"),
        submitted(at(5), "a2"),
        submitted(at(5, minutes=1), "a3"),
    )
    looked_at = view(bench, at(6))
    shown = submission_habits(looked_at, looked_at.today - 9)
    assert (shown.early, shown.last_day, shown.late) == (1, 2, 1)
    assert shown.median_hours_before_due == 12.0
    later = submission_habits(looked_at, looked_at.today - 1)
    assert (later.early, later.last_day, later.late) == (0, 1, 1)
