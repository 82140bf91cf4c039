"""Alerts about data are in `alerts` alone: verified, explained and tried with other thresholds."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

import msgspec
import pytest

from agents.worker.messages import Outputs
from contracts.topics import ALERTS, STATE, TRANSITIONS
from domain.configuration import canonical
from domain.events.decode import Record
from domain.fold.effects import Effects
from domain.stored.checkpoint import FOLD_VERSION
from proof import snapshots as published
from proof.logs import Log, Logs
from proof.quality import about_data
from proof.trial_report import rendered as rendered_trial
from proof.trial_report import report as trial_report
from proof.why import Why, _about_data, _events_about_data
from proof.why_report import as_object, rendered
from runtime.errors import LossError
from tests.factories import USER, Bench, at, graded, record, seconds, viewed
from tests.proving import SETTINGS, Partition, compared, counts, wrong
from tests.unit.test_proof_of_versions import adopt
from tests.unit.test_trial import History, rules, tried

LOG: Final = Log("topic-id", 1)


def naive(minute: int, day: float = 0) -> Record:
    """An event without a zone, which is rejected."""
    made = viewed(at(day, 0, minute), f"n{minute}") | {"occurred_at": "2024-03-04T09:00:00"}
    return record(made, arrived=at(day, 0, minute))


TROUBLED: Final = [
    *[naive(minute) for minute in range(19)],
    record(viewed(at(0, 0, 19))),
    record(graded(at(0, 1), 20)),
    *[record(viewed(at(day))) for day in range(1, 9)],
    *[record(viewed(at(12, 0, minute), f"p{minute}")) for minute in range(10)],
]
"""Of a learner: rejected events, a week, three days of silence, good ones."""
TICKED: Final = 29
"""A tick finds the silence before the record at that offset."""


def troubled(bench: Bench | None = None, **given: Any) -> Partition:
    def tick(bench: Bench) -> None:
        bench.tick(at(10, 1))

    return Partition(*TROUBLED, bench=bench, before={TICKED: tick, **given.get("before", {})})


def names(partition: Partition) -> list[str]:
    """The CloudEvents ids of the alerts about data, in order."""
    return [
        json.loads(each.value or b"")["id"]
        for each in partition.logs.topics[ALERTS.name]
        if about_data(each) is not None
    ]


# -- what is written -----------------------------------------------------------------------------


def test_the_worker_writes_them_to_alerts_alone_and_among_the_others_in_order() -> None:
    bench = Bench()
    effects = Effects()
    bench.folded_into(effects, *[naive(minute) for minute in range(19)], graded(at(0, 1), 20))
    outputs = Outputs(
        settings=SETTINGS,
        partition=0,
        alert_source="urn:test",
        effects=effects,
        letters_of_courses=(),
    )
    made = {topic.name: list(messages) for topic, messages in outputs.by_topic()}
    kept = [json.loads(each.value or b"")["category"] for each in made[TRANSITIONS.name]]
    sent = [(each.key, json.loads(each.value or b"")["data"]) for each in made[ALERTS.name]]
    assert kept == ["low_score"]
    assert [(key, data["category"]) for key, data in sent] == [
        (b"7", "low_score"),
        (b"7", "data_quality"),
    ]
    assert [each.category for each in effects.transitions] == ["low_score", "data_quality"]
    assert [each for each in effects.every() if each not in effects.transitions] == []


def test_the_key_of_a_source_that_has_stopped_is_its_partition() -> None:
    keys = [
        each.key for each in troubled().logs.topics[ALERTS.name] if about_data(each) is not None
    ]
    assert keys == [b"7", b"partition:0", b"partition:0", b"7"]


# -- verify --------------------------------------------------------------------------------------


def test_they_are_folded_again_and_nothing_differs() -> None:
    partition = troubled()
    assert [each.kind for each in partition.bench.about_data] == [
        *("raised", "raised", "resolved", "resolved"),
    ]
    report = compared(partition.sides())
    assert wrong(report) == {}
    told = len(partition.logs.topics[ALERTS.name])
    assert counts(report["alerts"]) == (told, told, 0, 0, 0, 0)
    assert report["progress.alerts"].found == told - 4


def forge(partition: Partition, number: int, change: Callable[[bytes], bytes]) -> str:
    """Change one of them as it stands in the log, and return its name."""
    records = partition.logs.topics[ALERTS.name]
    place = [n for n, each in enumerate(records) if about_data(each) is not None][number]
    name = names(partition)[number]
    records[place] = replace(records[place], value=change(records[place].value or b""))
    return name


@pytest.mark.parametrize("number", range(4))
def test_one_that_is_changed_or_missing_is_named(number: int) -> None:
    changed = troubled()
    name = forge(changed, number, lambda data: data.replace(b'"revision":', b'"revision":7'))
    assert wrong(compared(changed.sides())) == {"alerts": [f"different: {name} (partition 0)"]}
    gone = troubled()
    name = names(gone)[number]
    records = gone.logs.topics[ALERTS.name]
    records[:] = [each for each in records if name.encode() not in (each.value or b"")]
    assert wrong(compared(gone.sides())) == {"alerts": [f"missing: {name} (partition 0)"]}


def test_one_that_moved_is_named() -> None:
    partition = troubled()
    records = partition.logs.topics[ALERTS.name]
    places = [n for n, each in enumerate(records) if about_data(each) is not None]
    records[places[0]], records[places[1]] = records[places[1]], records[places[0]]
    (said,) = wrong(compared(partition.sides()))["alerts"]
    assert "in another order" in said


def test_what_the_checkpoint_keeps_of_them_is_compared() -> None:
    partition = troubled()
    partition.bench.fold.checkpoint.quality.days ^= 4
    partition._write()
    (said,) = wrong(compared(partition.sides()))["progress.state: partitions"]
    assert said.startswith("different: partition 0: quality Quality(")


def test_of_a_log_that_another_version_began_they_are_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not known what that one had seen."""
    bench = Bench()
    adopt(bench, FOLD_VERSION - 1, monkeypatch)
    upgrade = {5: lambda made: adopt(made, FOLD_VERSION, monkeypatch)}
    partition = troubled(bench, before=upgrade)
    sides = partition.sides()
    assert sides.expected.began_at == 5
    report = compared(sides)
    assert wrong(report) == {}
    assert counts(report["alerts"]) == (0, 0, 0, 0, 0, 0)


def test_where_the_log_is_gone_they_are_unverifiable_as_all_others() -> None:
    partition = troubled()
    partition.lost = True
    told = len(partition.logs.topics[ALERTS.name])
    assert compared(partition.sides())["alerts"].unverifiable == told


@pytest.mark.parametrize(
    ("value", "about"),
    [
        (b'{"data":{"category":"data_quality","alert_id":"x","user_id":7}}', "7"),
        (b'{"data":{"category":"data_quality","alert_id":"x","user_id":null}}', ""),
        (b'{"data":{"category":"low_score","alert_id":"x","user_id":7}}', None),
        (b'{"data":{"category":"data_quality"}}', None),
        (b"{", None),
        (None, None),
    ],
)
def test_an_alert_about_data_is_told_from_others(value: bytes | None, about: str | None) -> None:
    partition = Partition()
    partition.logs.put(ALERTS, b"7", value)
    found = about_data(partition.logs.topics[ALERTS.name][-1])
    assert (None if found is None else found.user_id) == about


# -- why -----------------------------------------------------------------------------------------


def answer(partition: Partition, user_id: str) -> Why:
    """What is said of the first alert about this learner's data, or about the source."""
    alert = next(each for each in partition.bench.about_data if each.user_id == user_id)
    logs = cast(Logs, partition.logs)
    events = _events_about_data(logs, 0, alert.alert_id)
    return _about_data(logs, LOG, 0, events, published.Snapshots(logs))


def test_why_a_source_was_said_to_have_stopped() -> None:
    found = answer(troubled(), "")
    raised, resolved = found.steps
    assert found.problem is None
    assert raised.cause is not None
    assert resolved.cause is not None
    assert raised.cause.trigger == ("tick", TICKED, {"at": seconds(at(10, 1))})
    assert resolved.cause.trigger == ("event", TICKED, None), "it may be another learner's"
    assert raised.cause.clock == "2024-03-14T10:00:00Z"
    assert (raised.cause.thresholds["silent_hours"], raised.cause.configured) == (48, None)
    assert raised.cause.before == {
        "accepted_last_at": "2024-03-12T09:00:00Z",
        "days_with_records": 9,
        "longest_pause_days": 0,
        "rejected_since": 0,
    }
    assert {each.figure for each in resolved.cause.changed} == {
        *("accepted_last_at", "days_with_records", "longest_pause_days"),
    }
    assert raised.cause.events == []
    assert all(step.delivery for step in found.steps)


def test_why_a_learners_records_were_said_to_be_rejected() -> None:
    found = answer(troubled(), USER)
    raised, resolved = found.steps
    assert raised.cause is not None
    assert resolved.cause is not None
    assert raised.cause.trigger == ("event", 19, None)
    assert raised.cause.after == {"records": 20, "rejected": 19, "naive_time": 19}
    assert raised.cause.before == {"records": 19, "rejected": 19, "naive_time": 19}
    told = raised.cause.events
    assert [each.offset for each in told] == list(range(20))
    assert (told[0].event["type"], told[0].event["reason"]) == ("rejected", "naive_time")
    assert told[-1].event["type"] == "content_viewed"
    assert resolved.cause.trigger.offset == 33
    assert (len(resolved.cause.events), resolved.cause.earlier_events) == (34, 0)


def test_a_record_that_was_rejected_is_what_a_transition_came_with() -> None:
    partition = Partition(*[naive(minute) for minute in range(20)])
    (raised,) = answer(partition, USER).steps
    assert raised.cause is not None
    kind, offset, content = raised.cause.trigger
    assert (kind, offset) == ("rejected", 19)
    assert content == {
        "type": "rejected",
        "reason": "naive_time",
        "detail": "occurred_at has no offset from UTC",
    }


def test_thresholds_and_the_input_that_set_them_are_named() -> None:
    given = msgspec.Raw(canonical(rules(data_quality={"records": 10})).encode())
    bench = Bench().adopt("configuration", given)
    (raised,) = answer(Partition(*[naive(n) for n in range(10)], bench=bench), USER).steps
    assert raised.cause is not None
    assert (raised.cause.thresholds["records"], raised.cause.configured) == (10, 0)


def test_both_outputs_say_it() -> None:
    found = answer(troubled(), USER)
    told = json.loads(rendered(found, as_json=True))
    assert told == json.loads(json.dumps(as_object(found)))
    assert (told["user_id"], told["subject"]) == ("7", {"kind": "partition", "id": "0"})
    text = rendered(found, as_json=False)
    assert "1. raised at 2024-03-04T09:19:00Z, medium: Of this learner's last 20 records 19" in text
    assert re.search(r"\n +0 +2024-03-04T09:00:00Z +rejected +naive_time +occurred_at has no", text)
    assert "about no learner" in rendered(answer(troubled(), ""), as_json=False)


def test_of_many_records_the_newest_are_named_and_the_others_counted() -> None:
    given = msgspec.Raw(canonical(rules(data_quality={"records": 64})).encode())
    bench = Bench().adopt("configuration", given)
    (raised,) = answer(Partition(*[naive(n) for n in range(64)], bench=bench), USER).steps
    assert raised.cause is not None
    assert (len(raised.cause.events), raised.cause.earlier_events) == (50, 14)
    assert raised.cause.events[-1].offset == 63


def test_what_another_version_published_is_said() -> None:
    partition = troubled()
    forge(partition, 3, lambda data: data.replace(b'"version":1', b'"version":0'))
    found = answer(partition, USER)
    assert [step.transition.kind for step in found.steps] == ["raised"]
    assert found.problem == "1 more in alerts that another version published"
    forge(partition, 0, lambda data: data.replace(b'"version":1', b'"version":0'))
    with pytest.raises(LossError, match="about the data of partition 0, and this program's fold"):
        answer(partition, USER)
    partition.logs.topics[STATE.name].clear()
    with pytest.raises(LossError, match="another version folded it"):
        answer(partition, USER)


def test_a_log_that_begins_later_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = troubled()
    begin = {"activity": 2}
    monkeypatch.setattr(partition.logs, "begin", lambda topic, _: begin.get(topic.name, 0))
    with pytest.raises(LossError, match=r"activity\[0\] begins at offset 2"):
        answer(partition, USER)


def test_an_alert_about_something_else_is_not_taken_for_one_about_data() -> None:
    partition = Partition(graded(at(1), 20))
    (low,) = partition.bench.published
    assert _events_about_data(cast(Logs, partition.logs), 0, low.alert_id) == []


def test_after_a_resume_what_was_rejected_before_is_not_counted() -> None:
    """As the worker does, and `verify`; who folds for `why` never halts."""
    naives = [naive(minute, 8.5) for minute in range(5)]
    bench = Bench()
    partition = Partition(
        *[record(viewed(at(day))) for day in range(9)],
        *naives,
        naive(6, 8.5),
        record(viewed(at(12))),
        bench=bench,
        before={14: lambda made: made.adopt("resume", {})},
    )
    raised = partition.bench.about_data[0]
    assert raised.params["rejected"] == 1
    assert answer(partition, "").steps[0].transition == raised


# -- rules try -----------------------------------------------------------------------------------


def test_other_thresholds_are_tried_on_data_too() -> None:
    found = History().send(*TROUBLED)
    gentle = trial_report(tried(found, rules(data_quality={"silent_hours": 200}), at(-1)))
    (row,) = [each for each in gentle.rules if each.rule == "data_quality"]
    assert (row.tried, row.today, row.only_today, row.learners) == (1, 2, 1, 1)
    assert [each.tried for each in gentle.by_week if each.rule == "data_quality"] == [1, 0]
    strict = trial_report(tried(found, rules(data_quality={"silent_hours": 24}), at(-1)))
    (row,) = [each for each in strict.rules if each.rule == "data_quality"]
    assert (row.tried, row.only_tried) == (2, 0), "the same silence, found a day earlier"
    assert "Partition 0: no event has been accepted" in rendered_trial(strict, as_json=False)


def test_with_todays_rules_nothing_about_data_differs() -> None:
    found = History().send(*TROUBLED)
    today = tried(found, rules(), at(-1)).today.raised
    about = [each.alert_id for each in found.about_data if each.kind == "raised"]
    assert [each.alert_id for each in today if each.rule == "data_quality"] == about
