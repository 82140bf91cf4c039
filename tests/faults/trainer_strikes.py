"""The faults of the trainer: it dies, hangs, has a double, is away, or its topic is written to."""

import random
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final

from contracts.lessons import encode_order
from contracts.snapshots import SERVING_KEY, Serving, encode_serving, snapshot_key
from contracts.topics import EXAMPLES, SNAPSHOTS
from domain.examples import Order
from operations.models import read_models
from runtime.errors import CrashError
from runtime.failpoints import Point
from runtime.kafka import keyed_producer
from tests.faults.parts import MissedError, Part, StuckError, ViolationError
from tests.faults.scene import START_SECONDS, Scene, away, some

_ORDER_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.5
_ZOMBIE_SECONDS: Final = 30.0
_ZOMBIE_POINTS: Final[tuple[Point, ...]] = ("after_states", "after_offsets")


def trainer_kill(scene: Scene, chance: random.Random) -> float:
    """SIGKILL at a random moment."""
    trainer = scene.parts["trainer"]
    _until_published(scene)
    _ask_for_snapshot(scene)
    scene.parts.pump(some(chance, 0, 0.4))
    trainer.kill()
    since = time.monotonic()
    _until_published(scene)
    return since


def trainer_kill_at(point: Point) -> Callable[[Scene, random.Random], float]:
    """SIGKILL of itself at a named point of a transaction."""

    def strike(scene: Scene, chance: random.Random) -> float:
        trainer = scene.parts["trainer"]
        _reach(scene, trainer, f"crash_at={point}:{chance.randrange(1, 5)}")
        scene.parts.until(lambda: not trainer.running, 30, f"the crash {point}")
        since = time.monotonic()
        _until_published(scene)
        return since

    return strike


def trainer_zombie(scene: Scene, chance: random.Random) -> float:
    """SIGSTOP within a transaction, until another trainer has gone on; SIGCONT."""
    zombie, other = scene.parts["trainer"], scene.parts["trainer-2"]
    _reach(scene, zombie, f"sleep_at={chance.choice(_ZOMBIE_POINTS)}:2.5:{chance.randrange(1, 4)}")
    zombie.send(signal.SIGSTOP)
    other.start()
    scene.parts.until(other.taken, START_SECONDS, "the other trainer learns")
    scene.parts.pump(some(chance, 0.2, 1.5))
    ends = len(zombie.ends)
    zombie.send(signal.SIGCONT)
    with suppress(StuckError):
        scene.parts.until(lambda: len(zombie.ends) > ends, _ZOMBIE_SECONDS, "the zombie's end")
    since = time.monotonic()
    _until_published(scene)
    other.stop()
    _until_published(scene)
    if zombie.ends[ends:][:1] != [CrashError.exit_status]:
        raise ViolationError(f"I4: a zombie was not fenced: {zombie.name} ended {zombie.ends}")
    return since


def trainer_twice(scene: Scene, chance: random.Random) -> float:
    """A second trainer comes, the first one goes, and the other way round."""
    first, second = scene.parts["trainer"], scene.parts["trainer-2"]
    second.start()
    _until_published(scene)
    scene.parts.pump(some(chance, 0.2, 1))
    first.stop()
    _until_published(scene)
    first.start()
    _until_published(scene)
    second.stop()
    since = time.monotonic()
    _until_published(scene)
    return since


def trainer_away(scene: Scene, chance: random.Random) -> float:
    """It is away for a while: events go through as ever, with the snapshot that there is."""
    trainer = scene.parts["trainer"]
    trainer.stop()
    before = dict(scene.rows.next)
    _ask_for_snapshot(scene)
    scene.parts.pump(away(chance))
    scene.parts.until(
        lambda: all(scene.rows.next[p] > at for p, at in before.items()),
        START_SECONDS,
        "events go through without a trainer",
    )
    trainer.start()
    since = time.monotonic()
    _until_published(scene)
    return since


def trainer_snapshot_corrupt(scene: Scene, chance: random.Random) -> float:
    """Somebody writes a truncated snapshot and says that it serves: everybody refuses it."""
    worker = scene.working()
    _until_published(scene)
    models = read_models(scene.stage.settings)
    number = models.serving.newest + 1
    data = models.snapshots[models.serving.newest].data
    bad = data[: chance.randrange(len(data) // 2)]
    said = worker.said().count("snapshot_refused")
    topic = scene.stage.settings.topic(SNAPSHOTS.name)
    with closing(keyed_producer(scene.stage.settings)) as producer:
        producer.send(topic, key=snapshot_key(number), value=bad, partition=0)
        serving = encode_serving(Serving(number=number, newest=number))
        producer.send(topic, key=SERVING_KEY, value=serving, partition=0)
        producer.flush(30)
    since = time.monotonic()
    if worker.running:
        scene.parts.until(
            lambda: not worker.running or worker.said().count("snapshot_refused") > said,
            START_SECONDS,
            "a worker refuses the snapshot",
        )
    # The trainer knows nothing of it, and gives the same number to its next one.
    trainer = scene.parts["trainer"]
    made = trainer.said().count("snapshot_published")
    _ask_for_snapshot(scene)
    scene.parts.until(
        lambda: trainer.said().count("snapshot_published") > made,
        START_SECONDS,
        "the trainer publishes",
    )
    return since


def _ask_for_snapshot(scene: Scene) -> None:
    """An order that makes a snapshot of whatever is learned."""
    settings = scene.stage.settings
    with closing(keyed_producer(settings)) as producer:
        topic = settings.topic(EXAMPLES.name)
        producer.send(topic, value=encode_order(Order(order="learn")), partition=0)
        producer.flush(30)


def _until_published(scene: Scene) -> None:
    """Wait until another snapshot was made."""
    before = read_models(scene.stage.settings).serving.newest
    _ask_for_snapshot(scene)
    looked = 0.0

    def published() -> bool:
        nonlocal looked
        if time.monotonic() - looked < _LOOK_SECONDS:
            return False
        looked = time.monotonic()
        return read_models(scene.stage.settings).serving.newest > before

    scene.parts.until(published, START_SECONDS, "the trainer publishes")


def _reach(scene: Scene, trainer: Part, failpoints: str) -> None:
    """Put a trainer with failpoints into the place of this one, and make it work until there."""
    if trainer.running:
        trainer.kill()
        trainer.ends.append(-signal.SIGKILL)
    trainer.start(failpoints)
    started, asked = len(trainer.ends), 0.0

    def reached() -> bool:
        nonlocal asked
        if time.monotonic() - asked > _ORDER_SECONDS:
            asked = time.monotonic()
            _ask_for_snapshot(scene)
        return len(trainer.ends) > started or "failpoint" in trainer.said()

    scene.parts.until(reached, START_SECONDS, f"{trainer.name} reaches {failpoints}")
    if "failpoint" not in trainer.said():
        raise MissedError(f"{trainer.name} ended with {trainer.ends[-1]} before {failpoints}")
