"""The curve that calibration ends with: it rises, it can be followed back, it learns any shape."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.curve import bend, is_rising, unbend
from models.learning.isotonic import BINS, Cell, Isotonic


def test_a_curve_without_knots_changes_nothing() -> None:
    for said in (0.0, 0.3, 1.0):
        assert bend([], said) == said


def test_a_curve_goes_straight_from_knot_to_knot_and_to_both_ends() -> None:
    curve = [(200_000, 100_000), (600_000, 700_000)]
    for said, came in (
        (0, 0),
        (0.1, 0.05),
        (0.2, 0.1),
        (0.4, 0.4),
        (0.6, 0.7),
        (0.8, 0.85),
        (1, 1),
    ):
        assert bend(curve, said) == pytest.approx(came)
        assert unbend(curve, came) == pytest.approx(said)


@pytest.mark.parametrize(
    "curve",
    [
        [(0, 1)],
        [(1, 0)],
        [(1_000_000, 999_999)],
        [(999_999, 1_000_000)],
        [(5, 6), (5, 7)],
        [(5, 7), (6, 7)],
        [(5, 7), (6, 6)],
        [(-1, 5)],
    ],
)
def test_a_curve_that_cannot_be_followed_both_ways_does_not_rise(
    curve: list[tuple[int, int]],
) -> None:
    assert not is_rising(curve)
    assert is_rising([])
    assert is_rising([(1, 999_998), (999_999, 999_999)])


def test_at_first_what_is_said_is_taken_for_true() -> None:
    curve = Isotonic().curve()
    assert len(curve) == BINS
    assert all(said == came for said, came in curve)


@given(
    labels=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1), st.integers(1, 300)), max_size=40)
)
def test_a_curve_rises_whatever_is_learned(labels: list[tuple[float, int, int]]) -> None:
    it = Isotonic()
    for said, label, times in labels:
        for _ in range(times):
            it.learn(said, label)
    assert is_rising(it.curve())


def test_a_curve_learns_a_shape_that_no_sigmoid_has() -> None:
    rng = random.Random(8)
    it = Isotonic()

    def truth(said: float) -> float:
        return 0.3 * said if said < 0.5 else 0.15 + 1.5 * (said - 0.5)

    for _ in range(60_000):
        said = rng.random()
        it.learn(said, int(rng.random() < truth(said)))
    curve = it.curve()
    for said in (0.1, 0.3, 0.45, 0.6, 0.8):
        assert bend(curve, said) == pytest.approx(0.9 * truth(said) + 0.1 * said, abs=0.03)


def test_what_would_fall_is_pooled_by_how_much_is_known() -> None:
    it = Isotonic()
    it.cells[9] = Cell(100, 47.5, 60)
    it.cells[10] = Cell(300, 157.5, 150)
    curve = it.curve()
    assert curve[8] == (425_000, 425_000)
    assert curve[9] == (475_000, 47_500 + 9 * 52_500), "210 of 400 came true"
    assert curve[10] == (525_000, 52_500 + 9 * 52_500)
    assert curve[11] == (575_000, 575_000)


def test_a_bin_forgets() -> None:
    it = Isotonic()
    for label in (0, 1):
        for _ in range(100_000):
            it.learn(0.525, label)
    cell = it.cells[10]
    assert cell.came / cell.count > 0.98
    assert cell.count < 20_001
