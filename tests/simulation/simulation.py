"""Runs a schedule against the model of the log, and looks whether the invariants hold."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from agents.worker.stored import WorkerStored
from agents.worker.table import Loaded
from contracts.alert_event import decode_transition, encode_transition
from contracts.inputs import decode_input
from contracts.state_keys import PARTITION_KEY, course_key, is_learner
from contracts.topics import ACTIVITY, DEAD_LETTERS, INPUTS, STATE, TRANSITIONS
from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.events.decode import Record
from domain.fold.effects import Effects
from domain.fold.inputs import Input
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.ids import event_hash
from domain.keepers.deduplication import ID_BYTES
from domain.scoring import no_snapshots
from domain.state.limits import STATE_BYTES_MAX
from domain.stored import codec
from tests.defects import folding_with
from tests.factories import MemoryStore
from tests.simulation.model_log import NO_TRANSACTION, FencedError, Kept, Producer
from tests.simulation.model_owner import (
    COMMITTED,
    IDLE,
    TOPIC_ID,
    HaltedError,
    Owner,
    Steps,
    World,
    defect,
    nothing_loaded,
)
from tests.simulation.schedules import (
    BASE,
    CONFIGURATIONS,
    COURSES,
    DAY,
    PROCESSES,
    Operation,
    Schedule,
    Sender,
    Sent,
    a_course,
)

BATCHES_MAX: Final = 400
LAST: Final = BASE + 75 * DAY
"""With ten days of lateness still within the 90 days that a state remembers."""
_SEEN_BYTES: Final = 11  # of one event in the window of deduplication
_SNAPSHOTS: Final = no_snapshots


class ViolationError(AssertionError):
    """An invariant does not hold."""


def check(held: bool, invariant: str, what: object = "") -> None:  # noqa: FBT001 - an assertion
    if not held:
        raise ViolationError(f"{invariant}: {what}")


class Process:
    """One worker: what it keeps of the partition, and its owner while it has one."""

    def __init__(self) -> None:
        self.stored: WorkerStored | None = None
        self.owner: Owner | None = None
        self.steps: Steps = iter(())
        self.at = ""
        """The step at which it stands."""

    def end(self) -> None:
        """The process is gone with all it knew."""
        self.stored, self.owner, self.at = None, None, ""


class Simulation:
    """One schedule's run; `counts` says what struck."""

    def __init__(self, schedule: Schedule, owner: type[Owner]) -> None:
        self.world = World(schedule.clock_mode, BASE)
        self.schedule = schedule
        self.counts: Counter[str] = Counter()
        self._owner = owner
        self._processes = [Process() for _ in range(PROCESSES)]
        self._sender = Sender()
        self._sent: dict[int, Sent] = {}
        self._foreign: list[Producer] = []
        self._records: list[bytes] = []  # every committed record of the partition, in order

    def run(self) -> None:
        """All of the schedule, then peace, then the verdict."""
        with folding_with(defect):
            self._run()

    def _run(self) -> None:
        for index, operation in enumerate(self.schedule.operations):
            self._apply(operation)
            if index == len(self.schedule.operations) // 2 and self.schedule.seed % 3 == 0:
                self._judge(self._standing())
        self._heal()
        if self.schedule.seed % 2:
            self.world.broker.compact(1.0)
        self._judge(None)
        self._count()

    def _count(self) -> None:
        """What there was to be lost or told twice."""
        checkpoint = codec.decode_checkpoint(self._records[-1])
        self.counts["duplicates"] += checkpoint.counters.duplicates
        self.counts["defects"] += checkpoint.counters.defects
        told = [kept.value or b"" for kept in self.world.broker.logs[TRANSITIONS.name].committed()]
        self.counts["transitions"] += len(told)
        about = (each for each in map(decode_transition, told) if not each.in_history)
        self.counts.update(f"data: {each.message_code or each.resolution}" for each in about)
        for kept in self.world.broker.logs[INPUTS.name].committed():
            self.counts[decode_input(kept.value or b"").kind] += 1

    # -- operations ------------------------------------------------------------------------------

    def _apply(self, operation: Operation) -> None:
        match operation:
            case ("send", specs):
                for spec in specs:
                    self._append(self._sender.make(spec, self.world.now))
            case ("foreign", specs, fate):
                self._transaction_of_others(specs, fate)
            case ("step", process, steps, limit):
                self.world.batch_records = limit
                self._step(self._processes[process], steps)
            case ("crash", process):
                self._processes[process].end()
            case ("revoke", process):
                self._revoke(self._processes[process])
            case _:
                self._change_the_world(*operation)

    def _change_the_world(self, kind: str, value: float = 0) -> None:
        world, which = self.world, int(value)
        match kind:
            case "wait":
                world.now = min(world.now + which, LAST)
            case "course":
                self.counts["facts"] += 1
                course_id, due_days = COURSES[which]
                world.courses[course_id] = a_course(course_id, due_days)
            case "configure":
                world.configuration = CONFIGURATIONS[which]
            case "resume":
                world.resume = True
            case "compact":
                world.broker.compact(value)
            case "restart":
                world.broker.restart(which)
            case _:
                assert kind == "expire", kind
                world.broker.expire()

    def _append(self, sent: Sent, producer: Producer | None = None) -> None:
        log, arrived = self.world.broker.logs[ACTIVITY.name], self.world.now * 1000
        if producer is None:
            offset = log.append(sent.key, sent.value, arrived, NO_TRANSACTION)
        else:
            offset = producer.send(ACTIVITY.name, sent.key, sent.value, arrived)
        self._sent[offset] = sent

    def _transaction_of_others(self, specs: Sequence[Operation], fate: str) -> None:
        """A producer's own transaction leaves a marker, or what nobody may read."""
        producer = self.world.broker.start_producer(f"foreign-{len(self._foreign)}")
        self._foreign.append(producer)
        for spec in specs:
            self._append(self._sender.make(spec, self.world.now), producer)
        if fate == "commit":
            producer.commit()
        elif fate == "abort":
            self.world.broker.start_producer(f"foreign-{len(self._foreign) - 1}")

    def _step(self, process: Process, steps: int) -> None:
        """Let a process go on for some steps; a dead one is started by its supervisor."""
        if process.owner is None:
            self._start(process)
        try:
            for _ in range(steps):
                self._told(process, next(process.steps))
        except (FencedError, HaltedError) as error:
            self.counts[type(error).__name__] += 1
            process.end()

    def _start(self, process: Process) -> None:
        process.owner = self._owner(self.world, process.stored or nothing_loaded())
        process.stored = None
        process.steps = process.owner.run()

    def _told(self, process: Process, step: str) -> None:
        process.at = step
        self.counts[step] += 1
        if step == COMMITTED:
            assert process.owner is not None, "it has just committed"
            checkpoint = process.owner.fold.checkpoint
            check(self.world.broker.position == checkpoint.next, "I4", "the group's offset")
            self._records.append(codec.encode_checkpoint(checkpoint))

    def _fold_batch(self, process: Process) -> None:
        """Let a process go on to the end of its take-over or batch, or to its own end."""
        for step in process.steps:
            self._told(process, step)
            if step == IDLE:
                return

    def _revoke(self, process: Process) -> None:
        """The running transaction ends; what is committed is kept for the next assignment."""
        owner = process.owner
        if owner is None or not owner.opened:
            process.end()
            return
        try:
            self._fold_batch(process)
        except (FencedError, HaltedError):
            process.end()
            return
        stored = owner.stored
        process.end()
        process.stored = stored

    def _heal(self) -> None:
        """Zombies wake, transactions time out, and one process works until nothing is left."""
        for process in self._processes:
            if process.owner is not None:
                self._step(process, 3)
        self.world.broker.expire()
        self.world.batch_records = 100
        last = self._processes[self.schedule.seed % PROCESSES]
        for _ in range(BATCHES_MAX):
            self.world.resume = True
            rested, commits = last.at == IDLE, self.counts[COMMITTED]
            if last.owner is None:
                self._start(last)
            try:
                self._fold_batch(last)
            except (FencedError, HaltedError):
                last.end()
                continue
            if rested and commits == self.counts[COMMITTED]:
                return
        raise ViolationError("I5: the lag does not go back to 0")

    # -- the verdict -----------------------------------------------------------------------------

    def _standing(self) -> int:
        """The first offset that is not folded yet, as the log says."""
        newest = [
            kept.value
            for kept in self.world.broker.logs[STATE.name].committed()
            if kept.key == PARTITION_KEY
        ]
        return codec.decode_checkpoint(newest[-1] or b"").next if newest else 0

    def _judge(self, until: int | None) -> None:
        """All invariants, over what is folded: up to `until`, or all of the log."""
        logs = self.world.broker.logs
        activity = logs[ACTIVITY.name].committed()
        if until is not None:
            activity = [kept for kept in activity if kept.offset < until]
        inputs = [decode_input(kept.value or b"") for kept in logs[INPUTS.name].committed()]
        oracle = Oracle(self.schedule, activity, inputs)
        rebuilt = nothing_loaded().loaded
        _rebuild(rebuilt, logs[STATE.name].committed())
        self._judge_states(oracle, rebuilt)
        self._judge_events(activity, rebuilt)
        self._judge_alerts(oracle)
        self._judge_clock()

    def _judge_states(self, oracle: "Oracle", rebuilt: Loaded) -> None:
        found = {h.user_id: rebuilt.table.committed(h.user_id) for h in rebuilt.table.headers()}
        check(found == oracle.store.committed, "I2", "learners")
        check(rebuilt.facts == oracle.fold.facts, "I2", "course facts")
        checkpoint = codec.encode_checkpoint(oracle.fold.checkpoint)
        check(rebuilt.checkpoint in {checkpoint, None}, "I2", "the partition's checkpoint")
        if rebuilt.checkpoint is None:
            check(not found, "I2", "states without a checkpoint")
        for data in oracle.store.committed.values():
            check(len(data) <= STATE_BYTES_MAX, "I7", len(data))

    def _judge_events(self, activity: Sequence[Kept], rebuilt: Loaded) -> None:
        """Count on our own: each valid event in its state once, each bad one in dead letters."""
        hashes: dict[str, set[bytes]] = {}
        clicks: Counter[str] = Counter()
        letters = []
        for kept in activity:
            sent = self._sent[kept.offset]
            if sent.reason is not None:
                letters.append((sent.reason, kept.offset))
                continue
            assert sent.event_id is not None, "a valid one has an id"
            mine = hashes.setdefault(sent.user, set())
            hashed = event_hash(sent.event_id)
            clicks[sent.user] += sent.bit if hashed not in mine else 0
            mine.add(hashed)
        for user, expected in hashes.items():
            state = rebuilt.table.get(user)
            check(state is not None, "I1", f"learner {user} is missing")
            assert state is not None, "checked"
            entries = range(0, len(state.seen), _SEEN_BYTES)
            seen = [state.seen[n : n + ID_BYTES] for n in entries]
            check(sorted(seen) == sorted(expected), "I1", f"events of learner {user}")
            found = sum(day.clicks for day in state.days)
            check(found == clicks[user], "I1", f"views of {user}: {found:b}, {clicks[user]:b}")
        check(len(rebuilt.table) == len(hashes), "I1", "a learner of whom there is no event")
        told = [
            ((kept.key or b"").decode(), int(kept.value or b""))
            for kept in self.world.broker.logs[DEAD_LETTERS.name].committed()
        ]
        check(told == letters, "I1", f"dead letters: {told}, expected {letters}")

    def _judge_alerts(self, oracle: "Oracle") -> None:
        told = [kept.value or b"" for kept in self.world.broker.logs[TRANSITIONS.name].committed()]
        check(
            told == oracle.published,
            "I3",
            f"{len(told)} transitions, expected {len(oracle.published)}",
        )
        ids = [(seen.alert_id, seen.revision) for seen in map(decode_transition, told)]
        twice = [each for each, times in Counter(ids).items() if times > 1]
        check(not twice, "I3", f"told twice: {twice}")

    def _judge_clock(self) -> None:
        clock = position = sequence = 0
        for data in self._records:
            checkpoint = codec.decode_checkpoint(data)
            check(checkpoint.clock >= clock, "I8", f"{clock}, then {checkpoint.clock}")
            check(checkpoint.next >= position, "I4", f"{position}, then {checkpoint.next}")
            check(
                checkpoint.inputs >= sequence, "I4", f"input {sequence}, then {checkpoint.inputs}"
            )
            clock, position, sequence = checkpoint.clock, checkpoint.next, checkpoint.inputs


class Oracle:
    """The fold over the whole log, one record at a time, with the inputs where they say."""

    def __init__(
        self, schedule: Schedule, activity: Sequence[Kept], inputs: Sequence[Input]
    ) -> None:
        self.store = MemoryStore()
        self.published: list[bytes] = []
        facts: dict[str, CourseFacts] = {}
        self.fold = PartitionFold(
            new_checkpoint(0, 1, TOPIC_ID, schedule.clock_mode),
            Configuration(),
            facts,
            self.store,
            _SNAPSHOTS,
        )
        waiting = list(reversed(inputs))
        for kept in activity:
            while waiting and waiting[-1].after <= kept.offset:
                self._adopt(waiting.pop())
            check(self.fold.checkpoint.halted is None, "I4", "folded behind a halt")
            effects = self.fold.begin()
            self.fold.fold([Record(kept.offset, kept.timestamp, kept.key, kept.value)], effects)
            self._commit(effects)
        while waiting:
            self._adopt(waiting.pop())

    def _adopt(self, value: Input) -> None:
        check(value.seq == self.fold.checkpoint.inputs, "I2", f"input {value.seq} is not the next")
        check(value.after == self.fold.checkpoint.next, "I2", f"input {value.seq} is out of place")
        effects = self.fold.begin()
        self.fold.adopt(value, effects)
        self._commit(effects)

    def _commit(self, effects: Effects) -> None:
        for user_id, state in effects.changed.items():
            self.store.committed[user_id] = codec.encode_learner(state)
        self.published += [encode_transition(transition) for transition in effects.transitions]


def _rebuild(loaded: Loaded, records: Sequence[Kept]) -> None:
    """What a fresh reader of `progress.state` comes to."""
    for kept in records:
        key, value = kept.key or b"", kept.value or b""
        if is_learner(key):
            loaded.table.load(key.decode(), value)
        elif key == PARTITION_KEY:
            loaded.checkpoint = value
        elif key.startswith(course_key("")):
            facts = codec.decode_facts(value)
            loaded.facts[facts.course_id] = facts
