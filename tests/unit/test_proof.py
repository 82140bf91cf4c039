"""The proof's own parts: what is compared, what is recounted, what the oracle does with inputs."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.events.decode import Record
from domain.fold.inputs import Input
from domain.fold.partition import new_checkpoint
from domain.scoring import no_snapshots
from domain.stored.checkpoint import FOLD_VERSION, ClockMode
from proof.compare import compare_maps, compare_sequences
from proof.oracle import Expected, Oracle
from proof.recount import Figures, Recount
from proof.report import Check, Report, rendered
from proof.sample import choose_learners, figures_of
from tests.factories import (
    USER,
    Bench,
    at,
    completed,
    course,
    enrolled,
    event,
    graded,
    record,
    submitted,
    viewed,
)


def test_what_is_missing_extra_and_different_is_counted_and_named() -> None:
    check = Check()
    compare_maps(check, {"a": b"1", "b": b"2", "c": b"3"}, {"b": b"2", "c": b"x", "d": b"4"}, "p0")
    assert (check.expected, check.found) == (3, 3)
    assert (check.missing, check.extra, check.different) == (1, 1, 1)
    assert check.named == ["missing: a (p0)", "different: c (p0)", "extra: d (p0)"]
    assert not check.equal


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        ("abc", (0, 0, 0)),
        ("ac", (1, 0, 0)),
        ("abbc", (0, 1, 0)),
        ("acb", (0, 0, 1)),
        ("aBc", (0, 0, 1)),
        ("abcd", (0, 1, 0)),
    ],
)
def test_i3_in_a_sequence_one_fault_is_one_difference(
    found: str, counts: tuple[int, int, int]
) -> None:
    def items(text: str) -> list[tuple[str, bytes]]:
        return [(each.lower(), each.encode()) for each in text]

    check = Check()
    compare_sequences(check, items("abc"), items(found), "p0")
    assert (check.missing, check.extra, check.different) == counts


def test_what_cannot_be_verified_is_never_equal() -> None:
    assert Report().equal
    report = Report()
    report["alerts"].give_up(3, "partition 0: the log begins at offset 9")
    assert not report.equal
    assert "NOT PROVEN EQUAL" in rendered(report)
    assert "unverifiable: partition 0" in rendered(report)
    assert json.dumps(report.as_json())


# -- the oracle ----------------------------------------------------------------------------------


def folded(
    records: list[Record],
    inputs: Iterable[Input],
    *,
    clock: ClockMode = "wall",
    size: int = 7,
) -> Expected:
    oracle = Oracle(new_checkpoint(0, 1, "topic-id", clock), list(inputs), no_snapshots)
    return oracle.run(records[first : first + size] for first in range(0, len(records), size))


def an_input(after: int, seq: int, kind: str, payload: Any) -> Input:
    data = msgspec.Raw(msgspec.json.encode(payload))
    return msgspec.convert({"after": after, "seq": seq, "kind": kind, "payload": data}, Input)


def test_i2_the_oracle_merges_inputs_where_they_were_adopted() -> None:
    bench = Bench()
    events = [enrolled(), *[viewed(at(day), f"p{day}") for day in range(1, 12)]]
    bench.send(*events[:5])
    bench.adopt("course", course(assessments={"a1": at(3)}))
    bench.send(*events[5:9]).tick(at(9)).adopt("course", course(assessments={"a1": at(20)}))
    bench.send(*events[9:])
    records = [record(item, number) for number, item in enumerate(events)]
    for size in (1, 3, 100):
        expected = folded(records, bench.inputs, size=size)
        assert expected.learners == bench.store.committed
        assert expected.checkpoint == bench.fold.checkpoint
        assert len(expected.published) == len(bench.published) > 1


def test_the_oracle_names_the_source_of_each_stretch_of_the_log() -> None:
    one, other = (Configuration(alert_source=f"urn:learnstream:{name}") for name in "ab")
    bench = Bench().adopt("configuration", one).send(graded(at(1), 30))
    bench.adopt("configuration", other).send(graded(at(2), 30, "a2"))
    records = [record(graded(at(1), 30), 0), record(graded(at(2), 30, "a2"), 1)]
    told = [each.event for each in folded(records, bench.inputs).published]
    assert [json.loads(event or b"")["source"] for event in told] == [
        one.alert_source,
        other.alert_source,
    ]


def test_a_fold_version_that_is_not_known_stops_the_oracle() -> None:
    inputs = [an_input(0, 0, "fold_version", {"version": FOLD_VERSION + 1})]
    expected = folded([record(viewed(), 0)], inputs)
    assert expected.unknown_version == FOLD_VERSION + 1
    assert expected.learners == {}


def test_an_input_that_does_not_follow_is_told() -> None:
    inputs = [an_input(5, 0, "fold_version", {"version": FOLD_VERSION})]
    assert folded([record(viewed(), 0)], inputs).misplaced == [0]


# -- the recount ---------------------------------------------------------------------------------


def both(*events: dict[str, Any], facts: CourseFacts | None = None) -> tuple[Figures, Figures]:
    """What is recounted of these events, and what the state says."""
    bench = Bench(facts=facts).send(*events)
    recount = Recount({USER.encode()}, set())
    for offset, item in enumerate(events):
        recount.take(offset, str(item["user_id"]).encode(), json.dumps(item).encode())
    plain = {} if facts is None else {facts.course_id: json.loads(msgspec.json.encode(facts))}
    state = figures_of(bench.learner(), bench.fold.facts)
    return recount.figures(USER.encode(), plain), state


def test_days_and_streaks_are_recounted() -> None:
    events = [viewed(at(day), f"p{day}") for day in (0, 1, 2, 4, 5)]
    recounted, state = both(*events, viewed(at(5, minutes=1), "p5"), completed(at(5), "m1"))
    assert recounted == Figures(activities=6, days=5, score=None, streak=2, longest=3)
    assert state == recounted


def test_a_late_event_fills_its_day() -> None:
    recounted, state = both(viewed(at(0)), viewed(at(2), "b"), viewed(at(1), "c"))
    assert recounted.streak == 3
    assert state == recounted


def test_an_event_belongs_to_its_local_day() -> None:
    evening = viewed(at(0, hours=14), "a", timezone="Asia/Tokyo")  # 23:00 UTC is the next day there
    recounted, state = both(viewed(at(0), "b"), evening)
    assert recounted.days == 2
    assert state == recounted


def test_a_repeated_event_is_recounted_once() -> None:
    recounted, state = both(viewed(), viewed())
    assert recounted.activities == 1
    assert state == recounted


def test_scores_are_the_mean_of_the_latest_counted_grades() -> None:
    events = [
        graded(at(0), 50, "a1", attempt=1),
        graded(at(1), 70, "a1", attempt=2),
        graded(at(2), 120, "a2"),
        graded(at(3), 10, "a3", banked=True),
        graded(at(4), 10, "a4"),
        graded(at(5), None, "a4"),
        submitted(at(6), "a5"),
    ]
    recounted, state = both(*events)
    assert recounted.score == state.score == (70 + 100) / 2
    best = course(attempt_rule="best", assessments={"a1": at(9)})
    recounted, state = both(*reversed(events[:2]), facts=best)
    assert recounted.score == state.score == 70


def test_a_course_that_was_left_or_finished_counts_no_more() -> None:
    left = event("unenrolled", at(1))
    assert both(graded(at(0), 50), left)[0].score is None
    recounted, state = both(graded(at(0), 50), left, enrolled(at(2)))
    assert recounted.score == state.score == 50
    done = event("course_finished", at(1), outcome="passed")
    recounted, state = both(graded(at(0), 50), done, graded(at(2), 90, "a2"))
    assert recounted.score is state.score is None


def test_the_same_learners_are_chosen_every_time() -> None:
    bench = Bench()
    for number in range(9):
        bench.send(viewed(user=str(number)))
    states = bench.store.committed
    backwards = dict(reversed(states.items()))
    assert list(choose_learners(states, 4)) == list(choose_learners(backwards, 4))
    assert len(choose_learners(states, 4)) == 4
