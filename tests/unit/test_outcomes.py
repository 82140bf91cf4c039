"""What the benchmark of outcomes takes for true, on a few events that can be counted by hand."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.outcome.alerts import Alerts
from benchmarks.outcome.cohorts import cohort_of
from benchmarks.outcome.truth import Truth
from domain.alerts import Transition
from domain.course_facts import Assessment, CourseFacts
from tests.factories import Bench, course, enrolled, event, viewed
from tests.factories import at as moment
from tests.sinking import a_transition
from tests.viewing import view

START = datetime(2014, 2, 1, 12, tzinfo=UTC)


def truth() -> Truth:
    """A course of ten weeks with one assessment that counts and one that does not."""
    facts = CourseFacts(
        course_id="c",
        starts_at=int(START.timestamp()),
        ends_at=int((START + timedelta(days=70)).timestamp()),
        assessments=(Assessment(id="a"), Assessment(id="free", weight=0)),
    )
    return Truth({"c": facts})


def take(known: Truth, user: int, day: int, kind: str, **fields: Any) -> int:
    when = (START + timedelta(days=day)).isoformat()
    own = {"user_id": user, "type": kind, "course_id": "c", "occurred_at": when}
    return known.take(json.dumps(own | fields).encode())


def graded(known: Truth, user: int, day: int, score: float, **fields: Any) -> int:
    given = {"assessment_id": "a", "score": score, **fields}
    return take(known, user, day, "assessment_graded", **given)


@pytest.mark.parametrize(
    ("entered", "left", "weeks"),
    [(-20, None, 10), (0, 7, 1), (14, 28, 2), (-20, -5, 0), (0, 90, 10)],
)
def test_learner_weeks_lie_within_the_course(entered: int, left: int | None, weeks: float) -> None:
    known = truth()
    take(known, 1, entered, "enrolled")
    if left is not None:
        take(known, 1, left, "unenrolled")
    assert known.weeks("c") == weeks


def test_the_next_score_is_the_first_that_counts_on_a_later_day() -> None:
    known = truth()
    today = graded(known, 1, 10, 50)
    graded(known, 1, 11, 90, assessment_id="free")
    graded(known, 1, 12, 80, banked=True)
    graded(known, 1, 13, 70)
    graded(known, 1, 14, 60)
    after = known.next_score("1", {"c"}, today)
    assert after is not None
    assert after.percent == 70
    assert known.residual(after) == 70 - 60
    assert known.next_score("1", {"another"}, today) is None


def test_an_alert_without_a_course_is_about_the_courses_that_run() -> None:
    known = truth()
    day = take(known, 1, 0, "enrolled")
    take(known, 1, 100, "course_finished", outcome="passed")
    assert known.passing("c", "1", day) == 1
    assert known.passing(None, "1", day) == 1
    assert known.passing(None, "1", day + 200) is None


def test_an_alert_that_is_over_in_its_second_is_counted() -> None:
    def told(number: int, ends: int) -> list[Transition]:
        common: dict[str, Any] = {"course_id": "c", "raised_at": 100}
        return [
            a_transition("1", f"alert-{number}", **common, at=100),
            a_transition("1", f"alert-{number}", 2, **common, kind="resolved", at=ends),
        ]

    alerts = Alerts()
    alerts.take(told(1, 100) + told(2, 101))
    assert [(each.at_once, each.messages) for each in alerts.published.values()] == [
        (True, 2),
        (False, 2),
    ]


def test_a_cohort_is_counted_from_those_who_worked() -> None:
    busy = Bench(facts=course()).send(
        enrolled(), *[viewed(moment(day), f"p{day}") for day in range(8)]
    )
    idle = Bench(facts=course()).send(enrolled(), event("session_started"))
    found = cohort_of("c1", [view(busy, moment(20)), view(idle, moment(20))])
    assert found is not None
    assert found.courses["c1"].active_days == found.courses["c1"].activities == 2
    assert cohort_of("c1", [view(idle, moment(20))]) is None
