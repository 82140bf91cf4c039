"""The faults of what lies behind the stream: the sink, Postgres, the API."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from runtime.database import connect_now
from tests.faults.parts import MissedError
from tests.faults.scene import START_SECONDS, Scene, away, some

_WAITS = """SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'learnstream sink' AND wait_event_type = 'Lock'
  AND datname = current_database() AND query LIKE '%%INSERT INTO learner%%'"""
_TERMINATE = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name IN ('learnstream sink', 'learnstream api')"""


def sink_kill(scene: Scene, chance: random.Random) -> float:
    """SIGKILL within a transaction: it has moved its position and waits for the rows."""
    del chance
    with sink_in_transaction(scene):
        scene.parts["sink"].kill()
        return time.monotonic()


def sink_zombie(scene: Scene, chance: random.Random) -> float:
    """SIGSTOP of a sink until another one has gone on; SIGCONT."""
    scene.parts.pump(some(chance, 0, 0.5))
    scene.parts["sink"].send(signal.SIGSTOP)
    return _succeed(scene, chance)


def sink_zombie_in_transaction(scene: Scene, chance: random.Random) -> float:
    """The same, stopped surely within a transaction: its position's row is locked."""
    with sink_in_transaction(scene):
        scene.parts["sink"].send(signal.SIGSTOP)
    return _succeed(scene, chance)


def postgres_immediate(scene: Scene, chance: random.Random) -> float:
    """Postgres stops at once, as in a crash, and starts again."""
    return _away(scene, some(chance, 0, 0.5))


def postgres_away(scene: Scene, chance: random.Random) -> float:
    """Postgres stops and stays away for a while; workers go on."""
    return _away(scene, away(chance))


def postgres_connections(scene: Scene, chance: random.Random) -> float:
    """Every connection of ours is terminated."""
    del chance
    with connect_now(scene.stage.settings, "fault") as connection:
        row = connection.execute(_TERMINATE).fetchone()
    if row is None or row[0] < 2:
        raise MissedError(f"too few connections to terminate: {row}")
    return time.monotonic()


def api_kill(scene: Scene, chance: random.Random) -> float:
    """SIGKILL of the API under its readers."""
    answers = scene.api.answers
    scene.parts.until(lambda: scene.api.answers > answers, START_SECONDS, "a reader's answer")
    scene.parts.pump(some(chance, 0, 0.3))
    scene.parts["api"].kill()
    return time.monotonic()


@contextmanager
def postgres_gone(scene: Scene) -> Iterator[None]:
    """Inside, Postgres has stopped as in a crash; behind it, it answers again."""
    server = scene.servers.postgres
    if not server.child.running():
        raise MissedError("Postgres did not run")
    scene.servers.stop_postgres_at_once()
    scene.parts.until(lambda: not server.child.running(), START_SECONDS, "the end of Postgres")
    try:
        yield
    finally:
        server.launch()
        server.wait()


@contextmanager
def sink_in_transaction(scene: Scene) -> Iterator[None]:
    """Inside, the sink is surely in the middle of a batch: its rows wait for our lock."""
    settings = scene.stage.settings
    # Two connections: within a transaction Postgres shows the activity as it was at the first look.
    with (
        connect_now(settings, "fault") as looker,
        connect_now(settings, "fault") as holder,
        holder.transaction(),
    ):
        holder.execute("LOCK TABLE learner IN EXCLUSIVE MODE")
        scene.parts.until(lambda: _waits(looker), START_SECONDS, "the sink waits for the lock")
        yield


def _waits(connection: psycopg.Connection) -> bool:
    row = connection.execute(_WAITS).fetchone()
    return row is not None and row[0] > 0


def _succeed(scene: Scene, chance: random.Random) -> float:
    """Another sink goes on everywhere; then the stopped one wakes."""
    zombie, other = scene.parts["sink"], scene.parts["sink-2"]
    other.start()
    scene.parts.until(
        lambda: other.said().count("sink_resumed"), START_SECONDS, "the other sink's share"
    )
    before = dict(scene.rows.next)
    scene.parts.until(
        lambda: all(scene.rows.next[p] > at for p, at in before.items()),
        START_SECONDS,
        "the other sink goes on",
    )
    zombie.send(signal.SIGCONT)
    scene.parts.pump(some(chance, 0.5, 2))
    other.stop()
    return time.monotonic()


def _away(scene: Scene, seconds: float) -> float:
    with postgres_gone(scene):
        scene.parts.pump(seconds)
    return time.monotonic()
