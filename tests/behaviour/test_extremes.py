"""Whatever facts and events are accepted: every screen can be made of them, at any time.

What the metrics raise would be a 500 of the API; what they cannot write would be one too.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest

from contracts.alert_event import encode_transition
from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from metrics.dashboard import dashboard
from metrics.predictions import predictive_analytics
from metrics.trends import trend_analysis
from tests.delivering import delivered
from tests.factories import (
    Bench,
    completed,
    enrolled,
    event,
    graded,
    record,
    seconds,
    submitted,
    viewed,
)
from tests.viewing import view

pytestmark = pytest.mark.long

FIRST: Final = "1990-01-01T00:00:00Z"
LAST: Final = "8999-12-31T23:59:59Z"
NEVER: Final = "9999-12-31T23:59:59Z"
NOW: Final = "2026-03-02T12:00:00Z"
MOMENTS: Final = (FIRST, NOW, LAST)
ZONES: Final = ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin")
HUGE: Final = 1e9
TINY: Final = 5e-324


def facts_with(moment: str, number: float, zone: str) -> CourseFacts:
    """A course all of whose times and numbers are the same."""
    value = {
        "course_id": "c1",
        "starts_at": moment,
        "ends_at": moment,
        "breaks": [{"from": moment, "to": moment}, {"from": FIRST, "to": moment}],
        "timezone": zone,
        "pass_mark": min(number, 100),
        "weekly_targets": dict.fromkeys(("active_days", "minutes", "activities"), number),
        "modules": [{"id": f"m{n}", "weight": number, "release_at": moment} for n in range(4)],
        "assessments": [
            {"id": f"a{n}", "weight": number, "max_score": number, "due_at": moment, "kind": kind}
            for n, kind in enumerate(("quiz", "exam", "quiz", "quiz"))
        ],
    }
    facts = decode_course_facts(b"c1", json.dumps(value).encode())
    assert isinstance(facts, CourseFacts), facts
    return facts


def history(moment: str, number: float, zone: str) -> Iterator[dict[str, Any]]:
    """One event of every type, at one moment, with the largest and the smallest values."""
    when = datetime.fromisoformat(moment)
    common: dict[str, Any] = {"timezone": zone}
    yield enrolled(when, **common)
    yield event("session_started", when, **common)
    yield viewed(when, duration_seconds=HUGE, count=2**31, module_id="m0", **common)
    yield viewed(when, "day", precision="day", **common)
    for name in ("m0", "m1", "m2"):
        yield completed(when, name, **common)
    yield submitted(when, "a0", attempt=2**31, **common)
    for name, score in (("a0", number), ("a1", -HUGE), ("a2", HUGE), ("a3", 0.0)):
        yield graded(when, score, name, max_score=number, submitted_at=moment, **common)
    yield event("question_answered", when, question_id="q", correct=True, skills=["s"] * 16)
    yield event("discussion_posted", when, post_id="p")
    for metric in ("weekly_minutes", "average_score", "streak_days", "course_progress"):
        goal = {"goal_id": metric, "metric": metric, "course_id": "c1"}
        yield event("goal_set", when, target=HUGE, due_at=NEVER, **goal)
        yield event("goal_set", when, target=number, due_at=moment, **goal | {"goal_id": "g"})
    yield event("assessment_excused", when, assessment_id="a0", excused=True)
    yield event("deadline_extended", when, assessment_id="a1", due_at=moment)
    yield event(
        "help_noted", when, kind="meeting", alert_ids=["00000000-0000-5000-8000-000000000001"] * 4
    )
    yield event("session_ended", when, **common)


def assert_every_screen(bench: Bench, now: datetime, zone: str) -> None:
    looked = view(bench, now, zone=zone)
    screens = [dashboard(looked)]
    made: list[Any] = [*screens]
    made += [predictive_analytics(looked, days) for days in (1, 30, 365)]
    made += [trend_analysis(looked, days, "comprehensive") for days in (7, 30, 90)]
    for screen in made:
        assert json.loads(msgspec.json.encode(screen))
    for transition in bench.published:
        assert json.loads(encode_transition(transition))
        if transition.delivered:
            assert json.loads(delivered(transition))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("number", [HUGE, 1.0, TINY])
@pytest.mark.parametrize("due", [*MOMENTS, NEVER])
def test_every_screen_can_be_made_at_the_extremes(due: str, number: float, zone: str) -> None:
    facts = facts_with(due, number, zone)
    for moment in MOMENTS:
        arrived = datetime.fromisoformat(moment)
        bench = Bench(facts=facts)
        records = [record(item, arrived=arrived) for item in history(moment, number, zone)]
        bench.send(*records)
        assert bench.letters == []
        for now in MOMENTS:
            assert_every_screen(bench, datetime.fromisoformat(now), zone)


@pytest.mark.parametrize("late", [False, True])
def test_every_screen_can_be_made_where_facts_come_after_events(*, late: bool) -> None:
    for due in (*MOMENTS, NEVER):
        facts = facts_with(due, 1.0, "UTC")
        bench = Bench(facts=None if late else facts)
        when = datetime.fromisoformat(NOW)
        bench.send(*[record(item, arrived=when) for item in history(NOW, 1.0, "UTC")])
        bench.adopt("course", facts)
        if seconds(when) < bench.learner().wake_at < 1 << 37:
            bench.tick(datetime.fromtimestamp(bench.learner().wake_at, UTC))
        assert_every_screen(bench, when, "UTC")
