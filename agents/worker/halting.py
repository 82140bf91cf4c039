"""Why a partition halted, for the person who is to act: what was rejected most, and what to do."""

import asyncio
from collections import Counter
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from contracts.dead_letter import REASON
from contracts.remedies import remedy_of
from contracts.topics import DEAD_LETTERS
from runtime.errors import TooManyRejectedError
from runtime.kafka import committed_stream
from runtime.settings import Settings

NEWEST: Final = 1_000
"""A partition halts on 5,000 rejected of the last 10,000: so many of the newest are enough."""
_SECONDS: Final = 10.0
_POLL_MS: Final = 200
_ASK_AGAIN_SECONDS: Final = 0.2


async def explained(
    error: TooManyRejectedError, settings: Settings, partition: int
) -> TooManyRejectedError:
    """The same error with the commonest reason among the newest dead letters, and its remedy.

    They are read again from the log, so a worker that finds a halted partition says the same as
    the one that halted it. Where they cannot be read in time, the error says only what to do next.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            reasons = await _newest_reasons(settings, partition)
    except (KafkaError, TimeoutError):
        reasons = Counter()
    return TooManyRejectedError(f"{error}; {advice(reasons)}, then `learnstream worker --resume`")


def advice(reasons: Counter[str]) -> str:
    """What is rejected most, and what is to be done about it."""
    if not reasons:
        return "correct the producer"
    ((reason, count),) = reasons.most_common(1)
    seen = f"{count:,} of its newest {reasons.total():,} dead letters are {reason}"
    return f"{seen}: {remedy_of(reason) or 'correct the producer'}"


async def _newest_reasons(settings: Settings, partition: int) -> Counter[str]:
    """The reasons of the newest dead letters; waits until a transaction just ended shows."""
    place = TopicPartition(settings.topic(DEAD_LETTERS.name), partition)
    async with committed_stream(settings) as consumer:
        consumer.assign([place])
        while True:
            reasons = await _reasons(consumer, place)
            if reasons:
                return reasons
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _reasons(consumer: AIOKafkaConsumer, place: TopicPartition) -> Counter[str]:
    first = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    consumer.seek(place, max(first, end - NEWEST))
    reasons: Counter[str] = Counter()
    while await consumer.position(place) < end:
        for record in (await consumer.getmany(place, timeout_ms=_POLL_MS)).get(place, []):
            reasons.update(text.decode() for name, text in record.headers if name == REASON)
    return reasons
