"""Which courses of a learner are kept, and what stays of those that are over."""

from typing import Any

import pytest

from domain.course_facts import Assessment, CourseFacts, Module
from domain.keepers import courses
from domain.keepers.courses import find_course
from domain.state.course import (
    Course,
    FinishedCourse,
    Membership,
)
from domain.state.learner import (
    Learner,
    new_learner,
)
from tests.factories import (
    Bench,
    at,
    completed,
    course,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)


def finished(day: float, name: str = "c1", outcome: str = "passed") -> dict[str, Any]:
    return event("course_finished", at(day), course_id=name, outcome=outcome)


def left(day: float, name: str = "c1") -> dict[str, Any]:
    return event("unenrolled", at(day), course_id=name)


def ids(state: Learner) -> list[str]:
    return [each.course_id for each in state.courses]


# -- found and made ------------------------------------------------------------------------------


def test_a_course_is_found_by_its_id() -> None:
    state = Bench().send(enrolled(at(0)), enrolled(at(0), course_id="c2")).learner()
    assert find_course(state, "c2") is state.courses[1]
    assert find_course(state, "c3") is None


def test_a_course_knows_its_first_and_its_last_event() -> None:
    bench = Bench().send(viewed(at(5)), viewed(at(3), "p2"), viewed(at(4), "p3"))
    (kept,) = bench.learner().courses
    assert (kept.first_at, kept.last_at) == (seconds(at(3)), seconds(at(5)))
    bench.send(viewed(at(9), "p4"), left(11), enrolled(at(10)))
    (kept,) = bench.learner().courses
    assert (kept.first_at, kept.last_at) == (seconds(at(3)), seconds(at(11)))


def test_seen_in_takes_the_first_and_the_last_event_of_a_course() -> None:
    state = new_learner("7")
    kept = courses.seen_in(state, "c1", 500)
    assert kept is not None
    assert (kept.first_at, kept.last_at) == (500, 500)
    for moment, first, last in ((500, 500, 500), (400, 400, 500), (600, 400, 600)):
        assert courses.seen_in(state, "c1", moment) is kept
        assert (kept.first_at, kept.last_at) == (first, last)


def test_a_membership_is_not_an_event_in_the_course() -> None:
    """Who was enrolled and did nothing entered with the enrolment."""
    (kept,) = Bench().send(enrolled(at(3))).learner().courses
    assert (kept.first_at, kept.entered_at) == (0, seconds(at(3)))
    (kept,) = Bench().send(viewed(at(2))).learner().courses
    assert kept.entered_at == seconds(at(2))
    (kept,) = Bench().send(enrolled(at(3)), viewed(at(2))).learner().courses
    assert kept.entered_at == seconds(at(3))


# -- eight of them -------------------------------------------------------------------------------


def test_eight_courses_are_kept_and_the_one_that_is_unused_longest_goes() -> None:
    order = [3, 1, 2, 4, 5, 6, 7, 8]
    bench = Bench().send(*[enrolled(at(n), course_id=f"c{n}") for n in order])
    assert (ids(bench.learner()), bench.learner().overflow.courses) == (
        [f"c{n}" for n in order],
        0,
    )
    bench.send(enrolled(at(9), course_id="c9"))
    state = bench.learner()
    assert ids(state) == ["c3", "c2", "c4", "c5", "c6", "c7", "c8", "c9"]
    assert state.course_ids == ids(state)
    assert state.overflow.courses == 1


@pytest.mark.parametrize(
    ("events", "gone", "lost"),
    [
        ([], "c1", 1),
        ([left(20, "c3"), left(21, "c4")], "c3", 1),  # left goes before unused
        ([left(20, "c3"), finished(22, "c5"), finished(23, "c6")], "c5", 0),  # finished before left
    ],
)
def test_finished_courses_go_first_then_those_that_were_left(
    events: list[dict[str, Any]], gone: str, lost: int
) -> None:
    bench = Bench().send(*[enrolled(at(n), course_id=f"c{n}") for n in range(1, 9)], *events)
    bench.send(enrolled(at(30), course_id="c9"))
    state = bench.learner()
    assert ids(state) == [f"c{n}" for n in range(1, 10) if f"c{n}" != gone]
    assert state.overflow.courses == lost


def test_a_finished_course_that_had_to_go_keeps_its_last_figures_and_counts_what_comes() -> None:
    bench = Bench().send(enrolled(at(0)), finished(1))
    bench.send(*[enrolled(at(2), course_id=f"d{n}") for n in range(8)])
    state = bench.learner()
    assert "c1" not in ids(state)
    assert [each.course_id for each in state.finished] == ["c1"]
    assert state.overflow.finished == 0
    bench.send(viewed(at(3)), submitted(at(3)))
    state = bench.learner()
    assert "c1" not in ids(state)
    assert state.overflow.finished == 2


@pytest.mark.parametrize(("day", "comes_back"), [(0.5, False), (1, False), (1.1, True)])
def test_only_a_membership_behind_the_end_brings_a_course_back(
    day: float, *, comes_back: bool
) -> None:
    bench = Bench().send(enrolled(at(0)), finished(1, outcome="failed"))
    bench.send(*[enrolled(at(2), course_id=f"d{n}") for n in range(8)])
    bench.send(enrolled(at(day)))
    state = bench.learner()
    assert ("c1" in ids(state)) is comes_back
    assert state.overflow.finished == (not comes_back)
    if comes_back:
        again = find_course(state, "c1")
        assert again is not None
        assert (again.enrolled_at, again.since) == (seconds(at(day)), seconds(at(1)))
        assert again.memberships == [Membership(seconds(at(1)), 3), Membership(seconds(at(day)), 0)]
        assert again.outcome == "failed"


def test_a_course_that_comes_back_remembers_its_peak_and_that_something_was_passed() -> None:
    facts = course(modules=4)
    bench = Bench(facts=facts).send(
        enrolled(at(0)), completed(at(0)), graded(at(0.5), 70), finished(1)
    )
    bench.send(*[enrolled(at(2), course_id=f"d{n}") for n in range(8)], enrolled(at(3)))
    again = find_course(bench.learner(), "c1")
    assert again is not None
    assert (again.peak_before, again.passed_before) == (25.0, True)
    bench.send(finished(4))
    (figures,) = bench.learner().finished
    assert (figures.progress, figures.peak, figures.passed) == (0.0, 25.0, True)


# -- last figures --------------------------------------------------------------------------------

FACTS = CourseFacts(
    course_id="c1",
    pass_mark=70,
    modules=(Module(id="m1", weight=3), Module(id="m2"), Module(id="m3", required=False)),
    assessments=(Assessment(id="a1", weight=3), Assessment(id="a2")),
)


def test_the_last_figures_are_those_at_the_end() -> None:
    bench = Bench(facts=FACTS).send(
        enrolled(at(0)),
        completed(at(1), "m1"),
        completed(at(1), "m3"),
        graded(at(2), 60, "a1"),
        graded(at(3), 69, "a2"),
        finished(4, outcome="failed"),
        completed(at(5), "m2"),
    )
    (figures,) = bench.learner().finished
    assert figures == FinishedCourse(
        course_id="c1",
        outcome="failed",
        finished_at=seconds(at(4)),
        basis="modules",
        progress=75.0,
        modules_completed=1,
        total_modules=2,
        average_score=64.5,
        weighted_score=62.25,
        score_count=2,
        peak=75.0,
        passed=False,
    )


@pytest.mark.parametrize(
    ("pass_mark", "score", "passed"),
    [(70, 69, False), (70, 70, True), (0, 0, True), (None, 59, False), (None, 60, True)],
)
def test_passed_goes_by_the_courses_mark_or_else_by_the_default(
    pass_mark: float | None, score: float, *, passed: bool
) -> None:
    bench = Bench(facts=CourseFacts(course_id="c1", pass_mark=pass_mark))
    bench.send(graded(at(1), score), finished(2))
    assert bench.learner().finished[0].passed is passed
    if pass_mark is None:
        bare = Bench().send(graded(at(1), score), finished(2))
        assert bare.learner().finished[0].passed is passed


def test_one_pass_is_enough_to_have_passed_something() -> None:
    bench = Bench().send(graded(at(0), 20), graded(at(1), 80, "a2"), finished(2))
    assert bench.learner().finished[0].passed


def test_what_happened_before_the_end_and_comes_late_is_in_the_last_figures() -> None:
    bench = Bench().send(enrolled(at(0)), finished(2), graded(at(2), 80))
    assert bench.learner().finished[0].average_score == 80
    bench.send(graded(at(2.1), 90, "a2"))
    assert bench.learner().finished[0].average_score == 80


def test_a_course_that_is_open_again_has_no_last_figures() -> None:
    bench = Bench().send(enrolled(at(0)), finished(1), finished(1, "c2"), finished(1, "c3"))
    assert [each.course_id for each in bench.learner().finished] == ["c1", "c2", "c3"]
    bench.send(enrolled(at(2), course_id="c2"))
    assert [each.course_id for each in bench.learner().finished] == ["c1", "c3"]
    assert bench.learner().course_ids == ["c2"]


def test_an_outcome_of_a_course_that_was_left_gives_no_last_figures() -> None:
    bench = Bench().send(enrolled(at(0)), left(1), finished(2))
    assert bench.learner().finished == []


def test_the_last_figures_of_sixteen_courses_are_kept_the_newest_last() -> None:
    order = [2, 1, *range(3, 17)]
    bench = Bench().send(*[finished(n, f"c{n}") for n in order])
    assert [each.course_id for each in bench.learner().finished] == [f"c{n}" for n in range(1, 17)]
    assert bench.learner().overflow.finished == 0
    bench.send(finished(17, "c17"))
    assert [each.course_id for each in bench.learner().finished] == [f"c{n}" for n in range(2, 18)]
    assert bench.learner().overflow.finished == 1


def test_a_finished_course_goes_after_ninety_days_and_its_last_figures_stay() -> None:
    bench = Bench().send(enrolled(at(0)), finished(1))
    bench.send(viewed(at(91), course_id="c2"))
    assert ids(bench.learner()) == ["c1", "c2"]
    bench.send(viewed(at(91, minutes=1), "p2", course_id="c2"))
    state = bench.learner()
    assert ids(state) == ["c2"]
    assert state.course_ids == ["c2"]
    assert [each.course_id for each in state.finished] == ["c1"]
    assert state.overflow.courses == 0


def test_what_came_behind_the_end_is_counted_where_its_course_goes() -> None:
    """It might have been of a next run, of which nothing is known so far."""
    excused = event("assessment_excused", at(1.1), assessment_id="a1", excused=True)
    bench = Bench().send(enrolled(at(0)), finished(1), completed(at(1), "m1"))
    bench.send(
        completed(at(1.1), "m2"),
        submitted(at(1), "a1"),
        submitted(at(1.1), "a1"),
        graded(at(1), 80, "a1"),
        graded(at(1.2), 80, "a1"),
        excused,
    )
    assert bench.learner().overflow.finished == 0
    bench.send(viewed(at(92), course_id="c2"))
    assert bench.learner().overflow.finished == 4


def test_a_course_that_was_not_finished_goes_without_a_count_of_its_facts() -> None:
    bench = Bench().send(completed(at(1), "m1"), left(0))
    bench.send(*[enrolled(at(2), course_id=f"d{n}") for n in range(8)])
    state = bench.learner()
    assert "c1" not in ids(state)
    assert (state.overflow.courses, state.overflow.finished) == (1, 0)


def test_a_course_that_was_only_left_does_not_go_with_time() -> None:
    bench = Bench().send(enrolled(at(0)), left(1), viewed(at(300), course_id="c2"))
    assert ids(bench.learner()) == ["c1", "c2"]


# -- what a course says of itself ----------------------------------------------------------------


def test_a_course_is_open_unless_it_was_left_or_is_finished() -> None:
    assert Course("c1").is_open
    assert not Course("c1", unenrolled_at=5).is_open
    assert not Course("c1", finished_at=5).is_open


def test_a_run_covers_what_lies_behind_the_run_before_up_to_its_end() -> None:
    run = Course("c1", since=10, finished_at=20)
    assert [moment for moment in range(9, 23) if run.covers(moment)] == list(range(11, 21))
    assert Course("c1", since=10).covers(10**10)
    assert Course("c1").covers(1)


def test_the_course_ids_of_a_learner_are_those_that_are_not_finished() -> None:
    bench = Bench().send(
        enrolled(at(0)), enrolled(at(0), course_id="c2"), enrolled(at(0), course_id="c3")
    )
    bench.send(left(1, "c2"), finished(1, "c3"))
    state = bench.learner()
    assert state.course_ids == ["c1", "c2"]
    assert [each.course_id for each in state.open_courses] == ["c1"]
