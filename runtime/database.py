"""How Postgres is reached: connections, a pool, and the named statements of an .sql file."""

import asyncio
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from runtime.errors import UsageError
from runtime.settings import Settings

CONNECT_SECONDS: Final = 2
SILENCE_SECONDS: Final = 10
"""After so long without an answer from its host a connection is given up."""
PROBE_SECONDS: Final = 2
"""So long a server has to let a probe in and answer it."""

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT: Final = re.compile(r"--.*")
# libpq gives no code for a connection that was refused, only the server's sentence.
_FOR_GOOD: Final = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|is not permitted to log in"
    r"|(role|database) .* does not exist|permission denied for database"
)


def statements(path: Path) -> Mapping[str, LiteralString]:
    """The statements of a file, each under a line `-- name: its_name`.

    They come without comments and as one line: psycopg keeps what it makes of a statement only
    where that has at most 4,096 characters. No literal of ours holds two blanks or `--`.
    """
    head, *parts = _NAME.split(path.read_text())
    assert not _COMMENT.sub("", head).strip(), f"{path.name}: a statement without a name"
    names, bodies = parts[::2], parts[1::2]
    assert len(set(names)) == len(names), f"{path.name}: a name stands twice"
    # The text is a file of ours: as good as a literal.
    return {
        name: " ".join(_COMMENT.sub("", body).split())
        for name, body in zip(names, bodies, strict=True)
    }


def database_url(settings: Settings) -> str:
    """Where Postgres is; a process that needs it cannot start without.

    Raises UsageError where it is not set.
    """
    if settings.database_url is None:
        raise UsageError("DATABASE_URL is not set; expected postgresql://user@host:port/database")
    return settings.database_url.get_secret_value()


def connect_now(settings: Settings, application: str) -> psycopg.Connection:
    """A connection in autocommit mode; the caller closes it."""
    return psycopg.connect(database_url(settings), **_options(application))


async def connect(settings: Settings, application: str) -> psycopg.AsyncConnection:
    """An asynchronous connection in autocommit mode; the caller closes it."""
    return await psycopg.AsyncConnection.connect(database_url(settings), **_options(application))


async def fault_of(settings: Settings, application: str) -> str | None:
    """Why Postgres does not answer a connection made now, None if it does.

    It is asked in a thread: in a loop that is busy, time runs out without the server's fault.
    """
    asked = asyncio.create_task(asyncio.to_thread(_ask, settings, application))
    await asyncio.wait({asked}, timeout=2 * PROBE_SECONDS)
    return asked.result() if asked.done() else "it takes connections and does not answer"


def connection_pool(
    settings: Settings, application: str, *, size: int, waiting: int = 0, check: bool = True
) -> AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]:
    """A pool that is not open yet; where `check` is, a connection is tested before it is given.

    Where more than `waiting` callers wait for a connection, the next is refused with
    psycopg_pool.TooManyRequests; 0 is no limit.
    """
    # It writes a line for each attempt to connect, for as long as Postgres is away.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    return AsyncConnectionPool(
        database_url(settings),
        kwargs=_options(application),
        min_size=1,
        max_size=size,
        max_waiting=waiting,
        open=False,
        check=AsyncConnectionPool.check_connection if check else None,
        reconnect_timeout=1,
    )


def check_schema(seen: int | None, expected: int) -> None:
    """Raise UsageError where the tables are not of the version that this code reads and writes."""
    if seen != expected:
        raise UsageError(
            f"the tables are of version {seen or 0}, expected {expected}: run `learnstream migrate`"
        )


def check_refusal(error: psycopg.OperationalError) -> None:
    """Raise UsageError where Postgres is there and does not let us in, now or later."""
    if error.sqlstate is None and _FOR_GOOD.search(str(error)):
        raise UsageError(f"Postgres (DATABASE_URL) refuses us: {one_line(error)}") from error


def one_line(error: Exception) -> str:
    """The first line of what a server said."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _ask(settings: Settings, application: str) -> str | None:
    options = {**_options(application), "connect_timeout": PROBE_SECONDS}
    try:
        with psycopg.connect(database_url(settings), **options) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        return one_line(error)
    return None


def _options(application: str) -> dict[str, Any]:
    return {
        "autocommit": True,
        "application_name": application,
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": SILENCE_SECONDS,
        "tcp_user_timeout": SILENCE_SECONDS * 1000,
    }
