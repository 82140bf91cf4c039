"""What `verify` holds against the trainer, one fault at a time."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from msgspec.structs import replace

from contracts.inputs import encode_input
from contracts.lessons import encode_lesson, encode_order
from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_KEY,
    TRAINER_VERSION,
    Serving,
    Trainer,
    encode_serving,
    encode_trainer,
    snapshot_key,
)
from contracts.topics import EXAMPLES, SNAPSHOTS
from domain.examples import Lesson, Order
from models.learning import Learning
from models.snapshot import decode_snapshot, encode_snapshot
from models.training import Training
from proof.logs import Logs
from proof.report import Report
from proof.snapshots import Snapshots
from proof.trained import Rows, compare_rows, compare_trained
from tests.factories import Bench
from tests.proving import KeptLogs, counts, wrong
from tests.training import lessons

LEARN = Order(order="learn", at=86_400)
TOLD: Sequence[Lesson | Order] = (
    *lessons(30),
    Order(order="gather"),
    *lessons(30, first=30),
    LEARN,
    *lessons(10, first=60),
    LEARN,
    Order(order="free"),
    *lessons(10, first=70),
)


class Left:
    """What a trainer left of some records: it publishes after the 20th, too."""

    def __init__(self, told: Sequence[Lesson | Order] = TOLD) -> None:
        self.logs = KeptLogs()
        start = Trainer(version=TRAINER_VERSION, topic_id="t", partitions=1, next=0)
        training = Training(Learning(), start)
        for number, each in enumerate(told):
            key, data = (
                (None, encode_order(each))
                if isinstance(each, Order)
                else (each.user_id.encode(), encode_lesson(each))
            )
            self.logs.put(EXAMPLES, key, data)
            training.take(self.logs.topics[EXAMPLES.name][-1])
            if number == 19:
                training.publish()
        self.trainer = training.trainer
        self.made = training.published
        for number, data in self.made:
            self.put(snapshot_key(number), data)
        self.put(SERVING_KEY, encode_serving(self.trainer.serving))
        self.put(TRAINER_KEY, encode_trainer(self.trainer))

    def put(self, key: bytes, value: bytes) -> None:
        self.logs.put(SNAPSHOTS, key, value)

    def forget(self, key: bytes) -> None:
        """As if the record had never been written."""
        records = self.logs.topics[SNAPSHOTS.name]
        records[:] = [each for each in records if each.key != key]

    def snapshots(self) -> Snapshots:
        found = Snapshots(cast(Logs, self.logs))
        found.catch_up()
        return found

    def compared(self) -> Report:
        report = Report()
        compare_trained(report, cast(Logs, self.logs), self.snapshots())
        return report

    def named(self) -> list[str]:
        return wrong(self.compared()).get("model.snapshots", [])


def test_what_a_trainer_published_is_learned_again() -> None:
    left = Left()
    assert [decode_snapshot(each.data).learned for each in left.made] == [20, 62, 73]
    assert counts(left.compared()["model.snapshots"]) == (3, 3, 0, 0, 0, 0)


def test_where_no_trainer_ever_ran_nothing_is_missing() -> None:
    left = Left()
    left.logs.topics.pop(SNAPSHOTS.name)
    assert left.named() == []


def test_a_snapshot_that_has_learned_something_twice_is_different() -> None:
    left, other = Left(), Left((*lessons(1), *lessons(1), *TOLD))
    left.forget(snapshot_key(2))
    again = replace(decode_snapshot(other.made[1].data), learned=62)
    left.put(snapshot_key(2), encode_snapshot(again))
    assert left.named() == ["different: 2 (of 3, learned again)"]


def test_a_second_record_of_a_number_is_extra_and_one_that_is_none_is_too() -> None:
    left = Left()
    left.put(snapshot_key(2), left.made[1].data)
    left.put(snapshot_key(9), b"{}")
    assert [each.partition(" (")[0] for each in left.named()] == [
        "extra: snapshot 9",
        "extra: snapshot 2",
    ]


def test_what_cannot_be_read_makes_room_for_what_can() -> None:
    left = Left()
    left.forget(snapshot_key(3))
    left.put(snapshot_key(3), left.made[2].data[:100])
    left.put(snapshot_key(3), left.made[2].data)
    assert left.named() == []


def test_a_snapshot_that_is_gone_cannot_be_verified_but_for_the_first() -> None:
    left = Left()
    left.forget(snapshot_key(1))
    assert left.named() == []
    left = Left()
    left.forget(snapshot_key(2))
    assert left.named() == ["unverifiable: snapshot 2 is gone"]


def test_without_the_first_examples_nothing_can_be_learned_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = Left()
    found, report = left.snapshots(), Report()
    monkeypatch.setattr(left.logs, "begin", lambda *_: 3)
    compare_trained(report, cast(Logs, left.logs), found)
    assert wrong(report)["model.snapshots"] == ["unverifiable: the first examples are gone"]


def test_of_a_trainer_of_another_version_nothing_is_said() -> None:
    left = Left()
    left.put(TRAINER_KEY, b'{"version":99}')
    (named,) = left.named()
    assert named.startswith("unverifiable: a trainer's state of version 99")


def test_what_was_predicted_with_a_snapshot_that_is_gone_cannot_be_computed_again() -> None:
    left = Left()
    bench = Bench()
    inputs = [bench.fold.next_input("model", {"number": number}) for number in (0, 1, 2)]
    assert left.snapshots().why_not(inputs) is None
    left.forget(snapshot_key(2))
    why = left.snapshots().why_not(inputs)
    assert why == "snapshot 2, adopted before offset 0: is gone from model.snapshots"
    left.put(snapshot_key(2), b"{}")
    assert "adopted before offset 0: no snapshot" in (left.snapshots().why_not(inputs) or "")
    assert encode_input(inputs[0])


def test_the_scorer_of_a_snapshot_is_the_one_of_its_number() -> None:
    found = Left().snapshots()
    for number in (0, 3, 1, 2, 3, 1):
        assert found.get(number).number == number


def rows(left: Left) -> Rows:
    stored = {number: (decode_snapshot(data).learned_until, data) for number, data in left.made}
    return Rows(stored, Serving(number=3, newest=3))


def test_rows_are_the_snapshots_and_what_serves() -> None:
    left = Left()
    report = Report()
    compare_rows(report, left.snapshots(), rows(left))
    assert counts(report["postgres: snapshots"]) == (4, 4, 0, 0, 0, 0)


def test_rows_that_are_missing_different_or_extra_are_named() -> None:
    left, stored = Left(), rows(Left())
    until, data = stored.snapshots[1]
    other: dict[int, Any] = {1: (until + 1, data), 2: stored.snapshots[2], 7: (until, data)}
    report = Report()
    compare_rows(report, left.snapshots(), Rows(other, None))
    assert sorted(wrong(report)["postgres: snapshots"]) == [
        "different: 1 (model)",
        "extra: 7 (model)",
        "missing: 3 (model)",
        "missing: serving (model)",
    ]
