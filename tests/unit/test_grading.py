"""What follows from submissions, grades, excuses and extensions."""

from itertools import permutations
from typing import Any

import pytest

from domain.state.course import (
    BANKED,
    MISSING,
    UNTIMED,
    WITHDRAWN,
    Grade,
    Work,
)
from domain.state.learner import Learner
from tests.factories import (
    Bench,
    at,
    course,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)

DUE = course(assessments={"a1": at(5), "a2": at(6)})
MISSED_A1 = 7
MISSED_A2 = 8


def excused(day: float, assessment: str = "a1", *, now: bool = True) -> dict[str, Any]:
    return event("assessment_excused", at(day), assessment_id=assessment, excused=now)


def extended(day: float, due: float | None, assessment: str = "a1") -> dict[str, Any]:
    due_at = None if due is None else at(due).isoformat()
    return event("deadline_extended", at(day), assessment_id=assessment, due_at=due_at)


def finished(day: float, name: str = "c1") -> dict[str, Any]:
    return event("course_finished", at(day), course_id=name, outcome="passed")


def the_work(state: Learner) -> Work:
    (work,) = state.courses[0].work
    return work


# -- grades as they are kept ---------------------------------------------------------------------


def the_grade(*events: dict[str, Any]) -> Grade:
    return the_work(Bench().send(*events).learner()).grades[-1]


def test_a_grade_is_kept_as_it_came() -> None:
    sent_at = at(1).replace(microsecond=999_999).isoformat()
    sent = graded(at(2), 45, max_score=60, attempt=0, passed=True, submitted_at=sent_at)
    assert the_grade(graded(at(1), 5, "a1"), sent) == Grade(
        at=seconds(at(2)),
        day=at(2).toordinal(),
        order=2,
        attempt=0,
        percent=75.0,
        passed=True,
        submitted_at=seconds(at(1)),
        submitted_day=at(1).toordinal(),
    )
    plain = the_grade(graded(at(2), 45))
    assert (plain.order, plain.attempt, plain.flags) == (1, -1, 0)
    assert (plain.submitted_at, plain.submitted_day) == (0, 0)


def test_the_day_of_a_submission_is_the_local_one() -> None:
    sent = graded(at(2), 5, submitted_at=at(1, 10).isoformat(), timezone="Asia/Tokyo")
    assert the_grade(sent).submitted_day == at(2).toordinal()


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, 0),
        ({"banked": True}, BANKED),
        ({"missing": True}, MISSING),
        ({"score": None}, WITHDRAWN),
        ({"precision": "day"}, UNTIMED),
        ({"banked": True, "missing": True, "score": None, "precision": "day"}, 15),
    ],
)
def test_what_a_grade_says_of_itself_is_kept(fields: dict[str, Any], flags: int) -> None:
    grade = the_grade(graded(at(1), **{"score": 50, **fields}))
    assert grade.flags == flags
    assert grade.banked is bool(flags & BANKED)
    assert grade.shows_submission is not bool(flags & (MISSING | WITHDRAWN))


@pytest.mark.parametrize(
    ("score", "max_score", "percent"),
    [(0, 100, 0.0), (0, 0, None), (5, 0, None), (None, 100, None), (30, 20, 150.0), (-5, 20, 0.0)],
)
def test_a_grade_without_a_score_or_a_maximum_has_no_percent(
    score: float | None, max_score: float, percent: float | None
) -> None:
    assert the_grade(graded(at(1), score, max_score=max_score)).percent == percent


# -- days ----------------------------------------------------------------------------------------


def by_day(state: Learner) -> dict[int, int]:
    """How many assessments were submitted, by day after the start."""
    first = at(0).toordinal()
    return {day.day - first: len(day.submitted) for day in state.days if day.submitted}


A_LATER_GRADE = graded(at(9), 50, submitted_at=at(3).isoformat())
SUBMISSIONS = {
    "an assessment counts once a day": ([submitted(at(1)), submitted(at(1, 1))], {1: 1}),
    "and on every day": ([submitted(at(1)), submitted(at(2))], {1: 1, 2: 1}),
    "one of another course is another one": (
        [submitted(at(1)), submitted(at(1), course_id="c2")],
        {1: 2},
    ),
    "a grade counts as the submission that was never seen": ([graded(at(2), 50)], {2: 1}),
    "on the day that it says": ([A_LATER_GRADE], {3: 1}),
    "a submission before it takes its place": ([A_LATER_GRADE, submitted(at(2))], {2: 1}),
    "also one of the same day": ([A_LATER_GRADE, submitted(at(3, -1))], {3: 1}),
    "one behind it does not": ([A_LATER_GRADE, submitted(at(4))], {3: 1, 4: 1}),
    "the earlier one of two grades counts": (
        [A_LATER_GRADE, graded(at(2), 50, attempt=1)],
        {2: 1},
    ),
    "a mark for nothing counts for nothing": ([graded(at(2), 0, missing=True)], {}),
    "a banked one neither": ([graded(at(2), 90, banked=True)], {}),
    "nor one that was withdrawn": ([graded(at(2), None)], {}),
    "one that is banked later no more": (
        [graded(at(2), 50), graded(at(3), 50, banked=True)],
        {},
    ),
}


@pytest.mark.parametrize("rule", SUBMISSIONS)
def test_submissions_by_day_in_any_order(rule: str) -> None:
    events, expected = SUBMISSIONS[rule]
    for arrival in permutations(events):
        assert by_day(Bench().send(*arrival).learner()) == expected


def test_a_submission_that_is_too_old_for_the_days_counts_on_none() -> None:
    bench = Bench().send(viewed(at(100)), submitted(at(1)), graded(at(2), 50, "a2"))
    assert by_day(bench.learner()) == {}


def test_a_grade_that_changes_nothing_about_a_day_leaves_it_as_it_is() -> None:
    bench = Bench().send(graded(at(2), 50), graded(at(2), 60, "a2"))
    before = bench.learner().days
    assert bench.send(graded(at(3), 55)).learner().days == before


def test_without_any_day_a_banked_grade_makes_none() -> None:
    assert Bench().send(graded(at(2), 90, banked=True)).learner().days == []


def test_of_one_day_64_assessments_are_remembered_and_the_rest_is_counted() -> None:
    events = [submitted(at(1), f"a{n}", course_id=f"c{n % 2}") for n in range(64)]
    bench = Bench().send(*events)
    assert (by_day(bench.learner()), bench.learner().overflow.assessments) == ({1: 64}, 0)
    bench.send(submitted(at(1, 1), "a0", course_id="c0"))
    assert (by_day(bench.learner()), bench.learner().overflow.assessments) == ({1: 64}, 0)
    bench.send(submitted(at(1), "one-more"))
    assert (by_day(bench.learner()), bench.learner().overflow.assessments) == ({1: 64}, 1)


# -- deadlines -----------------------------------------------------------------------------------


def missed(bench: Bench) -> list[tuple[str | None, str, str | None]]:
    """Of each transition of a missed deadline the assessment, the kind and the resolution."""
    return [
        (t.subject.id, t.kind, t.resolution)
        for t in bench.published
        if t.category == "missed_deadline"
    ]


A1_MISSED = ("a1", "raised", None)


@pytest.mark.parametrize(
    ("doing", "resolution"),
    [
        (submitted(at(7.5)), "cleared"),
        (graded(at(7.5), 50), "cleared"),
        (excused(7.5), "corrected"),
        (extended(7.5, 20), "corrected"),
    ],
)
def test_what_settles_a_missed_deadline_settles_it_at_once(
    doing: dict[str, Any], resolution: str
) -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), viewed(at(7.2)), doing)
    assert missed(bench) == [A1_MISSED, ("a1", "resolved", resolution)]


@pytest.mark.parametrize("doing", [submitted(at(1)), graded(at(1), 50), excused(1)])
def test_what_settles_a_deadline_before_it_is_due_lets_nothing_be_missed(
    doing: dict[str, Any],
) -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), doing)
    assert missed(bench.tick(at(7.5))) == []


def test_what_is_asked_again_is_due_again() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), excused(1), excused(2, now=False))
    assert missed(bench.tick(at(7.5))) == [A1_MISSED]


def test_a_learners_own_due_time_is_the_one_that_was_given_last() -> None:
    for arrival in permutations([extended(1, 20), extended(2, 30), extended(3, 25)]):
        work = the_work(Bench(facts=DUE).send(*arrival).learner())
        assert (work.due_at, work.extended_at) == (seconds(at(25)), seconds(at(3)))
    taken_back = Bench(facts=DUE).send(enrolled(at(0)), extended(2, None), extended(1, 20))
    assert the_work(taken_back.learner()).due_at is None
    assert missed(taken_back.tick(at(7.5))) == [A1_MISSED]


def test_of_two_extensions_at_one_moment_the_later_in_the_log_stands() -> None:
    first, second = extended(1, 20), extended(1, 30)
    assert the_work(Bench().send(first, second).learner()).due_at == seconds(at(30))
    assert the_work(Bench().send(second, first).learner()).due_at == seconds(at(20))


def test_an_extension_moves_the_timer() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), extended(1, 5.5))
    assert missed(bench.tick(at(7.4))) == []
    assert missed(bench.tick(at(7.6))) == [A1_MISSED]


def test_four_excuses_of_an_assessment_are_kept_and_the_rest_is_counted() -> None:
    bench = Bench().send(*[excused(day, now=day != 4) for day in (2, 1, 3, 4)])
    assert len(the_work(bench.learner()).excuses) == 4
    assert bench.learner().overflow.excuses == 0
    bench.send(excused(5))
    kept = the_work(bench.learner()).excuses
    assert [each.at for each in kept] == [seconds(at(day)) for day in (2, 3, 4, 5)]
    assert bench.learner().overflow.excuses == 1


def scores(*values: float | None) -> list[dict[str, Any]]:
    """Grades of one assessment after another, a day apart."""
    return [graded(at(n), value, f"a{n}") for n, value in enumerate(values, 1)]


# -- courses that go -----------------------------------------------------------------------------


def gone(*events: dict[str, Any], days: float = 200) -> Learner:
    """The learner when the course is no longer kept."""
    return Bench().send(*events, viewed(at(days), course_id="c9")).learner()


def test_of_a_course_that_goes_its_scores_stay() -> None:
    state = gone(*scores(50, 60, 70, 85), finished(10))
    assert [each.course_id for each in state.courses] == ["c9"]
    assert (state.best_gone, state.scores_gone) == (85.0, 4)


def test_what_courses_came_to_that_are_gone_adds_up() -> None:
    first = scores(50, 60, 70, 85)
    second = [graded(at(20 + n), 20 * n, f"b{n}", course_id="c2") for n in (0, 1, 2, 4)]
    state = gone(*first, finished(10), *second, finished(30, "c2"))
    assert (state.best_gone, state.scores_gone) == (85.0, 8)
    one_by_one = Bench().send(*first, finished(10), viewed(at(101), course_id="c9"))
    assert one_by_one.learner().scores_gone == 4
    later = [graded(at(120 + n), 20 * n, f"b{n}", course_id="c2") for n in (0, 1, 2, 4)]
    one_by_one.send(*later, finished(130, "c2"), viewed(at(300), course_id="c9"))
    state = one_by_one.learner()
    assert (state.best_gone, state.scores_gone) == (85.0, 8)


def test_a_course_without_scores_leaves_none() -> None:
    state = gone(enrolled(at(0)), finished(1))
    assert (state.best_gone, state.scores_gone) == (None, 0)
    state = gone(*scores(0), finished(2))
    assert (state.best_gone, state.scores_gone) == (0.0, 1)
