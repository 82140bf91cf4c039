"""The twenty insights: each at both sides of its condition, one of a family, the gravest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.course_facts import Assessment, CourseFacts
from metrics.engagement import Engagement, engagement
from metrics.insights import insights
from metrics.shapes import Insight
from metrics.view import View
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
from tests.viewing import view


def said(looked: View) -> dict[str, Insight]:
    return {e.code.removeprefix("insight."): e for e in insights(looked, engagement(looked))}


def codes(bench: Bench, day: float) -> set[str]:
    return set(said(view(bench, at(day))))


# -- deadlines -----------------------------------------------------------------------------------


def due_on(*days: float, **fields: object) -> CourseFacts:
    return course(0, {f"a{n}": at(day) for n, day in enumerate(days)}, **fields)


def deadlines(bench: Bench, day: float) -> list[str]:
    names = ("deadline_overdue_several", "deadline_overdue", "deadline_near", "deadline_next")
    found = codes(bench, day)
    return [name for name in (*names, "all_submitted") if name in found]


def test_two_in_a_row_are_said_where_the_last_two_are_open() -> None:
    bench = Bench(facts=due_on(8, 9, 12)).send(enrolled(at(0)), viewed(at(7)))
    assert deadlines(bench, 9.9) == ["deadline_near"]
    assert deadlines(bench, 10) == ["deadline_overdue"]
    assert deadlines(bench, 11) == ["deadline_overdue_several"]
    found = said(view(bench, at(11)))["deadline_overdue_several"]
    assert found.text == "A0 (due 12 March) and A1 (due 13 March) have not been submitted"
    assert (found.tone, found.evidence[0].value) == ("warning", 2)
    bench.send(submitted(at(11.5), "a2"))
    assert deadlines(bench, 14) == ["deadline_overdue"], "the last one is in: no longer in a row"
    assert said(view(bench, at(14)))["deadline_overdue"].params == {
        "assessment": "A1 (due 13 March)"
    }


def test_two_of_different_courses_are_not_in_a_row() -> None:
    other = replace_id(due_on(9), "c2")
    bench = Bench(facts=due_on(8)).adopt("course", other)
    bench.send(enrolled(at(0)), enrolled(at(0), course_id="c2"), viewed(at(7)))
    assert deadlines(bench, 12) == ["deadline_overdue"]


def replace_id(facts: CourseFacts, course_id: str) -> CourseFacts:
    return CourseFacts(course_id=course_id, assessments=facts.assessments)


def test_what_weighs_little_is_not_said() -> None:
    facts = CourseFacts(
        course_id="c1",
        assessments=(
            Assessment(id="quiz", weight=4, due_at=seconds(at(8))),
            Assessment(id="essay", weight=96, due_at=seconds(at(50))),
        ),
    )
    bench = Bench(facts=facts).send(enrolled(at(0)), viewed(at(7)))
    assert deadlines(bench, 12) == []


def test_neither_banked_work_nor_what_was_due_before_the_enrolment_is_said() -> None:
    bench = Bench(facts=due_on(2, 8)).send(
        enrolled(at(5)), viewed(at(7)), graded(at(6), 70, "a1", banked=True)
    )
    assert deadlines(bench, 12) == []


def test_a_course_that_has_ended_has_no_deadlines() -> None:
    bench = Bench(facts=due_on(8, ends_at=seconds(at(20)))).send(enrolled(at(0)), viewed(at(7)))
    assert deadlines(bench, 19) == ["deadline_overdue"]
    assert deadlines(bench, 20) == []


def test_the_next_is_near_within_three_days_and_said_within_28() -> None:
    bench = Bench(facts=due_on(40)).send(enrolled(at(0)), *(viewed(at(d)) for d in range(38)))
    assert [deadlines(bench, day) for day in (11.9, 12, 36.9, 37)] == [
        [],
        ["deadline_next"],
        ["deadline_next"],
        ["deadline_near"],
    ]
    assert said(view(bench, at(12)))["deadline_next"].text == "Next deadline: A0 (due 13 April)"
    bench.send(submitted(at(37.5), "a0"))
    assert deadlines(bench, 38) == []


@pytest.mark.parametrize(("day", "tone"), [(4, "neutral"), (5, "warning")])
def test_a_near_deadline_warns_only_after_five_days_of_silence(day: int, tone: str) -> None:
    bench = Bench(facts=due_on(7)).send(enrolled(at(0)), viewed(at(0)))
    assert said(view(bench, at(day)))["deadline_near"].tone == tone


def test_all_is_submitted_within_a_day_of_two_due_times_and_beside_the_next_deadline() -> None:
    bench = Bench(facts=due_on(3, 5, 20)).send(enrolled(at(0)), submitted(at(4), "a0"))
    assert "all_submitted" not in codes(bench, 4.5), "one was due"
    bench.send(submitted(at(5), "a1"))
    assert deadlines(bench, 6) == ["deadline_next", "all_submitted"]
    found = said(view(bench, at(6)))["all_submitted"]
    assert (found.tone, found.params) == ("praise", {"count": 2})
    assert deadlines(bench, 14) == ["deadline_next", "all_submitted"]
    assert deadlines(bench, 15) == ["deadline_next"], "silent for ten days"
    late = Bench(facts=due_on(3, 5)).send(
        enrolled(at(0)), submitted(at(4, minutes=1), "a0"), submitted(at(5), "a1")
    )
    assert deadlines(late, 6) == []


# -- scores --------------------------------------------------------------------------------------


def scored(*given: tuple[float, float | None], day: float = 9, **facts: Any) -> View:
    """What is seen on a day of a learner with these percents and expectations, a day apart."""
    bench = Bench(facts=course(0, **facts))
    bench.send(enrolled(at(0)), *(graded(at(n), p, f"a{n}") for n, (p, _) in enumerate(given)))
    state = bench.learner()
    for work, (_, expected) in zip(state.courses[0].work, given, strict=True):
        work.grades[0].expected = expected
    return replace(view(bench, at(day)), state=state)


def of_scores(looked: View) -> Insight | None:
    return next((e for e in said(looked).values() if e.area == "performance"), None)


@pytest.mark.parametrize(
    ("given", "code", "tone"),
    [
        ([(39, 50)], "score_under_pass", "warning"),
        ([(40, 50)], None, None),
        ([(40, 60)], None, None),
        ([(80, 70), (60, 70), (45, 70)], "trend_declining", "warning"),
        ([(99, 70), (75, 70), (70, 70)], "score_above_usual", "praise"),
        ([(60, 70), (60, 70)], None, None),
        ([(40, 70), (40, 70)], "score_below_usual", "warning"),
        ([(40, 75), (42, 72), (45, 70)], "score_below_usual", "warning"),
        ([(81, 90), (82, 90), (83, 90)], "score_high", "praise"),
        ([(40, 90), (60, 75), (78, 60)], "trend_improving", "praise"),
        ([(79, 70), (79, 70)], "score_above_usual", "praise"),
        ([(70, 70), (71, 70), (70, 70)], "score_steady", "neutral"),
        ([(70, None), (60, None), (50, None)], "trend_declining", "warning"),
        ([(50, None), (60, None), (70, None)], "trend_improving", "praise"),
        ([(60, None), (50, None)], None, None),
        ([(60, None), (50, None), (60, None)], "score_steady", "neutral"),
    ],
)
def test_of_scores_the_gravest_is_said(
    given: Sequence[tuple[float, float | None]], code: str | None, tone: str | None
) -> None:
    found = of_scores(scored(*given, pass_mark=40))
    if tone is None:
        assert found is None
    else:
        assert found is not None
        assert (found.code, found.tone) == (f"insight.{code}", tone)


def test_a_score_under_the_pass_mark_is_said_for_28_days() -> None:
    found = [of_scores(scored((30, 30), pass_mark=40, day=day)) for day in (28, 29)]
    assert [each and each.code for each in found] == ["insight.score_under_pass", None]
    assert found[0] is not None
    assert found[0].text == "An assessment: 30%, which is not a pass"
    assert (found[0].evidence[0].value, found[0].evidence[0].threshold) == (30, 40)


# -- passing -------------------------------------------------------------------------------------


def passing(
    marks: Mapping[str, float], weights: Mapping[str, float], day: float = 9, **fields: object
) -> Insight | None:
    """What is said of passing at 40 % with these marks, and weights of the assessments."""
    facts = CourseFacts(
        course_id="c1",
        title="Algebra",
        pass_mark=40,
        assessments=tuple(Assessment(id=name, weight=weight) for name, weight in weights.items()),
    )
    bench = Bench(facts=facts).send(enrolled(at(0)), viewed(at(5)))
    bench.send(*(graded(at(3), mark, name, **fields) for name, mark in marks.items()))
    return next((e for e in said(view(bench, at(day))).values() if e.area == "progress"), None)


def code_of(found: Insight | None) -> str | None:
    return None if found is None else found.code.removeprefix("insight.")


THIRDS = {"a1": 25, "a2": 25, "rest": 50}


@pytest.mark.parametrize(
    ("marks", "code", "needed"),
    [
        ({"a1": 80, "a2": 80}, "pass_secured", 0),
        ({"a1": 80, "a2": 79.9}, "pass_in_reach", 0.1),
        ({"a1": 45, "a2": 45}, "pass_in_reach", 35),
        ({"a1": 44.9, "a2": 45}, None, None),
        ({"a1": 40, "a2": 40}, None, None),
        ({"a1": 39, "a2": 40}, "pass_needs_more", 40.5),
        ({"a1": 99}, None, None),
    ],
)
def test_passing_is_earned_in_reach_or_asks_for_more(
    marks: dict[str, float], code: str | None, needed: float | None
) -> None:
    found = passing(marks, THIRDS)
    assert code_of(found) == code
    if found is not None:
        assert found.params["needed"] == needed
        assert found.text.startswith("Algebra: ")
        assert found.params["average"] == round(sum(marks.values()) / 2, 1)


def test_passing_takes_15_percent_of_the_weight_and_a_rest_that_can_do_it() -> None:
    few = {"a1": 7, "a2": 7.9, "rest": 85.1}
    assert code_of(passing({"a1": 80, "a2": 80}, few)) is None
    enough = {"a1": 7, "a2": 8, "rest": 85}
    assert code_of(passing({"a1": 80, "a2": 80}, enough)) == "pass_in_reach"
    hopeless = {"a1": 45, "a2": 45, "rest": 10}
    assert code_of(passing({"a1": 10, "a2": 50}, hopeless)) is None
    all_graded = {"a1": 50, "a2": 50}
    assert code_of(passing({"a1": 10, "a2": 50}, all_graded)) is None
    assert code_of(passing({"a1": 40, "a2": 50}, all_graded)) == "pass_secured"
    assert code_of(passing({"a1": 80, "a2": 80}, {"other": 1})) is None


def test_passing_is_not_said_after_ten_days_of_silence_nor_beside_a_failed_score() -> None:
    assert code_of(passing({"a1": 80, "a2": 80}, THIRDS, 14)) == "pass_secured"
    assert code_of(passing({"a1": 80, "a2": 80}, THIRDS, 15)) is None
    assert code_of(passing({"a1": 80, "a2": 80}, THIRDS, passed=False)) is None


def test_excused_and_banked_work_is_no_part_of_passing() -> None:
    facts = CourseFacts(
        course_id="c1",
        pass_mark=40,
        assessments=tuple(Assessment(id=f"a{n}", weight=25) for n in range(4)),
    )
    bench = Bench(facts=facts).send(
        enrolled(at(0)),
        viewed(at(2)),
        *(graded(at(1), 60, f"a{n}") for n in range(2)),
        event("assessment_excused", at(1), assessment_id="a2", excused=True),
        graded(at(1, hours=1), 100, "a3", banked=True),
    )
    found = said(view(bench, at(3)))["pass_secured"]
    assert found.text.startswith("Your course: ")


def test_a_warning_of_any_course_comes_before_praise_of_another() -> None:
    weights = {"a1": 25.0, "a2": 25.0, "rest": 50.0}
    assessments = tuple(Assessment(id=name, weight=weight) for name, weight in weights.items())
    bench = Bench()
    for name in ("c1", "c2"):
        bench.adopt("course", CourseFacts(course_id=name, pass_mark=40, assessments=assessments))
        bench.send(enrolled(at(0), course_id=name), viewed(at(4), course_id=name))
    for n in (1, 2):
        bench.send(graded(at(1 + n), 38, f"a{n}", course_id="c2"))
        bench.send(graded(at(2 + n), 90, f"a{n}", course_id="c1"))
    assert code_of(said(view(bench, at(5))).get("pass_needs_more")) == "pass_needs_more"
    assert "pass_secured" not in said(view(bench, at(5)))


def test_that_more_is_needed_is_not_said_beside_three_high_scores() -> None:
    facts = CourseFacts(
        course_id="c1",
        pass_mark=90,
        assessments=tuple(Assessment(id=f"a{n}", weight=10) for n in range(8)),
    )
    bench = Bench(facts=facts).send(enrolled(at(0)), viewed(at(4)))
    passed = [graded(at(n), 85, f"a{n}", passed=True) for n in range(3)]
    assert "pass_needs_more" not in codes(bench.send(*passed), 4)
    bench.send(graded(at(4), 79, "a3", passed=True))
    assert "pass_needs_more" in codes(bench, 4)


# -- rhythm --------------------------------------------------------------------------------------


def rhythm(days: Sequence[float], day: float, level: int | None = None) -> str | None:
    looked = view(Bench().send(*(viewed(at(each)) for each in days)), at(day))
    engaged = Engagement(level, "default", [])
    found = [e for e in insights(looked, engaged) if e.area == "engagement"]
    return code_of(found[0]) if found else None


@pytest.mark.parametrize(
    ("days", "day", "level", "code"),
    [
        ([0], 9, None, None),
        ([0], 10, None, "silent"),
        ([0, 8], 8, None, "back"),
        ([0, 8], 9, None, "back"),
        ([0, 8], 10, None, None),
        ([0, 8, 9], 9, None, "back"),
        ([0, 7], 7, None, None),
        ([0, 8], 8, 80, "back"),
        ([0], 0, 80, "engagement_high"),
        ([0], 0, 79, None),
        ([0], 1, 80, None),
        ([0, 1, 2, 3, 4], 4, 80, "engagement_high"),
        ([0, 1, 2, 3, 4], 5, 80, "streak"),
        ([0, 1, 2, 3], 3, None, None),
        ([0, 8, 9, 10, 11, 12], 12, None, "streak"),
        ([0, 8, 10, 12], 13, None, "rhythm"),
        ([0, 1, 8, 10, 12], 13, None, None),
        ([0, 6, 8, 12], 13, None, None),
        ([0, 3, 7, 10, 14, 17, 21, 24], 27, None, "rhythm"),
        ([0, 3, 7, 14, 17, 21, 24], 27, None, None),
    ],
)
def test_of_rhythm_one_is_said(
    days: Sequence[float], day: float, level: int | None, code: str | None
) -> None:
    assert rhythm(days, day, level) == code


def test_a_return_after_the_buckets_are_gone_is_a_return() -> None:
    assert rhythm([0, 200], 200) == "back"
    assert insights(view(), Engagement(None, None, [])) == []
