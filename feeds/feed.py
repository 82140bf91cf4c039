"""The way of every feed: course facts, a wait until the workers have adopted them, events."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka.errors import KafkaConnectionError

from contracts.topics import ACTIVITY, COURSES
from feeds.adoption import ADOPTION_SECONDS, wait_until_adopted
from feeds.lockstep import lockstep
from feeds.position import PositionFile, Reached, position_file
from feeds.producing import (
    Pace,
    Resumption,
    Target,
    deliver,
    deliver_by_day,
    producer,
    target_of,
)
from feeds.reading import ends, found_from
from feeds.records import Record
from runtime.errors import StoppedError
from runtime.kafka import reaching_kafka
from runtime.servers import wait_for_kafka
from runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is to be sent; `name` is what a feed that can be resumed is known by, else empty."""

    courses: Sequence[Record]
    events: Iterable[Record]
    total: int | None = None
    name: tuple[str, ...] = ()
    days: Iterable[tuple[int, Sequence[Record]]] | None = None
    """In lockstep, in place of `events`: the end of each day (epoch seconds), and its events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How to send it. `restart` forgets what was sent before; `wait` is for the course facts.

    In lockstep each day waits until the one before was folded, learned and adopted everywhere.
    """

    rate: float | None = None
    progress: bool | None = None
    restart: bool = False
    wait: bool = True
    lockstep: bool = False
    wait_seconds: float = ADOPTION_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What this run sent, and what an earlier one had sent already."""

    courses: int
    events: int
    already: int


def run_feed(settings: Settings, feed: Feed, delivery: Delivery) -> Sent:
    """Send a feed and return when Kafka has acknowledged all of it.

    Raises StoppedError on Ctrl-C, as soon as what is on its way is acknowledged.

    Raises CrashError where Kafka cannot be reached.
    """
    wait_for_kafka(settings)
    with reaching_kafka(settings, (KafkaConnectionError,)):
        return asyncio.run(_run(settings, feed, delivery))


async def _run(settings: Settings, feed: Feed, delivery: Delivery) -> Sent:
    activity = target_of(settings, settings.topic(ACTIVITY.name))
    position = position_file(settings, *feed.name, activity.topic_id) if feed.name else None
    if position and delivery.restart:
        position.forget()
    resumption = await _resumption(settings, activity, position)
    async with producer(settings) as opened:
        courses = 0
        if feed.courses and resumption.reached.records == 0:
            facts = target_of(settings, settings.topic(COURSES.name))
            quiet = Pace(progress=False)
            courses = (await deliver(opened, facts, feed.courses, pace=quiet)).sent
            if delivery.wait:
                ids = {record.key.decode() for record in feed.courses if record.key}
                await wait_until_adopted(settings, ids, seconds=delivery.wait_seconds)
        pace = Pace(rate=delivery.rate, progress=delivery.progress, total=feed.total)
        try:
            if feed.days is None:
                done = await deliver(
                    opened, activity, feed.events, pace=pace, resumption=resumption
                )
            else:
                async with lockstep(settings, opened, activity) as steps:
                    done = await deliver_by_day(
                        opened,
                        activity,
                        feed.days,
                        steps.day_over,
                        pace=pace,
                        resumption=resumption,
                    )
        except asyncio.CancelledError as error:
            raise StoppedError(_reached(resumption.reached.records, feed.total)) from error
    return Sent(courses=courses, events=done.sent, already=done.already)


def _reached(records: int, total: int | None) -> str:
    of = "" if total is None else f" of {total:,}"
    return f"stopped: Kafka has acknowledged {records:,}{of} events"


async def _resumption(
    settings: Settings, activity: Target, position: PositionFile | None
) -> Resumption:
    if position is None:
        return Resumption()
    reached = position.read()
    if reached is None:
        reached = Reached(offsets=await ends(settings, activity))
        position.write(reached)
        return Resumption(position=position, reached=reached)
    beyond = await found_from(settings, activity, reached.offsets)
    return Resumption(position=position, reached=reached, beyond=beyond)
