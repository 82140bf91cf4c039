"""A course's gate: when it closes, when it opens, and that it survives a restart."""

import random

import pytest

from domain.examples import Example, Lesson
from domain.predictions import Figure, Target
from domain.scoring import NoModels
from models.encoding import ENCODINGS
from models.learning import Learning
from models.learning.gates import JUDGED_MIN, Gates, Newest
from models.learning.scoreboard import COURSES_MAX, WINDOW
from models.reports import Gate
from models.serving import Served
from models.snapshot import decode_snapshot


def judged(gates: Gates, count: int, ones: int, *, course_id: str = "c1", said: int = 500) -> Gates:
    """So many were judged of a course, of which `ones` in a hundred came true, evenly."""
    for number in range(count):
        gates.judge(course_id, Figure(said), int((number * ones) % 100 < ones))
    return gates


def closed(gates: Gates) -> list[str]:
    gates.decide()
    return [course_id for course_id, _ in gates.closed("next_missing")]


@pytest.mark.parametrize(
    ("count", "ones", "closes"),
    [
        (JUDGED_MIN, 60, False),
        (JUDGED_MIN, 61, True),
        (JUDGED_MIN, 39, True),
        (JUDGED_MIN, 40, False),
        (JUDGED_MIN - 100, 90, False),
    ],
)
def test_a_gate_closes_where_enough_were_off_by_more_than_a_tenth(
    count: int, ones: int, *, closes: bool
) -> None:
    assert closed(judged(Gates({}), count, ones)) == (["c1"] if closes else [])


@pytest.mark.parametrize(("ones", "opens"), [(57, False), (56, True), (44, True), (43, False)])
def test_a_gate_that_is_closed_opens_under_seven_hundredths(ones: int, *, opens: bool) -> None:
    gates = Gates({"c1": Newest(closed=True)})
    assert closed(judged(gates, JUDGED_MIN, ones)) == ([] if opens else ["c1"])


def test_a_gate_goes_by_the_newest_two_windows() -> None:
    gates = judged(Gates({}), 2 * WINDOW, 50)
    judged(gates, 500, 90)
    assert gates.courses["c1"].count == WINDOW + 500
    assert gates.courses["c1"].error == pytest.approx(0.4 * 500 / (WINDOW + 500))
    judged(gates, 500, 90)
    assert closed(gates) == ["c1"]
    gate = dict(gates.closed("next_missing"))["c1"]
    assert (gate.target, gate.count) == ("next_missing", WINDOW)
    assert gate.error == pytest.approx(0.4)


def test_errors_of_bins_do_not_make_up_for_each_other() -> None:
    gates = judged(Gates({}), 400, 40, said=200)
    judged(gates, 400, 60, said=800)
    assert gates.courses["c1"].error == pytest.approx(0.2)


def test_whether_a_gate_moved_is_said() -> None:
    gates = judged(Gates({}), JUDGED_MIN, 90)
    assert [gates.decide(), gates.decide()] == [True, False]


def test_the_course_that_was_judged_least_recently_goes_first() -> None:
    gates = Gates({})
    for number in range(COURSES_MAX):
        gates.judge(f"c{number}", Figure(500), 1)
    gates.judge("c0", Figure(500), 1)
    gates.judge("new", Figure(500), 1)
    assert len(gates.courses) == COURSES_MAX
    assert "c1" not in gates.courses
    assert gates.courses["c0"].judged == 2


def lessons(target: Target, count: int, *, ones: int, course_id: str | None = "c1") -> list[Lesson]:
    rng = random.Random(count)
    features = [rng.randrange(feature.bins) for feature in ENCODINGS[target].features]
    return [
        Lesson(
            user_id="7",
            at=number,
            course_id=course_id,
            series="c",
            examples=(
                Example(
                    target,
                    None,
                    None,
                    0,
                    0,
                    0,
                    features,
                    int((number * ones) % 100 < ones),
                    Figure(500, 500),
                ),
            ),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("target", ["next_missing", "not_passing"])
def test_a_snapshot_has_the_gates_and_whoever_serves_it_says_so(target: Target) -> None:
    learning = Learning()
    learning.learn(lessons(target, 1_000, ones=90))
    learning.learn(lessons("inactivity_7", 1_000, ones=90, course_id="c2"))
    made = decode_snapshot(learning.snapshot(1, 0))
    assert made.gates.keys() == {"c1"}
    assert made.gates["c1"] == Gate(target, 1_000, 0.4)
    serves = Served(made)
    assert [serves.is_gated(course_id) for course_id in ("c1", "c2")] == [True, False]
    assert not NoModels().is_gated("c1")
    learning.learn(lessons(target, 2_000, ones=50))
    assert decode_snapshot(learning.snapshot(2, 0)).gates == {}


def test_what_is_of_no_course_has_no_gate() -> None:
    learning = Learning()
    learning.learn(lessons("next_missing", 1_000, ones=90, course_id=None))
    assert decode_snapshot(learning.snapshot(1, 0)).gates == {}


def test_of_two_models_the_larger_error_is_said() -> None:
    learning = Learning()
    learning.learn(lessons("not_passing", 1_000, ones=90))
    learning.learn(lessons("next_missing", 1_000, ones=70))
    assert decode_snapshot(learning.snapshot(1, 0)).gates["c1"].target == "not_passing"


def test_a_restart_changes_nothing_of_a_gate() -> None:
    """Closed, it stays so between the two bounds."""
    whole = Learning()
    whole.learn(lessons("next_missing", 1_000, ones=90))
    whole.snapshot(1, 0)
    parted = Learning.restore(whole.parts())
    for learning in (whole, parted):
        learning.learn(lessons("next_missing", 2_000, ones=58))
    assert parted.snapshot(2, 9) == whole.snapshot(2, 9)
    assert decode_snapshot(parted.snapshot(3, 9)).gates.keys() == {"c1"}
    assert parted.parts().keys() == whole.parts().keys()
