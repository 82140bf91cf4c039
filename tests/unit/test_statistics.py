"""The domain's own statistics against scipy's."""

import importlib
import math

import pytest

from domain.statistics import (
    beta_quantile,
    beta_share,
    concentration,
    deviation,
    fit_line,
    gamma_quantile,
    gamma_share,
    normal_quantile,
    normal_share,
    quantile,
    t_quantile,
    t_share,
)

stats = importlib.import_module("scipy.stats")  # it brings no types
SHARES = (0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.975, 0.995)


def test_the_normal_distribution_is_scipys() -> None:
    for value in (-9, -2.5, -0.3, 0, 0.3, 2.5, 9):
        assert normal_share(value) == pytest.approx(stats.norm.cdf(value), rel=1e-12)
    for share in SHARES:
        assert normal_quantile(share) == pytest.approx(stats.norm.ppf(share), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 6, 10, 30, 200])
def test_students_quantiles_are_scipys(degrees: int) -> None:
    for share in SHARES:
        assert t_quantile(share, degrees) == pytest.approx(
            stats.t.ppf(share, degrees), rel=1e-6, abs=1e-6
        )


@pytest.mark.parametrize("degrees", [1, 2, 5, 30])
def test_students_shares_are_scipys(degrees: int) -> None:
    for value in (-40, -2.5, -0.3, 0, 0.3, 2.5, 40):
        assert t_share(value, degrees) == pytest.approx(stats.t.cdf(value, degrees), abs=1e-9)


@pytest.mark.parametrize(
    ("a", "b"), [(0.5, 0.5), (1, 3), (2, 0.5), (5, 5), (20, 3), (64, 9.7), (0.3, 40)]
)
def test_the_incomplete_beta_function_is_scipys(a: float, b: float) -> None:
    for x in (0.0, 0.001, 0.1, 0.4, 0.7, 0.99, 1.0):
        assert beta_share(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-9)
    for share in SHARES:
        assert beta_quantile(share, a, b) == pytest.approx(stats.beta.ppf(share, a, b), abs=1e-7)


def test_a_share_that_500_rounds_do_not_settle_is_near_all_the_same() -> None:
    """No learner's counts come near it: ten million of each."""
    assert beta_share(0.5, 1e7, 1e7) == pytest.approx(0.5, abs=1e-4)
    assert beta_share(0.5, 1e7, 1e7) != pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("shape", [0.2, 0.5, 1, 2.5, 10, 60, 400])
def test_the_incomplete_gamma_function_is_scipys(shape: float) -> None:
    for share in SHARES:
        expected = stats.gamma.ppf(share, shape)
        assert gamma_quantile(share, shape) == pytest.approx(expected, rel=1e-5, abs=1e-6)
        assert gamma_share(expected, shape) == pytest.approx(share, abs=1e-9)


def test_a_line_its_slope_and_its_interval_are_scipys() -> None:
    values = [61.0, 72.5, 58.0, 80.0, 66.0, 91.0, 70.0]
    line, theirs = fit_line(values), stats.linregress(range(7), values)
    assert line.slope == pytest.approx(theirs.slope)
    assert line.intercept == pytest.approx(theirs.intercept)
    assert line.slope_error == pytest.approx(theirs.stderr)
    half = stats.t.ppf(0.975, 5) * theirs.stderr
    assert line.slope_interval(0.95) == pytest.approx((theirs.slope - half, theirs.slope + half))


def test_equal_values_lie_on_a_flat_line_without_spread() -> None:
    line = fit_line([70.1] * 6)
    assert line.slope == pytest.approx(0)
    assert line.residual_deviation == 0


def test_deviation_and_quantile_are_the_usual_ones() -> None:
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    assert deviation(values) == pytest.approx(stats.tstd(values))
    assert deviation([2.0]) == 0
    assert quantile(values, 0.9) == pytest.approx(7.0)
    assert quantile(values, 0.5) == pytest.approx(3.5)
    assert quantile([7.0], 0.9) == 7.0


def test_concentration_is_one_less_the_corrected_entropy() -> None:
    counts = [10, 20, 5, 0, 0, 1, 4]
    entropy = stats.entropy(counts) + (5 - 1) / (2 * 40)
    assert concentration(counts) == pytest.approx(1 - entropy / math.log(7))
    assert concentration([0, 40, 0, 0, 0, 0, 0]) == 1
    assert concentration([9] * 7) == 0
