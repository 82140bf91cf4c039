"""Faust's consumer as we use it: one message per partition and fetch, no position of its own.

This file and faust_app.py are all that is touched of Faust's inside.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, cast

import aiokafka
import aiokafka.producer.sender
import faust
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    IllegalStateError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from typing_extensions import override

from runtime.kafka import READ_COMMITTED, connect_options
from runtime.settings import Settings

assert faust.__version__ == "0.15.3", f"made for Faust 0.15.3, not {faust.__version__}"
assert aiokafka.__version__ == "0.14.0", f"made for aiokafka 0.14.0, not {aiokafka.__version__}"

# The time that aiokafka waits before it asks again whether the last transaction's end is written:
# with its 20 ms a producer ends 36 transactions a second, with 3 ms 92.
aiokafka.producer.sender.BACKOFF_OVERRIDE = 0.003

# The broker lingers for this, so that the worker need not: see the architecture's section 5.
FETCH_WAIT_MS: Final = 50
FETCH_BYTES_MIN: Final = 65_536
FETCH_BYTES_MAX: Final = 1_048_576
_FETCH_SECONDS: Final = 0.1
_IDLE_SECONDS: Final = 0.02
REBALANCE_SECONDS: Final = 30.0
REQUEST_SECONDS: Final = 20.0


Raw: TypeAlias = "ConsumerRecord[bytes, bytes]"


class Batch(NamedTuple):
    """What one fetch brought for one partition; `start` is where the last one ended."""

    partition: int
    generation: int
    start: int
    records: Sequence[Raw]


class Standing(NamedTuple):
    """How far the consumer has delivered, and where the log of committed records ends."""

    position: int | None
    end: int | None

    @property
    def caught_up(self) -> bool:
        """Whether it is known that nothing is left to be delivered."""
        return self.position is not None and self.end is not None and self.position >= self.end


class Gate(Protocol):
    """Says whether a partition may be fetched; is notified when its log is not what it was."""

    def accepts_more(self, partition: int) -> bool:
        """Whether the partition's owner can take more."""
        ...

    def out_of_range(self, error: Exception) -> None:
        """The position of a partition lies outside of its log."""
        ...


class App(Protocol):
    """What a consumer asks of the app that it belongs to."""

    settings: Settings
    group: str
    gate: Gate


class BatchConsumer(driver.Consumer):
    """Faust's consumer, which hands over one message per partition and fetch."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ends: dict[TP, int] = {}  # the open partitions, and where each continues

    @override
    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def open(self, tp: TP, offset: int) -> bool:
        """Hand over `tp` from `offset` on; False where it is no longer assigned."""
        if not await self._thread.call_thread(self._seek_in_thread, {tp: offset}):
            return False
        self._read_offset[tp] = None
        self._ends[tp] = offset
        return True

    def close_all(self) -> None:
        """Hand over nothing until partitions are opened again."""
        self._ends.clear()

    def standing(self, tp: TP) -> Standing:
        """How far `tp` was delivered and where it ends; safe to ask from any thread."""
        subscription = self._subscription()
        assignment = None if subscription is None else subscription.assignment
        topic_partition = TopicPartition(*tp)
        if assignment is None or topic_partition not in assignment.tps:
            return Standing(None, None)
        state = assignment.state_value(topic_partition)
        return Standing(state.position if state.has_valid_position else None, state.lso)

    def coordination_ended(self) -> bool:
        """Whether aiokafka's task that keeps us in the group is over: alive but not consuming."""
        consumer: Any = self._thread._consumer  # noqa: SLF001
        if consumer is None:
            return False
        task = getattr(consumer._coordinator, "_coordination_task", None)  # noqa: SLF001
        return task is not None and bool(task.done())

    def share(self) -> frozenset[TP] | None:
        """What the group has given us, None while it is giving; safe to ask from any thread."""
        subscription = self._subscription()
        if subscription is None or subscription._reassignment_in_progress:  # noqa: SLF001
            return None
        return frozenset(TP(*tp) for tp in subscription.assignment.tps)

    def _subscription(self) -> Any:
        """What aiokafka subscribes to at this moment, None before it does.

        Faust shows a consumer that is still connecting: most of it is there only afterwards.
        """
        consumer: Any = self._thread._consumer  # noqa: SLF001
        return None if consumer is None else consumer._subscription.subscription  # noqa: SLF001

    @override
    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """As Faust's, with its checks of generation and flow, but whole fetches."""
        generation = self.app.consumer_generation_id
        records: Mapping[TP, Sequence[Raw]]
        records, _ = await self._wait_next_records(timeout)
        if self.should_stop:
            return
        if not self.flow_active:
            try:
                await self.perform_seek()
            except Exception as error:  # noqa: BLE001 - a rebalance race; all are opened anew
                self.log.warning("seek while the flow is stopped: %r", error)
            return
        for tp, found in records.items():
            if self._over(generation):
                return
            start = self._ends.get(tp)
            if start is not None and found:
                last = found[-1]
                self._ends[tp] = last.offset + 1
                yield tp, self._whole(tp, Batch(tp.partition, generation, start, found), last)

    @override
    async def _wait_next_records(self, timeout: float) -> tuple[Any, set[TP] | None]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        gate = cast(App, self.app).gate
        wanted = {
            tp
            for tp in self._get_active_partitions()
            if tp in self._ends and gate.accepts_more(tp.partition)
        }
        if not wanted:  # an empty set would mean all of them to aiokafka
            await self.sleep(_IDLE_SECONDS)
            return {}, wanted
        try:
            return await self._getmany(wanted, min(timeout, _FETCH_SECONDS)), wanted
        except OffsetOutOfRangeError as error:
            gate.out_of_range(error)
            return {}, wanted
        except NoOffsetForPartitionError:
            # Of the moment between the assignment and our seek, where the group has committed
            # nothing; aiokafka forgets it as it is raised, and fetches from where we have sought.
            return {}, wanted

    def _over(self, generation: int) -> bool:
        return not self.flow_active or generation != self.app.consumer_generation_id

    def _whole(self, tp: TP, batch: Batch, last: Raw) -> Any:
        message: Any = self._to_message(tp, last)
        message.key, message.value, message.headers = None, batch, ()
        return message

    @override
    def on_buffer_full(self, tp: TP) -> None:
        """Nothing: Faust would sleep a second; an owner's room is asked before a fetch."""

    @override
    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing, as above."""

    @override
    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: the watchdog looks after progress."""

    @override
    async def perform_seek(self) -> None:
        """Go back to where each open partition was delivered up to."""
        await self._thread.call_thread(self._seek_in_thread, dict(self._ends))

    @override
    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Nothing: the partition's checkpoint says where to continue."""
        return {}

    @override
    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        raise AssertionError(f"Faust wanted to commit {offsets}: only owners do")

    async def _seek_in_thread(self, offsets: Mapping[TP, int]) -> bool:
        consumer = self._thread._ensure_consumer()  # noqa: SLF001
        try:
            for tp, offset in offsets.items():
                consumer.seek(TopicPartition(*tp), offset)
        except IllegalStateError:
            return False
        return True


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread of the aiokafka consumer, made with options that Faust has no way to take."""

    @override
    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        del transport
        app = cast(App, self.app)
        settings = app.settings
        session_ms = int(settings.session_timeout_seconds * 1000)
        return aiokafka.AIOKafkaConsumer(
            **connect_options(settings),
            client_id=f"{app.group}-worker",
            group_id=app.group,
            partition_assignment_strategy=[StickyPartitionAssignor],
            isolation_level=READ_COMMITTED,
            enable_auto_commit=False,
            auto_offset_reset="none",  # a position outside of the log is a loss, never a jump
            max_poll_records=settings.batch_records,
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            fetch_min_bytes=FETCH_BYTES_MIN,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 3,
            rebalance_timeout_ms=int(REBALANCE_SECONDS * 1000),
            request_timeout_ms=int(REQUEST_SECONDS * 1000),
        )
