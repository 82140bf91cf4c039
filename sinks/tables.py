"""The writing of one batch: one Postgres transaction, its position first."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from psycopg import AsyncConnection

from contracts.notices import COURSE_ROWS, LEARNER_ROWS
from sinks.batch import (
    Alerts,
    Models,
    Record,
    States,
    ended_columns,
    learner_columns,
    newest_alerts,
    newest_models,
    newest_states,
    published_columns,
    response_columns,
    snapshot_columns,
)
from sinks.courses import write_courses
from sinks.position import SQL, Position, move_position

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of the topics of one partition number; a topic may have nothing new."""

    states: Sequence[Record] = ()
    transitions: Sequence[Record] = ()
    snapshots: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class Positions:
    """Where the topics of one partition number stand in Postgres; snapshots have number 0 only."""

    states: Position
    transitions: Position
    snapshots: Position | None = None

    @property
    def each(self) -> tuple[Position, ...]:
        """Those there are."""
        every = self.states, self.transitions, self.snapshots
        return tuple(position for position in every if position is not None)


async def write_batch(
    connection: AsyncConnection, positions: Positions, batch: Batch, now: int
) -> Positions:
    """Write what is newer than the rows; raises CrashError where another sink was faster."""
    states, alerts = newest_states(batch.states), newest_alerts(batch.transitions)
    models, stood = newest_models(batch.snapshots), positions.snapshots
    async with connection.transaction():
        moved = Positions(
            await _move(connection, positions.states, batch.states),
            await _move(connection, positions.transitions, batch.transitions),
            None if stood is None else await _move(connection, stood, batch.snapshots),
        )
        await write_alerts(connection, alerts)
        await write_states(connection, positions.states.partition, states, now)
        await write_models(connection, models, now)
        if batch.states or batch.transitions:
            notice = {"channel": LEARNER_ROWS, "partition": positions.states.partition}
            await connection.execute(SQL["notify"], notice)
    return moved


async def write_models(connection: AsyncConnection, models: Models, now: int) -> None:
    """Put snapshots and what serves into their tables; what cannot be read is left out."""
    for why in models.refused:
        log.error("snapshot_refused", reason=why)
    if models.snapshots:
        given = {"now": now, **snapshot_columns(models)}
        await connection.execute(SQL["write_snapshots"], given)
    if (serving := models.serving) is not None:
        names = ("number", "newest", "pinned", "frozen")
        given = {name: getattr(serving, name) for name in names}
        await connection.execute(SQL["write_serving"], given)


async def write_states(
    connection: AsyncConnection, partition: int, states: States, now: int
) -> None:
    """Put the newest states, the partition's checkpoint and its course facts into their tables.

    The rows of courses follow from states and facts, so they are written last. Whoever listens is
    notified of the courses whose rows or facts have changed, once this is committed.
    """
    if states.learners:
        columns = learner_columns(states.learners)
        given = {"partition": partition, "now": now, **columns}
        await connection.execute(SQL["write_learners"], given)
    changed = await remove_learners(connection, states)
    others = await write_facts(connection, partition, states)
    changed |= {*others, *await write_courses(connection, partition, states.decoded, others)}
    if changed:
        notice = {"channel": COURSE_ROWS, "course_ids": sorted(changed)}
        await connection.execute(SQL["notify_courses"], notice)
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


async def remove_learners(connection: AsyncConnection, states: States) -> set[str]:
    """Take away who was erased; returns the courses that they were in."""
    if not states.removed:
        return set()
    given = {"user_id": states.removed}
    await connection.execute(SQL["remove_learners"], given)
    cursor = await connection.execute(SQL["remove_from_courses"], given)
    return {course_id for (course_id,) in await cursor.fetchall()}


async def write_facts(connection: AsyncConnection, partition: int, states: States) -> list[str]:
    """Put course facts into their table; returns the courses of which others stood, or none."""
    if not states.facts:
        return []
    ordered = sorted(states.facts.items())
    given = {
        "partition": partition,
        "course_id": [course_id for course_id, _ in ordered],
        "facts": [facts for _, facts in ordered],
    }
    cursor = await connection.execute(SQL["write_facts"], given)
    return [course_id for (course_id,) in await cursor.fetchall()]


async def write_alerts(connection: AsyncConnection, alerts: Alerts) -> None:
    """Upsert what was published, then what has ended: an alert may do both in one batch.

    Then what learners said about alerts, whose rows are there by now.
    """
    if alerts.published:
        await connection.execute(SQL["write_told_alerts"], published_columns(alerts.published))
    if alerts.ended:
        await connection.execute(SQL["write_ended_alerts"], ended_columns(alerts.ended))
    if alerts.responses:
        await connection.execute(SQL["write_responses"], response_columns(alerts.responses))


async def _move(
    connection: AsyncConnection, position: Position, records: Sequence[Record]
) -> Position:
    if not records:
        return position
    return await move_position(connection, position, records[-1].offset + 1)
