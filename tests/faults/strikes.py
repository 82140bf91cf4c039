"""The faults: each strikes a running system, and says when its cause was gone again."""

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from runtime.errors import CrashError
from runtime.failpoints import POINTS, Point
from tests.faults.disk_strikes import disk_full_kafka, disk_full_postgres
from tests.faults.parts import MissedError, Part, StuckError, ViolationError
from tests.faults.plan import PARTITIONS, WORKER_KINDS
from tests.faults.scene import START_SECONDS, Scene, away, some
from tests.faults.store_strikes import (
    api_kill,
    postgres_away,
    postgres_connections,
    postgres_gone,
    postgres_immediate,
    sink_kill,
    sink_zombie,
    sink_zombie_in_transaction,
)
from tests.faults.trainer_strikes import (
    trainer_away,
    trainer_kill,
    trainer_kill_at,
    trainer_snapshot_corrupt,
    trainer_twice,
    trainer_zombie,
)

Strike: TypeAlias = Callable[[Scene, random.Random], float]

ZOMBIE_POINTS: Final[tuple[Point, ...]] = (
    "after_outputs",
    "after_begin",
    "after_states",
    "after_offsets",
)
"""Who slept before it sent anything has no transaction that the broker could end meanwhile: only
the fence keeps it from a whole one."""
STORM: Final = 30
ZOMBIE_SECONDS: Final = 30.0
REACH_TRIES: Final = 4


def worker_kill(scene: Scene, chance: random.Random) -> float:
    """SIGKILL at a random moment of a worker that owns partitions."""
    worker = scene.working()
    scene.parts.pump(some(chance, 0, 1))
    worker.kill()
    return time.monotonic()


def worker_kill_at(point: Point) -> Strike:
    """SIGKILL of itself at a named point of a transaction."""

    def strike(scene: Scene, chance: random.Random) -> float:
        worker = scene.working()
        reach(scene, worker, f"crash_at={point}:{chance.randrange(1, 12)}")
        scene.parts.until(lambda: not worker.running, 30, f"the crash {point}")
        return time.monotonic()

    return strike


def worker_storm(scene: Scene, chance: random.Random) -> float:
    """Thirty SIGKILLs, most of them before the worker has come far."""
    hit = 0
    for number in range(STORM):
        # Every tenth one may come to work before it dies.
        if number % 10 == 0:
            scene.working()
        worker = chance.choice(scene.parts.workers())
        if not worker.running:
            worker.start()
            scene.parts.pump(some(chance, 0.05, 0.6))
        hit += worker.taken() > 0
        worker.kill()
    if hit == 0:
        raise MissedError("no worker of the storm owned a partition")
    return time.monotonic()


def worker_term(scene: Scene, chance: random.Random) -> float:
    """SIGTERM, as a deployment sends it."""
    worker = scene.working()
    scene.parts.pump(some(chance, 0, 1))
    ends = len(worker.ends)
    worker.send(signal.SIGTERM)
    scene.parts.until(lambda: len(worker.ends) > ends, 20, f"{worker.name} ends on SIGTERM")
    if worker.ends[-1] != 0:
        raise StuckError(f"{worker.name} ended with {worker.ends[-1]} on SIGTERM")
    return time.monotonic()


def worker_zombie(scene: Scene, chance: random.Random) -> float:
    """SIGSTOP within a transaction, longer than the session; another one takes over; SIGCONT."""
    zombie, since = _zombie(scene, chance, "partition_taken", PARTITIONS, some(chance, 0.2, 1.5))
    if not _fenced(zombie):
        raise ViolationError(f"I4: a zombie was not fenced: {zombie.name} ended {zombie.ends}")
    return since


def worker_zombie_early(scene: Scene, chance: random.Random) -> float:
    """The same, but it wakes while the other one is about to take over.

    One that wakes before the fence may commit, as its successor has read nothing yet.
    """
    zombie, since = _zombie(scene, chance, "assigned", 1, some(chance, 0.3, 1))
    if not _fenced(zombie):
        raise MissedError(f"the zombie woke before the fence: {zombie.name} ended {zombie.ends}")
    return since


def worker_scale(scene: Scene, chance: random.Random) -> float:
    """One worker, two, one, two, one again, under load."""
    first, second = scene.parts["worker-1"], scene.parts["worker-2"]
    both = second.wanted
    scene.working()
    for number in range(2):
        if not second.wanted:
            second.start()
        scene.parts.until(lambda: second.taken() > 0, START_SECONDS, "a share for the second")
        scene.parts.pump(some(chance, 0.2, 1))
        leaver, stayer = (first, second) if number == 0 else (second, first)
        leaver.stop()
        scene.parts.until(lambda: stayer.taken() > 0, START_SECONDS, "all for the one")  # noqa: B023
        if number == 0:
            first.start()
            scene.parts.until(lambda: first.taken() > 0, START_SECONDS, "a share for the first")
            second.stop()
            scene.parts.pump(some(chance, 0.2, 1))
    if both:
        second.start()
    return time.monotonic()


def kafka_term(scene: Scene, chance: random.Random) -> float:
    """The broker stops in order and starts again."""
    return _kafka(scene, signal.SIGTERM, some(chance, 0, 1))


def kafka_kill(scene: Scene, chance: random.Random) -> float:
    """The broker crashes and starts again."""
    return _kafka(scene, signal.SIGKILL, some(chance, 0, 1))


def kafka_away(scene: Scene, chance: random.Random) -> float:
    """The broker crashes and stays away for a while."""
    return _kafka(scene, signal.SIGKILL, away(chance))


def everything_kill(scene: Scene, chance: random.Random) -> float:
    """Worker, sink, API, Postgres and the broker at once."""
    scene.working()
    for part in [*scene.parts.workers()[:1], scene.parts["sink"], scene.parts["api"]]:
        if part.running:
            part.kill()
    postgres_immediate(scene, chance)
    return kafka_kill(scene, chance)


def mixed(scene: Scene, chance: random.Random) -> float:
    """One inside the other: Postgres is away, a worker is struck, the API and the broker crash."""
    with postgres_gone(scene):
        STRIKES[chance.choice(WORKER_KINDS)](scene, chance)
        if scene.parts["api"].running:
            scene.parts["api"].kill()
        kafka_kill(scene, chance)
    return time.monotonic()


def _zombie(
    scene: Scene, chance: random.Random, line: str, times: int, sleep: float
) -> tuple[Part, float]:
    """Wake the zombie when the other worker's log has that line so many times more.

    Returns the zombie, and since when it is awake or gone again.
    """
    zombie = scene.working()
    point = chance.choice(ZOMBIE_POINTS)
    reach(scene, zombie, f"sleep_at={point}:2.5:{chance.randrange(1, 8)}")
    zombie.send(signal.SIGSTOP)
    other = scene.parts["worker-2" if zombie.name == "worker-1" else "worker-1"]
    alone = not other.wanted
    before = 0 if alone else other.said().count(line)
    if alone:
        other.start()
    scene.parts.until(
        lambda: other.said().count(line) >= before + times, START_SECONDS, "the successor"
    )
    scene.parts.pump(sleep)
    ends = len(zombie.ends)
    zombie.send(signal.SIGCONT)
    with suppress(StuckError):
        scene.parts.until(lambda: len(zombie.ends) > ends, ZOMBIE_SECONDS, "the zombie's end")
    since = time.monotonic()
    if alone:
        scene.parts.until(lambda: zombie.taken() > 0, START_SECONDS, "both workers own")
        other.stop()
    return zombie, since


def _fenced(zombie: Part) -> bool:
    return zombie.ends[-1] == CrashError.exit_status


def reach(scene: Scene, worker: Part, failpoints: str) -> None:
    """Put a worker with failpoints into the place of this one, and wait until it is there.

    One that ends before, as a rebalance fenced it, is put there again.
    """
    for _ in range(REACH_TRIES):
        if worker.running:
            worker.kill()
            worker.ends.append(-signal.SIGKILL)
        worker.start(failpoints)
        started = len(worker.ends)
        scene.parts.until(
            lambda: len(worker.ends) > started or "failpoint" in worker.said(),  # noqa: B023
            START_SECONDS,
            f"{worker.name} reaches {failpoints}",
        )
        if "failpoint" in worker.said():
            return
    raise MissedError(f"{worker.name} ended with {worker.ends[-1]} before {failpoints}")


def _kafka(scene: Scene, number: signal.Signals, seconds: float) -> float:
    scene.working()
    child = scene.servers.kafka.child
    if not child.running():
        raise MissedError("the broker did not run")
    scene.disturbed.begin()
    if number == signal.SIGKILL:
        child.kill()
    else:
        child.ask_to_stop()
        scene.parts.until(lambda: not child.running(), START_SECONDS, "the end of the broker")
    scene.parts.pump(seconds)
    scene.kafka_reconnected()
    return time.monotonic()


STRIKES: Final[dict[str, Strike]] = {
    "worker_kill": worker_kill,
    "worker_storm": worker_storm,
    "worker_term": worker_term,
    "worker_zombie": worker_zombie,
    "worker_zombie_early": worker_zombie_early,
    "worker_scale": worker_scale,
    **{f"worker_kill_{point}": worker_kill_at(point) for point in POINTS},
    "sink_kill": sink_kill,
    "sink_zombie": sink_zombie,
    "sink_zombie_in_transaction": sink_zombie_in_transaction,
    "postgres_immediate": postgres_immediate,
    "postgres_away": postgres_away,
    "postgres_connections": postgres_connections,
    "api_kill": api_kill,
    "disk_full_kafka": disk_full_kafka,
    "disk_full_postgres": disk_full_postgres,
    "trainer_kill": trainer_kill,
    **{f"trainer_kill_{point}": trainer_kill_at(point) for point in POINTS},
    "trainer_zombie": trainer_zombie,
    "trainer_twice": trainer_twice,
    "trainer_away": trainer_away,
    "trainer_snapshot_corrupt": trainer_snapshot_corrupt,
    "kafka_term": kafka_term,
    "kafka_kill": kafka_kill,
    "kafka_away": kafka_away,
    "everything_kill": everything_kill,
    "mixed": mixed,
}
