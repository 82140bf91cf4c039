"""Ahead, on track or behind by what was due, and the level against what is due by now."""

import pytest

from domain.course_facts import Assessment, CourseFacts, Module
from metrics.completion import completion_predictions
from metrics.progress_summary import progress_summary
from metrics.schedule import schedule
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
from tests.viewing import view


def where(bench: Bench, day: float) -> str:
    looked = view(bench, at(day))
    (first, *_) = looked.courses
    return schedule(looked, first)


def due_on(*days: float) -> CourseFacts:
    return course(0, {f"a{n}": at(day) for n, day in enumerate(days)})


def test_unknown_before_anything_is_due_then_on_track_for_48_hours_then_behind() -> None:
    bench = Bench(facts=due_on(8, 30)).send(enrolled(at(0)))
    assert [where(bench, day) for day in (7.9, 8, 9.9, 10, 25)] == [
        "unknown",
        "on_track",
        "on_track",
        "behind",
        "behind",
    ]
    bench.send(submitted(at(26), "a0"))
    assert where(bench, 26) == "on_track"


def test_ahead_is_who_submitted_seven_days_early_and_owes_nothing() -> None:
    bench = Bench(facts=due_on(8, 30)).send(enrolled(at(0)), submitted(at(2), "a1"))
    assert [where(bench, day) for day in (2, 7.9, 8, 10)] == [
        "ahead",
        "ahead",
        "on_track",
        "behind",
    ]
    bench.send(submitted(at(11), "a0"))
    assert [where(bench, day) for day in (11, 23, 23.01)] == ["ahead", "ahead", "on_track"]


def test_light_work_decides_nothing() -> None:
    facts = CourseFacts(
        course_id="c1",
        assessments=(
            Assessment(id="quiz", weight=4, due_at=seconds(at(2))),
            Assessment(id="essay", weight=96, due_at=seconds(at(50))),
        ),
    )
    assert where(Bench(facts=facts).send(enrolled(at(0))), 20) == "unknown"


def weekly_modules() -> CourseFacts:
    """Ten modules, one released each week from day 0 on; each is due when the next comes."""
    modules = tuple(Module(id=f"m{n}", release_at=seconds(at(7 * n))) for n in range(10))
    return CourseFacts(course_id="c1", modules=modules, ends_at=seconds(at(70)))


def test_by_modules_behind_is_under_90_percent_of_those_that_are_due() -> None:
    done = [completed(at(7 * n + 1), f"m{n}") for n in range(9)]
    bench = Bench(facts=weekly_modules()).send(enrolled(at(0)))
    assert [where(bench, day) for day in (6.9, 7)] == ["unknown", "behind"]
    bench.send(*done)
    assert [where(bench, day) for day in (62.9, 63, 69.9, 70)] == ["on_track"] * 4
    eight = Bench(facts=weekly_modules()).send(enrolled(at(0)), *done[:8])
    assert [where(eight, day) for day in (62.9, 63)] == ["on_track", "behind"]


def test_modules_that_were_due_before_the_enrolment_are_not_asked_for() -> None:
    bench = Bench(facts=weekly_modules()).send(enrolled(at(20)))
    assert where(bench, 20) == "unknown"
    assert where(bench, 21) == "behind"


def test_modules_without_a_release_or_an_end_are_never_due() -> None:
    facts = CourseFacts(course_id="c1", modules=(Module(id="m1"), Module(id="m2", release_at=5)))
    assert where(Bench(facts=facts).send(enrolled(at(0))), 80) == "unknown"


def test_all_courses_together_are_behind_where_one_is() -> None:
    bench = Bench(facts=due_on(8)).adopt(
        "course",
        CourseFacts(
            course_id="c2", assessments=(Assessment(id="b0", due_at=seconds(at(9)), title="B"),)
        ),
    )
    bench.send(enrolled(at(0)), enrolled(at(0), course_id="c2"), submitted(at(3), "a0"))
    shown = {c.course_id: c.schedule for c in completion_predictions(view(bench, at(20)), 30)}
    assert shown == {"c1": "done", "c2": "behind", None: "behind"}


def test_without_facts_the_schedule_is_unknown() -> None:
    assert where(Bench().send(enrolled(at(0)), viewed(at(0))), 9) == "unknown"


# -- the level for now ---------------------------------------------------------------------------


def level(bench: Bench, day: float) -> str | None:
    return progress_summary(view(bench, at(day))).level_for_now


def scored(percent: float, *names: str) -> Bench:
    """Twenty assessments, due on days 1 to 20; those named submitted and graded at once."""
    facts = course(0, {f"a{n}": at(n) for n in range(1, 21)})
    bench = Bench(facts=facts).send(enrolled(at(0)), viewed(at(0)))
    for n, name in enumerate(names):
        bench.send(submitted(at(0, minutes=n), name), graded(at(0, minutes=n), percent, name))
    return bench


@pytest.mark.parametrize(
    ("done", "percent", "expected"),
    [
        (19, 80, "Advanced"),
        (19, 79.9, "Intermediate"),
        (18, 80, "Intermediate"),
        (13, 60, "Intermediate"),
        (13, 59.9, "Beginner"),
        (12, 95, "Beginner"),
    ],
)
def test_the_level_for_now_is_entered_at_65_and_95_percent_of_what_is_due(
    done: int, percent: float, expected: str
) -> None:
    """What is missing is due first, so that the level is entered from below."""
    names = [f"a{n}" for n in range(21 - done, 21)]
    assert level(scored(percent, *names), 20) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(1, "Advanced"), (3, "Advanced"), (4, "Intermediate"), (9, "Intermediate"), (10, "Beginner")],
)
def test_it_is_left_at_55_and_85_percent(missing: int, expected: str) -> None:
    """What is missing is due last, so that the level is left from above."""
    names = [f"a{n}" for n in range(1, 21 - missing)]
    assert level(scored(90, *names), 20) == expected


def test_it_is_null_before_anything_is_due_and_before_any_work() -> None:
    bench = scored(90, "a1")
    assert [level(bench, day) for day in (0.9, 1)] == [None, "Advanced"]
    idle = Bench(facts=course(0, {"a1": at(1)})).send(enrolled(at(0)))
    assert level(idle, 9) is None
    assert level(idle.send(viewed(at(9))), 9) == "Beginner"
    assert level(Bench().send(viewed(at(0))), 1) is None


def test_without_scores_it_is_not_over_the_middle() -> None:
    bench = Bench(facts=course(0, {"a1": at(1)})).send(enrolled(at(0)), submitted(at(0.5), "a1"))
    assert level(bench, 2) == "Intermediate"


def test_late_work_counts_when_it_comes() -> None:
    bench = Bench(facts=course(0, {"a1": at(1)})).send(enrolled(at(0)), viewed(at(0)))
    assert level(bench, 2) == "Beginner"
    assert level(bench.send(submitted(at(3), "a1")), 3) == "Intermediate"


def test_modules_count_where_it_is_known_when_they_are_due() -> None:
    done = [completed(at(7 * n + 1), f"m{n}") for n in range(10)]
    bench = Bench(facts=weekly_modules()).send(enrolled(at(0)), *done)
    bench.send(graded(at(2), 90, "x"), graded(at(3), 90, "y"))
    assert [level(bench, day) for day in (6.9, 7, 69)] == [None, "Advanced", "Advanced"]
    bench.send(event("module_reopened", at(68), module_id="m0"))
    assert level(bench, 69) == "Intermediate", "as if it had never been done"
    late = Bench(facts=weekly_modules()).send(enrolled(at(20)), completed(at(22), "m3"))
    assert [level(late, day) for day in (20.9, 22, 28)] == [None, "Beginner", "Beginner"]


def test_courses_of_one_basis_are_pooled_by_weight_and_others_by_percent() -> None:
    facts = CourseFacts(
        course_id="c2",
        assessments=tuple(Assessment(id=f"b{n}", due_at=seconds(at(1))) for n in range(3)),
    )
    bench = Bench(facts=course(0, {"a1": at(1)})).adopt("course", facts)
    bench.send(enrolled(at(0)), enrolled(at(0), course_id="c2"))
    bench.send(*(submitted(at(0.5), f"b{n}", course_id="c2") for n in range(3)))
    assert level(bench, 2) == "Intermediate", "3 of 4"
    mixed = Bench(facts=weekly_modules()).adopt("course", facts)
    mixed.send(enrolled(at(0)), enrolled(at(0), course_id="c2"))
    mixed.send(*(submitted(at(0.5), f"b{n}", course_id="c2") for n in range(3)))
    assert [level(mixed, day) for day in (6, 7)] == ["Intermediate", "Beginner"], "the mean of 2"
