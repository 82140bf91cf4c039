"""Turns of the API's writer: where a write depends on what stands, one waits for the other."""

import asyncio
import gc

import pytest

import api.writer
from api.writer import KafkaBusyError, Writer
from tests.unit.test_api_bodies import SETTINGS


async def test_one_learners_turns_come_one_after_another_and_hold_up_nobody_else() -> None:
    writer, order = Writer(SETTINGS), []

    async def write(user_id: str, name: str) -> None:
        async with writer.turn(user_id):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    async with writer.turn("ada"):
        waiting = [asyncio.create_task(write("ada", name)) for name in ("first", "second")]
        await write("ben", "another")
    await asyncio.gather(*waiting)
    assert order == [
        *("another begins", "another ends"),
        *("first begins", "first ends", "second begins", "second ends"),
    ]
    del waiting
    gc.collect()
    assert len(writer._turns) == 0  # nothing is kept of learners who write no more


async def test_who_waits_too_long_for_a_turn_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.writer, "WRITE_SECONDS", 0.01)
    writer = Writer(SETTINGS)
    async with writer.turn("ada"):
        with pytest.raises(KafkaBusyError):
            async with writer.turn("ada"):
                raise AssertionError("two at a time")
    async with writer.turn("ada"):
        pass  # a turn that was not had is not kept


async def test_a_turn_that_fails_is_over() -> None:
    writer = Writer(SETTINGS)
    with pytest.raises(ValueError, match="said"):
        async with writer.turn("ada"):
            raise ValueError("said")
    async with writer.turn("ada"):
        pass
