"""What a state comes to in the rows of its courses, and the place in the contact order."""

from typing import Any
from uuid import UUID

import pytest

from domain.course_facts import Assessment, CourseFacts
from domain.ids import short_id
from domain.predictions import NUMBERS, Figure, Prediction, Target
from domain.state.course import Course, Excuse, Submission, Work
from domain.state.learner import Learner, OpenAlert, Severity, new_learner
from domain.stored.course_rows import CourseRow, contact_place, course_rows

T0 = 1_760_000_000
FACTS = {"c1": CourseFacts(course_id="c1", assessments=(Assessment(id="a1"), Assessment(id="a2")))}


def an_alert(number: int, severity: Severity = "medium", **fields: Any) -> OpenAlert:
    given: dict[str, Any] = {
        "rule": "low_score",
        "revision": 1,
        "raised_at": T0 + number,
        "expires_at": T0 + 100 - number,
        "at": T0,
        "course_id": "c1",
        "subject": None,
        "said": 0,
    }
    return OpenAlert(alert_id=UUID(int=number).bytes, severity=severity, **{**given, **fields})


def predicted(target: Target, value: int | None, course_id: str | None = "c1") -> Prediction:
    shown = None if value is None else Figure(value)
    return Prediction(NUMBERS[target], course_id, None, T0, 1, [], shown)


def state_of(*courses: Course, **fields: Any) -> Learner:
    state = new_learner("7")
    state.courses = list(courses)
    for name, value in fields.items():
        setattr(state, name, value)
    return state


def the_row(**fields: Any) -> CourseRow:
    (row,) = course_rows(state_of(Course("c1", enrolled_at=T0), **fields), FACTS)
    return row


@pytest.mark.parametrize(
    ("next_missing", "not_passing", "attention", "place"),
    [
        (1_000, None, 0, 0),
        (500, 999, 3, 500),
        (499, 1_000, 3, 1_000),
        (None, 600, 3, 1_400),
        (499, 599, 3, 1_997),
        (None, None, 1, 1_999),
        (None, None, 0, 3_000),
        (0, 0, 0, 3_000),
    ],
)
def test_the_contact_order_has_four_parts_and_the_likeliest_comes_first_in_each(
    next_missing: int | None, not_passing: int | None, attention: int, place: int
) -> None:
    assert contact_place(next_missing, not_passing, attention) == place


def test_there_is_a_row_for_each_open_course_and_none_for_others() -> None:
    left = Course("c2", enrolled_at=T0, unenrolled_at=T0 + 1)
    over = Course("c3", enrolled_at=T0, finished_at=T0 + 1, outcome="passed")
    state = state_of(Course("c1", enrolled_at=T0), left, over, Course("c4", first_at=T0 + 9))
    assert [(row.course_id, row.entered_at) for row in course_rows(state, FACTS)] == [
        ("c1", T0),
        ("c4", T0 + 9),
    ]
    assert course_rows(state_of(), FACTS) == []


def test_attention_is_the_worst_severity_since_its_oldest_until_its_last_ends() -> None:
    row = the_row(
        alerts=[
            an_alert(1),
            an_alert(2, "high", expires_at=T0 + 500),
            an_alert(3, "high", rule="at_risk"),
            an_alert(4),
        ]
    )
    assert (row.attention, row.attention_since, row.attention_until) == (3, T0 + 2, T0 + 500)
    assert row.categories == ["at_risk", "low_score"]
    assert row.alerts == [str(UUID(int=number)) for number in (2, 3, 1)]


@pytest.mark.parametrize(
    "other",
    [
        an_alert(1, suppressed=True),
        an_alert(1, course_id="c2"),
        an_alert(1, course_id=None),
        an_alert(1, rule="streak_milestone"),
        an_alert(1, "low", rule="missed_deadline"),
        an_alert(1, rule="of a newer program"),
    ],
)
def test_what_is_not_for_instructors_of_the_course_is_no_attention(other: OpenAlert) -> None:
    row = the_row(alerts=[other])
    assert (row.attention, row.attention_since, row.attention_until) == (0, 0, 0)
    assert (row.categories, row.alerts, row.contact_place) == ([], [], 3_000)


def test_the_next_prediction_that_is_shown_of_this_course_counts() -> None:
    made = [
        predicted("next_missing", None),
        predicted("next_missing", 990, "c2"),
        predicted("not_passing", 640),
        predicted("next_missing", 410),
        predicted("next_missing", 900),
    ]
    row = the_row(predictions=made)
    assert (row.next_missing, row.not_passing, row.contact_place) == (410, 640, 1_360)


def test_settled_is_what_was_submitted_or_excused() -> None:
    course = Course("c1", enrolled_at=T0)
    course.work = [
        Work(short_id("a1"), "a1", [Submission(T0 + 1, 1)]),
        Work(short_id("a2"), "a2", excuses=[Excuse(T0 + 1, excused=True)]),
        Work(short_id("a3"), "a3", excuses=[Excuse(T0 + 1, excused=False)]),
    ]
    (row,) = course_rows(state_of(course), FACTS)
    assert row.settled == sorted([short_id("a1"), short_id("a2")])
    assert row.progress == 100.0


def test_without_facts_progress_is_not_known() -> None:
    (row,) = course_rows(state_of(Course("c1", enrolled_at=T0)), {})
    assert (row.progress, row.average_score, row.scores, row.helped_at) == (None, None, [], None)
