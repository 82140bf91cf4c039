"""Figures over many learners: computed once a day of the clock, by one sink of all."""

import asyncio
from pathlib import Path
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection

from domain.days import local_day
from runtime.database import connect, statements
from sinks.sink import Surroundings, one_line

SQL: Final = statements(Path(__file__).with_name("cohort.sql"))
LOCK_KEY: Final = 5_270_110_002
LOOK_SECONDS: Final = 10.0

log = structlog.get_logger()


async def keep_cohorts(around: Surroundings, stop: asyncio.Event) -> None:
    """Look every few seconds whether a new day has begun; Postgres away: look again later."""
    while not stop.is_set():
        try:
            async with await connect(around.settings, "learnstream cohort") as connection:
                await _look(connection, around)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            log.debug("cohort_not_refreshed", reason=one_line(error))
        try:
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        except TimeoutError:
            continue


async def refresh_cohort(connection: AsyncConnection, today: int, now: int) -> bool:
    """Compute the figures of `today` (an ordinal), unless they are there or being computed."""
    async with connection.transaction():
        row = await _one(connection, "try_lock", {"key": LOCK_KEY})
        if not row:
            return False
        known = await _one(connection, "refreshed_day", {})
        if known is not None and known >= today:
            return False
        for name in ("clear_cohort", "fill_cohort", "sum_errors", "note_refresh"):
            await connection.execute(SQL[name], {"today": today, "now": now})
    return True


async def cohort_clock(connection: AsyncConnection, around: Surroundings) -> int | None:
    """The wall clock, or under `stream` the lowest clock of the partitions; None: nothing yet."""
    if around.settings.clock == "wall":
        return around.clock.now()
    return await _one(connection, "stream_clock", {})


async def _look(connection: AsyncConnection, around: Surroundings) -> None:
    clock = await cohort_clock(connection, around)
    if clock is None:
        return
    today = local_day(clock, around.settings.timezone)
    if await refresh_cohort(connection, today, around.clock.now()):
        around.metrics.cohort_refreshes.inc()
        log.info("cohort_refreshed", day=today)


async def _one(connection: AsyncConnection, name: str, given: dict[str, int]) -> int | None:
    cursor = await connection.execute(SQL[name], given)
    row = await cursor.fetchone()
    return None if row is None else row[0]
