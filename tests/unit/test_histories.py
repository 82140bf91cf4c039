"""Short histories of one fact, and what is folded from them: memberships, modules, goals."""

from itertools import permutations
from typing import Any, NamedTuple

import pytest

from domain.keepers.membership import was_open
from domain.state.course import Course
from domain.state.history import insert, trim
from domain.state.learner import Learner
from tests.factories import Bench, at, completed, enrolled, event, seconds, viewed


class Said(NamedTuple):
    """An entry of a history."""

    at: int
    what: str


def same(one: Said, other: Said) -> bool:
    return one.what == other.what


def history(said: str) -> list[Said]:
    """One entry a letter, at 0, 1, 2 and so on."""
    return [Said(place, letter) for place, letter in enumerate(said)]


# -- history -------------------------------------------------------------------------------------


def test_an_entry_stands_in_order_of_time_behind_those_of_its_time() -> None:
    kept: list[Said] = []
    arrivals = [Said(5, "a"), Said(9, "b"), Said(5, "c"), Said(1, "d"), Said(7, "e"), Said(9, "f")]
    places = [insert(kept, entry) for entry in arrivals]
    assert places == [0, 1, 1, 0, 3, 5]
    assert [entry.what for entry in kept] == ["d", "a", "c", "e", "b", "f"]


@pytest.mark.parametrize(
    ("said", "limit", "left", "lost"),
    [
        ("ab", 2, [0, 1], False),
        ("aaa", 3, [0, 1, 2], False),
        ("aaab", 3, [0, 2, 3], False),  # what both neighbours repeat says nothing
        ("baaa", 3, [0, 1, 3], False),
        ("abbbc", 4, [0, 1, 3, 4], False),
        ("aab", 2, [1, 2], True),  # what one neighbour repeats says since when
        ("abab", 3, [1, 2, 3], True),
        ("aaaabab", 4, [3, 4, 5, 6], True),  # two say nothing, then the oldest goes
        ("abcdef", 2, [4, 5], True),
    ],
)
def test_a_history_lets_go_first_of_what_says_nothing(
    said: str, limit: int, left: list[int], *, lost: bool
) -> None:
    kept = history(said)
    assert trim(kept, limit, same) is lost
    assert [entry.at for entry in kept] == left


# -- memberships ---------------------------------------------------------------------------------


def finished(day: float, outcome: str = "passed") -> dict[str, Any]:
    return event("course_finished", at(day), outcome=outcome)


def left(day: float) -> dict[str, Any]:
    return event("unenrolled", at(day))


def came(day: float) -> dict[str, Any]:
    return enrolled(at(day))


def the_course(*events: dict[str, Any]) -> Course:
    (course,) = Bench().send(*events).learner().courses
    return course


def days_of(course: Course) -> tuple[float | None, ...]:
    """Entered, left, finished, returned, the end of the run before: in days after the start."""
    moments = (
        course.enrolled_at,
        course.unenrolled_at,
        course.finished_at,
        course.returned_at,
        course.since,
    )
    return tuple((each - seconds(at(0))) / 86_400 if each else None for each in moments)


NO = None
MEMBERSHIPS = {
    "a second enrolment changes nothing while the learner is in": (
        [came(1), came(2)],
        (1, NO, NO, NO, NO),
        None,
    ),
    "who left has left when it happened first": (
        [came(1), left(2), left(3)],
        (1, 2, NO, NO, NO),
        None,
    ),
    "who comes back has a membership that begins anew": (
        [came(1), left(2), came(3)],
        (3, NO, NO, 3, NO),
        None,
    ),
    "who left without an enrolment comes back too": (
        [left(2), came(3)],
        (3, NO, NO, 3, NO),
        None,
    ),
    "an outcome ends the course": (
        [came(1), finished(2, "failed")],
        (1, NO, 2, NO, NO),
        "failed",
    ),
    "leaving behind an outcome changes nothing": (
        [came(1), finished(2), left(3)],
        (1, NO, 2, NO, NO),
        "passed",
    ),
    "an outcome behind leaving is remembered, and nothing else": (
        [came(1), left(2), finished(3, "withdrawn")],
        (1, 2, NO, NO, NO),
        "withdrawn",
    ),
    "of two outcomes the first says when, the newest says what": (
        [came(1), finished(2, "failed"), finished(3, "passed")],
        (1, NO, 2, NO, NO),
        "passed",
    ),
    "an enrolment behind an outcome begins a new run": (
        [came(1), finished(2, "failed"), came(3)],
        (3, NO, NO, 3, 2),
        "failed",
    ),
    "the run before the third ended with the second": (
        [came(1), finished(2), came(3), finished(4), came(5)],
        (5, NO, NO, 5, 4),
        "passed",
    ),
    "who left a second run has left": (
        [came(1), finished(2), came(3), left(4)],
        (3, 4, NO, 3, 2),
        "passed",
    ),
}


@pytest.mark.parametrize("rule", MEMBERSHIPS)
def test_memberships_in_any_order_come_to_what_happened(rule: str) -> None:
    events, expected, outcome = MEMBERSHIPS[rule]
    for arrival in permutations(events):
        course = the_course(viewed(at(0)), *arrival)
        assert days_of(course) == expected
        assert course.outcome == outcome


@pytest.mark.parametrize(
    ("events", "was_in"),
    [
        ([], [True, True, True, True, True]),
        ([came(1)], [True, True, True, True, True]),  # nobody saw that they were not in it before
        ([came(1), left(2)], [True, True, False, False, False]),
        ([came(1), left(2), came(3)], [True, True, False, True, True]),
        ([came(1), left(2), came(3), finished(4)], [True, True, False, True, False]),
        ([finished(1), came(3)], [True, False, False, True, True]),
    ],
)
def test_who_was_in_a_course_at_a_time_is_folded_up_to_that_time(
    events: list[dict[str, Any]], was_in: list[bool]
) -> None:
    course = the_course(viewed(at(0)), *events)
    assert [was_open(course, seconds(at(day))) for day in range(5)] == was_in


def test_eight_memberships_are_kept_and_what_is_lost_is_counted() -> None:
    turns = [came(n) if n % 2 else left(n) for n in range(1, 10)]
    bench = Bench().send(*turns[:8])
    assert bench.learner().overflow.memberships == 0
    bench.send(turns[8])
    state = bench.learner()
    assert len(state.courses[0].memberships) == 8
    assert state.overflow.memberships == 1
    assert days_of(state.courses[0]) == (9, None, None, 9, None)


def test_enrolments_that_are_only_repeated_push_nothing_out() -> None:
    bench = Bench().send(*[came(n) for n in range(1, 30)])
    state = bench.learner()
    assert state.overflow.memberships == 0
    assert days_of(state.courses[0]) == (1, None, None, None, None)


# -- modules -------------------------------------------------------------------------------------


def done(day: float, module: str = "m1") -> dict[str, Any]:
    return completed(at(day), module)


def reopened(day: float, module: str = "m1") -> dict[str, Any]:
    return event("module_reopened", at(day), module_id=module)


def modules_by_day(state: Learner) -> dict[int, int]:
    """How many modules were completed, by day after the start."""
    first = at(0).toordinal()
    return {day.day - first: day.modules for day in state.days if day.modules}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([done(1)], {1: 1}),
        ([done(1), done(3)], {1: 1}),  # it was completed when it was first
        ([done(1), reopened(2)], {}),
        ([done(1), reopened(2), done(3)], {3: 1}),
        ([done(1), reopened(2), done(3), done(4)], {3: 1}),
        ([done(1), done(1, "m2"), reopened(2, "m2")], {1: 1}),
        ([done(1), done(1.1, "m2"), done(2, "m3")], {1: 2, 2: 1}),
    ],
)
def test_a_module_counts_on_the_day_of_the_completion_that_stands(
    events: list[dict[str, Any]], expected: dict[int, int]
) -> None:
    for arrival in permutations(events):
        assert modules_by_day(Bench().send(*arrival).learner()) == expected


def test_a_completion_that_is_too_old_for_the_days_counts_on_none() -> None:
    state = Bench().send(viewed(at(100)), done(1)).learner()
    assert modules_by_day(state) == {}
    assert modules_by_day(Bench().send(viewed(at(100)), done(1), reopened(100)).learner()) == {}


def test_of_a_module_four_facts_are_kept_and_repeats_go_first() -> None:
    bench = Bench().send(done(1), reopened(2), done(3), done(4))
    kept = bench.learner().courses[0].modules
    assert [fact.at for fact in kept] == [seconds(at(n)) for n in (1, 2, 3, 4)]
    bench.send(done(5))
    kept = bench.learner().courses[0].modules
    assert [fact.at for fact in kept] == [seconds(at(n)) for n in (1, 2, 3, 5)]
    assert bench.learner().overflow.modules == 0


def test_a_reopening_before_another_one_goes_before_any_completion() -> None:
    bench = Bench().send(done(1), done(2), reopened(3), reopened(4), done(5))
    state = bench.learner()
    assert [fact.at for fact in state.courses[0].modules] == [seconds(at(n)) for n in (1, 2, 4, 5)]
    assert state.overflow.modules == 0
    assert modules_by_day(state) == {5: 1}


def test_of_a_module_that_goes_to_and_fro_the_oldest_fact_goes_and_is_counted() -> None:
    bench = Bench().send(
        done(1, "m2"), done(1), reopened(2), done(3), reopened(4), done(5), done(6, "m3")
    )
    state = bench.learner()
    kept = [fact.at for fact in state.courses[0].modules]
    assert kept == [seconds(at(n)) for n in (1, 2, 3, 4, 5, 6)]
    assert state.overflow.modules == 1
    assert modules_by_day(state) == {1: 1, 5: 1, 6: 1}


def test_two_hundred_and_fifty_six_modules_of_a_course_are_kept() -> None:
    bench = Bench().send(*[done(1, f"m{n}") for n in range(256)])
    assert bench.learner().overflow.modules == 0
    bench.send(done(2, "one-more"), reopened(2, "m7"))
    state = bench.learner()
    assert state.overflow.modules == 1
    assert len({fact.short for fact in state.courses[0].modules}) == 256
    assert modules_by_day(state) == {1: 255}


# -- goals ---------------------------------------------------------------------------------------


def goal(day: float, name: str = "g1", **fields: Any) -> dict[str, Any]:
    fields = {"metric": "weekly_minutes", "target": 90, **fields}
    return event("goal_set", at(day), goal_id=name, **fields)


def removed(day: float, name: str = "g1") -> dict[str, Any]:
    return event("goal_removed", at(day), goal_id=name)


def goals(*events: dict[str, Any]) -> list[tuple[str, str | None, float]]:
    found = Bench().send(*events).learner().goals
    return [(each.goal_id, each.metric, each.target) for each in found]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([goal(1), goal(2, target=120)], ("g1", "weekly_minutes", 120)),
        ([goal(1), removed(2)], ("g1", None, 0)),
        ([goal(1), removed(2), goal(3, metric="streak_days", target=5)], ("g1", "streak_days", 5)),
    ],
)
def test_the_newest_fact_about_a_goal_stands(
    events: list[dict[str, Any]], expected: tuple[str, str | None, float]
) -> None:
    for arrival in permutations(events):
        assert goals(*arrival) == [expected]


def test_of_one_moment_the_later_in_the_log_is_the_newer_fact_about_a_goal() -> None:
    assert goals(goal(1), removed(1)) == [("g1", None, 0)]
    assert goals(removed(1), goal(1)) == [("g1", "weekly_minutes", 90)]


def test_a_goal_keeps_its_course_and_the_second_it_is_due_at() -> None:
    due = at(30).replace(microsecond=999_999)
    sent = goal(1, course_id="c1", due_at=due.isoformat())
    (kept,) = Bench().send(sent, viewed(at(2))).learner().goals
    assert (kept.course_id, kept.due_at, kept.set_at) == ("c1", seconds(at(30)), seconds(at(1)))


def test_goals_stand_in_the_order_in_which_they_were_set() -> None:
    sent = [goal(2, "b"), goal(2, "a"), goal(1, "c")]
    assert [name for name, *_ in goals(*sent)] == ["c", "a", "b"]


def test_sixteen_goals_stand_and_the_oldest_goes_counted() -> None:
    bench = Bench().send(removed(0, "gone"), *[goal(n, f"g{n}") for n in range(1, 17)])
    assert (len(bench.learner().goals), bench.learner().overflow.goals) == (17, 0)
    bench.send(goal(17, "g17"))
    state = bench.learner()
    assert [each.goal_id for each in state.goals] == ["gone", *(f"g{n}" for n in range(2, 18))]
    assert state.overflow.goals == 1


def test_of_goals_and_tombstones_32_are_kept_and_the_oldest_tombstone_goes() -> None:
    bench = Bench().send(goal(0, "stands"), *[removed(n, f"g{n}") for n in range(1, 32)])
    assert len(bench.learner().goals) == 32
    bench.send(removed(32, "g32"))
    state = bench.learner()
    assert [each.goal_id for each in state.goals] == ["stands", *(f"g{n}" for n in range(2, 33))]
    assert state.overflow.goals == 0
