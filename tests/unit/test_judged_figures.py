"""The figures of what was shown, on a few predictions that can be counted by hand."""

import math
from typing import Any

import pytest

from benchmarks.models.figures import (
    CLICKS,
    CLICKS_AGAIN,
    all_figures,
    amount,
    area_under_curve,
    calibration_error,
    probability,
)
from benchmarks.models.rows import Row, all_rows
from domain.course_facts import DAY
from domain.examples import Example
from domain.predictions import TARGETS, Figure
from tests.hindsight import course, day, example, known_of, lesson, outcome, rows_of

KNOWN = known_of(course())


def amounts(*pairs: tuple[int, int], reach: int = 50, module: str = "AAA") -> list[Row]:
    """Scores that were shown with an interval of `reach` to both sides, and what came."""
    found = []
    for shown, label in pairs:
        figure = Figure(shown, 700, shown - reach, shown + reach)
        made = Example("score", "AAA20", None, 1, day(7), 1, [], label, figure)
        found.append(Row("1", "AAA-2014B", module, 2014, 1, day(21), made))
    return found


def test_the_area_under_the_curve_counts_ties_as_a_half() -> None:
    assert area_under_curve([0.1, 0.9], [0, 1]) == 1
    assert area_under_curve([0.5, 0.5], [0, 1]) == 0.5
    assert area_under_curve([0.1, 0.4, 0.4, 0.8], [0, 1, 0, 0]) == pytest.approx(1.5 / 3)
    assert area_under_curve([0.1], [1]) is None


def test_the_calibration_error_is_weighted_by_the_count_of_a_bin() -> None:
    assert calibration_error([0.05, 0.05, 0.95], [0, 1, 1]) == pytest.approx((0.9 + 0.05) / 3)
    assert calibration_error([1.0], [1]) == 0
    assert calibration_error([], []) is None


def test_a_probability_stands_beside_its_baselines() -> None:
    made = [example("next_missing", 2, 800, 1, naive=500), example("next_missing", 2, 200, 0)]
    found = probability(rows_of(KNOWN, "next_missing", lesson("1", "AAA-2014B", day(40), *made)))
    assert (found["n"], found["rate"], found["auc"]) == (2, 0.5, 1)
    assert found["log_loss"] == pytest.approx(-math.log(0.8))
    assert found["naive_log_loss"] == found["two_way_log_loss"] == pytest.approx(math.log(2))
    assert probability([])["auc"] is None
    assert "two_way_auc" not in probability(
        rows_of(KNOWN, "not_passing", outcome("1", KNOWN, 1, 500))
    )


def test_an_error_is_in_points_and_an_interval_covers_its_bounds() -> None:
    found = amount(amounts((700, 750), (700, 751)))
    assert (found["n"], found["mae"], found["naive_mae"]) == (2, 5.05, 5.05)
    assert found["coverage"] == 0.5
    assert found["decile_coverage_min"] is None  # fewer than 100 rows
    assert amount([])["mae"] is None


def test_coverage_is_told_of_the_lowest_and_highest_decile_and_module() -> None:
    rows = amounts(*[(100 * (n % 10), 100 * (n % 10)) for n in range(1000)])
    rows += amounts(*[(950, 0)] * 100, module="BBB")
    found = amount(rows)
    assert found["coverage"] == pytest.approx(10 / 11)
    assert (found["module_coverage_min"], found["module_coverage_max"]) == (0, 1)
    # The tenth tenth begins at 900 points, and has 100 rows of either kind.
    assert (found["decile_coverage_min"], found["decile_coverage_max"]) == (0.5, 1)


def test_every_target_has_figures_even_where_it_has_no_example() -> None:
    found = all_figures(all_rows([], known_of()), known_of())
    assert list(found) == list(TARGETS)
    assert all(sets["all"]["n"] == 0 for sets in found.values())


def test_not_passing_is_told_by_year_course_and_week_of_what_was_shown() -> None:
    rows = all_rows([outcome("1", KNOWN, 1, 700, None), outcome("2", KNOWN, 0, 200)], KNOWN)
    found = all_figures(rows, KNOWN)["not_passing"]
    counts = {name: figures["n"] for name, figures in found.items()}
    assert counts == {
        "all": 2,
        "2014": 2,
        "AAA-2014B": 2,
        "week 4": 2,
        "week 8": 0,
        "week 12": 0,
        "week 20": 0,
    }


def silent(week: int, **given: Any) -> Example:
    return example("inactivity_7", week, 300, 0, **given)


def test_silence_is_told_apart_where_all_of_its_days_have_clicks() -> None:
    known = known_of(course("AAA", 2013), course("AAA", 2014), users=("1",))
    known.clicked_until = {"AAA-2013B": day(21, 2013) // DAY, "AAA-2014B": day(13) // DAY}
    lessons = [
        lesson("1", None, day(28, 2013), silent(2, year=2013), silent(3, year=2013)),
        lesson("1", None, day(28), silent(0), silent(1)),
    ]
    found = all_figures(all_rows(lessons, known), known)["inactivity_7"]
    assert (found["all"]["n"], found[CLICKS]["n"], found[CLICKS_AGAIN]["n"]) == (4, 2, 1)
