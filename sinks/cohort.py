"""Figures over many learners: computed once a day of the clock, by one sink of all."""

import asyncio
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection

from domain.keepers.days import local_day
from metrics.engagement import (
    COHORT_DAYS,
    COHORT_MIN,
    DEFAULT_TARGETS,
    HALF_LIFE_DAYS,
    SMOOTHED_DAYS,
    WEIGHTS,
)
from runtime.database import one_line, statements
from sinks.sink import Surroundings, open_tables

SQL: Final = statements(Path(__file__).with_name("cohort.sql"))
LOCK_KEY: Final = 5_270_110_002
LOOK_SECONDS: Final = 10.0
MANY_LEARNERS: Final = 10_000
"""From so many on, a day's figures do not wait for who comes during the day."""
FORMULA: Final = {
    "learners_min": COHORT_MIN,
    "cohort_days": COHORT_DAYS,
    "smoothed_days": SMOOTHED_DAYS,
    "half_life_days": float(HALF_LIFE_DAYS),
    **{f"weight_{code}": weight for code, weight in WEIGHTS.items()},
    **{f"target_{code}": target for code, target in DEFAULT_TARGETS.items()},
}
"""The engagement level's own definition, as parameters of `fill_cohort`."""

log = structlog.get_logger()


async def keep_cohorts(around: Surroundings, stop: asyncio.Event) -> None:
    """Look every few seconds whether a new day has begun; Postgres away: look again later."""
    while not stop.is_set():
        try:
            async with await open_tables(around.settings) as connection:
                await _look(connection, around)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            log.debug("cohort_not_refreshed", reason=one_line(error))
        try:
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        except TimeoutError:
            continue


async def refresh_cohort(connection: AsyncConnection, today: int, as_of: int) -> bool:
    """Compute the figures of `today` (an ordinal), unless they are there or being computed.

    `as_of` is the clock's time in epoch seconds. All of it is one transaction and one version.
    """
    async with connection.transaction():
        (locked,) = await _one(connection, "try_lock", {"key": LOCK_KEY})
        if not locked:
            return False
        refreshed = await _one(connection, "refreshed", {})
        if refreshed is not None and refreshed[0] >= today and refreshed[1] >= MANY_LEARNERS:
            return False
        (learners,) = await _one(connection, "learners", {})
        if refreshed is not None and not is_due(today, learners, *refreshed):
            return False
        given = {"today": today, "as_of": as_of, "learners": learners, **FORMULA}
        for name in ("clear_cohort", "fill_cohort", "note_refresh"):
            await connection.execute(SQL[name], given)
    return True


def is_due(today: int, learners: int, day: int, learners_then: int) -> bool:
    """Whether a new day has begun, or so few learners were known that as many have come since."""
    doubled = learners_then < MANY_LEARNERS and learners >= 2 * max(1, learners_then)
    return today > day or doubled


async def cohort_clock(connection: AsyncConnection, around: Surroundings) -> int | None:
    """The wall clock, or under `stream` the lowest clock of the partitions; None: nothing yet."""
    if around.settings.clock == "wall":
        return around.clock.now()
    (lowest,) = await _one(connection, "stream_clock", {})
    return None if lowest is None else int(lowest)


async def _look(connection: AsyncConnection, around: Surroundings) -> None:
    clock = await cohort_clock(connection, around)
    if clock is None:
        return
    today = local_day(clock, around.settings.timezone)
    if await refresh_cohort(connection, today, clock):
        around.metrics.cohort_refreshes.inc()
        log.info("cohort_refreshed", day=today)


async def _one(connection: AsyncConnection, name: str, given: dict[str, int]) -> Any:
    return await (await connection.execute(SQL[name], given)).fetchone()
