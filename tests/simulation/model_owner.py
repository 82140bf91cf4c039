"""The owner's protocol step by step, as in agents: a generator that can be stopped at any effect.

What is pure of the real one is used as it is: the table, what a take-over keeps of
`progress.state`, the codec, and what is written on the wire.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Final, TypeAlias, cast

from agents.worker.context import Context
from agents.worker.fold import TICK_SECONDS
from agents.worker.hot_states import HotStates
from agents.worker.stored import WorkerStored
from contracts.alert_event import encode_transition
from contracts.inputs import encode_input
from contracts.state_keys import PARTITION_KEY, TAKEN_KEY, course_key
from contracts.topics import ACTIVITY, DEAD_LETTERS, INPUTS, STATE, TRANSITIONS
from domain.configuration import Configuration, canonical
from domain.course_facts import CourseFacts
from domain.events.activity import AnyEvent
from domain.events.decode import Record
from domain.fold.effects import Effects
from domain.fold.inputs import FoldVersion, Tick
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import no_snapshots
from domain.stored import codec
from domain.stored.checkpoint import FOLD_VERSION, Checkpoint, ClockMode
from tests.simulation.model_log import Broker, Kept, Producer

Steps: TypeAlias = Iterator[str]

IDLE: Final = "idle"
"""The step between two batches, at which an owner can be asked to stop."""
COMMITTED: Final = "committed"
DEFECT: Final = "boom"
TOPIC_ID: Final = "topic-id"
_SNAPSHOTS: Final = no_snapshots


class HaltedError(Exception):
    """The partition is halted: the process ends, until somebody starts it with leave to resume."""


class DefectError(Exception):
    """The defect of ours that the schedule asked for."""


def defect(event: AnyEvent) -> None:
    """A defect about exactly the events that say so."""
    if event.event_id.startswith(DEFECT):
        raise DefectError


@dataclass(slots=True)
class World:
    """What owners find around them; `batch_records` is what one batch takes at most."""

    clock_mode: ClockMode
    now: int
    broker: Broker = field(default_factory=Broker)
    courses: dict[str, CourseFacts] = field(default_factory=dict)
    configuration: Configuration = field(default_factory=Configuration)
    resume: bool = False
    batch_records: int = 100
    owners: int = 0


class Owner:
    """One owner of the partition, from its take-over on; `run` raises where a process would end.

    Invariants:
        I1, I4: a batch begins where the last one ended; states stand in memory only when committed.
    """

    def __init__(self, world: World, stored: WorkerStored) -> None:
        world.owners += 1
        self.number = world.owners
        self.world = world
        self.stored = stored
        self.opened = False
        self.configuration = world.configuration
        self.producer: Producer
        self.fold: PartitionFold
        self.ticked_at = 0

    def run(self) -> Steps:
        yield from self.take_over()
        self.opened = True
        while True:
            yield IDLE
            yield from self.next_batch()

    # -- take-over -------------------------------------------------------------------------------

    def take_over(self) -> Steps:
        self.producer = self.fence()
        yield "fenced"
        yield from self.leave_mark()
        record = self.read()
        yield "read"
        yield from self.open(record)

    def fence(self) -> Producer:
        return self.world.broker.start_producer("group-0")

    def leave_mark(self) -> Steps:
        """What is read up to an own mark is read up to the log's true end: wait until it shows."""
        log = self.world.broker.logs[STATE.name]
        mark = self.producer.send(STATE.name, TAKEN_KEY, None)
        yield "marked"
        self.producer.commit()
        while log.told_end <= mark:
            yield "mark not seen"
            log.told_behind //= 2

    def state_records(self, start: int) -> list[Kept]:
        log = self.world.broker.logs[STATE.name]
        return log.committed(start, log.told_end)

    def read(self) -> Checkpoint:
        """Bring what is kept in memory up to date, and see where the partition stands."""
        stored, log = self.stored, self.world.broker.logs[STATE.name]
        for kept in self.state_records(stored.next):
            stored.load(kept.key or b"", kept.value)
        stored.next = max(stored.next, log.told_end)
        if stored.loaded.checkpoint is None:
            return new_checkpoint(0, 1, TOPIC_ID, self.world.clock_mode)
        return codec.decode_checkpoint(stored.loaded.checkpoint)

    def open(self, checkpoint: Checkpoint) -> Steps:
        """Refuse a halted partition, and adopt what changed since the last owner."""
        if checkpoint.halted is not None and not self.world.resume:
            raise HaltedError
        self.fold = PartitionFold(
            checkpoint,
            self.configuration,
            self.stored.loaded.facts,
            self.stored.loaded.table,
            _SNAPSHOTS,
        )
        fold, effects = self.fold, self.fold.begin()
        if checkpoint.fold_version != FOLD_VERSION:
            fold.adopt(fold.next_input("fold_version", FoldVersion(FOLD_VERSION)), effects)
        if checkpoint.configuration != canonical(self.configuration):
            fold.adopt(fold.next_input("configuration", self.configuration), effects)
        if checkpoint.halted is not None:
            fold.adopt(fold.next_input("resume", {}), effects)
            self.world.resume = False
        self.adopt_courses(effects)
        if effects.inputs:
            yield from self.commit(effects)

    def adopt_courses(self, effects: Effects) -> None:
        for course_id in sorted(self.world.courses):
            facts = self.world.courses[course_id]
            if self.fold.facts.get(course_id) != facts:
                self.fold.adopt(self.fold.next_input("course", facts), effects)

    # -- one batch -------------------------------------------------------------------------------

    def next_batch(self) -> Steps:
        """One batch, and before it what came beside events; all of it is one transaction."""
        fold = self.fold
        before = fold.checkpoint.next
        waiting = self.world.broker.logs[ACTIVITY.name].committed(before)
        effects = fold.begin()
        self.adopt_courses(effects)
        self.adopt_tick(effects, backlog=bool(waiting))
        batch = [
            Record(kept.offset, kept.timestamp, kept.key, kept.value)
            for kept in waiting[: self.world.batch_records]
        ]
        fold.fold(batch, effects)
        if effects.empty and fold.checkpoint.next == before:
            return
        yield "folded"
        yield from self.commit(effects)
        if fold.checkpoint.halted is not None:
            raise HaltedError

    def adopt_tick(self, effects: Effects, *, backlog: bool) -> None:
        fold, now = self.fold, self.world.now
        due = fold.due_at()
        if fold.checkpoint.clock_mode != "wall" or due is None:
            return
        if due >= now or now - self.ticked_at < TICK_SECONDS:
            return
        if backlog and now - fold.checkpoint.clock > TICK_SECONDS:
            return
        self.ticked_at = now
        fold.adopt(fold.next_input("tick", Tick(now)), effects)

    # -- the transaction -------------------------------------------------------------------------

    def commit(self, effects: Effects) -> Steps:
        """Outputs, states, position, commit: at each of them the process may end or be stopped."""
        states = [
            (user_id, codec.encode_learner(state), state)
            for user_id, state in effects.changed.items()
        ]
        self.send_outputs(effects)
        yield "outputs"
        for user_id, data, _ in states:
            self.send_state(user_id.encode(), data)
        for course_id, facts in effects.facts.items():
            self.send_state(course_key(course_id), codec.encode_facts(facts))
        checkpoint = codec.encode_checkpoint(self.fold.checkpoint)
        last = self.send_checkpoint(checkpoint)
        yield "states"
        self.producer.send_position(self.fold.checkpoint.next)
        yield "offsets"
        self.producer.commit()
        yield COMMITTED
        for user_id, data, state in states:
            self.stored.loaded.table.put(user_id, data, state)
        self.stored.loaded.checkpoint, self.stored.next = checkpoint, last + 1

    def send_outputs(self, effects: Effects) -> None:
        send = self.producer.send
        for transition in effects.transitions:
            send(TRANSITIONS.name, transition.user_id.encode(), encode_transition(transition))
        for letter in effects.dead_letters:
            send(DEAD_LETTERS.name, letter.reason.encode(), str(letter.record.offset).encode())
        self.send_inputs(effects)

    def send_inputs(self, effects: Effects) -> None:
        for value in effects.inputs:
            self.producer.send(INPUTS.name, None, encode_input(value))

    def send_state(self, key: bytes, value: bytes) -> int:
        return self.producer.send(STATE.name, key, value)

    def send_checkpoint(self, record: bytes) -> int:
        return self.send_state(PARTITION_KEY, record)


def nothing_loaded() -> WorkerStored:
    """What a process that has just started knows."""
    return WorkerStored(cast(Context, SimpleNamespace(hot=HotStates(1 << 20))), 0)
