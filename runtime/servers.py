"""Whether Kafka and Postgres are there, let us in and hold what we need: asked before a start.

A server that is away is waited for, and said again and again; one that refuses us for good, or does
not hold what was declared, is a UsageError: waiting would not help.
"""

import asyncio
import os
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

import kafka.errors
import psycopg
import structlog
from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from runtime.database import check_refusal, check_schema, connect_now, one_line
from runtime.errors import CrashError, UsageError
from runtime.kafka import admin_client, connect_options
from runtime.settings import Settings

ATTEMPT_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 30.0
SAY_AGAIN_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.2
_REFUSALS: Final = (
    AuthenticationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    ssl.SSLError,
)

log = structlog.get_logger()


class Outage:
    """A server that does not answer: said at once, and again while it lasts."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._began = time.monotonic()
        self._said_at = float("-inf")

    def say(self, reason: str) -> None:
        """Log why, unless that was done in the last seconds."""
        now = time.monotonic()
        if now - self._said_at >= SAY_AGAIN_SECONDS:
            self._said_at = now
            log.warning(self._event, reason=reason, seconds=round(now - self._began))

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self._began


def wait_for_kafka(settings: Settings, partitions: Mapping[str, int] | None = None) -> None:
    """Return when a broker lets us in and the topics have so many partitions, by their names.

    Raises UsageError where Kafka refuses us or a topic is not as it must be, CrashError where no
    broker answers for PATIENCE_SECONDS.
    """
    asyncio.run(_wait_for_kafka(settings))
    _check_topics(settings, partitions or {})


def require_kafka(settings: Settings) -> None:
    """Ask once; raises UsageError where no broker lets us in."""
    if (reason := asyncio.run(_why_away(settings))) is not None:
        raise UsageError(_kafka_away(settings, reason))


def look_at_kafka(settings: Settings, partitions: Mapping[str, int]) -> None:
    """Ask once, as `wait_for_kafka`; an absence is logged and no error.

    Raises UsageError where it refuses us or a topic is not as it must be, CrashError where it goes
    away meanwhile.
    """
    if (reason := asyncio.run(_why_away(settings))) is not None:
        Outage("kafka_away").say(_kafka_away(settings, reason))
    else:
        _check_topics(settings, partitions)


def wait_for_database(settings: Settings, application: str, *, schema: int | None = None) -> None:
    """Return when Postgres lets us in and its tables are of this version.

    Raises UsageError where it refuses us or the version is another one, CrashError where it does
    not answer for PATIENCE_SECONDS.
    """
    outage = Outage("postgres_away")
    while (reason := _why_database_away(settings, application, schema)) is not None:
        outage.say(_postgres_away(reason))
        if outage.seconds > PATIENCE_SECONDS:
            raise CrashError(_postgres_away(reason))
        time.sleep(_PAUSE_SECONDS)


def require_database(settings: Settings, application: str) -> None:
    """Ask once; raises UsageError where Postgres does not let us in."""
    if (reason := _why_database_away(settings, application, None)) is not None:
        raise UsageError(_postgres_away(reason))


def look_at_database(settings: Settings, application: str, *, schema: int) -> None:
    """Ask once, as `wait_for_database`; an absence is logged and no error."""
    if (reason := _why_database_away(settings, application, schema)) is not None:
        Outage("postgres_away").say(_postgres_away(reason))


def _why_database_away(settings: Settings, application: str, schema: int | None) -> str | None:
    """None when it lets us in; raises UsageError where it refuses us or its tables do not fit."""
    try:
        with connect_now(settings, application) as connection:
            if schema is not None:
                check_schema(_schema_version(connection), schema)
    except psycopg.OperationalError as error:
        check_refusal(error)
        return one_line(error)
    return None


def _postgres_away(reason: str) -> str:
    return f"Postgres (DATABASE_URL) does not answer: {reason}"


def _schema_version(connection: psycopg.Connection) -> int | None:
    try:
        row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return None if row is None else row[0]


async def _wait_for_kafka(settings: Settings) -> None:
    outage = Outage("kafka_away")
    while (reason := await _why_away(settings)) is not None:
        outage.say(_kafka_away(settings, reason))
        if outage.seconds > PATIENCE_SECONDS:
            raise CrashError(_kafka_away(settings, reason))
        await asyncio.sleep(_PAUSE_SECONDS)


def _kafka_away(settings: Settings, reason: str) -> str:
    """The sentence for a Kafka that does not answer, and what may be behind it."""
    said = f"Kafka at {settings.kafka_bootstrap} (KAFKA_BOOTSTRAP) does not answer: {reason}"
    if not settings.embedded:
        return said
    return (
        f"{said}. These are the settings of a stack of `learnstream up`, which has ended: start it "
        "again, or `unset KAFKA_BOOTSTRAP DATABASE_URL`"
    )


async def _why_away(settings: Settings) -> str | None:
    """None when a broker lets us in; raises UsageError where all that answer refuse us."""
    options: dict[str, Any] = dict(connect_options(settings))
    servers = options.pop("bootstrap_servers").split(",")
    seconds = ATTEMPT_SECONDS / len(servers)
    reasons, refusals = [], []
    for server in servers:
        try:
            await _connect(server, seconds, options)
        except _REFUSALS as error:
            refusals.append(f"{server} refuses us: {_said(error)}")
        except ConnectionResetError as error:
            if options.get("ssl_context") and await _speaks_plainly(server, seconds):
                refusals.append(f"{server} does not speak TLS")
            reasons.append(_said(error))
        except (OSError, TimeoutError, KafkaError) as error:
            reasons.append(_said(error))
        else:
            return None
    if refusals:
        protocol = settings.kafka_security_protocol
        raise UsageError(
            f"Kafka at {'; '.join(refusals)} (LEARNSTREAM_KAFKA_SECURITY_PROTOCOL is {protocol})"
        )
    return "; ".join(dict.fromkeys(reasons))


async def _connect(server: str, seconds: float, options: Mapping[str, Any]) -> None:
    """Be let in, and leave again."""
    host, _, port = server.rpartition(":")
    connection = await create_conn(
        host.strip("[]"), int(port), request_timeout_ms=int(seconds * 1000), **options
    )
    connection.close()


async def _speaks_plainly(server: str, seconds: float) -> bool:
    """Whether this is a listener without TLS: a connection that is reset may have other causes."""
    try:
        await _connect(server, seconds, {"security_protocol": "PLAINTEXT"})
    except (OSError, TimeoutError, KafkaError):
        return False
    return True


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS failed"
    if isinstance(error, IllegalSaslStateError):
        return "this listener takes no SASL"
    if isinstance(error, OSError) and error.errno is not None:
        return (os.strerror(error.errno) if error.errno > 0 else str(error.strerror)).lower()
    return one_line(error)


def _check_topics(settings: Settings, partitions: Mapping[str, int]) -> None:
    names = {settings.topic(name): count for name, count in partitions.items()}
    if not names:
        return
    try:
        with closing(admin_client(settings)) as admin:
            found = {each["name"]: each for each in admin.describe_topics(list(names))}
    except kafka.errors.KafkaError as error:
        raise CrashError(_kafka_away(settings, type(error).__name__)) from error
    problems = [
        problem
        for name, count in names.items()
        if (problem := _difference(name, count, found.get(name))) is not None
    ]
    if problems:
        raise UsageError("; ".join(problems))


def _difference(name: str, count: int, found: Mapping[str, Any] | None) -> str | None:
    code = kafka.errors.UnknownTopicOrPartitionError.errno if found is None else found["error_code"]
    if code == kafka.errors.UnknownTopicOrPartitionError.errno:
        return f"topic {name} is not there: run `learnstream topics`"
    if found is None or code != 0:
        return f"topic {name} cannot be used: {kafka.errors.for_code(code).__name__}"
    seen = len(found["partitions"])
    if seen != count:
        return f"topic {name}: seen {seen} partitions, expected {count} (LEARNSTREAM_PARTITIONS)"
    return None
