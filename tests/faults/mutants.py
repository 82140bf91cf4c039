"""Deliberate defects of worker, trainer and sink, and the program that runs with one of them.

`python -m tests.faults.mutants NAME worker` is `learnstream worker` with that one thing wrong.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from msgspec import structs
from psycopg import AsyncConnection

import runtime.kafka
import sinks.sink
import sinks.stream
import sinks.tables
from agents.partition_owner import owner, takeover, transaction
from agents.partition_owner.job import Job, Message, Stored, Writing
from agents.partition_owner.transaction import Committer
from agents.worker.fold import WorkerFold
from agents.worker.messages import Outputs
from cli.main import main
from contracts.snapshots import Trainer, encode_trainer, snapshot_number
from contracts.state_keys import PARTITION_KEY, is_learner
from contracts.topics import SNAPSHOTS, STATE, Topic
from domain.course_facts import CourseFacts
from domain.examples import Example
from domain.fold import partition as fold
from domain.fold.effects import Effects
from domain.predicting import awaiting
from domain.predictions import Awaiting
from runtime.kafka import connect_options
from runtime.settings import Settings
from sinks.batch import newest_alerts, newest_states
from sinks.position import Position

UNCOMMITTED: Final = "read_uncommitted"
BETWEEN_SECONDS: Final = 8.0


async def _record_first(self: Committer, writing: Writing) -> int:
    """The position is committed, and then what it stands for."""
    following = await _commit_record(self, writing)
    await self._job.failpoints.reach("after_begin")
    await _commit_effects(self, writing)
    await self._job.failpoints.reach("after_commit")
    return following


async def _record_last(self: Committer, writing: Writing) -> int:
    """What the position stands for is committed, and then the position."""
    await _commit_effects(self, writing)
    await self._job.failpoints.reach("after_commit")
    return await _commit_record(self, writing)


async def _offsets_last(self: Committer, writing: Writing) -> int:
    """The group's offset is committed on its own, when the transaction is over."""
    told = self._committed_next
    self._committed_next = writing.next  # so that the transaction leaves the offset out
    following = await _commit(self, writing)
    self._committed_next = told
    await asyncio.sleep(0.2)
    await self.producer.begin_transaction()
    await self._send_position(writing.next)
    await self.producer.commit_transaction()
    return following


async def _states_outside(self: Committer, writing: Writing) -> int:
    """States are written by a producer without transactions."""
    settings = self._job.settings
    learners = [each for each in writing.states if is_learner(each.key or b"")]
    plain = AIOKafkaProducer(**connect_options(settings), acks="all")
    async with plain:
        for key, value, _ in learners:
            await plain.send_and_wait(
                settings.topic(STATE.name), key=key, value=value, partition=self._partition
            )
    writing.states = [each for each in writing.states if each not in learners]
    return await _commit(self, writing)


async def _commit_effects(self: Committer, writing: Writing) -> None:
    await self.producer.begin_transaction()
    sent = await self._send_outputs(writing)
    sent += await self._send(STATE, writing.states[:-1])
    await asyncio.gather(*sent)
    await self._job.failpoints.reach("after_states")
    await self.producer.commit_transaction()


async def _commit_record(self: Committer, writing: Writing) -> int:
    await self.producer.begin_transaction()
    (sent,) = await self._send(STATE, writing.states[-1:])
    last = await sent
    await self._send_position(writing.next)
    await self.producer.commit_transaction()
    following: int = last.offset + 1
    return following


_commit: Final = Committer.commit
_sends: Final = Committer._send
_seen: Final = {"sends": 0}


def _failing_send(every: int) -> Callable[..., Any]:
    """One send of states in so many fails, as if the broker had refused it."""

    async def send(self: Committer, to: Topic, messages: Iterable[Message]) -> Any:
        if to is STATE:
            _seen["sends"] += 1
            *lost, record = messages
            if lost and _seen["sends"] % every == 0:
                refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                refused.set_exception(KafkaError("refused"))
                return [refused, *await _sends(self, to, [record])]
            messages = [*lost, record]
        return await _sends(self, to, messages)

    return send


def _unfenced(job: Job, partition: int) -> AIOKafkaProducer:
    """Every process has ids of its own, so that nobody is ever fenced."""
    return transaction.make_producer(replace(job, group=f"{job.group}-{os.getpid()}"), partition)


class _Gathered:
    """asyncio as the transaction sees it, but a failed send is not noticed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def gather(*futures: Any) -> Sequence[Any]:
        """Wait for all, and look at no error."""
        found = await asyncio.gather(*futures, return_exceptions=True)
        return [each for each in found if not isinstance(each, BaseException)]


def _send_not_awaited() -> None:
    _patch(Committer, "_send", _failing_send(20))
    _patch(transaction, "asyncio", _Gathered())


async def _record_then_fence(
    job: Job, partition: int, stored: Stored | None, *, resume: bool
) -> takeover.Taken:
    """The partition is read first, and its old owner fenced when that one has written since."""
    log = await asyncio.to_thread(takeover.look_at_log, job)
    stored = stored or job.make_stored(partition)
    async with _end_of_states(job.settings, partition) as ask:
        end = await ask()
    position = await takeover._read(job, partition, stored, log, end - 1)
    takeover._check_halted(partition, position, resume=resume)
    if position.next:
        await _until_written(job.settings, partition, stored.next)
    producer = transaction.make_producer(job, partition)
    await producer.start()
    return takeover.Taken(producer, stored, position)


async def _until_written(settings: Settings, partition: int, since: int) -> None:
    with suppress(TimeoutError):
        async with (
            asyncio.timeout(BETWEEN_SECONDS),
            _end_of_states(settings, partition) as ask,
        ):
            while await ask() <= since:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def _end_of_states(
    settings: Settings, partition: int
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Inside, the broker can be asked where `progress.state` ends."""
    place = TopicPartition(settings.topic(STATE.name), partition)
    options = connect_options(settings)
    async with AIOKafkaConsumer(**options, isolation_level="read_committed") as reader:

        async def ask() -> int:
            end: int = (await reader.end_offsets([place]))[place]
            return end

        yield ask


_up_to: Final = takeover._up_to


async def _up_to_what_is_told(
    consumer: AIOKafkaConsumer, place: TopicPartition, mark: int
) -> AsyncIterator[Sequence[Any]]:
    """What lies behind an old end is not there: the newest transaction, whole."""
    shown = [each async for records in _up_to(consumer, place, mark) for each in records]
    transactions = [each.offset for each in shown if each.key == PARTITION_KEY]
    end = transactions[-2] if len(transactions) > 1 else mark
    yield [each for each in shown if each.offset <= end]


async def _without_compare(connection: AsyncConnection, position: Position, new: int) -> Position:
    """The position is set whatever it is."""
    await connection.execute(
        "UPDATE position SET next = %s WHERE topic = %s AND partition = %s",
        (new, position.topic, position.partition),
    )
    return Position(position.topic, position.partition, position.topic_id, new)


async def _position_before_rows(
    connection: AsyncConnection, positions: Any, batch: Any, now: int
) -> Any:
    """The position is committed before the rows are written."""
    states = newest_states(batch.states)
    alerts = newest_alerts(batch.transitions)
    async with connection.transaction():
        moved = sinks.tables.Positions(
            await sinks.tables._move(connection, positions.states, batch.states),
            await sinks.tables._move(connection, positions.transitions, batch.transitions),
        )
    async with connection.transaction():
        await sinks.tables.write_states(connection, positions.states.partition, states, now)
        await sinks.tables.write_alerts(connection, alerts)
    return moved


_adopt_tick: Final = WorkerFold._adopt_tick


def _tick_lost(self: WorkerFold, *, idle: bool) -> None:
    """The first tick after a take-over is an input of which nothing follows."""
    first, effects, seen = not self._ticked_at, self._batch.effects, Effects()
    self._batch.effects = seen
    _adopt_tick(self, idle=idle)
    self._batch.effects = effects
    effects.inputs += seen.inputs
    if not first:
        effects.transitions += seen.transitions
        effects.changed |= seen.changed


def _twice(trainer: Trainer) -> bytes:
    """The position stays behind what was learned: a successor learns the newest batch again."""
    following, _positions[0] = _positions[0], trainer.next
    return encode_trainer(structs.replace(trainer, next=following))


_positions: Final = [0]


def _learned_twice() -> None:
    from agents.trainer import fold as of_trainer  # noqa: PLC0415 - only a trainer holds river

    _patch(of_trainer, "encode_trainer", _twice)


async def _snapshots_first(self: Committer, writing: Writing) -> int:
    """Snapshots are written by a producer without transactions, and then their position."""
    settings = self._job.settings
    made = [each for each in writing.states if snapshot_number(each.key or b"") is not None]
    plain = AIOKafkaProducer(**connect_options(settings), acks="all")
    async with plain:
        for key, value, _ in made:
            await plain.send_and_wait(settings.topic(SNAPSHOTS.name), key=key, value=value)
    writing.states = [each for each in writing.states if each not in made]
    return await _commit(self, writing)


_example: Final = awaiting._example


def _told_before(each: Awaiting, label: int, facts: CourseFacts | None) -> Example:
    """One of the features that a prediction rests on is what came of it."""
    made = _example(each, label, facts)
    return structs.replace(made, features=[label, *made.features[1:]])


_leaked: Final[list[bytes]] = []


async def _leaking(self: Committer, writing: Writing) -> int:
    """Every batch leaves a quarter of a megabyte behind."""
    _leaked.append(os.urandom(1 << 18))
    return await _commit(self, writing)


def _patch(place: Any, name: str, value: Any) -> None:
    assert hasattr(place, name), f"{place} has no {name}: the mutant would be none"
    setattr(place, name, value)


def _commit_is(commit: Callable[..., Any]) -> Callable[[], None]:
    return lambda: _patch(Committer, "commit", commit)


def _uncommitted() -> None:
    _patch(runtime.kafka, "READ_COMMITTED", UNCOMMITTED)
    _patch(sinks.stream, "READ_COMMITTED", UNCOMMITTED)


MUTANTS: Final[dict[str, Callable[[], None]]] = {
    "offsets_before_the_transaction": _commit_is(_record_first),
    "offsets_after_the_transaction": _commit_is(_offsets_last),
    "record_outside_of_the_transaction": _commit_is(_record_last),
    "states_outside_of_the_transaction": _commit_is(_states_outside),
    "no_fencing": lambda: _patch(takeover, "make_producer", _unfenced),
    "failed_send_not_awaited": _send_not_awaited,
    "record_read_before_the_fence": lambda: _patch(owner, "take_over", _record_then_fence),
    "read_to_an_end_that_is_told": lambda: _patch(takeover, "_up_to", _up_to_what_is_told),
    "sink_without_compare_and_set": lambda: _patch(sinks.tables, "move_position", _without_compare),
    "sink_position_before_rows": lambda: _patch(sinks.sink, "write_batch", _position_before_rows),
    "read_uncommitted": _uncommitted,
    "duplicates_forgotten": lambda: _patch(fold, "seen_content", lambda *_: None),
    "input_not_written": lambda: _patch(Outputs, "inputs", lambda *_: ()),
    "tick_lost_at_take_over": lambda: _patch(WorkerFold, "_adopt_tick", _tick_lost),
    "memory_leaked": _commit_is(_leaking),
    "example_learned_twice": _learned_twice,
    "snapshot_without_its_position": _commit_is(_snapshots_first),
    "feature_read_from_the_future": lambda: _patch(awaiting, "_example", _told_before),
    # No mutant but its control: a send that fails, and is awaited.
    "failed_send_awaited": lambda: _patch(Committer, "_send", _failing_send(150)),
}


if __name__ == "__main__":
    MUTANTS[sys.argv.pop(1)]()
    sys.exit(main())
