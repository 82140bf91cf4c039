"""What is read once for all who ask, and how long it is kept."""

import asyncio

import pytest

from api.remembered import SHARE_MAX, Remembered


class Source:
    """Something that is read, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.times = 0
        self.takes = 0.0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self) -> int:
        self.times += 1
        await self.gate.wait()
        self.now += self.takes
        if self.error is not None:
            raise self.error
        return self.times

    def remembered(self) -> Remembered[int]:
        return Remembered(self.read, seconds=10, now=lambda: self.now)


async def test_it_is_read_again_only_after_its_time() -> None:
    source = Source()
    kept = source.remembered()
    assert await kept.get() == 1
    source.now = 9.9
    assert await kept.get() == 1
    source.now = 10.0
    assert await kept.get() == 2


async def test_all_who_ask_at_once_wait_for_one_reading_also_where_one_of_them_leaves() -> None:
    source = Source()
    source.gate.clear()
    kept = source.remembered()
    asking = [asyncio.create_task(kept.get()) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    source.gate.set()
    assert await asyncio.gather(*asking[1:]) == [1] * 19
    assert source.times == 1


async def test_what_takes_long_is_read_less_often() -> None:
    source = Source()
    source.takes = 3.0
    kept = source.remembered()
    await kept.get()
    source.now = 3.0 + 3.0 / SHARE_MAX - 1
    assert await kept.get() == 1
    source.now += 1.1
    assert await kept.get() == 2


async def test_an_error_is_for_those_who_wait_and_is_not_kept() -> None:
    source = Source()
    source.error = OSError("away")
    kept = source.remembered()
    with pytest.raises(OSError, match="away"):
        await kept.get()
    source.error = None
    assert await kept.get() == 2
