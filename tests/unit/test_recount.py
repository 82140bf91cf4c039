"""The recount's own rules, by hand: what is counted, on which day, and which grade stands."""

import json
from typing import Any

import pytest

from proof.recount import Figures, Recount, parsed
from tests.factories import (
    START,
    USER,
    at,
    completed,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)


def recounted(
    *events: dict[str, Any],
    zones: tuple[tuple[int, str], ...] = (),
    rejected: tuple[int, ...] = (),
    **fields: Any,
) -> Figures:
    """The figures of these events in this order; `fields` are the course's facts."""
    recount = Recount({USER.encode()}, rejected, zones)
    for offset, item in enumerate(events):
        recount.take(offset, USER.encode(), json.dumps(item).encode())
    facts: dict[str, Any] = {"assessments": [], **fields}
    return recount.figures(USER.encode(), {"c1": facts})


def days(*events: dict[str, Any], **options: Any) -> int:
    return recounted(*events, **options).days


def score(*events: dict[str, Any], **fields: Any) -> float | None:
    return recounted(*events, **fields).score


def left(day: float) -> dict[str, Any]:
    return event("unenrolled", at(day))


def finished(day: float) -> dict[str, Any]:
    return event("course_finished", at(day), outcome="passed")


def excused(day: float, *, value: bool = True) -> dict[str, Any]:
    return event("assessment_excused", at(day), assessment_id="a1", excused=value)


# -- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "date", "moment"),
    [
        ("2024-03-04T09:00:00Z", "2024-03-04", "2024-03-04T09:00:00+00:00"),
        ("2024-03-04t09:00:00z", "2024-03-04", "2024-03-04T09:00:00+00:00"),
        ("2024-03-04 23:30:00.999+02:00", "2024-03-04", "2024-03-04T21:30:00+00:00"),
        ("2024-03-04T23:30:00-0130", "2024-03-04", "2024-03-05T01:00:00+00:00"),
        ("2024-03-04T23:59:59.9999994Z", "2024-03-04", "2024-03-04T23:59:59+00:00"),
        ("2024-03-04T23:59:59.9999995Z", "2024-03-05", "2024-03-05T00:00:00+00:00"),
        ("2016-12-31T23:59:60.5Z", "2017-01-01", "2017-01-01T00:00:00+00:00"),
        ("2017-01-01T05:29:60+05:30", "2017-01-01", "2017-01-01T00:00:00+00:00"),
    ],
)
def test_a_time_is_a_second_and_the_date_that_is_written(text: str, date: str, moment: str) -> None:
    found = parsed(json.dumps({"occurred_at": text}).encode())
    assert found["date"].isoformat() == date
    assert found["at"] == seconds(START.fromisoformat(moment))


def test_numbers_of_any_length_are_read() -> None:
    more = b'"occurred_at":"2024-03-04T09:00:00Z","note":' + b"9" * 5000
    assert parsed(b"{" + more + b"}")["note"] == float("inf")


# -- local days ----------------------------------------------------------------------------------

NIGHT = at(0, 14)  # 23:00 UTC


def test_a_day_without_time_is_the_date_that_is_written() -> None:
    west = viewed(timezone="America/Los_Angeles")
    written = viewed(at(1), "b", precision="day") | {"occurred_at": "2024-03-05T00:00:00Z"}
    assert days(west, written) == 2
    assert (
        days(viewed(precision="day"), written | {"occurred_at": "2024-03-04T23:00:00-10:00"}) == 1
    )


def test_an_event_without_zone_is_in_that_of_the_newest_event_before_it() -> None:
    here = viewed(at(0), "a", timezone="UTC")
    there = viewed(at(0, 2), "b", timezone="Asia/Tokyo")
    assert days(here, there, viewed(NIGHT, "c")) == 2  # the next day in Tokyo
    assert days(there, here, viewed(NIGHT, "c")) == 2  # though it came later, it is older
    assert days(here, there | {"occurred_at": NIGHT.isoformat()}, viewed(at(0, 1), "c")) == 2
    assert days(viewed(at(0), "x", timezone="Asia/Tokyo"), here, viewed(NIGHT, "c")) == 1
    assert days(here, viewed(at(0), "x", timezone="Asia/Tokyo"), viewed(NIGHT, "c")) == 2


def test_where_every_zone_is_of_a_later_event_the_default_stands() -> None:
    later = viewed(at(5), "b", timezone="Asia/Tokyo")
    late, noon = viewed(NIGHT, "c"), viewed(at(0), "d")
    assert days(later, noon, late) == 2
    assert days(later, noon, late, zones=((0, "Asia/Tokyo"),)) == 3
    assert days(later, noon, late, zones=((0, "UTC"), (2, "Asia/Tokyo"))) == 3
    assert days(later, noon, late, zones=((3, "Asia/Tokyo"),)) == 2


# -- what counts ---------------------------------------------------------------------------------


def activities(*events: dict[str, Any], **options: Any) -> int:
    return recounted(*events, **options).activities


def test_an_id_is_known_for_sixty_four_events() -> None:
    between = [completed(at(0, n / 60), f"m{n}") for n in range(64)]
    assert activities(submitted(), *between[:63], submitted()) == 64
    assert activities(submitted(), *between, submitted()) == 66


def test_what_is_rejected_is_not_counted_nor_remembered() -> None:
    assert activities(submitted(), submitted(), rejected=(0,)) == 1
    assert activities(submitted(), submitted(), rejected=(0, 1)) == 0


def test_a_content_counts_once_an_hour_and_course_in_any_order() -> None:
    views = [
        viewed(at(0), "a"),
        viewed(at(0, 0.5), "a"),
        viewed(at(0, 1), "a"),
        viewed(at(0, 0.2), "b"),
        viewed(at(0, 0.7), "a", course_id="c2"),
        viewed(at(0, 0.9), "a"),
    ]
    assert activities(*views) == activities(*reversed(views)) == 4


def test_presence_is_no_work_in_any_case() -> None:
    kinds = ("homepage", "HomePage", "LOGIN", "page")
    assert activities(*[viewed() | {"content_kind": k, "event_id": k} for k in kinds]) == 1


def test_sixteen_views_are_remembered_however_old_and_others_for_three_days() -> None:
    first = viewed(at(0), "first")
    again = viewed(at(0, 0.5), "first")
    few = [viewed(at(10, n), f"p{n}") for n in range(15)]
    assert activities(first, *few, again) == 16
    assert activities(first, *few, viewed(at(10, 15), "p15"), again) == 18
    near = [viewed(at(2.9, n / 10), f"p{n}") for n in range(17)]
    assert activities(first, *near, again) == 18


def test_two_hundred_and_fifty_six_views_are_remembered() -> None:
    first, again = viewed(at(0), "first"), viewed(at(0, 0.5), "first")
    many = [viewed(at(1, n / 60), f"p{n}") for n in range(256)]
    assert activities(first, *many[:255], again) == 256
    assert activities(first, *many, again) == 258


def test_activities_are_those_of_sixty_days_before_the_newest_event() -> None:
    work = [completed(at(0), "m1"), completed(at(1), "m2")]
    assert activities(*work, left(60)) == 2
    assert activities(*work, left(61)) == 1
    assert recounted(*work, left(200)).longest == 2


def test_work_of_ninety_days_before_the_newest_is_late() -> None:
    newest = completed(at(90), "m1")
    for day, streak in ((0, 1), (1, 2)):
        late = [completed(at(day), "m2"), completed(at(day + 1), "m3")]
        assert recounted(newest, *late).longest == streak


def test_the_first_and_last_work_of_a_day_may_be_a_repeated_view() -> None:
    """Two dates that differ by two follow on each other within 36 hours."""
    first = viewed(at(0, 13), "a")  # 22:00
    again = viewed(at(0, 13.9), "a")
    after = completed(at(2, 1.8), "m1")  # 10:48, 36.8 hours after the first, 35.9 after the other
    assert recounted(first, after).streak == 1
    assert recounted(first, again, after).streak == 2


# -- membership ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memberships", "counts"),
    [
        ([], True),
        ([left(1)], False),
        ([left(1), enrolled(at(2))], True),
        ([left(1), finished(2)], False),
        ([left(1), finished(2), enrolled(at(3))], True),
        ([finished(1)], False),
        ([finished(1), left(2)], False),
        ([finished(0), enrolled(at(2))], False),  # at the very time of the outcome: before it
        ([finished(1), enrolled(at(2))], False),  # a new run: the grade is of the one before
        ([finished(1), left(2), enrolled(at(3))], False),
        ([finished(-1), enrolled(at(2))], True),
        ([enrolled(at(-1)), finished(-1), enrolled(at(2))], True),
        ([left(1), enrolled(at(1))], True),
        ([enrolled(at(1)), left(1)], False),
    ],
)
def test_scores_count_while_the_learner_is_in(
    memberships: list[dict[str, Any]],
    *,
    counts: bool,
) -> None:
    grade = graded(at(0), 50)
    expected = 50 if counts else None
    assert score(grade, *memberships) == expected
    assert score(*memberships, grade) == expected
    if len({each["occurred_at"] for each in memberships}) == len(memberships):
        assert score(*reversed(memberships), grade) == expected


# -- grades --------------------------------------------------------------------------------------


def test_the_newest_grade_of_an_attempt_stands_in_any_order() -> None:
    grades = [
        graded(at(0), 50, attempt=1),
        graded(at(1), 70, attempt=2),
        graded(at(2), 60, attempt=1),
        graded(at(3), 40, attempt=2),
    ]
    assert score(*grades) == score(*reversed(grades)) == 40
    assert score(*grades, attempt_rule="best") == 60
    assert score(*grades, graded(at(3), 55, attempt=2)) == 55  # at one time, the later in the log


def test_a_withdrawal_may_overtake_its_grade() -> None:
    assert score(graded(at(1), None, attempt=1), graded(at(0), 50, attempt=1)) is None
    assert score(graded(at(1), None), graded(at(0), 50)) is None
    withdrawn = graded(at(2), None, attempt=2)
    assert score(graded(at(0), 50, attempt=1), graded(at(1), 70, attempt=2), withdrawn) == 50


def test_an_override_stands_until_a_newer_attempt_is_graded() -> None:
    first, again = graded(at(0), 50, attempt=1), graded(at(5), 55, attempt=1)
    override = graded(at(2), 80)
    assert score(first, override, again) == 80
    assert score(first, override, graded(at(3), 60, attempt=2)) == 60
    assert score(graded(at(3), 60, attempt=2), override, first) == 60
    assert score(graded(at(2), 60, attempt=2), first, override) == 80  # at its very time: before it
    assert score(first, graded(at(1), 40, attempt=3), override, graded(at(3), 9, attempt=2)) == 80
    assert score(first, override, graded(at(4), None)) is None
    assert score(first, override, graded(at(4), None), graded(at(5), 60, attempt=2)) == 60
    assert score(override, graded(at(3), 60, attempt=0)) == 60
    best = [first, override, graded(at(3), 60, attempt=2)]
    assert score(*best, attempt_rule="best") == 60


def test_what_is_not_counted() -> None:
    grade = graded(at(0), 50, attempt=1)
    assert score(graded(at(0), 50, max_score=0)) is None
    assert score(grade, graded(at(1), 5, attempt=2, max_score=0)) == 50
    assert score(grade, graded(at(1), 60, attempt=2, banked=True)) is None
    assert score(graded(at(1), 60, attempt=2, banked=True), graded(at(2), 50, attempt=1)) == 60
    assert score(grade, excused(1)) is None
    assert score(excused(1), grade, excused(0, value=False)) is None
    assert score(grade, excused(1), excused(2, value=False)) == 50
    again = [excused(1), finished(2), enrolled(at(3)), graded(at(4), 50)]
    assert score(*again) == 50  # what was excused in the run before is asked in this one
    assert score(graded(at(0), 0, missing=True)) == 0
    free = {"assessments": [{"id": "a1", "weight": 0}, {"id": "a2", "weight": 1}]}
    assert score(grade, graded(at(0), 80, "a2"), **free) == 80


def test_percents_are_between_0_and_100() -> None:
    assert score(graded(at(0), -5), graded(at(0), 130, "a2")) == 50
    assert score(graded(at(0), 57)) == 57.0


def test_the_mean_is_over_the_assessments_of_all_courses() -> None:
    other = graded(at(0), 20, "b1", course_id="c2")
    assert score(graded(at(0), 100), graded(at(0), 90, "a2"), other) == 70
