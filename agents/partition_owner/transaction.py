"""The one commit: outputs, states and the position in them, or nothing."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata, RecordMetadata, TopicPartition

from agents.partition_owner.job import Job, Message, Writing
from contracts.topics import Topic
from runtime.kafka import connect_options

BATCH_BYTES: Final = 1_048_576
REQUEST_MS: Final = 15_000
TRANSACTION_MS: Final = 15_000


def make_producer(job: Job, partition: int) -> AIOKafkaProducer:
    """The producer of one partition's owner; its start fences every earlier one."""
    return AIOKafkaProducer(
        **connect_options(job.settings),
        client_id=f"{job.group}-{partition}",
        transactional_id=f"{job.settings.topic_prefix}{job.group}-{partition}",
        acks="all",
        linger_ms=0,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=REQUEST_MS,
        transaction_timeout_ms=TRANSACTION_MS,
    )


class Committer:
    """Writes for one partition, one transaction at a time.

    Invariants:
        I4: the position in the partition's checkpoint is that of what this transaction wrote.
    """

    def __init__(self, producer: AIOKafkaProducer, job: Job, partition: int) -> None:
        self.producer = producer
        self._job = job
        self._partition = partition
        self._committed_next = -1

    async def commit(self, writing: Writing) -> int:
        """Write all of it in one transaction; whatever this raises, the process has to end.

        Returns the offset from which on the state topic holds what is not in memory.
        """
        failpoints = self._job.failpoints
        await self.producer.begin_transaction()
        await failpoints.reach("after_begin")
        sent = await self._send_outputs(writing)
        if failpoints.armed:  # a fault between two effects needs the first to be there
            await asyncio.gather(*sent)
        await failpoints.reach("after_outputs")
        states = await self._send(self._job.state, writing.states)
        # aiokafka commits a transaction of which a send failed unless that send was awaited.
        *_, last = await asyncio.gather(*sent, *states)
        await failpoints.reach("after_states")
        await self._send_position(writing.next)
        await failpoints.reach("after_offsets")
        await failpoints.reach("before_commit")
        await self.producer.commit_transaction()
        self._committed_next = writing.next
        await failpoints.reach("after_commit")
        following: int = last.offset + 1
        return following

    async def _send_position(self, following: int) -> None:
        """Only after every send is awaited: beside them, the broker's checks cost retries."""
        if following == self._committed_next:
            return
        source = TopicPartition(self._job.settings.topic(self._job.source.name), self._partition)
        await self.producer.send_offsets_to_transaction(
            {source: OffsetAndMetadata(following, "")}, self._job.group
        )

    async def _send_outputs(self, writing: Writing) -> list["asyncio.Future[RecordMetadata]"]:
        sent: list[asyncio.Future[RecordMetadata]] = []
        for topic, messages in writing.outputs:
            sent += await self._send(topic, messages)
        return sent

    async def _send(
        self, to: Topic, messages: Iterable[Message]
    ) -> Sequence["asyncio.Future[RecordMetadata]"]:
        """Pack records into whole batches: one future a batch, where `send` has one a record."""
        topic = self._job.settings.topic(to.name)
        partition = self._partition if to.partitioning == self._job.source.partitioning else 0
        sent: list[asyncio.Future[RecordMetadata]] = []
        builder = None
        for key, value, headers in messages:
            if builder is None:
                builder = self.producer.create_batch()
            if builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
                sent.append(await self.producer.send_batch(builder, topic, partition=partition))
                builder = self.producer.create_batch()
                taken = builder.append(timestamp=None, key=key, value=value, headers=headers)
                assert taken is not None, "an empty batch takes one record of any size"
        if builder is not None:
            sent.append(await self.producer.send_batch(builder, topic, partition=partition))
        return sent
