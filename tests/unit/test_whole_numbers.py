"""Whole-number scores and weights at every threshold of rules and levels, decided by fractions."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes import FactsChanged, GradesChanged, ScoresChanged
from domain.course_facts import CourseFacts, Module
from domain.ids import short_id
from domain.keepers.progress import percent_done
from domain.keepers.scores import is_pass, open_scores, percent_of
from domain.rules import declining_trend, low_score, progress_milestone
from domain.state.course import ModuleFact
from metrics.levels import Level, level
from tests.factories import COURSE, at, course, seconds
from tests.ruling import grade, in_a_row, learner, step, work

pytestmark = pytest.mark.long

MAXIMA: Final = range(1, 121)
LEVELS: Final[tuple[Level, ...]] = ("Beginner", "Intermediate", "Advanced")


def share(score: int, maximum: int) -> Fraction:
    return Fraction(100 * score, maximum)


def about(bar: int, maximum: int) -> Iterator[int]:
    """The least whole score that is a bar in percent or more, and the one under it."""
    least = ceil(Fraction(bar * maximum, 100))
    return (score for score in (least - 1, least) if 0 <= score <= maximum)


def test_a_percent_that_is_whole_is_exactly_that() -> None:
    """100 x (score / maximum) would make 56.99999999999999 of 57 of 100."""
    for maximum in MAXIMA:
        for score in range(maximum + 1):
            exact = share(score, maximum)
            assert exact.denominator > 1 or percent_of(score, maximum) == exact


# -- low_score and first pass --------------------------------------------------------------------


def severity(percent: Fraction, mark: int) -> list[str]:
    if percent >= mark:
        return []
    return ["high" if percent < mark - 20 else "medium"]


@pytest.mark.parametrize("marks", [range(first, first + 25) for first in (1, 26, 51, 76)])
def test_low_is_under_the_pass_mark_and_high_more_than_twenty_under_it(marks: range) -> None:
    state = learner(work())
    (known,) = state.courses
    (done,) = known.work
    for mark in marks:
        facts = course(pass_mark=mark)
        for maximum in MAXIMA:
            for score in {*about(mark, maximum), *about(mark - 20, maximum)}:
                now = step(facts)
                done.grades[:] = [grade(score, maximum)]
                state.alerts.clear()
                low_score.on(GradesChanged(known, done), state, now)
                exact = share(score, maximum)
                assert [t.severity for t in now.published] == severity(exact, mark), (score, mark)


def test_a_pass_is_the_pass_mark_or_more() -> None:
    for mark in range(101):
        for maximum in MAXIMA:
            for score in about(mark, maximum):
                passed = is_pass(percent_of(score, maximum), mark, passed=None)
                assert passed == (share(score, maximum) >= mark)


# -- declining_trend -------------------------------------------------------------------------------


@pytest.mark.parametrize("maximum", [20, 35, 60, 100, 120])
def test_a_decline_is_fifteen_points_or_more_in_all(maximum: int) -> None:
    for first in range(2, maximum + 1):
        for last in about_under(first, 15, maximum):
            state = in_a_row([grade(score, maximum) for score in (first, first - 1, last)])
            now = step(when=at(3))
            declining_trend.on(ScoresChanged(open_scores(state, {})), state, now)
            falls = last < first - 1 and share(first - last, maximum) >= 15
            assert len(now.published) == falls, (first, last)


def about_under(first: int, points: int, maximum: int) -> Iterator[int]:
    """The scores about so many points under the first one."""
    return (first - fall for fall in about(points, maximum) if fall <= first)


# -- personal best -------------------------------------------------------------------------------


@pytest.mark.parametrize("maximum", [7, 20, 60, 100, 120])
def test_a_personal_best_is_five_points_or_more_over_the_best_before(maximum: int) -> None:
    for best in range(maximum):
        for over in about(5, maximum):
            score = best + over
            if score <= maximum:
                grades = [grade(best, maximum) for _ in range(5)]
                state = in_a_row([*grades, grade(score, maximum)])
                state.courses[0].passed_before = True
                now = step(when=at(6))
                progress_milestone.on(FactsChanged(), state, now)
                assert len(now.published) == (share(over, maximum) >= 5), (best, score)


# -- milestones of a course ------------------------------------------------------------------------

WEIGHTS: Final = [
    [Fraction(1, 3)] * 3,
    [Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)],
    [Fraction(1, 10)] * 10,
    [Fraction(1, 10), Fraction(2, 10), Fraction(3, 10), Fraction(4, 10)],
    [Fraction(1, 7)] * 7,
    [Fraction(1, 12)] * 12,
    [Fraction(7, 100), Fraction(18, 100), Fraction(25, 100), Fraction(1, 2)],
]


def milestones(weights: Sequence[Fraction]) -> list[tuple[int, int]]:
    """(percent told, how many modules were completed by then), a module a day."""
    modules = tuple(Module(id=f"m{n}", weight=float(w)) for n, w in enumerate(weights))
    facts = CourseFacts(course_id=COURSE, modules=modules)
    state = learner()
    (known,) = state.courses
    for place, module in enumerate(modules):
        when = at(hours=place)
        known.modules.append(ModuleFact(short_id(module.id), seconds(when), 1, done=True))
    known.last_at = seconds(at(1))
    now = step(facts, when=at(1))
    progress_milestone.on(FactsChanged(), state, now)
    hour = {seconds(at(hours=place)): place + 1 for place in range(len(weights))}
    return [(int(t.params["percent"]), hour[t.raised_at]) for t in now.published]


def expected_milestones(weights: Sequence[Fraction]) -> list[tuple[int, int]]:
    done = list(accumulate(weights))
    return [
        (bar, next(n for n, some in enumerate(done, 1) if 100 * some >= bar * done[-1]))
        for bar in (25, 50, 75, 100)
    ]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_milestone_is_told_with_the_module_that_reaches_it(weights: list[Fraction]) -> None:
    assert milestones(weights) == expected_milestones(weights)


@given(st.lists(st.fractions(Fraction(1, 50), 1, max_denominator=60), min_size=1, max_size=9))
def test_so_it_is_whatever_the_weights(weights: list[Fraction]) -> None:
    assert milestones(weights) == expected_milestones(weights)


# -- levels --------------------------------------------------------------------------------------


def expected_level(progress: Fraction, average: Fraction | None, before: Level | None) -> Level:
    """Levels at 80, 60 and 30; one that stood falls only under 75, 55 and 25."""
    advanced = 75 if before == "Advanced" else 80
    slack = 5 if before in {"Intermediate", "Advanced"} else 0
    if average is not None and progress >= advanced and average >= advanced:
        return "Advanced"
    enough = average is None or average >= 60 - slack
    return "Intermediate" if progress >= 30 - slack and enough else "Beginner"


@pytest.mark.parametrize("before", [None, *LEVELS])
def test_a_level_has_its_bars_exactly(before: Level | None) -> None:
    averages = [None, *(Fraction(bar + n) for bar in (55, 60, 75, 80) for n in (-1, 0, 1))]
    for total in MAXIMA:
        for done in {n for bar in (25, 30, 75, 80) for n in about(bar, total)}:
            progress, exact = percent_done(done, total), share(done, total)
            for average in averages:
                found = level(progress, None if average is None else float(average), before)
                assert found == expected_level(exact, average, before), (done, total, average)


@given(st.lists(st.integers(0, 120), min_size=1, max_size=6), st.sampled_from([None, *LEVELS]))
def test_a_mean_of_scores_stands_on_a_bar_as_its_fraction_does(
    scores: list[int], before: Level | None
) -> None:
    exact = sum((share(score, 120) for score in scores), Fraction()) / len(scores)
    average = sum(percent_of(score, 120) for score in scores) / len(scores)
    assert level(80.0, average, before) == expected_level(Fraction(80), exact, before)
