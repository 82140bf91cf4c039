"""Thresholds as exact fractions decide them, whatever binary fractions make of the figures."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.exact import exceeds, reaches, rounded, under, whole
from domain.keepers.scores import percent_of
from domain.statistics import direction

maxima = st.integers(1, 1000)
bars = st.integers(0, 200).map(lambda half: half / 2)


@st.composite
def marks(draw: st.DrawFn) -> tuple[int, int]:
    maximum = draw(maxima)
    return draw(st.integers(0, maximum)), maximum


@given(marks(), bars)
def test_a_whole_score_is_on_the_side_of_a_bar_where_its_fraction_is(
    mark: tuple[int, int], bar: float
) -> None:
    percent, exact = percent_of(*mark), Fraction(100 * mark[0], mark[1])
    assert reaches(percent, bar) == (exact >= Fraction(bar))
    assert exceeds(percent, bar) == (exact > Fraction(bar))
    assert under(percent, bar) == (exact < Fraction(bar))


def test_every_percent_of_a_hundred_reaches_itself_and_nothing_more() -> None:
    for score in range(101):
        assert percent_of(score, 100) == score
        assert reaches(100 * (score / 100), score)
        assert not exceeds(100 * (score / 100), score)


@given(st.lists(marks(), min_size=1, max_size=8), bars)
def test_so_is_the_mean_of_whole_scores(given_marks: list[tuple[int, int]], bar: float) -> None:
    mean = sum(percent_of(*mark) for mark in given_marks) / len(given_marks)
    exact = sum((Fraction(100 * s, m) for s, m in given_marks), Fraction()) / len(given_marks)
    if exact == Fraction(bar) or abs(exact - Fraction(bar)) > Fraction(1, 10**8):
        assert reaches(mean, bar) == (exact >= Fraction(bar))


@given(st.floats(-1000, 1000), st.integers(0, 6))
def test_nothing_is_rounded_to_less_than_none(value: float, digits: int) -> None:
    assert rounded(value, digits) == round(value, digits)
    assert math.copysign(1, rounded(value, digits)) == 1 or rounded(value, digits) < 0


def test_a_half_goes_up_also_where_noise_took_a_little() -> None:
    assert [whole(value) for value in (84.5, 84.49999999999999, 84.4, 85.5, 0.0)] == [
        85,
        85,
        84,
        86,
        0,
    ]


def test_a_bound_of_nothing_or_of_noise_proves_nothing() -> None:
    assert [
        direction(low, high, 2) for low, high in ((0, 4), (-4, 0), (1e-12, 4), (-4, -1e-12))
    ] == ["unclear"] * 4
    assert direction(0.001, 1, 2) == "improving"
    assert direction(-1, -0.001, 2) == "declining"
    assert direction(-2, 2, 2) == "stable"
    assert direction(-2.1, 2, 2) == "unclear"
