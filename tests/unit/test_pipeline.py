"""When the pipeline is said to stand still: a rule over what was seen, and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

import api.freshness
from api.freshness import Lags
from api.health import PartitionStatus, _stands_still
from api.pipeline import STILL_SECONDS, Movement
from runtime.clock import WallClock
from runtime.settings import Settings

LONG = STILL_SECONDS + 1


class Watch:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def movement(watch: Watch) -> Movement:
    return Movement(3, watch)


def test_a_partition_with_work_stands_still_until_it_moves_or_has_none(
    movement: Movement, watch: Watch
) -> None:
    movement.saw(0, 5, behind=True)
    movement.saw(1, 5, behind=False)
    watch.at += STILL_SECONDS
    movement.saw(0, 5, behind=True)
    assert movement.still() == {}
    watch.at += 1
    assert movement.still() == {0: LONG}
    movement.saw(0, 6, behind=True)
    assert movement.still() == {}
    watch.at += LONG
    assert movement.still() == {0: LONG}
    movement.saw(0, 6, behind=False)
    assert movement.still() == {}


def test_a_partition_has_no_worker_until_a_member_has_it_or_nobody_can_tell(
    movement: Movement, watch: Watch
) -> None:
    movement.saw_owned([1])
    watch.at += LONG
    movement.saw_owned([1, 2])
    assert movement.without_worker() == {0: LONG}
    movement.saw_owned(None)
    movement.saw_owned([])
    assert movement.without_worker() == {}


def status(partition: int, *, known: bool = True, halted: str | None = None) -> PartitionStatus:
    return PartitionStatus(
        partition=partition,
        next=5,
        lag_seconds=0,
        lag_known=known,
        halted_code=None if halted is None else 65,
        halted_reason=halted,
    )


def codes(movement: Movement, *partitions: PartitionStatus, **changed: Any) -> list[str]:
    lags = SimpleNamespace(**{"kafka_up": True, "fault": None, "movement": movement, **changed})
    return [each.code for each in _stands_still(cast(Lags, lags), list(partitions))]


def test_every_way_to_stand_still_has_a_name(movement: Movement, watch: Watch) -> None:
    movement.saw_owned([0, 1, 2])
    assert codes(movement, status(0), status(1), status(2)) == []
    assert codes(movement, status(0), kafka_up=False) == ["kafka_away"]
    assert codes(movement, status(0), fault="no right") == ["lag_unknown"]
    assert codes(movement, status(0, known=False)) == ["lag_unknown"]
    assert codes(movement, status(0, halted="bad")) == ["partition_halted"]
    assert codes(movement, status(0, halted="bad"), kafka_up=False) == [
        "partition_halted",
        "kafka_away",
    ]
    for partition in (0, 1):
        movement.saw(partition, 5, behind=True)
    watch.at += LONG
    assert codes(movement, status(0, halted="bad"), status(1)) == [
        "partition_halted",
        "partition_still",
    ]
    movement.saw_owned([])
    watch.at += LONG
    assert codes(movement, status(1))[-1] == "no_worker"


async def test_a_look_that_hangs_is_given_up_and_begun_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A client that hangs may not even end when it is cancelled."""
    begun, released = 0, asyncio.Event()

    @asynccontextmanager
    async def hang(_: Settings) -> AsyncIterator[None]:
        nonlocal begun
        begun += 1
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        yield None

    settings = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", "partitions": 1})
    monkeypatch.setattr(api.freshness, "unfolded", hang)
    monkeypatch.setattr(api.freshness, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(api.freshness, "HANG_SECONDS", 0.05)
    monkeypatch.setattr(api.freshness, "SEARCH_SECONDS", 0.0)
    lags = Lags(settings, WallClock(), cast(Any, None))
    lags.kafka_up = True
    keeping = asyncio.create_task(lags.keep(stop := asyncio.Event()))
    async with asyncio.timeout(5):
        while begun < 3:  # noqa: ASYNC110 - a look tells nobody
            await asyncio.sleep(0.01)
    assert not lags.kafka_up
    assert capsys.readouterr().out.count("kafka_away") == 1
    stop.set()
    released.set()
    await keeping


async def test_a_look_that_cancels_itself_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a consumer of aiokafka that is stopped while its broker is gone."""
    begun = 0

    @asynccontextmanager
    async def cancel(_: Settings) -> AsyncIterator[None]:
        nonlocal begun
        begun += 1
        if begun:
            raise asyncio.CancelledError
        yield None

    settings = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", "partitions": 1})
    monkeypatch.setattr(api.freshness, "unfolded", cancel)
    monkeypatch.setattr(api.freshness, "LOOK_SECONDS", 0.01)
    lags = Lags(settings, WallClock(), cast(Any, None))
    keeping = asyncio.create_task(lags.keep(stop := asyncio.Event()))
    async with asyncio.timeout(5):
        while begun < 3:  # noqa: ASYNC110 - a look tells nobody
            await asyncio.sleep(0.01)
    assert capsys.readouterr().out.count("kafka_away") == 1
    stop.set()
    await keeping
