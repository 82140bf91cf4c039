"""The trainer's part of a proof: what it published is learned again, and compared."""

import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import psycopg
from msgspec.structs import replace

from contracts.snapshots import Serving, Trainer
from contracts.topics import EXAMPLES, SNAPSHOTS
from models.snapshot import decode_snapshot
from proof.compare import compare_maps
from proof.drift import compare_drift_alerts
from proof.examples import learn_again
from proof.found import Lag, Limits
from proof.logs import Entry, Logs
from proof.report import Report
from proof.snapshots import Snapshots
from proof.tables import SQL, read_positions
from runtime.errors import NotCaughtUpError

_POLL_SECONDS: Final = 0.2
_WHERE: Final = "model.snapshots"


def compare_trained(report: Report, logs: Logs, snapshots: Snapshots) -> None:
    """Learn `model.examples` again from nothing; every snapshot that is there, byte for byte.

    The alerts about models follow from these.

    What is gone before the first that is there is not missed; later gaps cannot be verified.
    """
    check = report[_WHERE]
    stands = snapshots.stands()
    found = {number: each.data for number, each in snapshots.found.items()}
    for number, why in snapshots.unreadable.items():
        check.add_extra(f"snapshot {number} ({why})")
    for number in snapshots.twice:
        check.add_extra(f"snapshot {number} (a second record of this number)")
    if isinstance(stands, str) or logs.begin(EXAMPLES, 0) > 0:
        why = stands if isinstance(stands, str) else "the first examples are gone"
        check.found += len(found)
        check.give_up(len(found), why)
        compare_drift_alerts(report, logs, {}, max(found, default=0), why)
        return
    made = {}
    for each in learn_again(_records(logs, stands), snapshots.found):
        made[each.number] = each.data
    first = min(found, default=0)
    newest = 0 if stands is None else stands.serving.newest
    if gone := set(range(first, newest + 1)) - found.keys() - {0}:
        check.give_up(len(gone), f"snapshot {min(gone)} is gone")
    there = {number: data for number, data in found.items() if number <= newest}
    made = {number: data for number, data in made.items() if number in there}
    compare_maps(check, made, there, f"of {newest}, learned again")
    compare_drift_alerts(report, logs, made, newest, None)


def _records(logs: Logs, stands: Trainer | None) -> Iterator[Entry]:
    until = 0 if stands is None else stands.next
    for batch in logs.read(EXAMPLES, 0, 0, until):
        yield from batch


class Rows(NamedTuple):
    """What Postgres holds of the models, as of everything that was read of `model.snapshots`."""

    snapshots: dict[int, tuple[int, bytes]]
    serving: Serving | None


def settled_rows(lag: Lag, snapshots: Snapshots, limits: Limits) -> Rows:
    """Wait until Postgres holds just what was read of the topic, and that is all there is.

    Raises NotCaughtUpError where that takes too long.
    """
    topic = lag.settings.topic(SNAPSHOTS.name)
    while True:
        snapshots.catch_up()
        before = snapshots.last
        stands, rows = _read(lag.connection, topic)
        snapshots.catch_up()
        if stands > before == snapshots.last:
            return rows
        if time.monotonic() >= limits.deadline:
            raise NotCaughtUpError(
                f"the sink lags: {topic}[0] has records up to {snapshots.last}, Postgres is at "
                f"{stands}, {limits.wait_seconds:g} s waited"
            )
        time.sleep(_POLL_SECONDS)


def _read(connection: psycopg.Connection, topic: str) -> tuple[int, Rows]:
    """Where the sink stands in the topic, and the rows of the same moment."""
    with connection.transaction():
        stands = read_positions(connection, 0).get(topic, 0)
        snapshots = {
            number: (learned_until, bytes(data))
            for number, learned_until, data in connection.execute(SQL["snapshots"])
        }
        found = connection.execute(SQL["serving"]).fetchone()
    names = ("number", "newest", "pinned", "frozen")
    serving = None if found is None else Serving(**dict(zip(names, found, strict=True)))
    return stands, Rows(snapshots, serving)


def compare_rows(report: Report, snapshots: Snapshots, rows: Rows) -> None:
    """The rows of snapshots and of what serves, against the topic."""
    wanted: dict[object, object] = {
        number: (decode_snapshot(each.data).learned_until, each.data)
        for number, each in snapshots.found.items()
    }
    found: dict[object, object] = {}
    found.update(rows.snapshots.items())
    if (serving := snapshots.serves()) is not None:
        wanted["serving"] = replace(serving, at=0)  # a replay's time is not for readers
    if rows.serving is not None:
        found["serving"] = rows.serving
    compare_maps(report["postgres: snapshots"], wanted, found, "model")
