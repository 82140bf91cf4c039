"""What `verify` holds against each other, one fault at a time."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from contracts.alert_event import encode_transition
from contracts.state_keys import PARTITION_KEY
from contracts.topics import (
    ACTIVITY,
    ALERTS,
    DEAD_LETTERS,
    EXAMPLES,
    INPUTS,
    STATE,
    TRANSITIONS,
)
from domain.events.decode import Record
from domain.fold.effects import DeadLetter
from domain.stored.codec import encode_checkpoint
from proof.examples import lesson_id
from proof.found import States
from proof.oracle import Told
from proof.tables import course_tuples, learner_tuple
from tests.factories import Bench, at, completed, course, enrolled, graded, submitted, viewed
from tests.proving import Partition, compared, counts, wrong
from tests.sinking import a_checkpoint, a_transition


def a_partition(**options: Any) -> Partition:
    """Two alerts are raised, one event is rejected, one comes twice, facts and a tick come in."""
    bench = Bench(facts=course(assessments={"a1": at(2)}))
    return Partition(
        enrolled(),
        viewed(at(0.1)),
        viewed(at(0.1)),
        b"{",
        graded(at(0.2), 10, "a1"),
        submitted(at(0.3), "a2"),
        completed(at(1), "m1"),
        viewed(at(1), user="8"),
        graded(at(1.1), 20, "a2"),
        bench=bench,
        **options,
    )


def test_of_an_id_that_comes_again_the_recount_counts_what_the_fold_does() -> None:
    first, other = graded(at(0.1), 80, event_id="e1"), graded(at(0.1), 90, event_id="e1")
    partition = Partition(enrolled(), first, first, other, first, viewed(at(0.2)))
    counters = partition.bench.fold.checkpoint.counters
    assert [letter.reason for letter in partition.bench.letters] == ["id_reused"]
    assert (counters.events, counters.duplicates, counters.rejected) == (5, 2, 1)
    assert wrong(compared(partition.sides())) == {}


def test_what_a_worker_and_a_sink_left_is_equal() -> None:
    partition = a_partition()
    report = compared(partition.sides())
    assert wrong(report) == {}
    assert report.equal
    assert len(partition.bench.published) == 2
    assert {name: counts(check)[:2] for name, check in report.checks.items()} == {
        "progress.inputs": (1, 1),
        "progress.state: learners": (2, 2),
        "progress.state: partitions": (1, 1),
        "progress.state: courses": (1, 1),
        "progress.alerts": (2, 2),
        "alerts": (2, 2),
        "activity.dead-letter": (1, 1),
        "model.examples": (1, 1),
        "model.snapshots": (0, 0),
        "postgres: learners": (2, 2),
        "postgres: learners in courses": (2, 2),
        "postgres: partitions": (1, 1),
        "postgres: courses": (1, 1),
        "postgres: alerts": (2, 2),
        "postgres: snapshots": (0, 0),
        "recount: events": (1, 1),
        "recount: days with work": (2, 2),
        "recount: scores": (2, 2),
        "recount: streaks": (2, 2),
    }


def test_a_partition_of_which_nothing_is_folded_is_equal() -> None:
    partition = Partition()
    partition.logs.topics.clear()
    report = compared(partition.sides())
    assert wrong(report) == {}
    assert {counts(check)[:2] for check in report.checks.values()} == {(0, 0)}


def test_without_a_record_of_the_partition_nothing_of_it_is_over_yet() -> None:
    partition = a_partition()
    del partition.logs.topics[STATE.name]
    partition.logs.topics[TRANSITIONS.name].clear()
    partition.logs.topics[ALERTS.name].clear()
    del partition.logs.topics[ACTIVITY.name][:], partition.logs.topics[EXAMPLES.name]
    partition.put_letter(DeadLetter(Record(0, 0, b"7", b"{"), "not_json", ""), ACTIVITY)
    assert wrong(compared(partition.sides())) == {}
    partition.logs.put(DEAD_LETTERS, b"7", b"{", headers=[("topic", b"activity")])
    assert wrong(compared(partition.sides())) == {
        "activity.dead-letter": ["extra: activity[-1] -1 ? (partition 0)"]
    }


# -- lessons -------------------------------------------------------------------------------------


def test_a_lesson_that_is_missing_that_is_another_or_that_is_there_twice() -> None:
    (lesson,) = a_partition().logs.topics[EXAMPLES.name]
    assert lesson.value is not None
    name = lesson_id(lesson.value)
    assert name == "7 at 1709560080 in c1"
    for there, named in (
        ([], f"missing: {name} (partition 0)"),
        ([lesson.value, lesson.value], f"extra: {name} (partition 0)"),
        ([lesson.value.replace(b'"score"', b'"other"')], f"different: {name} (partition 0)"),
        ([lesson.value, b"{"], "extra: not a lesson (partition 0)"),
    ):
        partition = a_partition()
        partition.logs.topics[EXAMPLES.name].clear()
        for value in there:
            partition.logs.put(EXAMPLES, b"7", value)
        assert wrong(compared(partition.sides())) == {"model.examples": [named]}


def test_orders_are_nobodys_lessons() -> None:
    partition = a_partition()
    partition.logs.put(EXAMPLES, None, b'{"order":"learn"}')
    assert wrong(compared(partition.sides())) == {}


# -- inputs --------------------------------------------------------------------------------------


def test_an_input_that_is_none_that_is_missing_or_that_came_later() -> None:
    partition = a_partition()
    kept = partition.logs.topics[INPUTS.name]
    partition.logs.put(INPUTS, None, b"{")
    report = compared(partition.sides())
    assert wrong(report) == {"progress.inputs": ["extra: offset 1 (partition 0: not an input)"]}
    later = (kept[0].value or b"").replace(b'"seq":0', b'"seq":1')
    kept[1] = replace(kept[1], value=later)
    assert compared(partition.sides()).equal  # of another turn than the record's
    kept[1] = replace(kept[1], value=kept[0].value)
    report = compared(partition.sides())
    assert wrong(report) == {"progress.inputs": ["extra: input 0 (partition 0)"]}
    del kept[:]
    assert "missing: input 0 (partition 0)" in wrong(compared(partition.sides()))["progress.inputs"]


def test_an_input_that_does_not_follow_is_named() -> None:
    sides = a_partition().sides()
    sides.expected.misplaced.append(3)
    (named,) = wrong(compared(sides))["progress.inputs"]
    assert named.startswith("different: input 3 (partition 0: does not follow")


# -- states --------------------------------------------------------------------------------------


def test_states_facts_and_the_record_are_compared_byte_for_byte() -> None:
    partition = a_partition()
    found = partition.found()
    assert found.checkpoint is not None
    found.states.learners["8"] += b" "
    found.states.facts["c1"] += b" "
    found.checkpoint.next, found.checkpoint.clock = 77, 5
    found.states.checkpoint = encode_checkpoint(found.checkpoint)
    honest = partition.sides()
    report = compared(replace(honest, found=found))
    named = wrong(report)
    assert named["progress.state: learners"] == ["different: 8 (partition 0)"]
    assert named["progress.state: courses"] == ["different: c1 (partition 0)"]
    (record,) = named["progress.state: partitions"]
    own = honest.expected.checkpoint
    assert record == (
        f"different: partition 0: next 77, expected {own.next}, clock 5, expected {own.clock}"
    )
    assert counts(report["progress.state: partitions"]) == (1, 1, 0, 0, 1, 0)


# -- what was told -------------------------------------------------------------------------------


@pytest.mark.parametrize(("topic", "name"), [(TRANSITIONS, "progress.alerts"), (ALERTS, "alerts")])
def test_what_is_told_twice_or_not_at_all_is_found(topic: Any, name: str) -> None:
    partition = a_partition()
    kept = partition.logs.topics[topic.name]
    partition.logs.put(topic, kept[0].key, kept[0].value)
    found = partition.found()
    extra = compared(replace(partition.sides(), found=found))
    assert counts(extra[name]) == (2, 3, 0, 1, 0, 0)
    del kept[1:]
    missing = compared(partition.sides())
    assert counts(missing[name]) == (2, 1, 1, 0, 0, 0)


@pytest.mark.parametrize(("topic", "name"), [(TRANSITIONS, "progress.alerts"), (ALERTS, "alerts")])
def test_what_came_after_the_cut_is_not_held_against_the_worker(topic: Any, name: str) -> None:
    partition = a_partition()
    found = partition.found()
    partition.logs.put(topic, b"7", encode_transition(a_transition("7", "later")))
    found.read_outputs()
    report = compared(replace(partition.sides(), found=found))
    assert counts(report[name]) == (2, 2, 0, 0, 0, 0)
    found.certain[topic.name] += 1  # as if it had been there when the record was read
    report = compared(replace(partition.sides(), found=found))
    assert counts(report[name]) == (2, 3, 0, 1, 0, 0)


def test_as_many_are_compared_as_are_expected_wherever_the_cut_lies() -> None:
    partition = a_partition()
    found = partition.found()
    found.certain[TRANSITIONS.name] = 0
    report = compared(replace(partition.sides(), found=found))
    assert counts(report["progress.alerts"]) == (2, 2, 0, 0, 0, 0)


# -- dead letters --------------------------------------------------------------------------------


def test_letters_are_compared_by_place_reason_and_bytes() -> None:
    partition = a_partition()
    (letter,) = partition.bench.letters
    kept = partition.logs.topics[DEAD_LETTERS.name]
    kept[0] = replace(kept[0], value=b"[")
    report = compared(partition.sides())
    assert wrong(report)["activity.dead-letter"] == [
        "different: activity[0] 3 not_json (partition 0)"
    ]
    del kept[:]
    partition.put_letter(letter._replace(reason="not_utf8"), ACTIVITY)
    report = compared(partition.sides())
    assert wrong(report)["activity.dead-letter"] == [
        "missing: activity[0] 3 not_json (partition 0)",
        "extra: activity[0] 3 not_utf8 (partition 0)",
    ]


def test_letters_of_what_is_not_yet_in_the_record_came_later() -> None:
    partition = a_partition()
    following = partition.bench.fold.checkpoint.next
    for offset, equal in ((following, True), (following - 1, False)):
        late = DeadLetter(Record(offset, 0, b"7", b"{"), "not_json", "")
        partition.put_letter(late, ACTIVITY)
        report = compared(partition.sides())
        assert report["activity.dead-letter"].equal is equal


def test_letters_of_courses_are_compared_as_far_as_they_were_looked_at() -> None:
    partition = Partition(viewed())
    for offset in (0, 2, 5):
        partition.put_course(b"{", offset)
    for until, letters in ((0, 0), (3, 2), (5, 2), (6, 3)):
        partition.bench.fold.checkpoint.courses = {0: until}
        checkpoint = encode_checkpoint(partition.bench.fold.checkpoint)
        partition.logs.put(STATE, PARTITION_KEY, checkpoint)
        report = compared(partition.sides())
        assert wrong(report) == {}
        assert counts(report["activity.dead-letter"]) == (letters, letters, 0, 0, 0, 0)


def test_a_letter_of_courses_whose_record_was_compacted_is_only_noted() -> None:
    partition = Partition(viewed())
    partition.put_course(b"{", 0)
    partition.put_course(b"{", 1)
    partition.bench.fold.checkpoint.courses = {0: 2}
    partition.logs.put(STATE, PARTITION_KEY, encode_checkpoint(partition.bench.fold.checkpoint))
    del partition.logs.topics["courses"][0]
    report = compared(partition.sides())
    assert wrong(report) == {}
    assert report.notes == ["courses 0: compacted, its letter is not compared"]
    assert report["activity.dead-letter"].found == 1


# -- the recount ---------------------------------------------------------------------------------


def test_a_count_of_events_that_is_not_the_logs_is_found() -> None:
    partition = a_partition()
    sides = partition.sides()
    assert sides.found.checkpoint is not None
    sides.found.checkpoint.counters.events += 2
    sides.found.checkpoint.counters.defects += 1
    (named,) = wrong(compared(sides))["recount: events"]
    assert named == "different: partition 0: recounted 8, the state says 9"


def test_a_letter_of_a_later_record_is_not_taken_from_the_count() -> None:
    partition = a_partition()
    following = partition.bench.fold.checkpoint.next
    late = DeadLetter(Record(following, 0, b"7", b"{"), "not_json", "")
    partition.put_letter(late, ACTIVITY)
    assert compared(partition.sides())["recount: events"].equal


@pytest.mark.parametrize(
    ("what", "more", "named"),
    [
        ("days with work", viewed(at(1), "more"), "recounted (3, 2), the state says (4, 2)"),
        ("streaks", viewed(at(-1), "more"), "recounted (2, 2), the state says (3, 3)"),
        ("scores", graded(at(1.2), 90, "a3"), "recounted 15.0, the state says 40.0"),
    ],
)
def test_a_figure_that_is_not_the_recounts_is_found(
    what: str, more: dict[str, Any], named: str
) -> None:
    partition = a_partition()
    sides = partition.sides()
    state = partition.bench.send(more).learner()
    found = compared(replace(sides, chosen={**sides.chosen, "7": state}))[f"recount: {what}"]
    assert found.named == [f"different: 7: {named}"]
    assert counts(found) == (2, 2, 0, 0, 1, 0)


def test_scores_are_the_same_within_a_millionth_and_none_is_no_score() -> None:
    partition = a_partition()
    sides = partition.sides()
    assert sides.recount.figures(b"8", {}).score is None
    for score, equal in ((10 + 0.95e-6, True), (10 + 1.05e-6, False)):
        near = Partition(graded(at(0.2), score, "a1"))
        honest = Partition(graded(at(0.2), 10, "a1"))
        mixed = replace(honest.sides(), chosen=near.sides().chosen)
        assert compared(mixed)["recount: scores"].equal is equal
    nothing = replace(sides, chosen={"7": Partition(viewed()).bench.learner()})
    (named,) = compared(nothing)["recount: scores"].named
    assert named == "different: 7: recounted 15.0, the state says None"


# -- Postgres ------------------------------------------------------------------------------------


def test_rows_are_what_the_oracle_says_and_what_came_later() -> None:
    partition = a_partition()
    sides = partition.sides()
    later = partition.bench.send(viewed(at(3), "later"))
    data = later.store.committed["7"]
    record = encode_checkpoint(a_checkpoint(0, next=99))
    courses = course_tuples(data, later.fold.facts)
    rows = replace(
        sides.tables,
        learners={**sides.tables.learners, "7": learner_tuple(data)},
        courses={**sides.tables.courses, **courses},
    )
    sides = replace(sides, tables=rows)
    assert wrong(compared(sides)) == {
        "postgres: learners": ["different: 7 (partition 0)"],
        "postgres: learners in courses": ["different: 7 in c1 (partition 0)"],
    }
    assert compared(replace(sides, later=States(learners={"7": data}))).equal
    report = compared(
        replace(sides, later=States({"7": data}, {"c9": b'{"course_id":"c9"}'}, record))
    )
    assert wrong(report) == {
        "postgres: partitions": ["different: 0 (partition)"],
        "postgres: courses": ["missing: c9 (partition 0)"],
    }


def test_rows_of_alerts_are_of_what_the_sink_has_read() -> None:
    partition = a_partition()
    found = partition.found()
    more = [a_transition("7", f"later-{n}") for n in range(3)]
    for each in more:
        partition.logs.put(TRANSITIONS, b"7", encode_transition(each))
    found.read_outputs()
    sides = replace(partition.sides(), found=found)
    for until in range(2, 6):
        rows = partition.rows(found, until)
        assert len(rows.alerts) == until
        report = compared(replace(sides, tables=rows))
        assert report["postgres: alerts"].equal
        assert report["postgres: alerts"].expected == until
    rows = replace(partition.rows(found, 3), alerts=partition.rows(found, 4).alerts)
    report = compared(replace(sides, tables=rows))
    assert counts(report["postgres: alerts"]) == (3, 4, 0, 1, 0, 0)


def test_of_a_sink_that_has_read_nothing_there_are_no_rows_of_alerts() -> None:
    partition = a_partition()
    partition.lost = True
    sides = partition.sides()
    rows = replace(sides.tables, alerts={}, positions={})
    assert compared(replace(sides, tables=rows))["postgres: alerts"].equal


def test_a_log_that_is_gone_leaves_rows_against_topics() -> None:
    partition = a_partition()
    partition.lost = True
    report = compared(partition.sides())
    assert {name: counts(check) for name, check in report.checks.items() if not check.equal} == {
        "progress.state: learners": (0, 2, 0, 0, 0, 2),
        "progress.state: partitions": (0, 1, 0, 0, 0, 1),
        "progress.state: courses": (0, 1, 0, 0, 0, 1),
        "progress.alerts": (0, 2, 0, 0, 0, 2),
        "alerts": (0, 2, 0, 0, 0, 2),
        "activity.dead-letter": (0, 1, 0, 0, 0, 1),
        "model.examples": (0, 1, 0, 0, 0, 1),
    }
    assert report["alerts"].named == ["unverifiable: partition 0: the log is gone"]
    assert counts(report["postgres: alerts"]) == (2, 2, 0, 0, 0, 0)
    assert counts(report["postgres: learners"]) == (2, 2, 0, 0, 0, 0)
    sides = partition.sides()
    first, *_ = sides.tables.alerts
    alerts = {name: row for name, row in sides.tables.alerts.items() if name != first}
    report = compared(replace(sides, tables=replace(sides.tables, alerts=alerts)))
    assert report["postgres: alerts"].named == [f"missing: {first} (partition 0)"]


def test_a_log_that_could_be_folded_only_in_part_says_nothing_of_the_rows() -> None:
    sides = a_partition().sides()
    other = encode_transition(a_transition("7", "other"))
    sides.expected.published[0] = Told(other, None)
    report = compared(replace(sides, why_not="fold version 99 is not known here"))
    assert report["postgres: alerts"].equal


def test_a_record_of_another_version_leaves_the_learners_unproven() -> None:
    sides = a_partition().sides()
    newer = msgspec.msgpack.decode(sides.found.states.checkpoint or b"")
    sides.found.states.checkpoint = msgspec.msgpack.encode([99, *newer[1:]])
    report = compared(replace(sides, why_not="checkpoint of version 99"))
    assert counts(report["postgres: learners"]) == (0, 0, 0, 0, 0, 2)
    assert counts(report["postgres: learners in courses"]) == (0, 0, 0, 0, 0, 2)
    (named,) = report["postgres: learners"].named
    assert named.startswith("unverifiable: partition 0: checkpoint of version 99, and this program")
    assert counts(report["postgres: partitions"])[:2] == (0, 0)
