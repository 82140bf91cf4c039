"""Whether Postgres is away: found out once, not by each reader, and remembered until it is back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from runtime.database import fault_of
from runtime.settings import Settings

REMEMBER_SECONDS: Final = 1.0

log = structlog.get_logger()


class DatabaseOutage:
    """Asks Postgres by one probe at a time, on a connection of the probe's own.

    A reading that fails says too little: its connection may be lost alone, or the pool may be full.
    """

    def __init__(self, settings: Settings, on_return: Callable[[], Awaitable[None]]) -> None:
        self.known = False
        self._settings = settings
        self._on_return = on_return
        self._answered_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def confirmed(self) -> bool:
        """Whether Postgres is away; asked now, unless that is known of the last second."""
        if self.known or time.monotonic() - self._answered_at < REMEMBER_SECONDS:
            return self.known
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        await asyncio.shield(self._asking)
        return self.known

    def close(self) -> None:
        """Ask no more."""
        for task in (self._asking, self._watching):
            if task is not None:
                task.cancel()

    async def _ask(self) -> None:
        try:
            fault = await self._fault()
        finally:
            self._asking = None
        if fault is None:
            return
        self.known = True
        log.warning("postgres_away", reason=fault)
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Ask once a second until it is back; then only new connections are to be trusted."""
        while True:
            await asyncio.sleep(REMEMBER_SECONDS)
            if await self._fault() is None:
                break
        await self._on_return()
        self.known = False
        log.info("postgres_reconnected")

    async def _fault(self) -> str | None:
        fault = await fault_of(self._settings, "learnstream api probe")
        if fault is None:
            self._answered_at = time.monotonic()
        return fault
