"""What is read once for all who ask: one reading at a time, and for a while none after it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

SHARE_MAX: Final = 0.05
"""So much of the time is spent on reading, however often somebody asks."""


class Remembered(Generic[Value]):
    """A value that costs something to read, and that many may ask for again and again."""

    def __init__(
        self,
        read: Callable[[], Awaitable[Value]],
        *,
        seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._now = now
        self._found: tuple[Value] | None = None
        self._until = float("-inf")
        self._reading: asyncio.Task[Value] | None = None

    async def get(self) -> Value:
        """The value: read now, or some seconds ago, or longer where that took long.

        Raises what reading it raises, to all who wait for it; the next who asks reads again.
        """
        if self._found is not None and self._now() < self._until:
            return self._found[0]
        if self._reading is None:
            self._reading = asyncio.create_task(self._renew())
            self._reading.add_done_callback(self._ended)
        return await asyncio.shield(self._reading)

    async def _renew(self) -> Value:
        began = self._now()
        found = await self._read()
        ended = self._now()
        self._found = (found,)
        self._until = ended + max(self._seconds, (ended - began) / SHARE_MAX)
        return found

    def _ended(self, reading: "asyncio.Task[Value]") -> None:
        self._reading = None
        if not reading.cancelled():
            reading.exception()  # whoever waited has it; nobody may have
