"""The one commit: outputs, inputs, states, the checkpoint and its position, or nothing."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata, RecordMetadata, TopicPartition

from contracts.alert_event import CONTENT_TYPE, encode_alert_event, encode_transition
from contracts.dead_letter import dead_letter_headers, dead_letter_key, dead_letter_value
from contracts.inputs import encode_input
from contracts.state_keys import PARTITION_KEY, course_key
from contracts.topics import ACTIVITY, ALERTS, COURSES, DEAD_LETTERS, INPUTS, STATE, TRANSITIONS
from domain.checkpoint import Checkpoint
from domain.codec import encode_checkpoint, encode_facts
from domain.fold import DeadLetter, Effects
from domain.state import Learner
from runtime.failpoints import Failpoints
from runtime.kafka import connect_options
from runtime.settings import Settings

BATCH_BYTES: Final = 1_048_576
REQUEST_MS: Final = 15_000
TRANSACTION_MS: Final = 15_000
_NO_HEADERS: Final[list[tuple[str, bytes]]] = []
_ALERT_HEADERS: Final = [("content-type", CONTENT_TYPE.encode())]


class Encoded(NamedTuple):
    """A changed learner and the bytes that are sent, and then kept."""

    user_id: str
    data: bytes
    state: Learner


class Committed(NamedTuple):
    """What stands now: the partition's checkpoint, and where `progress.state` may be read on."""

    checkpoint: bytes
    state_next: int


class Message(NamedTuple):
    """One record to be written."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = _NO_HEADERS


@dataclass(slots=True, kw_only=True)
class Writing:
    """All that one transaction writes; letters of `courses` come with its partition."""

    checkpoint: Checkpoint
    alert_source: str
    effects: Effects
    encoded: Sequence[Encoded] = ()
    letters_of_courses: Sequence[tuple[int, DeadLetter]] = field(default_factory=list)


def make_producer(settings: Settings, partition: int) -> AIOKafkaProducer:
    """The producer of one partition's owner; its start fences every earlier one."""
    return AIOKafkaProducer(
        **connect_options(settings),
        client_id=f"{settings.group}-{partition}",
        transactional_id=f"{settings.topic_prefix}{settings.group}-{partition}",
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

    def __init__(
        self,
        producer: AIOKafkaProducer,
        settings: Settings,
        partition: int,
        failpoints: Failpoints,
    ) -> None:
        self.producer = producer
        self._settings = settings
        self._partition = partition
        self._failpoints = failpoints
        self._committed_next = -1

    async def commit(self, writing: Writing) -> Committed:
        """Write all of it in one transaction; whatever this raises, the process has to end."""
        reach = self._failpoints.reach
        await self.producer.begin_transaction()
        await reach("after_begin")
        sent = await self._send_outputs(writing)
        if self._failpoints.armed:  # a fault between two effects needs the first to be there
            await asyncio.gather(*sent)
        await reach("after_outputs")
        checkpoint = encode_checkpoint(writing.checkpoint)
        states = await self._send(STATE.name, self._states(writing, checkpoint))
        # aiokafka commits a transaction of which a send failed unless that send was awaited.
        *_, last = await asyncio.gather(*sent, *states)
        await reach("after_states")
        await self._send_position(writing.checkpoint.next)
        await reach("after_offsets")
        await reach("before_commit")
        await self.producer.commit_transaction()
        self._committed_next = writing.checkpoint.next
        await reach("after_commit")
        return Committed(checkpoint, last.offset + 1)

    async def _send_position(self, following: int) -> None:
        """Only after every send is awaited: beside them, the broker's checks cost retries."""
        if following == self._committed_next:
            return
        activity = TopicPartition(self._settings.topic(ACTIVITY.name), self._partition)
        await self.producer.send_offsets_to_transaction(
            {activity: OffsetAndMetadata(following, "")}, self._settings.group
        )

    async def _send_outputs(self, writing: Writing) -> list["asyncio.Future[RecordMetadata]"]:
        sent: list[asyncio.Future[RecordMetadata]] = []
        for name, messages in (
            (TRANSITIONS.name, self._transitions(writing.effects)),
            (ALERTS.name, self._alerts(writing)),
            (DEAD_LETTERS.name, self._dead_letters(writing)),
            (INPUTS.name, self._inputs(writing.effects)),
        ):
            sent += await self._send(name, messages)
        return sent

    async def _send(
        self, name: str, messages: Iterable[Message]
    ) -> list["asyncio.Future[RecordMetadata]"]:
        """Pack records into whole batches: one future a batch, where `send` has one a record."""
        topic = self._settings.topic(name)
        sent: list[asyncio.Future[RecordMetadata]] = []
        builder = None
        for key, value, headers in messages:
            if builder is None:
                builder = self.producer.create_batch()
            if builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
                sent.append(
                    await self.producer.send_batch(builder, topic, partition=self._partition)
                )
                builder = self.producer.create_batch()
                taken = builder.append(timestamp=None, key=key, value=value, headers=headers)
                assert taken is not None, "an empty batch takes one record of any size"
        if builder is not None:
            sent.append(await self.producer.send_batch(builder, topic, partition=self._partition))
        return sent

    def _states(self, writing: Writing, record: bytes) -> Iterable[Message]:
        """Learners, course facts as adopted, and always the partition's checkpoint."""
        for user_id, data, _ in writing.encoded:
            yield Message(user_id.encode(), data)
        for course_id, facts in writing.effects.facts.items():
            yield Message(course_key(course_id), encode_facts(facts))
        yield Message(PARTITION_KEY, record)

    def _transitions(self, effects: Effects) -> Iterable[Message]:
        for transition in effects.transitions:
            yield Message(transition.user_id.encode(), encode_transition(transition))

    def _alerts(self, writing: Writing) -> Iterable[Message]:
        for transition in writing.effects.transitions:
            if transition.delivered:
                event = encode_alert_event(transition, writing.alert_source)
                yield Message(transition.user_id.encode(), event, _ALERT_HEADERS)

    def _inputs(self, effects: Effects) -> Iterable[Message]:
        for value in effects.inputs:
            yield Message(None, encode_input(value))

    def _dead_letters(self, writing: Writing) -> Iterable[Message]:
        of_activity = [(self._partition, letter) for letter in writing.effects.dead_letters]
        for name, letters in (
            (ACTIVITY.name, of_activity),
            (COURSES.name, writing.letters_of_courses),
        ):
            topic = self._settings.topic(name)
            for partition, letter in letters:
                yield Message(
                    dead_letter_key(letter),
                    dead_letter_value(letter),
                    dead_letter_headers(letter, topic, partition),
                )
