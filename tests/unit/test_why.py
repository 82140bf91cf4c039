"""`why`: a learner folded alone gives what the partition gave, and says what led to each alert."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from msgspec.structs import replace as replaced

from contracts.alert_event import encode_transition
from contracts.snapshots import snapshot_key
from contracts.topics import ALERTS, SNAPSHOTS, STATE
from domain.alerts import Transition
from domain.fold.effects import Effects
from domain.scoring import Snapshots, no_snapshots
from domain.stored.checkpoint import ClockMode
from models.drift_alerts import drift_alert_id, drift_alerts
from models.reports import DriftEpisode
from models.snapshot import encode_snapshot
from proof import snapshots as published
from proof.figures import Change, changed, figures
from proof.logs import Log, Logs
from proof.refold import read_cut
from proof.solo import Moment, Solo
from proof.why import UnknownAlertError, Why, _about_a_learner, _about_a_model, _transitions
from proof.why_report import as_object, rendered
from runtime.errors import LossError
from tests.delivering import delivered
from tests.factories import (
    Bench,
    at,
    enrolled,
    event,
    graded,
    record,
    seconds,
    viewed,
)
from tests.modelling import adopting, risky, serving
from tests.proving import KeptLogs, Partition
from tests.telling import algebra, essays, telling
from tests.unit.test_trial import History, history

LOG = Log("topic-id", 1)


def moments(
    found: History, transition: Transition, size: int = 3, snapshots: Snapshots = no_snapshots
) -> list[Moment]:
    solo = Solo.of(found.cut, transition.user_id, transition.alert_id, snapshots)
    return list(solo.moments(found.batches(size)))


def of_alert(found: Bench, alert_id: str) -> list[bytes]:
    return [encode_transition(each) for each in found.published if each.alert_id == alert_id]


@pytest.mark.parametrize("clock", ["wall", "stream"])
@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.long
def test_a_learner_folded_alone_gives_the_same_transitions(clock: ClockMode, size: int) -> None:
    found = history(clock)
    alerts = {each.alert_id: each for each in found.published}
    assert len(alerts) > 10
    for alert_id, transition in alerts.items():
        told = [encode_transition(each.transition) for each in moments(found, transition, size)]
        assert told == of_alert(found, alert_id)


def test_the_record_of_another_learner_moves_time_and_nothing_else() -> None:
    bench = Bench(facts=algebra(due=at(5)))
    bench.send(enrolled(at(0)))
    effects = bench.fold.begin()
    bench.fold.pass_by(record(graded(at(9), 10, user="another"), 1), effects)
    bench.fold.pass_by(record(viewed(at(8), user="another"), 2), effects)
    assert (bench.fold.checkpoint.clock, bench.fold.checkpoint.next) == (seconds(at(9)), 3)
    assert effects == Effects()


def test_under_the_stream_clock_it_wakes_whose_timer_is_due() -> None:
    bench = Bench(clock="stream", facts=algebra(due=at(5)))
    bench.send(enrolled(at(0)))
    effects = bench.fold.begin()
    bench.fold.pass_by(record(viewed(at(9), user="another"), 1), effects)
    assert [each.category for each in effects.transitions] == ["missed_deadline"]
    bench.fold.pass_by(record(b"no event", 2), effects)
    assert bench.fold.checkpoint.next == 3
    assert bench.fold.checkpoint.clock == seconds(at(9))


def test_a_moment_has_the_event_the_thresholds_and_the_figures_before_and_after() -> None:
    found = history()
    raised = next(each for each in found.published if each.category == "low_score")
    (first, *_) = moments(found, raised)
    assert first.folded is not None
    assert first.events[-1] is first.folded
    assert first.thresholds["high_under"] == 20.0
    assert (first.configured, first.snapshot) == (1, 0)
    assert first.facts is not None
    figure = f"alerts.{raised.alert_id}"
    by_name = {each.figure: each for each in changed(first.before, first.after)}
    assert by_name[figure].before is None
    assert by_name[figure].after["severity"] == raised.severity
    assert by_name["grades_seen"].after == by_name["grades_seen"].before + 1
    assert f"courses.c1.work.{raised.subject.id}" in " ".join(by_name)


def test_figures_are_named_and_a_new_learner_has_none_before() -> None:
    assert figures(None) == {}
    before = {"a": 1, "b": {"x": 1}, "c": [1], "d": {}, "e": [], "f": {"z": {}}, "g": []}
    after = {"a": 1, "b": {"x": 2, "y": 3}, "c": [1, 2], "d": 4, "e": {"z": 5}, "f": [], "g": []}
    assert list(changed(before, after)) == [
        Change("b.x", 1, 2),
        Change("b.y", None, 3),
        Change("c", [1], [1, 2]),
        Change("d", {}, 4),
        Change("e.z", None, 5),
        Change("f.z", {}, None),
    ]


def test_members_of_a_list_are_called_the_same_before_and_after() -> None:
    grades = [
        graded(at(1), 45, "quiz-1", attempt=1),
        graded(at(1), 50, "quiz-1", attempt=2),
        graded(at(2), 90, "quiz-1", attempt=3),
    ]
    bench = Bench(facts=algebra(pass_mark=60))
    names = []
    shown: dict[str, Any] = {}
    for each in grades:
        bench.send(each)
        shown = figures(bench.learner())
        names.append(list(shown["courses"]["c1"]["work"]["quiz-1"]["grades"]))
        assert all(len(name) == 36 for name in shown["alerts"]), "alerts are called by their ids"
    first, later = str(seconds(at(1))), str(seconds(at(2)))
    assert names == [[first], [first, f"{first}#2"], [first, f"{first}#2", later]]
    assert {"seen", "marks", "contents", "recent"}.isdisjoint(shown)


# -- the whole answer ------------------------------------------------------------------------------


def answer(partition: Partition, pick: Callable[[Transition], bool]) -> Why:
    """What is said of the first alert that is picked."""
    alert = next(each for each in partition.bench.published if pick(each))
    logs = cast(Logs, partition.logs)
    transitions = _transitions(logs, 0, alert.alert_id)
    return _about_a_learner(logs, LOG, 0, transitions, published.Snapshots(logs))


def of(category: str) -> Callable[[Transition], bool]:
    return lambda each: each.category == category


def kinds(found: Why) -> list[tuple[str, str | None]]:
    """Each transition, and what it came with."""
    return [
        (step.transition.kind, None if step.cause is None else step.cause.trigger.kind)
        for step in found.steps
    ]


GRADES = (
    viewed(at(0)),
    graded(at(1), 45, "quiz-1", attempt=1, event_id="grade-1"),
    graded(at(1, 1), 90, "quiz-2", event_id="other"),
    graded(at(2), 25, "quiz-1", attempt=1, event_id="grade-2"),
    graded(at(2), 25, "quiz-1", attempt=1, event_id="grade-2"),
    graded(at(3), 80, "quiz-1", attempt=2, event_id="grade-3"),
)


def test_a_low_score_names_the_grades_of_its_assessment_and_where_it_went() -> None:
    partition = Partition(*GRADES, bench=Bench(facts=algebra(pass_mark=50)))
    found = answer(partition, of("low_score"))
    assert kinds(found) == [("raised", "event"), ("updated", "event"), ("resolved", "event")]
    assert found.problem is None
    causes = [step.cause for step in found.steps]
    assert all(causes)
    ids = [[each.event["event_id"] for each in cause.events] for cause in causes if cause]
    assert ids == [["grade-1"], ["grade-1", "grade-2"], ["grade-1", "grade-2", "grade-3"]]
    assert [cause.facts["pass_mark"] for cause in causes if cause] == [50.0, 50.0, 50.0]
    deliveries = [step.delivery for step in found.steps if step.delivery is not None]
    assert [each.offset for each in deliveries] == sorted(each.offset for each in deliveries)
    assert {each.audience for each in deliveries} == {("learner", "instructor")}
    assert len(deliveries) == 3


def test_what_was_suppressed_says_why_and_went_to_nobody() -> None:
    late = at(100)
    other = viewed(late, user="another")
    partition = Partition(other, graded(at(1), 30, "quiz-1"), bench=Bench())
    found = answer(partition, of("low_score"))
    (step,) = found.steps
    assert (step.transition.suppressed_reason, step.delivery) == ("stale", None)
    assert "notified nobody: suppressed as stale" in rendered(found, as_json=False)


def test_a_timer_an_input_and_a_correction_are_named() -> None:
    bench = Bench(facts=algebra(due=at(5)))
    partition = Partition(
        enrolled(at(0)),
        viewed(at(13)),
        event("deadline_extended", at(13, 1), assessment_id="essay-1", due_at=at(20).isoformat()),
        bench=bench,
        before={1: lambda made: made.tick(at(7, 1)), 2: lambda made: made.tick(at(12, 1))},
    )
    found = answer(partition, of("missed_deadline"))
    assert kinds(found) == [("raised", "tick"), ("updated", "event"), ("resolved", "event")]
    first = found.steps[0].cause
    assert first is not None
    assert first.trigger.content == {"at": seconds(at(7, 1))}
    assert [each.event["type"] for each in first.events] == ["enrolled"]


def test_under_the_stream_clock_the_event_of_another_may_bring_the_time() -> None:
    bench = Bench(clock="stream", facts=algebra(due=at(5)))
    partition = Partition(enrolled(at(0)), viewed(at(9), user="another"), bench=bench)
    assert kinds(answer(partition, of("missed_deadline"))) == [("raised", "clock")]


def test_a_model_is_named_with_its_snapshot_and_its_contributions() -> None:
    snapshots = serving(risky())
    found = History(snapshots=snapshots)
    adopting(found.adopt("course", essays(5, 12, 25)))
    found.send(enrolled(at(-1)), viewed(at(1)))
    found.tick(at(13))
    alert = next(each for each in found.published if each.category == "next_missing")
    (moment,) = moments(found, alert, snapshots=snapshots)
    assert moment.transition == alert
    assert (moment.snapshot, moment.transition.spoken) == (1, alert.spoken)
    assert alert.spoken.contributions


def test_both_outputs_have_every_transition_and_its_cause() -> None:
    partition = Partition(*GRADES, bench=Bench(facts=algebra(pass_mark=50)))
    found = answer(partition, of("low_score"))
    told = json.loads(rendered(found, as_json=True))
    assert told == json.loads(json.dumps(as_object(found)))
    (first, _, last) = told["steps"]
    assert first["cause"]["trigger"]["content"]["event_id"] == "grade-1"
    assert first["transition"]["at"] == "2024-03-05T09:00:00Z"
    assert first["cause"]["thresholds"]["high_under"] == 20.0
    assert first["delivery"]["audience"] == ["learner", "instructor"]
    assert last["transition"]["resolution"] == "cleared"
    text = rendered(found, as_json=False)
    assert "1. raised at 2024-03-05T09:00:00Z, medium: You scored 45% in Quiz 1" in text
    assert "3. resolved at 2024-03-07T09:00:00Z, cleared" in text
    assert "evidence: score 45 percent, threshold 50" in text
    assert "thresholds (the defaults): default_pass_mark" in text
    assert "course facts: course_id c1, title Algebra, pass_mark 50.0" in text
    assert "came with: event at offset 1" in text


def test_of_many_events_the_newest_are_named_and_the_others_counted() -> None:
    many = [viewed(at(0, 0, n), f"page-{n}") for n in range(58)]
    partition = Partition(*many, viewed(at(1)), graded(at(1, 1), 90), viewed(at(2)))
    last = answer(partition, of("streak_milestone")).steps[-1].cause
    assert last is not None
    assert (len(last.events), last.earlier_events) == (50, 10)
    assert [each.offset for each in last.events] == [*range(10, 59), 60], "a grade is no work"


def test_what_another_version_published_is_shown_and_not_explained() -> None:
    partition = Partition(*GRADES, bench=Bench(facts=algebra(pass_mark=50)))
    records = partition.logs.topics["progress.alerts"]
    for place, entry in enumerate(records):
        value = re.sub(rb'"rule_version":\d+', b'"rule_version":0', entry.value or b"")
        records[place] = replace(entry, value=value)
    found = answer(partition, of("low_score"))
    assert [step.cause for step in found.steps] == [None, None, None]
    assert (
        found.problem == "this program's fold does not publish the same: another version folded it"
    )
    assert "not folded again" in rendered(found, as_json=False)


def test_a_log_that_begins_later_is_said_and_what_stands_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partition = Partition(*GRADES, bench=Bench(facts=algebra(pass_mark=50)))
    begin = {"activity": 2}
    monkeypatch.setattr(partition.logs, "begin", lambda topic, _: begin.get(topic.name, 0))
    found = answer(partition, of("low_score"))
    assert found.problem is not None
    assert "activity[0] begins at offset 2, 2024-03-05T10:00:00Z: what came before is gone" in (
        found.problem
    )
    assert all(step.delivery for step in found.steps)


def test_an_input_that_is_gone_is_named() -> None:
    partition = Partition(*GRADES, bench=Bench(facts=algebra(pass_mark=50)))
    partition.logs.topics["progress.inputs"].clear()
    logs = cast(Logs, partition.logs)
    with pytest.raises(LossError, match=r"progress.inputs\[0\]: input 0 is gone"):
        read_cut(logs, LOG, 0, published.Snapshots(logs))
    partition.logs.topics[STATE.name].clear()
    assert read_cut(logs, LOG, 0, published.Snapshots(logs)) is None


def test_an_alert_that_nobody_raised_is_unknown() -> None:
    logs = cast(Logs, Partition(*GRADES).logs)
    name = "00000000-0000-5000-8000-000000000000"
    assert _transitions(logs, 0, name) == []
    with pytest.raises(UnknownAlertError, match=f"no alert has the id {name}"):
        _about_a_model(logs, LOG, name, published.Snapshots(logs))


def test_an_alert_about_a_model_names_the_snapshot_that_told_of_it() -> None:
    logs = KeptLogs()
    rose = DriftEpisode(
        began_at=seconds(at(40)), judged=3_210, before=0.1184, after=0.1921, raised_in=12
    )
    for number, episode in ((12, rose), (31, replaced(rose, ended_at=1, resolved_in=31))):
        snapshot = telling(number, episode)
        logs.put(SNAPSHOTS, snapshot_key(number), encode_snapshot(snapshot))
        for transition in drift_alerts(snapshot):
            logs.put(ALERTS, transition.about.encode(), delivered(transition), timestamp=7_000)
    name = drift_alert_id("next_missing", rose)
    seen = cast(Logs, logs)
    found = _about_a_model(seen, LOG, name, published.Snapshots(seen))
    assert kinds(found) == [("raised", "snapshot"), ("resolved", "snapshot")]
    assert [step.cause.snapshot for step in found.steps if step.cause] == [12, 31]
    assert [step.delivery.published_at for step in found.steps if step.delivery] == [
        "1970-01-01T00:00:07Z",
        "1970-01-01T00:00:07Z",
    ]
    assert "about no learner" in rendered(found, as_json=False)
    assert as_object(found)["user_id"] is None
    logs.topics[SNAPSHOTS.name].clear()
    with pytest.raises(LossError, match="the snapshot that told of it is gone"):
        _about_a_model(seen, LOG, name, published.Snapshots(seen))
