"""low_score where no pass mark is known: what the assessment expects, and what ends it."""

from typing import Any

import pytest

from domain.alerts import Transition
from domain.changes import GradesChanged
from domain.configuration import Configuration, Rules
from domain.rules import low_score
from domain.rules.low_score import LowScore
from tests.factories import at, course
from tests.ruling import grade, learner, step, work


def told(*scores: tuple[float, float | None], mark: float | None = None) -> list[Transition]:
    """What is published of attempts with these scores, each with what the model expected."""
    grades = [
        grade(score, expected=expected, attempt=n, order=n, at=at(n))
        for n, (score, expected) in enumerate(scores, 1)
    ]
    made = work("a1", *grades)
    state = learner(made)
    published: list[Transition] = []
    for n in range(1, len(grades) + 1):
        made.grades = grades[:n]
        now = step(course(pass_mark=mark), when=at(n))
        low_score.on(GradesChanged(state.courses[0], made), state, now)
        published += now.published
    return published


@pytest.mark.parametrize(
    ("score", "expected", "said"),
    [
        (50, 80.0, "below_expected"),
        (50.1, 80.0, None),
        (50, None, None),
        (40, 69.9, None),
        (39.9, 60.0, "low"),
        (39.9, None, "low"),
        (35, 90.0, "low"),
    ],
)
def test_thirty_points_below_what_the_assessment_expects_is_low(
    score: float, expected: float | None, said: str | None
) -> None:
    codes = [each.message_code for each in told((score, expected))]
    assert codes == ([] if said is None else [f"alert.low_score.{said}"])


def test_far_below_expectation_is_medium_and_says_what_is_expected() -> None:
    (raised,) = told((50, 82.4))
    assert raised.severity == "medium"
    assert raised.params["expected"] == 82
    (evidence,) = raised.evidence
    assert (evidence.value, evidence.baseline, evidence.threshold) == (50, 82.4, 40)


def test_with_a_pass_mark_what_is_expected_decides_nothing() -> None:
    assert told((50, 90.0), mark=50) == []
    assert [each.message_code for each in told((49, 20.0), mark=50)] == ["alert.low_score.message"]


@pytest.mark.parametrize(
    ("second", "ends"),
    [((45, None), True), ((44, None), False), ((54, 80.0), False), ((55, 80.0), True)],
)
def test_without_a_mark_it_ends_five_over_what_would_be_low(
    second: tuple[float, float | None], *, ends: bool
) -> None:
    resolved = [each.resolution for each in told((30, None), second) if each.kind == "resolved"]
    assert resolved == (["cleared"] if ends else [])


def test_without_a_mark_the_bars_are_settings() -> None:
    def kinds(score: float, **settings: Any) -> list[str]:
        made = work("a1", grade(score, expected=80.0))
        state = learner(made)
        rules = Rules(low_score=LowScore(**settings))
        now = step(configuration=Configuration(rules=rules))
        low_score.on(GradesChanged(state.courses[0], made), state, now)
        return [each.severity for each in now.published]

    assert kinds(54, unknown_under=55) == ["medium"]
    assert kinds(34, unknown_under=55) == ["high"]
    assert kinds(60, below_expected=20) == ["medium"]
    assert kinds(61, below_expected=20) == []
