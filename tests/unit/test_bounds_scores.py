"""Scores and predictions at their bounds, by the definitions of docs/metrics.md."""

import math
from datetime import datetime

import pytest

from domain.alerts import Param
from domain.course_facts import Assessment, CourseFacts
from metrics.forecast import performance_forecast
from metrics.predictions import next_assessment_score, predictive_analytics
from metrics.scores_trend import (
    moving_average,
    performance_analysis,
    performance_trends,
    volatility,
)
from metrics.submissions import submissions
from metrics.view import View
from tests.factories import Bench, at, course, enrolled, graded, submitted, viewed
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


# -- predictions ---------------------------------------------------------------------------------


def test_the_prediction_is_held_within_percent_and_names_its_model() -> None:
    shown = next_assessment_score(view(scored(0, 0, 0), at(2)))
    assert shown.score is not None
    assert (shown.score.value, shown.score.low, shown.score.level) == (0, 0, 0.9)
    assert shown.model is not None
    assert (shown.model.name, shown.model.version) == ("baseline.own_mean", "2")
    few = next_assessment_score(view(scored(1, 2), at(1)))
    assert [(each.code, each.have, each.need) for each in few.missing] == [("scores", 2, 3)]


def test_risks_name_how_many_examples_are_missing() -> None:
    shown = predictive_analytics(view(scored(1, 2, 3), at(2)), 30).predictions
    assert shown.inactivity.window_days == 7
    assert [(each.have, each.need) for each in shown.inactivity.missing] == [(0, 500)]
    (risk,) = shown.not_passing
    assert [(each.have, each.need) for each in risk.missing] == [(0, 500)]


def test_the_running_error_has_two_decimals_and_its_coverage_three() -> None:
    bench = scored(50, 60, 70, 80.1, 62.7, 91.2)
    (model,) = predictive_analytics(view(bench, at(6)), 30).prediction_confidence.models
    percents = [50, 60, 70, 80.1, 62.7, 91.2]
    naive = [abs(percents[n] - percents[n - 1]) for n in (3, 4, 5)]
    own = [abs(percents[n] - sum(percents[:n]) / n) for n in (3, 4, 5)]
    assert model.naive_score == round(sum(naive) / 3, 2)
    assert model.score == round(sum(own) / 3, 2)
    assert model.interval_coverage in {0.667, 1.0}
    assert (model.examples_learned, model.interval_level, model.drifted) == (6, 0.9, False)
    (fresh,) = predictive_analytics(view(scored(1, 2, 3), at(3)), 30).prediction_confidence.models
    assert (fresh.score, fresh.naive_score, fresh.interval_coverage) == (None, None, None)


def test_ten_checked_predictions_suffice() -> None:
    def reasons(count: int) -> list[tuple[str, dict[str, Param]]]:
        bench = scored(*(50 + n % 3 for n in range(count)))
        shown = predictive_analytics(view(bench, at(count)), 30).prediction_confidence
        return [(each.code.split(".")[1], dict(each.params)) for each in shown.reasons][1:]

    assert reasons(2) == [("few_scores", {"have": 2, "need": 3})]
    assert reasons(12) == [("baseline", {}), ("few_examples", {"have": 9, "need": 10})]
    assert reasons(13) == [("baseline", {})]


def habit(lateness: list[float], when: datetime, ahead: int = 1) -> View:
    dues = {f"a{n}": at(10 * n + 10) for n in range(len(lateness))}
    following = 10 * len(lateness) + 10
    dues |= {f"b{n}": at(following + n) for n in range(ahead)}
    sent = [submitted(at(10 * n + 10 + days), f"a{n}") for n, days in enumerate(lateness)]
    return view(Bench(facts=course(0, dues)).send(enrolled(at(0)), *sent), when)


def test_the_habit_is_of_the_last_eight_submissions() -> None:
    (shown,) = submissions(habit([9, *[0.5, -0.5] * 4], at(99)), 30)
    estimate, model = shown.days_from_due, shown.model
    assert estimate is not None
    assert model is not None
    half = 1.894579 * 0.5 * math.sqrt(8 / 7) * math.sqrt(1 + 1 / 8)  # t of 7 degrees of freedom
    assert (estimate.value, estimate.low, estimate.high) == (0, round(-half, 1), round(half, 1))
    assert (model.name, model.version) == ("baseline.own_lateness", "1")
    assert model.learned_until == at(89.5).isoformat().replace("+00:00", "Z")
    few = submissions(habit([1, 1], at(29)), 30)
    assert [(each.have, each.need) for each in few[0].missing] == [(2, 3)]
    steady = submissions(habit([1, 1, 1], at(39)), 30)[0].days_from_due
    assert steady is not None
    half = 2.919986 * 0.25 * math.sqrt(1 + 1 / 3)
    assert (steady.low, steady.high) == (round(1 - half, 1), round(1 + half, 1))


def test_submissions_are_of_what_is_due_within_the_horizon_and_ten_at_most() -> None:
    looked = habit([1, 1, 1], at(34), ahead=12)
    assert [len(submissions(looked, days)) for days in (5, 6, 7, 15, 30)] == [0, 1, 2, 10, 10]


def test_by_date_lateness_is_whole_days() -> None:
    dues = {"a0": at(1), "a1": at(2), "a2": at(3), "b": at(9)}
    sent = [submitted(at(n + 2), f"a{n}", precision="day") for n in range(3)]
    bench = Bench(facts=course(0, dues)).send(enrolled(at(0)), *sent)
    estimate = submissions(view(bench, at(6)), 30)[0].days_from_due
    assert estimate is not None
    assert estimate.value == 1
