"""The common slope of several kinds, against the normal equations of the same model."""

import importlib
import math
from random import Random
from typing import Any

import pytest

from domain.score_trend import ScoreTrend, fit_kinds, fit_scores
from domain.scores import Scored

numpy: Any = importlib.import_module("numpy")
stats: Any = importlib.import_module("scipy.stats")  # it brings no types


def row(*given: tuple[str | None, float], expected: float | None = None) -> list[Scored]:
    return [
        Scored(
            course_id="c1",
            short=place,
            percent=percent,
            at=place,
            day=place,
            order=place,
            expected=expected,
            passed=None,
            kind=kind,
        )
        for place, (kind, percent) in enumerate(given)
    ]


def of_one_kind(*percents: float) -> list[Scored]:
    return row(*((None, percent) for percent in percents))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_analysis_of_covariance(seed: int) -> None:
    random = Random(seed)
    given = [(random.choice("ab"), float(random.randint(30, 100))) for _ in range(7)]
    taking_part = [(x, kind, y) for x, (kind, y) in enumerate(given)]
    kinds = sorted({k for _, k, _ in taking_part if sum(k == o for _, o, _ in taking_part) > 1})
    taking_part = [each for each in taking_part if each[1] in kinds]
    design = numpy.array([[x, *(float(k == kind) for kind in kinds)] for x, k, _ in taking_part])
    values = numpy.array([y for _, _, y in taking_part])
    solved, *_ = numpy.linalg.lstsq(design, values, rcond=None)
    degrees = len(values) - len(kinds) - 1
    deviation = math.sqrt(((values - design @ solved) ** 2).sum() / degrees)
    error = deviation * math.sqrt(numpy.linalg.inv(design.T @ design)[0, 0])
    found = fit_scores(row(*given))
    assert (found.n, found.needed) == (len(values), 3)
    assert found.slope == pytest.approx(solved[0])
    assert found.deviation == pytest.approx(deviation)
    half = stats.t.ppf(0.975, degrees) * error
    assert found.low == pytest.approx(solved[0] - half)
    assert found.high == pytest.approx(solved[0] + half)
    assert found.probability == pytest.approx(stats.t.cdf(solved[0] / error, degrees), abs=1e-9)


def test_an_easy_kind_before_a_hard_one_is_no_fall() -> None:
    scale = row(("cma", 90), ("cma", 88), ("cma", 91), ("tma", 70), ("tma", 71), ("tma", 71))
    assert fit_scores(scale).direction == "stable"
    alike = [score._replace(kind=None) for score in scale]
    assert fit_scores(alike).direction == "declining"


def test_the_same_kind_of_two_courses_is_not_the_same() -> None:
    scores = row(("quiz", 90), ("quiz", 91), ("quiz", 90), ("quiz", 60), ("quiz", 60), ("quiz", 61))
    apart = [score._replace(course_id="c2") if score.percent < 80 else score for score in scores]
    assert (fit_scores(scores).direction, fit_scores(apart).direction) == ("declining", "stable")


def test_a_score_without_its_like_takes_no_part() -> None:
    found = fit_scores(row(("tma", 50), ("exam", 99), ("tma", 60), ("cma", 5), ("tma", 70)))
    assert (found.n, found.slope) == (3, 5.0)
    missing = fit_scores(row(("tma", 50), ("exam", 99), ("tma", 60)))
    assert missing == ScoreTrend("insufficient_data", None, None, None, None, 2, 3, None)


def test_degrees_of_freedom_are_there_from_three_scores_on() -> None:
    pairs = row(("a", 50), ("a", 60), ("b", 70), ("b", 75))
    line = fit_kinds(pairs)
    assert line is not None
    assert (line.n, line.degrees) == (4, 1)


def test_what_every_assessment_expects_makes_all_kinds_one() -> None:
    scores = row(("a", 50), ("b", 60), ("c", 70), expected=55)
    assert (fit_scores(scores).n, fit_scores(scores).slope) == (3, 10.0)
    scores[1] = scores[1]._replace(expected=None)
    assert fit_scores(scores).direction == "insufficient_data"


def test_the_last_eight_count() -> None:
    assert fit_scores(of_one_kind(0, 0, *range(50, 58))).n == 8
    assert fit_scores(of_one_kind(0, 0, *range(50, 58))).slope == 1.0


@pytest.mark.parametrize(
    ("percents", "direction", "probability"),
    [
        ((70, 69, 68), "declining", 0.0),
        ((60, 65, 70, 75), "improving", 1.0),
        ((70.1, 70.1, 70.1), "stable", 0.5),
        ((70, 70.5, 71), "improving", 1.0),
        ((71, 70.5, 70), "declining", 0.0),
        ((60, 60, 63), "unclear", None),
        ((60, 61), "insufficient_data", None),
    ],
)
def test_a_line_without_any_residual_proves_itself(
    percents: tuple[float, ...], direction: str, probability: float | None
) -> None:
    found = fit_scores(of_one_kind(*percents))
    assert found.direction == direction
    if probability is not None:
        assert found.probability == probability


def test_a_bound_of_exactly_nothing_is_no_proof() -> None:
    """80 % upper bound of these: -1.6 + t x s, which is exactly 0."""
    found = fit_scores(of_one_kind(86, 84, 80, 82))
    assert found.slope == pytest.approx(-1.6)
    assert found.direction == "unclear"
    assert found.probability == pytest.approx(0.1)
