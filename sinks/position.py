"""Where the sink stands in each partition: kept in Postgres, moved by compare-and-set."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from typing_extensions import override

from runtime.database import statements
from runtime.errors import CrashError
from runtime.same_log import Extent, check_same_log

SQL: Final = statements(Path(__file__).with_name("write.sql"))


@dataclass(frozen=True, slots=True)
class Log:
    """A partition as it is on the cluster now: its topic's id, first and end offset."""

    topic: str
    partition: int
    topic_id: str
    beginning: int
    end: int


@dataclass(frozen=True, slots=True)
class Position:
    """The first offset of a partition that is not in Postgres yet."""

    topic: str
    partition: int
    topic_id: str
    next: int

    @override
    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] at {self.next}"


async def take_position(connection: AsyncConnection, log: Log) -> Position:
    """The stored position, made at the log's beginning where there is none."""
    await connection.execute(
        SQL["begin_position"],
        {
            "topic": log.topic,
            "partition": log.partition,
            "topic_id": log.topic_id,
            "next": log.beginning,
        },
    )
    position = await read_position(connection, log.topic, log.partition)
    assert position is not None, "a position that was just made"
    return position


async def read_position(connection: AsyncConnection, topic: str, partition: int) -> Position | None:
    """The stored position, or None where there is none."""
    cursor = await connection.execute(
        SQL["read_position"], {"topic": topic, "partition": partition}
    )
    row = await cursor.fetchone()
    return None if row is None else Position(topic, partition, row[0], row[1])


def check_position(position: Position, log: Log) -> None:
    """Raise LossError where the log is not the one that was read, or no longer reaches back."""
    check_same_log(
        f"{log.topic}[{log.partition}]",
        "the sink",
        Extent(log.topic_id, log.beginning, log.end),
        topic_id=position.topic_id,
        at=position.next,
    )


async def move_position(connection: AsyncConnection, position: Position, new: int) -> Position:
    """Compare and set, the first statement of a batch's transaction.

    Raises CrashError where another sink has written since.
    """
    assert new > position.next, "a batch moves its position forward"
    cursor = await connection.execute(
        SQL["move_position"],
        {
            "topic": position.topic,
            "partition": position.partition,
            "topic_id": position.topic_id,
            "expected": position.next,
            "next": new,
        },
    )
    if cursor.rowcount != 1:
        raise CrashError(f"another sink has written {position.topic}[{position.partition}] since")
    return replace(position, next=new)
