"""The common slope of several kinds, against the normal equations of the same model."""

import importlib
import math
from random import Random
from typing import Any

import pytest

from domain.keepers.score_trend import ScoreTrend, fit_kinds, fit_level, fit_scores
from domain.keepers.scores import Scored

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
    line = fit_kinds(row(*given))
    assert line is not None
    assert line.deviation == pytest.approx(deviation)
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
    assert missing == ScoreTrend("insufficient_data", None, None, None, None, 2, 3)


def test_degrees_of_freedom_are_there_from_three_scores_on() -> None:
    pairs = row(("a", 50), ("a", 60), ("b", 70), ("b", 75))
    line = fit_kinds(pairs)
    assert line is not None
    assert (line.n, line.degrees) == (4, 1)


def test_what_every_assessment_expects_makes_all_kinds_one() -> None:
    line = fit_kinds(row(("a", 50), ("b", 60), ("c", 70), expected=55))
    assert line is not None
    assert (line.n, line.slope) == (3, 10.0)


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


# -- the level against what is expected ------------------------------------------------------------


def residuals(*given: float | None) -> list[Scored]:
    """Scores of assessments that expect 60 each; None: no expectation is known."""
    return [
        score._replace(expected=None if each is None else 60.0)
        for score, each in zip(
            row(*((None, 60 + (each or 0)) for each in given)), given, strict=True
        )
    ]


def level_of(*given: float | None) -> Any:
    found = fit_level(residuals(*given))
    assert found is not None
    return found


@pytest.mark.parametrize("n", range(3, 9))
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_local_level_model(n: int, seed: int) -> None:
    """The plainest recount: all levels and scores are jointly normal, and so conditioned."""
    random = Random(seed)
    given = [random.gauss(-5, 15) for _ in range(n)]
    places = numpy.arange(n)
    levels = 120 + 10 * numpy.minimum.outer(places, places)
    gains = levels @ numpy.linalg.inv(levels + 160 * numpy.eye(n))
    mean, left = gains @ numpy.array(given), levels - gains @ levels
    deviation = math.sqrt(left[0, 0] + left[-1, -1] - 2 * left[0, -1])
    rose = stats.norm.cdf((mean[-1] - mean[0]) / deviation)

    level, trend = level_of(*given), fit_scores(residuals(*given))
    assert level.now == pytest.approx(mean[-1])
    assert level.deviation == pytest.approx(math.sqrt(left[-1, -1]))
    assert level.change == pytest.approx(mean[-1] - mean[0])
    assert level.change_deviation == pytest.approx(deviation)
    assert (level.rose, level.fell) == (pytest.approx(rose), pytest.approx(1 - rose))
    assert (trend.n, trend.needed, trend.level) == (n, 3, level)
    assert trend.probability == level.rose
    half = stats.norm.ppf(0.975) * deviation
    assert trend.slope == pytest.approx((mean[-1] - mean[0]) / (n - 1))
    assert trend.low == pytest.approx((mean[-1] - mean[0] - half) / (n - 1))
    assert trend.high == pytest.approx((mean[-1] - mean[0] + half) / (n - 1))


def test_the_level_is_that_of_the_last_eight_scores() -> None:
    assert level_of(50, -50, *range(8)) == level_of(*range(8))
    assert level_of(50, None, None, *range(6)) == level_of(*range(6))


def test_scores_without_an_expectation_are_left_out_of_the_level() -> None:
    assert level_of(1, None, -2, 3, None) == level_of(1, -2, 3)
    assert fit_level(residuals(1, None, -2, None, None)) is None


def test_kinds_decide_while_fewer_than_three_expectations_are_known() -> None:
    scores = residuals(30, None, 10, None, -10)
    assert fit_scores(scores[1:]).slope == -4.0
    assert fit_scores(scores[1:]).level is None
    assert fit_scores(scores).level is not None


@pytest.mark.parametrize(
    ("given", "direction"),
    [
        ((0, 0, 0), "stable"),
        ((0, -20, -40), "declining"),
        ((-40, -20, 0, 10, 20), "improving"),
        ((30, -30, 30, -30), "declining"),
        ((-20,) * 8, "stable"),
        ((20,) * 8, "stable"),
        ((-40,) * 8, "declining"),
        ((0, 0, 0, 0, 0, 0, 0, 0), "stable"),
        ((10, -10, 10, -10, 10, -10, 20, 2), "stable"),
        ((21.8,) * 8, "unclear"),
    ],
)
def test_a_direction_is_said_by_its_probability(given: tuple[float, ...], direction: str) -> None:
    assert fit_scores(residuals(*given)).direction == direction


def test_each_bar_of_a_direction_belongs_to_what_it_bounds() -> None:
    level = level_of(*[0.0] * 8)

    def said(probability: float, deviation: float = level.change_deviation) -> str:
        change = stats.norm.ppf(probability) * deviation
        found: str = level._replace(change=change, change_deviation=deviation).direction
        return found

    assert (said(0.7), said(0.6999)) == ("improving", "unclear")
    assert (said(0.3), said(0.3001)) == ("declining", "unclear")
    widest = 8 / stats.norm.ppf(0.85)  # within 8 points of no change with probability .7
    assert (said(0.5, widest), said(0.5, widest * 1.001)) == ("stable", "unclear")
