"""The reading of one answer's rows: from Postgres, or from memory while that is away."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec
import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from api.alert_query import AlertQuery
from api.alert_rows import AlertRow, read_alert
from api.course_rows import WhatTime
from api.outage import DatabaseOutage
from api.rows import Asked, RowReader, Rows
from api.snapshots import SQL, Connection, Snapshots
from domain.ids import partition_of
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import UnknownVersionError, decode_checkpoint
from metrics.usefulness import STATEMENTS, Usefulness, usefulness
from metrics.view import Models
from runtime.clock import Clock
from runtime.database import connection_pool, statements
from runtime.settings import Settings

POOL_SIZE: Final = 8
WAITING_MAX: Final = 128
"""Readings that wait for a connection; with POOL_SIZE at work, a few tenths of a second's work."""
WAIT_SECONDS: Final = 1.5
SLOW_SECONDS: Final = 1.0
"""A reading that takes longer has Postgres asked whether it answers at all."""
READ_SECONDS: Final = 3.0
REMEMBERED_MAX: Final = 1_000

Value = TypeVar("Value")

_USEFULNESS: Final = statements(STATEMENTS)
_NO_ANSWER_IN_TIME: Final = (PoolTimeout, TooManyRequests, TimeoutError)

log = structlog.get_logger()


class DatabaseAwayError(Exception):
    """Postgres does not answer."""


class LostConnectionError(Exception):
    """Postgres answers, but the connection that was used had gone."""


class DatabaseBusyError(Exception):
    """Postgres answers, but this reading got no connection or no answer in time."""


class OtherTablesError(Exception):
    """The tables, or what stands in them, are of another version than this program."""


class Reads:
    """Reads from Postgres, and remembers for a while what it read."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._pool = connection_pool(
            settings, "learnstream api", size=POOL_SIZE, waiting=WAITING_MAX, check=False
        )
        self._operators_pool = connection_pool(settings, "learnstream api status", size=1)
        self._last_read: dict[str, Any] = {}
        self._reading: dict[str, asyncio.Task[Any]] = {}
        self._newest = Snapshots()
        self._outage = DatabaseOutage(settings, self._renew)
        self._renewed_at = float("-inf")
        self._rows = RowReader()
        self._remembered: OrderedDict[object, tuple[float, Any]] = OrderedDict()

    async def open(self) -> None:
        """Start connecting; Postgres may come later."""
        await self._pool.open(wait=False)
        await self._operators_pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection."""
        self._outage.close()
        await self._pool.close()
        await self._operators_pool.close()

    async def rows(
        self, user_id: str, query: AlertQuery | None = None, *, models: bool = False
    ) -> Rows:
        """The rows of one answer, from memory while Postgres is away.

        Raises DatabaseAwayError where memory has nothing young enough, DatabaseBusyError where too
        much is asked, and OtherTablesError.
        """
        asked = Asked(
            user_id,
            partition_of(user_id.encode(), self._settings.partitions),
            self._clock.now(),
            stream=self._settings.clock == "stream",
            query=query,
            models=models,
        )
        key = user_id, query, models
        rows, stale = await self._kept(key, lambda one: self._rows.read(one, asked))
        return replace(rows, stale=True) if stale else rows

    async def of_course(
        self, key: object, read: Callable[[Connection, WhatTime], Awaitable[Value]]
    ) -> tuple[Value, bool]:
        """What is read of a course, and whether it is from memory, as Postgres is away.

        Raises what `rows` does.
        """
        time_is = WhatTime(self._clock.now(), self._settings.clock == "stream")
        return await self._kept(key, lambda one: read(one, time_is))

    async def alert(self, user_id: str, alert_id: str) -> AlertRow | None:
        """One alert of a learner; raises what `rows` does, from memory nothing."""
        try:
            return await self._read(self._pool, lambda one: read_alert(one, user_id, alert_id))
        except (psycopg.ProgrammingError, msgspec.DecodeError) as error:
            log.exception("tables_of_another_version")
            raise OtherTablesError from error

    async def usefulness(self) -> list[Usefulness]:
        """The alerts of every rule; raises what `rows` does, from memory nothing.

        It looks at every alert, so whoever asks often remembers it.
        """
        try:
            return await self._read(self._pool, _usefulness)
        except psycopg.ProgrammingError as error:
            log.exception("tables_of_another_version")
            raise OtherTablesError from error

    async def schema_version(self) -> int:
        """The version of the tables, 0 where there are none; raises DatabaseAwayError."""
        try:
            found = await self._column("schema_version")
        except psycopg.errors.UndefinedTable:
            return 0
        return found[0] or 0

    async def checkpoints(self) -> list[Checkpoint]:
        """Every partition's checkpoint; raises DatabaseAwayError."""
        return [decode_checkpoint(data) for data in await self._column("records")]

    async def models(self) -> Models:
        """Which snapshots of the models there are, with the newest.

        Raises DatabaseAwayError and OtherTablesError.
        """
        try:
            return await self._shared("models", self._newest_models)
        except psycopg.ProgrammingError as error:
            raise OtherTablesError from error

    def now(self, checkpoint: Checkpoint | None) -> int:
        """What time it is for a learner of this partition."""
        if self._settings.clock == "stream" and checkpoint is not None and checkpoint.clock:
            return checkpoint.clock
        return self._clock.now()

    async def _kept(
        self, key: object, read: Callable[[Connection], Awaitable[Value]]
    ) -> tuple[Value, bool]:
        """What is read, and False; while Postgres is away what is held of `key`, and True."""
        try:
            found = await self._read(self._pool, read)
        except DatabaseAwayError:
            return self._held(key), True
        except (psycopg.ProgrammingError, UnknownVersionError, msgspec.DecodeError) as error:
            log.exception("tables_of_another_version")
            raise OtherTablesError from error
        self._remember(key, found)
        return found, False

    def _remember(self, key: object, rows: Any) -> None:
        """Keep the rows, and let go what is too old to be shown, oldest first."""
        now = time.monotonic()
        shown_from = now - self._settings.stale_after_seconds
        self._remembered[key] = now, rows
        self._remembered.move_to_end(key)
        while len(self._remembered) > REMEMBERED_MAX or self._oldest() < shown_from:
            self._remembered.popitem(last=False)

    def _oldest(self) -> float:
        """When the oldest rows that are kept were read."""
        read_at, _ = next(iter(self._remembered.values()))
        return read_at

    def _held(self, key: object) -> Any:
        read_at, found = self._remembered.get(key, (float("-inf"), None))
        if found is None or time.monotonic() - read_at > self._settings.stale_after_seconds:
            raise DatabaseAwayError
        return found

    async def _column(self, name: str) -> list[Any]:
        """The first column of what a statement reads, as operators ask for it."""
        return await self._shared(name, lambda connection: _column(connection, name))

    async def _newest_models(self, connection: Connection) -> Models:
        """Which snapshots there are, with the newest; two statements where its number is new."""
        cursor = await connection.execute(SQL["serving"])
        row = await cursor.fetchone()
        if row is None:
            return Models()
        serving, newest, pinned, frozen = row
        snapshots = await self._newest.read(connection, {newest} - {0})
        return Models(
            snapshots=snapshots, newest=newest, serving=serving, pinned=pinned, frozen=frozen
        )

    async def _shared(self, name: str, read: Callable[[Connection], Awaitable[Value]]) -> Value:
        """What operators ask: read once for all who ask at that moment, never behind the pages.

        While Postgres is busy it is what was read last: busy is not away.
        """
        if name not in self._reading:
            reading = self._read(self._operators_pool, read)
            self._reading[name] = asyncio.ensure_future(reading)
            self._reading[name].add_done_callback(lambda _: self._reading.pop(name))
        try:
            self._last_read[name] = await asyncio.shield(self._reading[name])
        except DatabaseBusyError as error:
            if name not in self._last_read:
                raise DatabaseAwayError from error
        found: Value = self._last_read[name]
        return found

    async def _read(
        self, pool: AsyncConnectionPool[Connection], read: Callable[[Connection], Awaitable[Value]]
    ) -> Value:
        """What is read; raises DatabaseAwayError and DatabaseBusyError.

        A connection is not tested before it is used. One that was lost alone, say by a restart that
        nobody saw, is the sign to let go of all of them and to read once more: nothing is written.
        """
        began = time.monotonic()
        try:
            return await self._once(pool, read)
        except LostConnectionError:
            if self._renewed_at < began:
                await self._renew()
        try:
            return await self._once(pool, read)
        except LostConnectionError as error:
            raise DatabaseAwayError from error

    async def _once(
        self, pool: AsyncConnectionPool[Connection], read: Callable[[Connection], Awaitable[Value]]
    ) -> Value:
        if self._outage.known:
            raise DatabaseAwayError
        try:
            return await self._in_time(_on_connection(pool, read))
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
            if await self._outage.confirmed():
                raise DatabaseAwayError from error
            if isinstance(error, _NO_ANSWER_IN_TIME):
                raise DatabaseBusyError from error
            raise LostConnectionError from error

    async def _in_time(self, reading: Coroutine[Any, Any, Value]) -> Value:
        """What is read, or TimeoutError: a server that hangs answers neither yes nor no.

        A reading that is given up may wait on for its connection; nobody waits for it.
        """
        task = asyncio.ensure_future(reading)
        done, _ = await asyncio.wait({task}, timeout=SLOW_SECONDS)
        if not done and not await self._outage.confirmed():
            done, _ = await asyncio.wait({task}, timeout=READ_SECONDS - SLOW_SECONDS)
        if not done:
            task.cancel()
            raise TimeoutError
        return task.result()

    async def _renew(self) -> None:
        """Let go of connections from before an outage: some hang, and only look well.

        Of what was held, too: the database behind new ones may be another, with the same versions.
        """
        self._renewed_at = time.monotonic()
        self._rows = RowReader()
        self._newest = Snapshots()
        await self._pool.drain()
        await self._operators_pool.drain()


async def _on_connection(
    pool: AsyncConnectionPool[Connection], read: Callable[[Connection], Awaitable[Value]]
) -> Value:
    """What one statement reads on a connection of the pool; there is no transaction to end."""
    connection = await pool.getconn(WAIT_SECONDS)
    try:
        return await read(connection)
    finally:
        await pool.putconn(connection)


async def _column(connection: Connection, name: str) -> list[Any]:
    cursor = await connection.execute(SQL[name])
    return [row[0] for row in await cursor.fetchall()]


async def _usefulness(connection: Connection) -> list[Usefulness]:
    cursor = await connection.execute(_USEFULNESS["usefulness"])
    return [
        usefulness(rule, *counts, resolved_after=seconds)
        for rule, *counts, seconds in await cursor.fetchall()
    ]
