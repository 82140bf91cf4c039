"""From an event's send to the API's answer that shows it, stage by stage, on a whole stack.

Every event is matched exactly: the worker's transaction and the sink's both carry the partition's
record, and the first whose `next` lies beyond the event's offset is the one that holds it. Sampled
events belong to learners of their own, who are asked for as soon as the row is there.
"""

import argparse
import asyncio
import os
import statistics
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Final

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition
from psycopg import AsyncConnection

from benchmarks.machine import heading
from benchmarks.sending import a_producer, content_viewed, paced, wall_ms
from benchmarks.served import Histogram, scrape
from benchmarks.stack import Running, a_folder, a_stack
from contracts.state_keys import PARTITION_KEY
from contracts.topics import ACTIVITY, STATE
from domain.stored.codec import decode_checkpoint
from operations.token import issue
from runtime.clock import WallClock
from runtime.database import connect
from runtime.kafka import READ_COMMITTED, connect_options
from runtime.process import settle_memory
from runtime.settings import Settings

STAGES: Final = (
    "send -> append         client, broker",
    "append -> folded       broker's linger, fetch, wait for the last transaction, fold",
    "folded -> committed    transaction, until a read_committed reader has it",
    "committed -> row       sink: fetch, write, commit in Postgres",
    "row -> answer          one GET of the dashboard",
)
LEARNERS: Final = 200
FIRST_SAMPLED: Final = 1_000_000
WARM_UP_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.003
SETTLE_SECONDS: Final = 20.0
READ_ANY: Final = "progress:read:any"
_HISTOGRAMS: Final = (
    ("worker", "learnstream_fold_seconds", "fold of one batch"),
    ("worker", "learnstream_transaction_seconds", "one transaction"),
    ("sink", "learnstream_sink_batch_seconds", "one batch into Postgres"),
)


def main(arguments: list[str]) -> None:
    """Print each stage's percentiles and its share of the tail."""
    parser = argparse.ArgumentParser(prog="benchmarks latency", description=__doc__)
    parser.add_argument("--rate", type=float, default=200, help="events a second (200)")
    parser.add_argument("--seconds", type=float, default=30, help="measured, after a warm-up (30)")
    parser.add_argument("--sample", type=int, default=5, help="ask the API for one event in N (5)")
    options = parser.parse_args(arguments)
    print(heading())
    load = os.getloadavg()[0]
    # Port 0: worker and sink each serve their figures where there is room.
    with a_folder() as folder, a_stack(folder, LEARNSTREAM_METRICS_PORT="0") as stack:
        asyncio.run(_run(stack, options))
    print(f"load average before the start: {load:.1f} (what else ran on this machine)")


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it was sent, and where and when the broker appended it; ms since the epoch."""

    user: int
    sent: float
    appended: float
    partition: int
    offset: int

    @property
    def sampled(self) -> bool:
        """Whether the API is asked for its learner."""
        return self.user >= FIRST_SAMPLED


class Marks:
    """When each partition was first seen to have come how far."""

    def __init__(self) -> None:
        self._nexts: defaultdict[int, list[int]] = defaultdict(list)
        self._times: defaultdict[int, list[float]] = defaultdict(list)

    def add(self, partition: int, following: int, at: float) -> None:
        """Note that everything before `following` was there at `at`."""
        nexts = self._nexts[partition]
        if not nexts or following > nexts[-1]:
            nexts.append(following)
            self._times[partition].append(at)

    def of(self, event: Sent) -> float | None:
        """When the event was first there."""
        place = bisect_right(self._nexts[event.partition], event.offset)
        times = self._times[event.partition]
        return times[place] if place < len(times) else None


@dataclass(slots=True)
class Probe:
    """What was seen of the events on their way."""

    events: list[Sent] = field(default_factory=list)
    folded: Marks = field(default_factory=Marks)
    committed: Marks = field(default_factory=Marks)
    rows: Marks = field(default_factory=Marks)
    answers: dict[int, float] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    unasked: list[Sent] = field(default_factory=list)

    def appended(self, event: Sent) -> None:
        """The broker has the event."""
        self.events.append(event)
        if event.sampled:
            self.unasked.append(event)

    async def settle(self) -> None:
        """Return when nothing is on its way any more."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLE_SECONDS
        sampled = sum(event.sampled for event in self.events)
        while len(self.answers) < sampled or not all(map(self._arrived, self.events)):
            assert loop.time() < deadline, f"{len(self.answers)} answers, expected {sampled}"
            await asyncio.sleep(SETTLE_SECONDS / 100)

    def stages(self, event: Sent) -> list[float]:
        """The stages of one event in ms; the last only where its learner was asked for."""
        seen = [marks.of(event) for marks in (self.folded, self.committed, self.rows)]
        folded, committed, row = (at for at in seen if at is not None)
        # The row may be seen first, by another connection: then it was committed by then.
        times = [event.sent, event.appended, folded, min(committed, row), row]
        if event.sampled:
            times.append(self.answers[event.user])
        return [later - earlier for earlier, later in pairwise(times)]

    def _arrived(self, event: Sent) -> bool:
        return None not in (self.committed.of(event), self.rows.of(event))


async def _run(stack: Running, options: argparse.Namespace) -> None:
    probe, settings = Probe(), stack.settings()
    ports = {part: stack.ports(part) for part in ("worker", "sink")}
    async with AsyncExitStack() as opened, asyncio.TaskGroup() as group:
        producer, consumer = a_producer(settings), await _reader(settings)
        await producer.start()
        connection = await opened.enter_async_context(await connect(settings, "benchmark"))
        client = await opened.enter_async_context(_client(stack, settings))
        opened.push_async_callback(consumer.stop)
        opened.push_async_callback(producer.stop)
        watching = [
            group.create_task(_read_states(consumer, probe)),
            group.create_task(_read_rows(connection, client, probe)),
        ]
        settle_memory()
        sending = _Sending(producer, settings.topic(ACTIVITY.name), options.rate, options.sample)
        await sending.go(WARM_UP_SECONDS, probe)
        warm = len(probe.events)
        before = {part: scrape(each) for part, each in ports.items()}
        await sending.go(options.seconds, probe)
        await probe.settle()
        after = {part: scrape(each) for part, each in ports.items()}
        for task in watching:
            task.cancel()
    _print_stages(probe, probe.events[warm:], options)
    for part, name, what in _HISTOGRAMS:
        _print_histogram(f"{part}: {what}", after[part][name].since(before[part][name]))


async def _reader(settings: Settings) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        **connect_options(settings), isolation_level=READ_COMMITTED, enable_auto_commit=False
    )
    await consumer.start()
    topic = settings.topic(STATE.name)
    places = [TopicPartition(topic, number) for number in range(settings.partitions)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    return consumer


def _client(stack: Running, settings: Settings) -> httpx.AsyncClient:
    token = issue(
        settings, user="bench", scope=READ_ANY, lifetime=timedelta(hours=1), clock=WallClock()
    )
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=stack.api, headers=headers, trust_env=False)


@dataclass(slots=True)
class _Sending:
    """Sends one event after the other, evenly, and goes on where it stopped."""

    producer: AIOKafkaProducer
    topic: str
    rate: float
    sample: int
    number: int = 0

    async def go(self, seconds: float, probe: Probe) -> None:
        """Send for so long, and return when the broker has it all."""
        first = self.number
        async with asyncio.TaskGroup() as group:
            async for number in paced(self.rate, seconds):
                group.create_task(self._send(first + number, probe))
                self.number = first + number + 1

    async def _send(self, number: int, probe: Probe) -> None:
        sampled = number % self.sample == 0
        user = FIRST_SAMPLED + number if sampled else 1 + number % LEARNERS
        sent = wall_ms()
        value = content_viewed(f"latency-{number}", user, number, sent)
        record = await self.producer.send_and_wait(self.topic, key=str(user).encode(), value=value)
        assert record.timestamp_type == 1, "activity has LogAppendTime"
        probe.appended(Sent(user, sent, record.timestamp, record.partition, record.offset))


async def _read_states(consumer: AIOKafkaConsumer, probe: Probe) -> None:
    """The worker's producer stamps a state when it sends it: then the fold is over."""
    while True:
        found = await consumer.getmany(timeout_ms=1_000)
        now = wall_ms()
        for place, records in found.items():
            for record in records:
                if record.key == PARTITION_KEY and record.value is not None:
                    following = decode_checkpoint(record.value).next
                    probe.folded.add(place.partition, following, record.timestamp)
                    probe.committed.add(place.partition, following, now)


async def _read_rows(connection: AsyncConnection, client: httpx.AsyncClient, probe: Probe) -> None:
    async with asyncio.TaskGroup() as group:
        while True:
            cursor = await connection.execute("SELECT partition, next FROM partition_record")
            rows = await cursor.fetchall()
            now = wall_ms()
            for partition, following in rows:
                probe.rows.add(partition, following, now)
            ready = [event for event in probe.unasked if probe.rows.of(event) is not None]
            for event in ready:
                probe.unasked.remove(event)
                group.create_task(_ask(client, event, probe))
            await asyncio.sleep(POLL_SECONDS)


async def _ask(client: httpx.AsyncClient, event: Sent, probe: Probe) -> None:
    path = "/api/v1/progress/real-time-dashboard"
    answer = await client.get(path, params={"user_id": event.user})
    probe.answers[event.user] = wall_ms()
    body = answer.raise_for_status().json()
    seen = body["realtime_metrics"]["daily_activities"]
    assert seen == 1, f"the answer about {event.user} shows {seen} activities, expected 1"
    probe.lags.append(body["freshness"]["lag_seconds"])


def _print_stages(probe: Probe, events: Sequence[Sent], options: argparse.Namespace) -> None:
    sampled = [probe.stages(event) for event in events if event.sampled]
    every = [probe.stages(event) for event in events]
    slowest = sorted(sampled, key=sum)[-max(10, len(sampled) // 100) :]
    whole = sum(map(sum, slowest))
    print(
        f"\n{options.rate:.0f} events/s for {options.seconds:.0f} s after {WARM_UP_SECONDS:.0f} s: "
        f"{len(every)} events, {len(sampled)} asked for in the API\n"
        f"{'ms':<81}   p50    p99    max  share of the slowest {len(slowest)}"
    )
    shares = []
    for number, name in enumerate(STAGES):
        times = [stages[number] for stages in every if number < len(stages)]
        shares.append(sum(stages[number] for stages in slowest) / whole)
        print(f"{name:<81} {_percentiles(times)}  {shares[-1]:>4.0%}")
    to_row = [sum(stages[: len(STAGES) - 1]) for stages in every]
    print(f"{'send -> row in Postgres':<81} {_percentiles(to_row)}")
    print(f"{'send -> answer of the API':<81} {_percentiles([sum(each) for each in sampled])}")
    print(f"the tail's name: {STAGES[shares.index(max(shares))]}")
    print(f"lag_seconds in the answers: largest {max(probe.lags):.1f}")


def _percentiles(times: Sequence[float]) -> str:
    cuts = statistics.quantiles(times, n=100)
    return f"{cuts[49]:>5.1f}  {cuts[98]:>5.1f}  {max(times):>5.1f}"


def _print_histogram(name: str, found: Histogram) -> None:
    print(
        f"{name:<32} {found.count:>6} times, mean {found.mean * 1000:>5.1f} ms, "
        f"p50 {found.quantile(0.5) * 1000:>4.0f}, p99 {found.quantile(0.99) * 1000:>4.0f} "
        "(between bounds)"
    )
