"""When an owner takes the snapshot that serves, and what its reader takes for one."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiokafka.structs import ConsumerRecord
from prometheus_client import CollectorRegistry
from typing_extensions import override

from agents.worker.metrics import Metrics
from agents.worker.snapshots import KEPT, SnapshotReader, _Behind
from contracts.inputs import decode_input
from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_VERSION,
    Serving,
    Trainer,
    encode_serving,
    encode_trainer,
    snapshot_key,
)
from contracts.topics import EXAMPLES, INPUTS
from domain.examples import Lesson
from domain.fold.inputs import ModelAdopted
from domain.scoring import NoModels
from models.learning import Learning
from runtime.errors import LossError, UsageError
from runtime.settings import Settings
from tests.factories import at, enrolled, seconds, viewed
from tests.owning import Stage, fold_batch

SETTINGS = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1"})


class Numbered(NoModels):
    """A snapshot that says nothing, under a number."""

    def __init__(self, number: int) -> None:
        self.number = number


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def adopted(stage: Stage) -> list[ModelAdopted]:
    found = [decode_input(each.value or b"") for each in stage.written(INPUTS.name)]
    return [
        msgspec.json.decode(each.payload, type=ModelAdopted)
        for each in found
        if each.kind == "model"
    ]


async def test_a_snapshot_is_adopted_once_and_at_most_one_a_batch(stage: Stage) -> None:
    owner = await stage.opened()
    await fold_batch(owner)
    assert adopted(stage) == []
    stage.snapshots.put(Numbered(1))
    stage.snapshots.put(Numbered(2))
    await fold_batch(owner)
    await fold_batch(owner)
    assert adopted(stage) == [ModelAdopted(2)]
    assert stage.record().model == 2
    assert stage.figure("model_adopted") == 2
    stage.snapshots.put(Numbered(1))  # an older one that is pinned
    await fold_batch(owner)
    assert adopted(stage) == [ModelAdopted(2), ModelAdopted(1)]


async def test_under_lockstep_the_time_is_adopted_once(stage: Stage) -> None:
    owner = await stage.opened()
    for moment in (seconds(at(1)), seconds(at(2))):
        stage.snapshots.put(Numbered(1), at=moment)
        await fold_batch(owner)
        await fold_batch(owner)
        assert stage.record().ticked == moment
    assert adopted(stage) == [ModelAdopted(1, seconds(at(1))), ModelAdopted(1, seconds(at(2)))]


async def test_a_snapshot_comes_before_the_events_of_its_batch(stage: Stage) -> None:
    owner = await stage.opened()
    stage.snapshots.put(Numbered(3))
    owner.deliver(stage.batch(0, enrolled(user=stage.learner), viewed(at(1), user=stage.learner)))
    await fold_batch(owner)
    (value,) = [
        decode_input(each.value or b"")
        for each in stage.written(INPUTS.name)
        if b'"model"' in (each.value or b"")
    ]
    assert value.after == 0


async def test_a_new_owner_opens_with_the_snapshot_that_was_adopted(stage: Stage) -> None:
    stage.snapshots.put(Numbered(1))
    await fold_batch(await stage.opened())
    stage.snapshots.serving = Serving()
    asked: list[int] = []
    load = stage.snapshots.load

    async def loading(number: int) -> Any:
        asked.append(number)
        return await load(number)

    stage.snapshots.load = loading  # type: ignore[method-assign]
    await stage.opened()
    assert asked == [1]


async def test_lessons_go_to_the_one_partition_that_there_is(stage: Stage) -> None:
    owner = await stage.opened()
    owner.fold._batch.effects.lessons.append(Lesson(user_id=stage.learner, at=5))
    await owner.ownership.commit()
    (record,) = stage.broker.logs[EXAMPLES.name].records
    assert record.key == stage.learner.encode()


# -- the reader ----------------------------------------------------------------------------------


def a_record(offset: int, key: bytes, value: bytes | None) -> Any:
    return ConsumerRecord("model.snapshots", 0, offset, 5_000, 0, key, value, None, 0, 0, [])


class Reading(SnapshotReader):
    """A reader of records that are put here."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.woken = 0
        self.kept: dict[int, bytes] = {}
        self.fetched: list[int] = []
        super().__init__(SETTINGS, _Clock(), Metrics(self.registry), self._wake)

    def _wake(self) -> None:
        self.woken += 1

    async def put(self, key: bytes, value: bytes | None) -> None:
        offset = len(self.kept)
        self.kept[offset] = value or b""
        self._take(a_record(offset, key, value))
        await self._prepare()

    @override
    async def _fetch(self, number: int, place: Any) -> bytes:
        self.fetched.append(number)
        return self.kept[place.offset]

    @property
    def refused(self) -> float:
        return self.registry.get_sample_value("learnstream_snapshot_refused") or 0.0


class _Clock:
    def now(self) -> int:
        return 65


def snapshot(number: int) -> bytes:
    return Learning().snapshot(number, 0)


def serving(number: int) -> bytes:
    return encode_serving(Serving(number=number, newest=number))


async def test_what_serves_is_at_hand_before_owners_hear_of_it() -> None:
    reader = Reading()
    await reader.put(snapshot_key(1), snapshot(1))
    assert (reader.serving, reader.woken) == (Serving(), 0)
    await reader.put(SERVING_KEY, serving(1))
    assert reader.serving.number == reader.get(1).number == 1
    assert (reader.woken, reader.fetched) == (1, [])
    assert reader.get(0).number == 0


@pytest.mark.parametrize("bad", [b"", b"{", b'{"format":99}', snapshot(2)[:-9]])
async def test_what_is_none_is_refused_once_and_the_one_before_serves(bad: bytes) -> None:
    reader = Reading()
    for key, value in ((snapshot_key(1), snapshot(1)), (SERVING_KEY, serving(1))):
        await reader.put(key, value)
    await reader.put(snapshot_key(2), bad)
    await reader.put(SERVING_KEY, serving(2))
    await reader.put(b"other", b"x")
    assert (reader.serving.number, reader.refused, reader.woken) == (1, 1, 1)
    await reader.put(snapshot_key(2), snapshot(2))  # the real one
    await reader.put(SERVING_KEY, serving(2))
    assert (reader.serving.number, reader.refused, reader.woken) == (2, 0, 2)


async def test_a_serving_record_that_is_none_or_that_names_nothing_is_refused() -> None:
    reader = Reading()
    for value in (b"[]", serving(7)):
        await reader.put(SERVING_KEY, value)
        assert (reader.serving, reader.refused) == (Serving(), 1)


async def test_any_snapshot_can_be_had_again_by_its_number() -> None:
    reader = Reading()
    for number in range(1, KEPT + 3):
        await reader.put(snapshot_key(number), snapshot(number))
        await reader.put(SERVING_KEY, serving(number))
    assert (await reader.load(1)).number == 1
    assert reader.fetched == [1]
    assert (await reader.load(1)).number == 1
    assert reader.fetched == [1]
    assert (await reader.load(0)).number == 0
    assert len(reader._decoded) == KEPT


async def test_a_snapshot_that_was_adopted_and_is_gone_is_a_loss() -> None:
    reader = Reading()
    with pytest.raises(LossError, match="holds no snapshot 4"):
        await reader.load(4)
    await reader.put(snapshot_key(4), b'{"format":99}')
    with pytest.raises(UsageError, match=r"snapshot 4: .*format 99"):
        await reader.load(4)
    await reader.put(snapshot_key(5), None)
    with pytest.raises(LossError):
        await reader.load(5)


class Ends:
    """A log that ends where it is said to."""

    def __init__(self) -> None:
        self.end = 0

    async def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(places, self.end)


@pytest.mark.parametrize(("end", "behind"), [(9, 0), (10, 0), (11, 60)])
async def test_a_worker_that_starts_beside_a_trainer_that_has_learned_all_says_nothing(
    monkeypatch: pytest.MonkeyPatch, end: int, behind: int
) -> None:
    now = 1_000.0
    monkeypatch.setattr("agents.worker.snapshots.time.monotonic", lambda: now)
    log, found = Ends(), _Behind(SETTINGS)
    log.end = end
    trainer = Trainer(version=TRAINER_VERSION, topic_id="t", partitions=1, next=9)
    found.take(encode_trainer(trainer))
    await found.seconds(log)  # type: ignore[arg-type]
    now += 60
    assert await found.seconds(log) == behind  # type: ignore[arg-type]


async def test_a_trainer_is_behind_when_examples_came_and_none_was_learned_for_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_000.0
    monkeypatch.setattr("agents.worker.snapshots.time.monotonic", lambda: now)
    log, behind = Ends(), _Behind(SETTINGS)
    ask: Callable[[], Any] = lambda: behind.seconds(log)  # type: ignore[arg-type]  # noqa: E731

    def stands(following: int) -> None:
        trainer = Trainer(version=TRAINER_VERSION, topic_id="t", partitions=1, next=following)
        behind.take(encode_trainer(trainer))

    log.end = 10
    stands(8)
    assert await ask() == 0
    now += 60
    assert await ask() == 60  # what came first was never learned
    stands(9)
    assert await ask() == 0
    now += 100
    assert await ask() == 0  # the end of a transaction is nothing to learn
    log.end = 12
    now += 5
    assert await ask() == 0  # not yet a minute
    behind.take(b"{")
    now += 59
    assert await ask() == 0
    now += 1
    assert await ask() == 60
    stands(11)
    now += 100
    assert await ask() == 0
