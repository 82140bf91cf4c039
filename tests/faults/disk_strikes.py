"""The faults of a disk that is full: what stands on it ends again and again until there is room.

A worker keeps nothing on disk, so it has no such fault.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from devstack.places import listens
from devstack.server import Server
from runtime.database import connect_now
from runtime.errors import CrashError
from tests.faults.disk import Disk
from tests.faults.parts import MissedError, SkippedError, StuckError
from tests.faults.scene import DISTURBED_SECONDS, START_SECONDS, Scene, away

HIT_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 1.0


def disk_full_kafka(scene: Scene, chance: random.Random) -> float:
    """No room for the broker: it ends, and is started again in vain until there is."""
    kafka = scene.servers.kafka
    with full(scene.servers.kafka_disk) as disk:
        scene.disturbed.begin()
        _hit(scene, disk, lambda: not kafka.child.running(), "the broker")
        _in_vain(scene, kafka, disk, away(chance))
    _back(scene, kafka, lambda: listens(kafka.port))
    scene.disturbed.end(DISTURBED_SECONDS)
    return time.monotonic()


def disk_full_postgres(scene: Scene, chance: random.Random) -> float:
    """No room for Postgres: it refuses the sink's rows, or ends; workers and alerts go on."""
    postgres, sink = scene.servers.postgres, scene.parts["sink"]
    mark = sink.mark()
    with full(scene.servers.postgres_disk) as disk:
        _hit(scene, disk, lambda: "postgres_lost" in sink.since(mark)[1], "the sink")
        _in_vain(scene, postgres, disk, away(chance))
    _back(scene, postgres, lambda: _answers(scene))
    return time.monotonic()


@contextmanager
def full(disk: Disk | None) -> Iterator[Disk]:
    """Inside, nothing more can be written to the disk; behind it, there is room again."""
    if disk is None:
        raise SkippedError("no tmpfs can be mounted here: run as root on Linux")
    try:
        disk.fill()
        yield disk
    finally:
        disk.free()


def _hit(scene: Scene, disk: Disk, hurt: Callable[[], bool], who: str) -> None:
    def look() -> bool:
        disk.fill()
        return hurt()

    try:
        scene.parts.until(look, HIT_SECONDS, f"{who} notices that the disk is full")
    except StuckError as error:
        raise MissedError(str(error)) from error


def _in_vain(scene: Scene, server: Server, disk: Disk, seconds: float) -> None:
    """So long, a supervisor starts the server again whenever it has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not server.child.running():
            server.launch()
        scene.parts.pump(AGAIN_SECONDS)
        disk.fill()


def _back(scene: Scene, server: Server, answers: Callable[[], bool]) -> None:
    """It may still be ending of what it met while there was no room: start it until it stays."""

    def look() -> bool:
        if not server.child.running():
            server.launch()
            scene.parts.pump(AGAIN_SECONDS)
        return answers()

    scene.parts.until(look, START_SECONDS, "the server answers again")


def _answers(scene: Scene) -> bool:
    with suppress(psycopg.OperationalError, CrashError):
        with connect_now(scene.stage.settings, "fault") as connection:
            connection.execute("SELECT 1")
        return True
    return False
