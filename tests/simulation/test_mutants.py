"""Deliberate defects of the owner's protocol: each must go red in at least one schedule."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from typing_extensions import override

from contracts.state_keys import PARTITION_KEY
from contracts.topics import ACTIVITY, STATE
from domain.fold import partition as fold
from domain.fold.effects import Effects
from domain.stored import codec
from domain.stored.checkpoint import Checkpoint
from tests.simulation.model_log import NO_TRANSACTION, Kept, Producer
from tests.simulation.model_owner import Owner, Steps
from tests.simulation.schedules import Schedule, draw
from tests.simulation.test_simulation import failure

SEEDS: Final = 600


def assert_is_caught(mutant: type[Owner], *invariants: str) -> None:
    """Some schedule fails with the mutant, for one of these reasons, and holds without it."""
    for seed in range(SEEDS):
        what = failure(draw(seed), mutant)
        if what is not None:
            assert what.startswith(invariants), f"seed {seed}: {what}"
            assert failure(draw(seed)) is None
            return
    pytest.fail(f"{mutant.__name__} survived {SEEDS} schedules: the simulation is blind there")


def in_peace(schedule: Schedule) -> Schedule:
    """The same without faults: one process, to the end of each batch."""
    kept = [
        ("step", 0, 80, *operation[3:]) if operation[0] == "step" else operation
        for operation in schedule.operations
        if operation[0] in {"send", "foreign", "wait", "course", "step", "compact"}
    ]
    return Schedule(
        schedule.seed, schedule.clock_mode, [("configure", 0), *kept, ("step", 0, 80, 100)]
    )


class WithoutFencing(Owner):
    """Every owner writes under an id of its own."""

    @override
    def fence(self) -> Producer:
        return self.world.broker.start_producer(f"group-0-{self.number}")


class RecordReadBeforeTheFence(Owner):
    @override
    def take_over(self) -> Steps:
        record = self.read()
        yield "read"
        self.producer = self.fence()
        yield "fenced"
        yield from self.open(record)


class ReadToTheEndThatIsTold(Owner):
    """No mark: what a broker tells that has just started is taken for all there is."""

    @override
    def leave_mark(self) -> Steps:
        return iter(())


class RecordOutsideOfTheTransaction(Owner):
    """The position comes after the effects, in a transaction of its own."""

    @override
    def commit(self, effects: Effects) -> Steps:
        yield from super().commit(effects)
        last = super().send_checkpoint(codec.encode_checkpoint(self.fold.checkpoint))
        self.producer.commit()
        yield "recorded"
        self.stored.next = last + 1

    @override
    def send_checkpoint(self, record: bytes) -> int:
        del record
        return self.world.broker.logs[STATE.name].end


class StatesOutsideOfTheTransaction(Owner):
    @override
    def send_state(self, key: bytes, value: bytes) -> int:
        if key == PARTITION_KEY:
            return super().send_state(key, value)
        return self.world.broker.logs[STATE.name].append(key, value, 0, NO_TRANSACTION)


class RecordBeforeTheTransaction(Owner):
    """The position is told before what it stands for."""

    @override
    def send_checkpoint(self, record: bytes) -> int:
        return self.world.broker.logs[STATE.name].append(PARTITION_KEY, record, 0, NO_TRANSACTION)


class OffsetsAfterTheTransaction(Owner):
    """The group's offset is committed on its own, when the transaction is over."""

    @override
    def commit(self, effects: Effects) -> Steps:
        before = self.world.broker.position
        for step in super().commit(effects):
            if step == "offsets":
                self.producer.send_position(before)
            yield step
        self.producer.send_position(self.fold.checkpoint.next)
        self.producer.commit()


class InputNotWritten(Owner):
    @override
    def send_inputs(self, effects: Effects) -> None:
        del effects


class TickLostAtTakeOver(Owner):
    """A tick's input is committed first, its states and alerts in a transaction behind it."""

    @override
    def next_batch(self) -> Steps:
        waiting = self.world.broker.logs[ACTIVITY.name].committed(self.fold.checkpoint.next)
        effects = self.fold.begin()
        self.adopt_tick(effects, backlog=bool(waiting))
        if effects.inputs:
            yield from self.commit(Effects(inputs=effects.inputs))
            yield from self.commit(replace(effects, inputs=[]))
        yield from super().next_batch()


class TimersForgotten(Owner):
    """The new owner does not look who is to be woken."""

    @override
    def open(self, checkpoint: Checkpoint) -> Steps:
        yield from super().open(checkpoint)
        self.fold._wakes.clear()


class UncommittedRead(Owner):
    @override
    def state_records(self, start: int) -> list[Kept]:
        return self.world.broker.logs[STATE.name].uncommitted(start)


class MemoryNotBroughtUpToDate(Owner):
    """What was kept of an earlier assignment is taken for the newest."""

    @override
    def read(self) -> Checkpoint:
        if self.stored.loaded.checkpoint is not None:
            return codec.decode_checkpoint(self.stored.loaded.checkpoint)
        return super().read()


FAULTLESS: Final = (
    WithoutFencing,
    RecordReadBeforeTheFence,
    ReadToTheEndThatIsTold,
    RecordOutsideOfTheTransaction,
    TickLostAtTakeOver,
    MemoryNotBroughtUpToDate,
)


@pytest.mark.parametrize("mutant", FAULTLESS)
def test_without_faults_nobody_sees_the_difference(mutant: type[Owner]) -> None:
    """So it is the faults that turn them red, not the mutants' making."""
    assert [failure(in_peace(draw(seed)), mutant) for seed in range(40)] == [None] * 40


@pytest.mark.parametrize(
    ("mutant", "invariants"),
    [
        (WithoutFencing, ("I1", "I2", "I3", "I4")),
        (RecordReadBeforeTheFence, ("I1", "I2", "I3", "I4")),
        (ReadToTheEndThatIsTold, ("I1", "I2", "I3", "I4")),
        (RecordOutsideOfTheTransaction, ("I1", "I2", "I3", "I4")),
        (RecordBeforeTheTransaction, ("I1", "I2", "I3", "I4")),
        (StatesOutsideOfTheTransaction, ("I1", "I2")),
        (OffsetsAfterTheTransaction, ("I4",)),
        (InputNotWritten, ("I2",)),
        (TickLostAtTakeOver, ("I2", "I3")),
        (TimersForgotten, ("I2", "I3")),
        (UncommittedRead, ("I1", "I2", "I3", "I4")),
        (MemoryNotBroughtUpToDate, ("I1", "I2", "I3", "I4")),
    ],
)
def test_a_mutant_of_the_protocol_goes_red(
    mutant: type[Owner], invariants: tuple[str, ...]
) -> None:
    assert_is_caught(mutant, *invariants)


def test_a_fold_that_forgets_duplicates_goes_red(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle forgets them too: only the count of the events on their own notices."""
    forgetful: Callable[[object, bytes], None] = lambda _state, _hashed: None  # noqa: E731
    monkeypatch.setattr(fold, "seen_content", forgetful)
    what = next(filter(None, (failure(draw(seed)) for seed in range(SEEDS))), "")
    assert what.startswith("I1")
