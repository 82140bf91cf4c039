"""What Postgres holds of one partition, and what it is to hold after the stream's records."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import IsolationLevel

from contracts.alert_event import decode_published
from domain.alerts import Response
from domain.course_facts import CourseFacts
from domain.ids import partition_of
from domain.stored.codec import decode_checkpoint, decode_learner
from domain.stored.course_rows import course_rows
from domain.stored.rows import learner_row
from runtime.database import connect_now, statements
from runtime.errors import CrashError
from runtime.settings import Settings

SQL: Final = statements(Path(__file__).with_name("tables.sql"))
_FETCH_ROWS: Final = 5_000


class AlertRow(NamedTuple):
    """One row of the table of alerts."""

    alert_id: str
    user_id: str
    revision: int
    type: str
    severity: str
    state: str
    raised_at: int
    updated_at: int
    expires_at: int
    resolved_at: int | None
    resolution: str | None
    body: bytes
    acknowledged_at: int | None = None
    feedback: str | None = None
    feedback_at: int | None = None

    def after(self, said: Response) -> "AlertRow":
        """The row once the learner has said that: first acknowledgement, newest feedback."""
        if said.user_id != self.user_id:
            return self
        if said.kind == "acknowledged":
            return self._replace(acknowledged_at=min(said.at, self.acknowledged_at or said.at))
        if said.at < (self.feedback_at or said.at):
            return self
        return self._replace(feedback=said.feedback, feedback_at=said.at)


@dataclass(frozen=True, slots=True)
class Tables:
    """One partition's rows; learners' are compared as whole tuples."""

    positions: Mapping[str, int]
    learners: Mapping[str, tuple[Any, ...]]
    records: Mapping[int, tuple[Any, ...]]
    facts: Mapping[str, bytes]
    alerts: Mapping[str, AlertRow]
    courses: Mapping[str, tuple[Any, ...]]  # a learner in a course, by both ids


@contextmanager
def opened(settings: Settings) -> Iterator[psycopg.Connection]:
    """A connection that only reads; Postgres away is a CrashError."""
    try:
        with connect_now(settings, "learnstream verify") as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
        raise CrashError(f"Postgres does not answer as it should: {error}") from error


def read_positions(connection: psycopg.Connection, partition: int) -> dict[str, int]:
    """How far the sink has read each topic of this partition, by the topic's name."""
    return dict(connection.execute(SQL["positions"], {"partition": partition}).fetchall())


def read_tables(connection: psycopg.Connection, partition: int, partitions: int) -> Tables:
    """Everything of one partition, in one snapshot."""
    given = {"partition": partition}
    with connection.transaction():
        positions = read_positions(connection, partition)
        learners = {row[0]: row for row in _rows(connection, "learners", given)}
        record = list(_rows(connection, "record", given))
        facts = {row[0]: row[1] for row in _rows(connection, "facts", given)}
        alerts = {
            row[0]: AlertRow(*row)
            for row in _rows(connection, "alerts", given)
            if partition_of(row[1].encode(), partitions) == partition
        }
        courses = {f"{row[1]} in {row[0]}": row for row in _rows(connection, "courses", given)}
    records = {partition: record[0]} if record else {}
    return Tables(positions, learners, records, facts, alerts, courses)


def learner_tuple(state: bytes) -> tuple[Any, ...]:
    """The row of a learner whose state is these bytes."""
    row = learner_row(decode_learner(state))
    return (row.user_id, row.steps, state, *row[2:])


def course_tuples(state: bytes, facts: Mapping[str, CourseFacts]) -> dict[str, tuple[Any, ...]]:
    """The rows in courses of a learner whose state is these bytes, by both ids."""
    rows = course_rows(decode_learner(state), facts)
    return {f"{row.user_id} in {row.course_id}": tuple(row) for row in rows}


def checkpoint_tuple(data: bytes) -> tuple[Any, ...]:
    """The row of a partition whose record is these bytes."""
    checkpoint = decode_checkpoint(data)
    return (checkpoint.next, checkpoint.clock, checkpoint.clock_mode, data)


def alert_rows(transitions: Iterable[bytes]) -> dict[str, AlertRow]:
    """The rows that follow: of each alert the newest whole transition, and the end after it.

    Beside it what its learner said about it.
    """
    rows: dict[str, AlertRow] = {}
    for body in transitions:
        transition = decode_published(body)
        row = rows.get(transition.alert_id)
        if isinstance(transition, Response):
            if row is not None:
                rows[transition.alert_id] = row.after(transition)
            continue
        if row is not None and transition.revision <= row.revision:
            continue  # the sink keeps the first record of a revision
        if transition.kind != "resolved":
            rows[transition.alert_id] = AlertRow(
                alert_id=transition.alert_id,
                user_id=transition.user_id,
                revision=transition.revision,
                type=transition.type,
                severity=transition.severity,
                state=transition.state,
                raised_at=transition.raised_at,
                updated_at=transition.at,
                expires_at=transition.expires_at,
                resolved_at=None,
                resolution=None,
                body=body,
                acknowledged_at=None if row is None else row.acknowledged_at,
                feedback=None if row is None else row.feedback,
                feedback_at=None if row is None else row.feedback_at,
            )
        elif row is not None:
            rows[transition.alert_id] = row._replace(
                revision=transition.revision,
                state=transition.state,
                updated_at=transition.at,
                resolved_at=transition.resolved_at,
                resolution=transition.resolution,
            )
    return rows


def _rows(
    connection: psycopg.Connection, name: str, given: Mapping[str, int]
) -> Iterator[tuple[Any, ...]]:
    """Rows through a cursor of the server's, a few thousand at a time."""
    with connection.cursor(name=name, binary=True) as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(SQL[name], given)
        yield from cursor
