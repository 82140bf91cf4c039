"""Snapshots of the models: read once each, decoded, and held while they are asked for."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.bounded import Bounded
from models.serving import Served
from models.snapshot import BadSnapshotError, UnknownSnapshotError, decode_snapshot
from runtime.database import statements

SQL: Final = statements(Path(__file__).with_name("read.sql"))
HELD_MAX: Final = 8
"""So many snapshots are held. Learners of one moment have predictions of the newest few."""

TIMES_MAX: Final = 1_000

Connection: TypeAlias = AsyncConnection[TupleRow]

log = structlog.get_logger()


class Snapshots:
    """What was decoded of snapshots, by number; None where this program cannot read one."""

    def __init__(self) -> None:
        self._held: Bounded[int, Served | None] = Bounded(HELD_MAX)

    async def read(self, connection: Connection, numbers: Iterable[int]) -> Mapping[int, Served]:
        """Those of these snapshots that there are; asks for what is not held, in one statement.

        Raises psycopg's errors.
        """
        wanted = sorted(numbers)
        found = {number: self._held[number] for number in wanted if number in self._held}
        if new := [number for number in wanted if number not in found]:
            cursor = connection.cursor(binary=True)
            await cursor.execute(SQL["snapshots"], {"numbers": new})
            for number, data in await cursor.fetchall():
                found[number] = _served(number, data)
        for number, served in found.items():
            self._held.put(number, served)
        return {number: served for number, served in found.items() if served is not None}


class LearnedUntil:
    """When the newest label was known that a snapshot had learned from, by its number."""

    def __init__(self) -> None:
        self._held: Bounded[int, int] = Bounded(TIMES_MAX)

    async def read(self, connection: Connection, numbers: Iterable[int]) -> Mapping[int, int]:
        """Epoch seconds of those that there are; asks for what is not held, in one statement.

        Raises psycopg's errors.
        """
        wanted = set(numbers)
        found = {number: self._held[number] for number in wanted if number in self._held}
        if new := sorted(wanted - set(found)):
            cursor = await connection.execute(SQL["learned_until"], {"numbers": new})
            found |= dict(await cursor.fetchall())
        for number, at in found.items():
            self._held.put(number, at)
        return found


def _served(number: int, data: bytes) -> Served | None:
    try:
        return Served(decode_snapshot(data))
    except (BadSnapshotError, UnknownSnapshotError) as error:
        log.warning("snapshot_unreadable", number=number, reason=str(error))
        return None
