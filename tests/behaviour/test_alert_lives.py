"""The life of every alert as a consumer of `alerts` sees it, over random and simulated histories.

What docs/alerts.md promises: the first message is `raised`, whatever its revision; revisions order
it; time never goes back; an end is followed by nothing but a new beginning.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.course_facts import decode_course_facts
from domain.alerts import Transition
from domain.course_facts import CourseFacts
from domain.events.decode import Record
from feeds.simulate import Simulation
from tests.delivering import delivered
from tests.factories import Bench, at, course, event, graded, record, seconds, submitted, viewed
from tests.trying import tries

pytestmark = pytest.mark.long

FOLLOWS: Final = {
    None: {"raised"},
    "raised": {"updated", "resolved"},
    "updated": {"updated", "resolved"},
    "resolved": {"raised"},
}
"""What a consumer may see after what it saw last of an alert."""


def judge(transitions: Iterable[Transition]) -> Counter[tuple[str, int]]:
    """Hold every promise, and count the beginnings by what they are called and their revision."""
    revisions: dict[str, int] = defaultdict(int)
    seen: dict[str, dict[str, Any]] = {}
    ids: set[str] = set()
    began: Counter[tuple[str, int]] = Counter()
    for transition in transitions:
        name = transition.alert_id
        revisions[name] += 1
        assert transition.revision == revisions[name]
        if not transition.delivered:
            continue
        alert = json.loads(delivered(transition))
        kind = alert["type"].rpartition(".")[2]
        before = seen.get(name)
        last = None if before is None else before["type"].rpartition(".")[2]
        assert kind in FOLLOWS[last], (last, kind)
        if before is None:
            began[kind, transition.revision] += 1
        else:
            assert alert["time"] >= before["time"]
            assert alert["data"]["revision"] > before["data"]["revision"]
        assert alert["time"] == alert["data"]["updated_at"] >= alert["data"]["raised_at"]
        assert alert["id"] not in ids
        ids.add(alert["id"])
        seen[name] = alert
    return began


# -- random histories ----------------------------------------------------------------------------

_ASSESSMENTS: Final = st.sampled_from(["a1", "a2"])
_DAY: Final = st.integers(0, 40 * 24).map(lambda hour: at(hours=hour))
_LATE: Final = st.sampled_from([0, 0, 1, 50, 200, 500]).map(lambda hours: hours * 3600)


def _extended(when: datetime, name: str, due: datetime | None) -> dict[str, Any]:
    due_at = None if due is None else due.isoformat()
    return event("deadline_extended", when, assessment_id=name, due_at=due_at)


def _excused(when: datetime, name: str, *, excused: bool) -> dict[str, Any]:
    return event("assessment_excused", when, assessment_id=name, excused=excused)


_EVENTS: Final = st.one_of(
    st.builds(graded, _DAY, st.none() | st.sampled_from([10, 45, 55, 80]), _ASSESSMENTS),
    st.builds(submitted, _DAY, _ASSESSMENTS),
    st.builds(_extended, _DAY, _ASSESSMENTS, st.none() | _DAY),
    st.builds(_excused, _DAY, _ASSESSMENTS, excused=st.booleans()),
    st.builds(lambda when: event("enrolled", when), _DAY),
    st.builds(lambda when: event("unenrolled", when), _DAY),
    st.builds(viewed, _DAY),
)
_FACTS: Final = st.builds(
    lambda one, other, mark: course(assessments={"a1": one, "a2": other}, pass_mark=mark),
    _DAY,
    _DAY,
    st.sampled_from([30.0, 50.0, 70.0]),
)
_STEPS: Final = st.lists(
    st.one_of(st.tuples(_EVENTS, _LATE), st.tuples(_EVENTS, _LATE), _FACTS, _DAY), max_size=30
)


def run(steps: list[Any]) -> Bench:
    """Events as they come, late or not; ticks and course facts between them."""
    bench = Bench(facts=course(assessments={"a1": at(5), "a2": at(9)}))
    now = 0
    for step in steps:
        if isinstance(step, CourseFacts):
            bench.adopt("course", step)
        elif isinstance(step, datetime):
            now = max(now, seconds(step))
            bench.tick(datetime.fromtimestamp(now, tz=step.tzinfo))
        else:
            value, late = step
            now = max(now, seconds(datetime.fromisoformat(value["occurred_at"])) + late)
            item: Record = record(value)._replace(timestamp=now * 1000)
            bench.send(item)
    return bench


@tries(300)
@given(_STEPS)
def test_a_random_history_keeps_every_promise(steps: list[Any]) -> None:
    judge(run(steps).published)


# -- simulated ones ------------------------------------------------------------------------------


def test_a_backfill_with_ticks_between_its_parts_keeps_every_promise() -> None:
    """As it was when the demo's events came in parts: alerts that begin as stale, then do not."""
    plan = Simulation(learners=20, days=30, seed=1, until=seconds(at(400)))
    bench = Bench()
    for facts in plan.facts():
        adopted = decode_course_facts(facts.key, facts.value)
        assert isinstance(adopted, CourseFacts)
        bench.adopt("course", adopted)
    for number, made in enumerate(plan.events(), 1):
        bench.send(record(made.event, arrived=at(400, minutes=number / 1000)))
        if number % 500 == 0:
            bench.tick(at(400, minutes=number / 1000 + 1))
    bench.tick(at(401))
    began = judge(bench.published)
    assert began["raised", 1] > 10
    assert began["raised", 2] > 0  # suppressed as stale, and delivered from a later change on
    assert {kind for kind, _ in began} == {"raised"}
