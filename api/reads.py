"""The reading of one answer's rows: one SQL snapshot, or memory while Postgres is away."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import psycopg
import structlog
from psycopg import AsyncConnection, AsyncCursor, IsolationLevel
from psycopg.rows import TupleRow, namedtuple_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from api.alert_query import BEGINNING, END, FIRST_ID, AlertQuery
from api.outage import DatabaseOutage
from api.parameters import ALERT_TYPES, SEVERITIES
from api.problems import busy, unavailable
from contracts.alert_event import decode_transition
from domain.alerts import Transition
from domain.checkpoint import Checkpoint
from domain.codec import UnknownVersionError, decode_checkpoint, decode_facts, decode_learner
from domain.configuration import Configuration, adopted
from domain.course_facts import CourseFacts
from domain.ids import partition_of
from domain.recent import newest
from domain.state import Learner
from metrics.view import Cohort, CohortCourse
from runtime.clock import Clock
from runtime.database import connection_pool, statements
from runtime.settings import Settings

SQL: Final = statements(Path(__file__).with_name("read.sql"))
POOL_SIZE: Final = 8
WAITING_MAX: Final = 128
"""Readings that wait for a connection; with POOL_SIZE at work, a few tenths of a second's work."""
WAIT_SECONDS: Final = 1.5
SLOW_SECONDS: Final = 1.0
"""A reading that takes longer has Postgres asked whether it answers at all."""
READ_SECONDS: Final = 3.0
REMEMBERED_MAX: Final = 1_000
CURRENT_MAX: Final = 50
WEEK_SECONDS: Final = 7 * 86_400

Connection: TypeAlias = AsyncConnection[TupleRow]
Value = TypeVar("Value")

_NO_ANSWER_IN_TIME: Final = (PoolTimeout, TooManyRequests, TimeoutError)

log = structlog.get_logger()


class DatabaseAwayError(Exception):
    """Postgres does not answer."""


class DatabaseBusyError(Exception):
    """Postgres answers, but this reading got no connection or no answer in time."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as it stands, and its newest transition."""

    alert_id: str
    revision: int
    severity: str
    state: str
    raised_at: int
    updated_at: int
    expires_at: int
    resolved_at: int | None
    resolution: str | None
    transition: Transition


@dataclass(frozen=True, slots=True)
class AlertCount:
    """How many of one type and severity: raised or suppressed in the last week, and open."""

    type: str
    severity: str
    raised: int
    suppressed: int
    open: int


@dataclass(frozen=True, slots=True)
class AlertRows:
    """The rows of an alerts answer; the history holds one more than asked where there are more."""

    current: Sequence[AlertRow] = ()
    history: Sequence[AlertRow] = ()
    counts: Sequence[AlertCount] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All that one answer is made of, from one moment."""

    user_id: str
    partition: int
    state: Learner | None
    checkpoint: Checkpoint | None
    configuration: Configuration
    facts: dict[str, CourseFacts]
    facts_version: str
    cohort: Cohort | None
    cohort_version: tuple[int, ...]
    newest_transition: tuple[int, ...]
    alerts: AlertRows
    stale: bool = False


class Reads:
    """Reads from Postgres, and remembers for a while what it read."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._pool = connection_pool(
            settings, "learnstream api", size=POOL_SIZE, waiting=WAITING_MAX
        )
        self._operators_pool = connection_pool(settings, "learnstream api status", size=1)
        self._columns: dict[str, list[Any]] = {}
        self._reading: dict[str, asyncio.Task[list[Any]]] = {}
        self._outage = DatabaseOutage(settings, self._renew)
        self._remembered: OrderedDict[object, tuple[float, Rows]] = OrderedDict()

    async def open(self) -> None:
        """Start connecting; Postgres may come later."""
        await self._pool.open(wait=False)
        await self._operators_pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection."""
        self._outage.close()
        await self._pool.close()
        await self._operators_pool.close()

    async def rows(self, user_id: str, query: AlertQuery | None = None) -> Rows:
        """The rows of one answer, from memory while Postgres is away.

        Raises a 503: `unavailable` where memory has nothing young, `busy` where too much is asked.
        """
        key = user_id, query
        try:
            rows = await self._read(
                self._pool, lambda connection: self._rows(connection, user_id, query)
            )
        except DatabaseAwayError:
            return self._from_memory(key)
        except DatabaseBusyError as error:
            raise busy("more is asked of the database than it can answer now") from error
        except (psycopg.ProgrammingError, UnknownVersionError, msgspec.DecodeError) as error:
            log.exception("tables_of_another_version")
            raise unavailable("the tables are of another version than this program") from error
        self._remember(key, rows)
        return rows

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

    def now(self, checkpoint: Checkpoint | None) -> int:
        """What time it is for a learner of this partition."""
        if self._settings.clock == "stream" and checkpoint is not None and checkpoint.clock:
            return checkpoint.clock
        return self._clock.now()

    def _remember(self, key: object, rows: Rows) -> None:
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

    def _from_memory(self, key: object) -> Rows:
        read_at, rows = self._remembered.get(key, (float("-inf"), None))
        if rows is None or time.monotonic() - read_at > self._settings.stale_after_seconds:
            raise unavailable("the database does not answer")
        return replace(rows, stale=True)

    async def _column(self, name: str) -> list[Any]:
        """What operators ask: read once for all who ask at that moment, never behind the pages.

        While Postgres is busy it is what was read last: busy is not away.
        """
        if name not in self._reading:
            reading = self._read(self._operators_pool, lambda connection: _column(connection, name))
            self._reading[name] = asyncio.ensure_future(reading)
            self._reading[name].add_done_callback(lambda _: self._reading.pop(name))
        try:
            self._columns[name] = await asyncio.shield(self._reading[name])
        except DatabaseBusyError as error:
            if name not in self._columns:
                raise DatabaseAwayError from error
        return self._columns[name]

    async def _read(
        self, pool: AsyncConnectionPool[Connection], read: Callable[[Connection], Awaitable[Value]]
    ) -> Value:
        """What is read in one snapshot; raises DatabaseAwayError and DatabaseBusyError."""
        if self._outage.known:
            raise DatabaseAwayError
        try:
            return await self._in_time(in_snapshot(pool, read))
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
            if await self._outage.confirmed() or not isinstance(error, _NO_ANSWER_IN_TIME):
                raise DatabaseAwayError from error
            raise DatabaseBusyError from error

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
        """Let go of connections from before an outage: some hang, and only look well."""
        await self._pool.drain()
        await self._operators_pool.drain()

    async def _rows(self, connection: Connection, user_id: str, query: AlertQuery | None) -> Rows:
        partition = partition_of(user_id.encode(), self._settings.partitions)
        given: dict[str, Any] = {"user_id": user_id, "partition": partition}
        learner = await _one(connection, "learner", given)
        state = None if learner is None else decode_learner(learner.state)
        row = await _one(connection, "record", given)
        checkpoint = None if row is None else decode_checkpoint(row.record)
        alerts = AlertRows()
        if query is not None:
            alerts = await read_alerts(connection, user_id, query, self.now(checkpoint))
        given["course_ids"] = sorted(course_ids(state, alerts))
        facts = await _all(connection, "facts", given)
        refreshed = await _one(connection, "cohort_refresh", {})
        newest = await _one(connection, "newest_transition", given)
        return Rows(
            user_id=user_id,
            partition=partition,
            state=state,
            checkpoint=checkpoint,
            configuration=adopted("" if checkpoint is None else checkpoint.configuration),
            facts={each.course_id: decode_facts(each.facts) for each in facts},
            facts_version=digest(bytes(each.facts) for each in facts),
            cohort=None if refreshed is None else await _cohort(connection, given, refreshed.as_of),
            cohort_version=tuple(refreshed or ()),
            newest_transition=tuple(newest or ()),
            alerts=alerts,
        )


async def in_snapshot(
    pool: AsyncConnectionPool[Connection], read: Callable[[Connection], Awaitable[Value]]
) -> Value:
    """What is read in a read-only, repeatable-read transaction on a connection of the pool."""
    async with pool.connection(WAIT_SECONDS) as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        async with connection.transaction():
            return await read(connection)


async def read_alerts(
    connection: Connection, user_id: str, query: AlertQuery, now: int
) -> AlertRows:
    """The current alerts, a page of the history, and what the statistics count."""
    asked, place = query.filter, query.place
    given = {
        "user_id": user_id,
        "now": now,
        "week_ago": now - WEEK_SECONDS,
        "types": list(asked.types or ALERT_TYPES),
        "severities": list(asked.severities or SEVERITIES),
        "since": BEGINNING if asked.since is None else asked.since,
        "before_at": END if place is None else place.raised_at,
        "before_id": FIRST_ID if place is None else place.alert_id,
    }
    current = await _all(connection, "current_alerts", {**given, "limit": CURRENT_MAX})
    history = await _all(connection, "alert_history", {**given, "limit": query.limit + 1})
    counts = await _all(connection, "alert_counts", given)
    return AlertRows(
        current=[_alert(row) for row in current],
        history=[_alert(row) for row in history],
        counts=[AlertCount(*row) for row in counts],
    )


def course_ids(state: Learner | None, alerts: AlertRows) -> set[str]:
    """Every course that the answer may have to name."""
    found = {row.transition.course_id for row in (*alerts.current, *alerts.history)}
    if state is not None:
        found |= {course.course_id for course in state.courses}
        found |= {course.course_id for course in state.finished}
        found |= {each.course_id for each in newest(state)}
        found |= {goal.course_id for goal in state.goals}
    return {course_id for course_id in found if course_id is not None}


def digest(parts: Iterable[bytes]) -> str:
    """What stands for these bytes in an ETag."""
    found = hashlib.blake2b(digest_size=12)
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


async def _cohort(connection: Connection, given: dict[str, Any], as_of: int) -> Cohort:
    rows = await _all(connection, "cohort", given)
    courses = {row.course_id: CohortCourse(**row._asdict()) for row in rows}
    return Cohort(courses=courses, as_of=as_of)


def _alert(row: Any) -> AlertRow:
    columns = row._asdict()
    columns["alert_id"] = str(columns["alert_id"])
    columns["transition"] = decode_transition(columns.pop("body"))
    return AlertRow(**columns)


async def _column(connection: Connection, name: str) -> list[Any]:
    return [row[0] for row in await _all(connection, name, {})]


async def _one(connection: Connection, name: str, given: dict[str, Any]) -> Any:
    return await (await _run(connection, name, given)).fetchone()


async def _all(connection: Connection, name: str, given: dict[str, Any]) -> list[Any]:
    return await (await _run(connection, name, given)).fetchall()


async def _run(connection: Connection, name: str, given: dict[str, Any]) -> AsyncCursor[Any]:
    cursor = connection.cursor(row_factory=namedtuple_row)
    return await cursor.execute(SQL[name], given)
