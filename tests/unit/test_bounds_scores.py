"""Scores and their forecast at their bounds, by the definitions of docs/metrics.md."""

import math

import pytest

from domain.course_facts import Assessment, CourseFacts
from metrics.forecast import performance_forecast
from metrics.scores_trend import (
    moving_average,
    performance_analysis,
    performance_trends,
    volatility,
)
from tests.factories import Bench, at, graded, viewed
from tests.viewing import view


def scored(*percents: float, step: float = 1, **fields: object) -> Bench:
    marks = [graded(at(n * step), p, f"a{n}", **fields) for n, p in enumerate(percents)]
    return Bench().send(viewed(at((len(percents) - 1) * step)), *marks)


# -- scores --------------------------------------------------------------------------------------


def test_the_exponential_mean_is_of_the_last_eight_with_smoothing_two_ninths() -> None:
    percents = [0.0, *(10.0 * n for n in range(1, 9))]
    keep = 7 / 9
    weights = [keep**n for n in range(8)]
    expected = sum(w * p for w, p in zip(weights, reversed(percents), strict=False)) / sum(weights)
    assert moving_average(percents) == pytest.approx(expected)
    assert moving_average([]) is None
    assert moving_average([42]) == 42


def test_scores_are_shown_by_day_with_the_mean_so_far() -> None:
    bench = scored(50, 60, 70, 80, step=1)
    looked = view(bench, at(3))
    shown = performance_trends(looked, 3)
    assert [each.average_score for each in shown.daily] == [60, 70, 80]
    means = [moving_average(p) for p in ([50, 60], [50, 60, 70], [50, 60, 70, 80])]
    assert [each.moving_average for each in shown.daily] == [
        pytest.approx(mean, abs=0.051) for mean in means
    ]
    assert (shown.from_, shown.to) == ("2024-03-05", "2024-03-07")
    assert (shown.average_score, shown.score_count) == (70, 3)
    later = performance_trends(view(bench, at(5)), 2)
    assert [each.moving_average for each in later.daily] == [None, None]
    assert len(performance_trends(looked).daily) == 30


def test_volatility_takes_five_of_the_last_ten_and_has_three_bands() -> None:
    assert volatility(view(scored(1, 2, 3, 5), at(3)).scores) is None
    assert volatility(view(scored(1, 2, 3, 5, 4), at(4)).scores) is not None
    assert volatility(view(scored(99, *[50] * 10), at(10)).scores) == 0
    assert volatility(view(scored(99, *[50] * 9), at(9)).scores) != 0

    def band(spread: float) -> str | None:
        """Residuals of +-e about a flat line over 5 scores: s = sqrt(4 e^2 / 3)."""
        e = spread * math.sqrt(3) / 2
        percents = (50 + e, 50 - e, 50, 50 - e, 50 + e)
        return performance_analysis(view(scored(*percents), at(4)), 30).volatility_band

    assert [band(x) for x in (4.9, 5.06, 9.9, 10.06)] == ["low", "medium", "medium", "high"]
    assert performance_analysis(view(scored(1, 2), at(1)), 30).volatility_band is None


def test_means_of_three_and_of_eight_take_exactly_so_many() -> None:
    found = {}
    for count in (2, 3, 7, 8, 9):
        percents = [10.0 * n for n in range(count)]
        means = performance_analysis(view(scored(*percents), at(count)), 30).moving_averages
        found[count] = (means.last_3, means.last_8)
    assert found == {
        2: (None, None),
        3: (10, None),
        7: (50, None),
        8: (60, 35),
        9: (70, 45),
    }


def test_scores_by_kind_and_course_are_of_the_period() -> None:
    facts = CourseFacts(
        course_id="c1",
        assessments=tuple(
            Assessment(id=f"a{n}", kind="Quiz" if n < 2 else "Exam") for n in range(4)
        ),
    )
    bench = Bench(facts=facts).send(*(graded(at(n), 50 + 10 * n, f"a{n}") for n in range(4)))
    shown = performance_analysis(view(bench, at(3)), 3)
    assert [(each.average_score, each.score_count) for each in shown.by_course] == [(70, 3)]
    kinds = {each.kind.lower(): each.average_score for each in shown.by_assessment_kind}
    assert kinds == {"exam": 75, "quiz": 60}


def test_a_forecast_takes_three_scores_and_holds_within_percent() -> None:
    assert performance_forecast(view(scored(50, 60), at(1)), 7).points == []
    short = performance_forecast(view(scored(50, 60), at(1)), 7).missing
    assert [(each.have, each.need) for each in short] == [(2, 3)]
    points = performance_forecast(view(scored(0, 0, 0), at(2)), 1).points
    assert (points[0].value, points[0].low) == (0, 0)
    top = performance_forecast(view(scored(100, 100, 100), at(2)), 1).points
    assert (top[0].value, top[0].high) == (100, 100)
