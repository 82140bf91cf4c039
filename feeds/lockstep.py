"""A replay in lockstep: each day is folded, learned and adopted before the next one begins."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Final

import kafka
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from msgspec.structs import replace

from contracts.inputs import decode_input
from contracts.lessons import decode_lesson, encode_order
from contracts.topics import EXAMPLES, INPUTS
from domain.examples import Order
from domain.fold.inputs import ModelAdopted
from feeds.position import Reached
from feeds.producing import Target, target_of
from feeds.reading import reader
from runtime.errors import NotCaughtUpError
from runtime.kafka import admin_client, committed_stream
from runtime.settings import Settings

STEP_SECONDS: Final = 180.0
"""So long one step of a day may take without any partition moving on."""
_LOOK_SECONDS: Final = 0.03
_POLL_MS: Final = 200


class Lockstep:
    """What the days of a replay wait for; made by `lockstep`."""

    def __init__(
        self,
        settings: Settings,
        producer: AIOKafkaProducer,
        activity: Target,
        admin: KafkaAdminClient,
        inputs: AIOKafkaConsumer,
    ) -> None:
        self._settings = settings
        self._producer = producer
        self._activity = activity
        self._admin = admin
        self._inputs = inputs
        self._adopted = dict.fromkeys(range(activity.partitions), 0)
        self._begun = False

    async def day_over(self, at: int, reached: Reached) -> Reached:
        """Return once every partition predicts with what was learned up to `at`.

        Raises NotCaughtUpError where workers or the trainer do not move on.
        """
        await self._wait_until_folded(reached.offsets)
        ordered = None if self._begun else await self._ordered_before(at, reached.ordered)
        self._begun = True
        if ordered is None:
            ordered = await self.order(Order(order="learn", at=at))
        await self._wait_until_adopted(at)
        return replace(reached, learned_at=at, ordered=ordered + 1)

    async def order(self, order: Order) -> int:
        """Give the trainer an order; returns its offset in `model.examples`."""
        topic = self._settings.topic(EXAMPLES.name)
        sent = await self._producer.send_and_wait(topic, encode_order(order), partition=0)
        return int(sent.offset)

    async def _wait_until_folded(self, offsets: Mapping[int, int]) -> None:
        """The workers' group stands behind all that was sent: a position is of its transaction."""
        places = [
            kafka.TopicPartition(self._activity.name, partition)
            for partition in range(self._activity.partitions)
        ]
        patience = _Patience("the workers have not folded the day")
        while True:
            found = await asyncio.to_thread(self._stands, places)
            left = {p: end for p, end in offsets.items() if found.get(p, 0) < end}
            if not left:
                return
            patience.check(found, f"partitions {sorted(left)} are behind")
            await asyncio.sleep(_LOOK_SECONDS)

    def _stands(self, places: list[kafka.TopicPartition]) -> dict[int, int]:
        group = self._settings.group
        found = self._admin.list_group_offsets({group: places})[group]
        return {place.partition: max(0, each.offset) for place, each in found.items()}

    async def _wait_until_adopted(self, at: int) -> None:
        patience = _Patience("the day's models were not adopted")
        while left := [p for p, seen in self._adopted.items() if seen < at]:
            found = await self._inputs.getmany(timeout_ms=_POLL_MS)
            for place, records in found.items():
                for record in records:
                    seen = max(self._adopted[place.partition], _adopted_at(record.value or b""))
                    self._adopted[place.partition] = seen
            where = f"by partitions {left}; are a trainer and workers running"
            patience.check(dict(self._adopted), where)

    async def _ordered_before(self, at: int, start: int) -> int | None:
        """The offset of an order about this day that an earlier run gave without hearing of it."""
        place = TopicPartition(self._settings.topic(EXAMPLES.name), 0)
        async with committed_stream(self._settings) as consumer:
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, start)
            while await consumer.position(place) < end:
                for record in (await consumer.getmany(place, timeout_ms=_POLL_MS)).get(place, ()):
                    if record.key is None:
                        order = decode_lesson(None, record.value)
                        if isinstance(order, Order) and (order.order, order.at) == ("learn", at):
                            return int(record.offset)
        return None


@asynccontextmanager
async def lockstep(
    settings: Settings, producer: AIOKafkaProducer, activity: Target
) -> AsyncIterator[Lockstep]:
    """Begin to gather; inside, days are passed one by one; after the last one learning is free.

    A replay that was stopped leaves the trainer gathering: the same command continues.
    """
    inputs = await asyncio.to_thread(target_of, settings, settings.topic(INPUTS.name))
    with closing(admin_client(settings)) as admin:
        async with reader(settings, inputs) as opened:
            steps = Lockstep(settings, producer, activity, admin, opened)
            await steps.order(Order(order="gather"))
            yield steps
            await steps.order(Order(order="free"))


class _Patience:
    """Ends a wait when nothing has moved for too long."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: object = None
        self._since = time.monotonic()

    def check(self, seen: object, where: str) -> None:
        """Raise NotCaughtUpError where `seen` has been the same for too long."""
        now = time.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        elif now - self._since > STEP_SECONDS:
            raise NotCaughtUpError(
                f"{self._what} for {STEP_SECONDS:g} s: {where}. Start the same command again"
            )


def _adopted_at(value: bytes) -> int:
    """The replay's time of an adoption; 0 where it is another input."""
    found = decode_input(value)
    if found.kind != "model":
        return 0
    return msgspec.json.decode(found.payload, type=ModelAdopted).at
