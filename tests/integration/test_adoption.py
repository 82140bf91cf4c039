"""Workers adopt the trainer's snapshots, one input a partition, and refuse what is none."""

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from contracts.inputs import decode_input
from contracts.snapshots import SERVING_KEY, Serving, encode_serving, snapshot_key
from contracts.topics import COURSES, INPUTS, SNAPSHOTS
from domain.examples import Order
from domain.fold.inputs import ModelAdopted
from operations.models import listed, order, read_models
from runtime.errors import NotCaughtUpError, UsageError
from runtime.kafka import keyed_producer
from runtime.settings import Settings
from tests.training import TRAINER, lessons, serving_of, teach
from tests.waiting import wait_for
from tests.working import (
    checkpoints_of,
    course_facts,
    days_of_work,
    running,
    send,
    stored,
    wait_until_folded,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SECONDS = 60.0


@pytest.fixture
def soon(topics: Settings) -> Settings:
    """A session that is soon over."""
    return topics.model_copy(update={"session_timeout_seconds": 3.0})


def adopted(settings: Settings) -> set[int]:
    """The snapshots with which the partitions predict."""
    return {checkpoint.model for checkpoint in checkpoints_of(settings).values()}


def adoptions(settings: Settings, partition: int) -> list[ModelAdopted]:
    found = [
        decode_input(r.value) for r in stored(settings, INPUTS.name) if r.partition == partition
    ]
    return [
        msgspec.json.decode(each.payload, type=ModelAdopted)
        for each in found
        if each.kind == "model"
    ]


def put(settings: Settings, key: bytes, value: bytes) -> None:
    with closing(keyed_producer(settings)) as producer:
        producer.send(settings.topic(SNAPSHOTS.name), key=key, value=value, partition=0)
        producer.flush(30)


def test_every_partition_adopts_each_snapshot_once_and_a_new_owner_opens_with_it(
    soon: Settings, tmp_path: Path
) -> None:
    send(soon, [course_facts()], COURSES.name)
    learn = Order(order="learn")
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        with running(soon, tmp_path / "w") as worker:
            worker.owns(4, SECONDS)
            teach(soon, [*lessons(20), learn])
            wait_for(lambda: adopted(soon) == {1}, SECONDS)
            send(soon, days_of_work(["1", "2", "3"], days=1))
            wait_until_folded(soon)
            teach(soon, [learn])
            wait_for(lambda: adopted(soon) == {2}, SECONDS)
            assert worker.stop() == 0
        teach(soon, [Order(order="pin", snapshot=1)])
        wait_for(lambda: serving_of(soon).pinned, SECONDS)
        assert trainer.stop() == 0
    with running(soon, tmp_path / "w") as worker:  # the trainer is away: what it said stands
        worker.owns(4, SECONDS)
        wait_for(lambda: adopted(soon) == {1}, SECONDS)
        assert worker.stop() == 0
    for partition in range(4):
        assert [each.number for each in adoptions(soon, partition)] == [1, 2, 1]


def test_in_lockstep_the_time_is_adopted_though_a_snapshot_is_pinned(
    soon: Settings, tmp_path: Path
) -> None:
    with (
        running(soon, tmp_path / "t", program=TRAINER),
        running(soon, tmp_path / "w") as worker,
    ):
        worker.owns(4, SECONDS)
        teach(soon, [Order(order="learn", at=100), Order(order="pin", snapshot=1)])
        wait_for(lambda: adopted(soon) == {1}, SECONDS)
        teach(soon, [Order(order="learn", at=200)])
        wait_for(lambda: all(adoptions(soon, p)[-1].at == 200 for p in range(4)), SECONDS)
        assert adopted(soon) == {1}
        assert {p: adoptions(soon, p)[-1] for p in range(4)} == dict.fromkeys(
            range(4), ModelAdopted(1, 200)
        )


def test_a_snapshot_that_is_none_is_refused_once_and_the_older_one_serves(
    soon: Settings, tmp_path: Path
) -> None:
    with (
        running(soon, tmp_path / "t", program=TRAINER),
        running(soon, tmp_path / "w") as worker,
    ):
        worker.owns(4, SECONDS)
        teach(soon, [*lessons(20), Order(order="learn")])
        wait_for(lambda: adopted(soon) == {1}, SECONDS)
        put(soon, snapshot_key(2), b'{"format":1,"number":2')
        put(soon, SERVING_KEY, encode_serving(Serving(number=2, newest=2)))
        wait_for(lambda: "snapshot_refused" in worker.said(), SECONDS)
        put(soon, snapshot_key(3), b'{"format":99}')
        put(soon, SERVING_KEY, encode_serving(Serving(number=3, newest=3)))
        wait_for(lambda: worker.said().count("snapshot_refused") == 2, SECONDS)
        assert "format 99" in worker.said()
        assert adopted(soon) == {1}
        send(soon, days_of_work(["1", "2", "3"], days=1))
        wait_until_folded(soon)
        teach(soon, [Order(order="learn")])  # the real number 2
        wait_for(lambda: adopted(soon) == {2}, SECONDS)
        assert worker.said().count("snapshot_refused") == 2


def test_an_operator_pins_a_snapshot_and_hears_when_no_trainer_runs(
    soon: Settings, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="there is no snapshot 1"):
        order(soon, Order(order="pin", snapshot=1))
    with pytest.raises(NotCaughtUpError, match="has not carried out `freeze`"):
        order(soon, Order(order="freeze"), seconds=0.5)
    with running(soon, tmp_path / "t", program=TRAINER):
        assert order(soon, Order(order="thaw")).frozen is False
        assert order(soon, Order(order="learn")).newest == 1
        assert order(soon, Order(order="learn")).number == 2
        assert order(soon, Order(order="pin", snapshot=1)).number == 1
    assert "snapshot 1 serves; the newest is 2, pinned" in listed(read_models(soon), as_json=False)
