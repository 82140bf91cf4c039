"""Events per second of one worker beside bare aiokafka and idiomatic Faust, on this machine."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from kafka import KafkaConsumer
from kafka import TopicPartition as KafkaPartition
from kafka.admin import KafkaAdminClient

from benchmarks.machine import OULAD, heading
from contracts.state_keys import PARTITION_KEY
from contracts.topics import ACTIVITY, STATE
from devstack.kafka import EmbeddedKafka
from domain.stored.codec import decode_checkpoint
from feeds.feed import Delivery, Feed, run_feed
from feeds.oulad import OuladOptions, read_oulad
from feeds.records import Record
from operations.topics import declarations, declare
from runtime.kafka import admin_client, committed_reader
from runtime.settings import Settings

PARTITIONS: Final = 4
LEARNERS: Final = 20_000
FAUST_EVENTS: Final = 40_000
_DEADLINE: Final = 300.0


def main(arguments: list[str]) -> None:
    """Print the rates of alternating rounds, their medians and the ratios."""
    parser = argparse.ArgumentParser(prog="benchmarks worker", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--load", choices=["oulad", "spread", "both"], default="both")
    parser.add_argument("--data", type=Path, default=OULAD)
    options = parser.parse_args(arguments)
    print(heading())
    loads: dict[str, Callable[[], tuple[list[Record], Iterator[Record]]]] = {
        "oulad": lambda: _oulad(options.data),
        "spread": lambda: ([], _spread()),
    }
    folder = Path(tempfile.mkdtemp(prefix="learnstream-bench-"))
    folder.chmod(0o755)
    broker = EmbeddedKafka(folder / "kafka", heap_megabytes=1024)
    broker.prepare()
    try:
        broker.start()
        for name, load in loads.items():
            if options.load in {name, "both"}:
                courses, events = load()
                settings = _settings(broker.bootstrap, f"{name}-")
                declare(settings)
                sent = _preload(settings, courses, islice(events, options.events))
                _compare(settings, name, sent, options.rounds)
    finally:
        broker.kill()
        shutil.rmtree(folder)


def _compare(settings: Settings, name: str, events: int, rounds: int) -> None:
    ways: dict[str, Callable[[int], float]] = {
        "aiokafka getmany + json.loads": lambda _: asyncio.run(_bare(settings)),
        "idiomatic Faust, Table, count and sum": lambda n: _idiomatic(settings, n),
        "learnstream worker, full state, exactly once": lambda n: _worker(settings, n),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        for way, run in ways.items():
            rates[way].append(run(number))
    print(f"\nload {name}: {events} events, {PARTITIONS} partitions, {rounds} alternating rounds")
    for way, found in rates.items():
        rounds_text = ", ".join(f"{rate:,.0f}" for rate in found)
        print(f"  {statistics.median(found):>9,.0f} events/s  {way}  ({rounds_text})")
    _, idiomatic, ours = (statistics.median(found) for found in rates.values())
    print(f"  learnstream / idiomatic Faust = {ours / idiomatic:.1f}", flush=True)


def _settings(bootstrap: str, prefix: str) -> Settings:
    return Settings.model_validate(
        {
            "KAFKA_BOOTSTRAP": bootstrap,
            "topic_prefix": prefix,
            "partitions": PARTITIONS,
            "replication": 1,
            "min_insync_replicas": 1,
            "clock": "stream",
        }
    )


def _oulad(folder: Path) -> tuple[list[Record], Iterator[Record]]:
    oulad = read_oulad(OuladOptions(folder))
    return oulad.courses(), oulad.events()


def _spread() -> Iterator[Record]:
    """One event a learner and round, some 250 bytes each: no learner comes twice in a batch."""
    number = 0
    while True:
        learner = str(number % LEARNERS)
        minute = number // LEARNERS * 7
        event = {
            "event_id": f"00000000-0000-5000-8000-{number:012d}",
            "user_id": learner,
            "type": "content_viewed",
            "occurred_at": f"2024-03-{4 + minute // 1440:02d}T{minute // 60 % 24:02d}:"
            f"{minute % 60:02d}:00+00:00",
            "course_id": "course-2024-spring",
            "content_id": f"content-{number % 977}",
            "content_kind": "page",
            "count": 1 + number % 5,
            "source": "bench",
        }
        yield Record(learner.encode(), json.dumps(event).encode())
        number += 1


def _preload(settings: Settings, courses: list[Record], events: Iterable[Record]) -> int:
    feed = Feed(courses=courses, events=events)
    return run_feed(settings, feed, Delivery(progress=False, wait=False)).events


async def _bare(settings: Settings) -> float:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, max_poll_records=5_000, group_id=None
    )
    await consumer.start()
    topic = settings.topic(ACTIVITY.name)
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    left = sum((await consumer.end_offsets(places)).values())
    total, started = left, time.monotonic()
    while left > 0:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            for record in records:
                json.loads(record.value or b"null")
            left -= len(records)
    rate: float = total / (time.monotonic() - started)
    await consumer.stop()
    return rate


def _idiomatic(settings: Settings, number: int) -> float:
    command = [
        *(sys.executable, "-m", "benchmarks.idiomatic_faust", settings.kafka_bootstrap),
        *(settings.topic(ACTIVITY.name), f"{settings.topic_prefix}faust-{number}"),
        *(str(PARTITIONS), str(FAUST_EVENTS)),
    ]
    done = subprocess.run(  # noqa: S603 - our own module
        command, capture_output=True, text=True, timeout=_DEADLINE, check=False
    )
    assert done.stdout, done.stderr[-2000:]
    return float(done.stdout.split()[-1])


def _worker(settings: Settings, number: int) -> float:
    """A fresh group and fresh topics of ours; rates from the times of its own commits."""
    _forget(settings)
    environment = os.environ | {
        "LEARNSTREAM_PARTITIONS": str(settings.partitions),
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "LEARNSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "LEARNSTREAM_GROUP": f"{settings.topic_prefix}worker-{number}",
        "LEARNSTREAM_CLOCK": settings.clock,
        "LEARNSTREAM_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "cli.main", "worker"]
    worker = subprocess.Popen(  # noqa: S603 - our own module
        command, env=environment
    )
    try:
        return _rate(settings, environment["LEARNSTREAM_GROUP"], worker)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=30)


def _forget(settings: Settings) -> None:
    """Delete every topic that the worker writes and declare it anew; `activity` stays."""
    keep = {settings.topic(ACTIVITY.name), settings.topic("courses")}
    names = [each.name for each in declarations(settings) if each.name not in keep]
    with closing(admin_client(settings)) as admin:
        admin.delete_topics(names)
        while set(names) & set(admin.list_topics()):
            time.sleep(0.1)
    declare(settings)


def _rate(settings: Settings, group: str, worker: "subprocess.Popen[bytes]") -> float:
    """Events over time, from the end of the first batch to the last commit.

    Commits carry the time at which they were written; while the worker runs, only the group's
    offsets are looked at, once a second, so that it has the machine for itself.
    """
    names = [settings.topic(ACTIVITY.name), settings.topic(STATE.name)]
    log, states = ([KafkaPartition(name, n) for n in range(PARTITIONS)] for name in names)
    with closing(committed_reader(settings)) as reader, closing(admin_client(settings)) as admin:
        ends = reader.end_offsets(log)
        deadline = time.monotonic() + _DEADLINE
        while any(_committed(admin, group).get(place, 0) < end for place, end in ends.items()):
            assert worker.poll() is None, "the worker ended"
            assert time.monotonic() < deadline, f"{_committed(admin, group)} of {ends}"
            time.sleep(1)
        marks = [_mark(reader, place, at_end=False) for place in states]
        began = min(timestamp for timestamp, _ in marks)
        ended = max(_mark(reader, place, at_end=True)[0] for place in states)
    early = sum(position for timestamp, position in marks if timestamp == began)
    rate: float = (sum(ends.values()) - early) / (ended - began) * 1000
    return rate


def _committed(admin: KafkaAdminClient, group: str) -> dict[KafkaPartition, int]:
    found = admin.list_group_offsets({group: None})
    return {place: kept.offset for place, kept in found[group].items()}


def _mark(reader: KafkaConsumer, place: KafkaPartition, *, at_end: bool) -> tuple[int, int]:
    """When the first, or the last, batch of a partition was committed, and up to where."""
    reader.assign([place])
    end = reader.end_offsets([place])[place]
    reader.seek(place, max(0, end - 3) if at_end else 0)
    while True:
        for records in reader.poll(timeout_ms=500).values():
            for record in records:
                if record.key == PARTITION_KEY and (found := decode_checkpoint(record.value)).next:
                    return record.timestamp, found.next
