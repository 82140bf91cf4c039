"""Any order of arrival comes to the same state: product.md, "Order".

Events of one learner at distinct times, in any order: what is known of courses, work, goals and
days, and the open alerts, is that of the order in which they happened. Nothing more than two days
late: every answer is the same. What was published on the way may differ.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import TypeAdapter

from domain.course_facts import Assessment, CourseFacts, Module
from domain.keepers.coursework import assigned, counting_grade, submitted
from domain.keepers.progress import course_progress
from domain.keepers.scores import counted_scores
from domain.state.learner import Learner, OpenAlert
from metrics.dashboard import dashboard
from metrics.predictions import predictive_analytics
from metrics.shapes_dashboard import Dashboard
from metrics.shapes_predictions import PredictiveAnalytics
from metrics.shapes_trends import TrendAnalysis
from metrics.trends import trend_analysis
from tests.factories import Bench, at, event, seconds
from tests.trying import tries
from tests.viewing import view

pytestmark = pytest.mark.long

MINUTE: Final = 60

FACTS: Final = CourseFacts(
    course_id="c1",
    title="Algebra",
    starts_at=seconds(at(-30)),
    ends_at=seconds(at(90)),
    modules=tuple(Module(id=f"m{n}", weight=n) for n in range(1, 4)),
    assessments=tuple(
        Assessment(id=f"a{n}", kind="quiz" if n % 2 else "essay", due_at=seconds(at(3 * n)))
        for n in range(4)
    ),
)

_OF_TYPE: Final[dict[str, st.SearchStrategy[dict[str, Any]]]] = {
    "enrolled": st.just({}),
    "unenrolled": st.just({}),
    "course_finished": st.fixed_dictionaries({"outcome": st.sampled_from(["passed", "failed"])}),
    "session_started": st.just({}),
    "session_ended": st.just({}),
    "content_viewed": st.fixed_dictionaries(
        {
            "content_id": st.sampled_from(["p1", "p2", "p3"]),
            "content_kind": st.sampled_from(["page", "Video", "login"]),
        },
        optional={"duration_seconds": st.integers(0, 9000), "count": st.integers(0, 9)},
    ),
    "module_completed": st.fixed_dictionaries({"module_id": st.sampled_from(["m1", "m2", "m3"])}),
    "module_reopened": st.fixed_dictionaries({"module_id": st.sampled_from(["m1", "m2"])}),
    "assessment_submitted": st.fixed_dictionaries(
        {"assessment_id": st.sampled_from(["a0", "a1", "a2", "a3"])}
    ),
    "assessment_graded": st.fixed_dictionaries(
        {
            "assessment_id": st.sampled_from(["a0", "a1", "a2", "a3"]),
            "score": st.none() | st.integers(-10, 120),
            "max_score": st.sampled_from([0, 50, 100, 100]),
        },
        optional={
            "attempt": st.integers(0, 2),
            "banked": st.booleans(),
            "missing": st.booleans(),
            "passed": st.booleans(),
        },
    ),
    "assessment_excused": st.fixed_dictionaries(
        {"assessment_id": st.sampled_from(["a0", "a1"]), "excused": st.booleans()}
    ),
    "question_answered": st.fixed_dictionaries(
        {"question_id": st.just("q"), "correct": st.booleans()},
        optional={"skills": st.lists(st.sampled_from("abc"), max_size=2)},
    ),
    "discussion_posted": st.just({"post_id": "post"}),
    "goal_set": st.fixed_dictionaries(
        {
            "goal_id": st.sampled_from(["g1", "g2"]),
            "metric": st.just("weekly_minutes"),
            "target": st.integers(1, 600),
        }
    ),
    "goal_removed": st.fixed_dictionaries({"goal_id": st.sampled_from(["g1", "g2"])}),
    "help_noted": st.fixed_dictionaries(
        {"kind": st.sampled_from(["message", "meeting"])},
        optional={"alert_ids": st.just([])},
    ),
    "preferences_set": st.fixed_dictionaries(
        {},
        optional={
            "muted_types": st.lists(st.sampled_from(["performance", "achievement"]), max_size=2),
            "muted_categories": st.lists(st.just("low_score"), max_size=1),
            "min_severity": st.sampled_from(["low", "medium", "high"]),
            "quiet_hours": st.just({"from": "22:00", "to": "07:00"}),
            "max_per_day": st.integers(0, 2),
            "version": st.integers(1, 9),
        },
    ),
}


@st.composite
def histories(draw: st.DrawFn, *, days: int, most: int) -> list[dict[str, Any]]:
    """Events of one learner at distinct minutes of `days` days, in order of time."""
    moments = draw(st.lists(st.integers(0, days * 24 * 60), min_size=2, max_size=most, unique=True))
    events = []
    for n, minute in enumerate(sorted(moments)):
        kind = draw(st.sampled_from([*sorted(_OF_TYPE), "deadline_extended"]))
        if kind == "deadline_extended":
            due = draw(st.none() | st.integers(0, 20))
            fields: dict[str, Any] = {
                "assessment_id": draw(st.sampled_from(["a0", "a1"])),
                "due_at": None if due is None else at(due).isoformat(),
            }
        else:
            fields = draw(_OF_TYPE[kind])
        made = event(kind, at(minutes=minute), event_id=f"e{n}", **fields)
        if draw(st.integers(0, 4)) == 0:
            made["precision"] = "day"
        events.append(made)
    return events


def folded(events: Sequence[dict[str, Any]]) -> Bench:
    return Bench(clock="stream", facts=FACTS).send(*events)


def facts_of(state: Learner, bench: Bench) -> dict[str, Any]:
    """All that must not depend on the order of arrival, however late it is."""
    courses = sorted(state.courses, key=lambda course: course.course_id)
    known = bench.fold.facts
    return {
        "memberships": [
            (c.course_id, c.enrolled_at, c.unenrolled_at, c.finished_at, c.outcome) for c in courses
        ],
        "helped": [c.helped for c in courses],
        "finished": list(state.finished),
        "progress": [course_progress(c, known.get(c.course_id)) for c in courses],
        "scores": [[s._replace(order=0) for s in counted_scores(c, FACTS)] for c in courses],
        "grades": [
            [
                (
                    each.fact.id,
                    each.due_at,
                    each.required,
                    submitted(c, each.work),
                    None if each.work is None else _standing(c, each.work),
                )
                for each in assigned(c, FACTS)
            ]
            for c in courses
        ],
        "goals": msgspec.to_builtins(state.goals),
        "preferences": None
        if state.preferences is None
        else msgspec.to_builtins(replace(state.preferences, delivered=[])),
        "streak": msgspec.to_builtins(state.streak),
        "days": {
            day.day: (
                day.activities,
                day.clicks,
                day.timed,
                day.modules,
                day.posts,
                sorted(day.submitted),
            )
            for day in state.days
            if day.activities or day.modules or day.submitted
        },
        "open alerts": sorted(
            (alert.rule, _name(alert), alert.severity, alert.said)
            for alert in state.alerts
            if alert.expires_at > max(state.last_event_at, bench.fold.checkpoint.ticked)
        ),
    }


def _name(alert: OpenAlert) -> str | None:
    """A silence that late events shortened keeps the id that it was raised by."""
    about_silence = alert.rule in {"inactive_days", "account_inactivity"}
    return alert.course_id if about_silence else alert.alert_id.hex()


def _standing(course: Any, work: Any) -> Any:
    grade = counting_grade(course, work, "latest")
    return None if grade is None else (grade.attempt, grade.percent, grade.at)


def compare(one: dict[str, Any], other: dict[str, Any]) -> None:
    for name, value in one.items():
        assert other[name] == value, name


@tries(100)
@given(histories(days=40, most=24), st.data())
def test_facts_and_open_alerts_do_not_depend_on_the_order_of_arrival(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    in_order = folded(events)
    other = folded(data.draw(st.permutations(events)))
    assert not in_order.letters
    assert not other.letters
    compare(facts_of(in_order.learner(), in_order), facts_of(other.learner(), other))


_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    "dashboard": TypeAdapter(Dashboard),
    "predictions": TypeAdapter(PredictiveAnalytics),
    "trends": TypeAdapter(TrendAnalysis),
}


def answers(bench: Bench, minute: int) -> dict[str, Any]:
    """The answers of three endpoints, with floating figures to a rounding."""
    shown = view(bench, at(minutes=minute))
    made = [
        dashboard(shown),
        predictive_analytics(shown, 30),
        trend_analysis(shown, 30, "comprehensive"),
    ]
    return {
        part: json.loads(_ADAPTERS[part].dump_json(answer))
        for part, answer in zip(_ADAPTERS, made, strict=True)
    }


_DECAYED: Final = re.compile(r"learning_preferences|hour_histogram")
"""Figures that are decayed step by step: the order in which they come shows in a rounding."""


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two answers differ by more than a rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(set(one) | set(other))
        return [d for k in keys for d in differences(one.get(k), other.get(k), f"{path}.{k}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for n, (a, b) in pairs for d in differences(a, b, f"{path}[{n}]")]
    if isinstance(one, float) and isinstance(other, float):
        return [] if abs(one - other) <= 0.1 else [f"{path}: {one} != {other}"]
    if _DECAYED.search(path) and isinstance(one, int) and isinstance(other, int):
        return [] if abs(one - other) <= 1 else [f"{path}: {one} != {other}"]
    return [] if one == other else [f"{path}: {one!r} != {other!r}"]


@tries(40)
@given(histories(days=12, most=28), st.data())
def test_answers_do_not_depend_on_the_order_where_nothing_is_two_days_late(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    delays = data.draw(
        st.lists(st.integers(0, 2 * 24 * 60 - 1), min_size=len(events), max_size=len(events))
    )
    arrivals = sorted(
        zip(events, delays, strict=True),
        key=lambda pair: seconds(_when(pair[0])) + pair[1] * MINUTE,
    )
    in_order, late = folded(events), folded([sent for sent, _ in arrivals])
    minute = 13 * 24 * 60
    assert differences(answers(in_order, minute), answers(late, minute)) == []
    one, other = in_order.learner(), late.learner()
    compare(facts_of(one, in_order), facts_of(other, late))


def _when(sent: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(sent["occurred_at"])
