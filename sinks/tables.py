"""The writing of one batch: one Postgres transaction, its position first."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection

from sinks.batch import (
    Alerts,
    Record,
    States,
    ended_columns,
    learner_columns,
    newest_alerts,
    newest_states,
    published_columns,
)
from sinks.position import SQL, Position, move_position


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of the two topics of one partition number; a topic may have nothing new."""

    states: Sequence[Record] = ()
    transitions: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class Positions:
    """Where the two topics of one partition number stand in Postgres."""

    states: Position
    transitions: Position


async def write_batch(
    connection: AsyncConnection, positions: Positions, batch: Batch, now: int
) -> Positions:
    """Write what is newer than the rows; raises CrashError where another sink was faster."""
    states, alerts = newest_states(batch.states), newest_alerts(batch.transitions)
    async with connection.transaction():
        moved = Positions(
            await _move(connection, positions.states, batch.states),
            await _move(connection, positions.transitions, batch.transitions),
        )
        await write_alerts(connection, alerts)
        await write_states(connection, positions.states.partition, states, now)
    return moved


async def write_states(
    connection: AsyncConnection, partition: int, states: States, now: int
) -> None:
    """Put the newest states, the partition's checkpoint and its course facts into their tables."""
    if states.learners:
        columns = learner_columns(states.learners)
        given = {"partition": partition, "now": now, **columns}
        await connection.execute(SQL["write_learners"], given)
    if states.removed:
        await connection.execute(SQL["remove_learners"], {"user_id": states.removed})
    if states.facts:
        ordered = sorted(states.facts.items())
        given = {
            "partition": partition,
            "course_id": [course_id for course_id, _ in ordered],
            "facts": [facts for _, facts in ordered],
        }
        await connection.execute(SQL["write_facts"], given)
    if states.checkpoint is not None:
        checkpoint, data = states.checkpoint
        given = {
            "partition": partition,
            "next": checkpoint.next,
            "clock": checkpoint.clock,
            "clock_mode": checkpoint.clock_mode,
            "record": data,
            "now": now,
        }
        await connection.execute(SQL["write_record"], given)


async def write_alerts(connection: AsyncConnection, alerts: Alerts) -> None:
    """Upsert what was published, then what has ended: an alert may do both in one batch."""
    if alerts.published:
        await connection.execute(SQL["write_told_alerts"], published_columns(alerts.published))
    if alerts.ended:
        await connection.execute(SQL["write_ended_alerts"], ended_columns(alerts.ended))


async def _move(
    connection: AsyncConnection, position: Position, records: Sequence[Record]
) -> Position:
    if not records:
        return position
    return await move_position(connection, position, records[-1].offset + 1)
