"""The statistics at the ends of what they take, against closed forms."""

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
    quantile,
    spread_of_indices,
    t_quantile,
)


def test_a_line_needs_three_values() -> None:
    with pytest.raises(AssertionError):
        fit_line([1.0, 2.0])
    line = fit_line([1.0, 2.0, 6.0])
    assert (line.n, line.slope, line.intercept) == (3, 2.5, 0.5)
    assert line.residual_deviation == pytest.approx(math.sqrt(0.25 + 1 + 0.25))
    assert line.slope_error == pytest.approx(math.sqrt(1.5) / math.sqrt(2))


def test_indices_are_spread_as_their_squares_say() -> None:
    for n in range(1, 9):
        middle = (n - 1) / 2
        assert spread_of_indices(n) == pytest.approx(sum((i - middle) ** 2 for i in range(n)))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_line_without_noise_has_no_spread_whatever_its_size(scale: float) -> None:
    line = fit_line([scale * (0.1 + 0.7 * n) for n in range(7)])
    assert line.residual_deviation == 0
    assert line.slope == pytest.approx(0.7 * scale)


def test_a_spread_that_is_small_is_none_only_if_it_is_binary_noise() -> None:
    assert fit_line([0.0, 0.0, 1e-9, 0.0]).residual_deviation > 0
    assert fit_line([1e6, 1e6, 1e6 + 1e-3, 1e6]).residual_deviation > 0
    assert fit_line([-1e6, -1e6, -1e6 + 1e-8, -1e6]).residual_deviation == 0


def test_a_deviation_is_of_two_values_at_least() -> None:
    assert (deviation([]), deviation([5.0])) == (0, 0)
    assert deviation([1.0, 4.0]) == pytest.approx(3 / math.sqrt(2))


def test_a_quantile_is_the_ends_at_0_and_1_and_linear_between() -> None:
    values = [4.0, 1.0, 2.0]
    assert [quantile(values, share) for share in (0, 0.25, 0.5, 0.75, 1)] == [1, 1.5, 2, 3, 4]


def test_students_quantiles_of_one_and_two_degrees_are_in_closed_form() -> None:
    for share in (0.5, 0.6, 0.75, 0.9, 0.99):
        cauchy = math.tan(math.pi * (share - 0.5))
        assert t_quantile(share, 1) == pytest.approx(cauchy, rel=1e-7, abs=1e-7)
        assert t_quantile(1 - share, 1) == pytest.approx(-cauchy, rel=1e-7, abs=1e-7)
        two = (2 * share - 1) / math.sqrt(2 * share * (1 - share))
        assert t_quantile(share, 2) == pytest.approx(two, rel=1e-7, abs=1e-7)


def test_a_beta_share_is_0_and_1_at_its_ends_and_a_power_for_b_1() -> None:
    for x in (-0.5, 0.0, 1.0, 1.5):
        assert beta_share(x, 2, 3) == (0 if x <= 0 else 1)
    for a in (0.5, 1, 3):
        for x in (1e-9, 0.2, 0.5, 0.8, 1 - 1e-9):
            assert beta_share(x, a, 1) == pytest.approx(x**a, rel=1e-9)
            assert beta_share(x, 1, a) == pytest.approx(1 - (1 - x) ** a, rel=1e-7)
        assert beta_quantile(0.3, a, 1) == pytest.approx(0.3 ** (1 / a), rel=1e-9)


def test_a_gamma_share_is_0_at_its_end_and_exponential_for_shape_1() -> None:
    assert [gamma_share(x, 2.5) for x in (-1.0, 0.0)] == [0, 0]
    for x in (1e-9, 0.5, 3, 30):
        assert gamma_share(x, 1) == pytest.approx(-math.expm1(-x), rel=1e-9)
        assert gamma_share(x, 2) == pytest.approx(1 - math.exp(-x) * (1 + x), abs=1e-9)
    assert gamma_share(10_000, 1) == 1
    for share in (0.001, 0.5, 0.999):
        assert gamma_quantile(share, 1) == pytest.approx(-math.log1p(-share), rel=1e-9)


def test_a_gamma_quantile_far_out_is_found_for_small_and_large_shapes() -> None:
    for shape in (0.05, 1, 1_000, 20_000):
        found = gamma_quantile(1 - 1e-9, shape)
        assert gamma_share(found, shape) == pytest.approx(1 - 1e-9, abs=1e-10)


def test_concentration_lies_between_even_and_one_cell() -> None:
    assert concentration([5, 5]) == 0  # the correction would make it less than nothing
    assert concentration([0, 3]) == 1
    half = concentration([1_000_000, 1_000_000, 0, 0])
    assert half == pytest.approx(0.5, abs=1e-6)
    expected = 1 - (math.log(2) + 1 / (2 * 40)) / math.log(3)
    assert concentration([20, 0, 20]) == pytest.approx(expected)
