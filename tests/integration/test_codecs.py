"""Every compression, chosen by a producer or by the topic, is read by every reader of ours."""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import confluent_kafka
import kafka
import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.record.memory_records import MemoryRecords

from api.unfolded import unfolded
from contracts.topics import ACTIVITY, ALERTS, COURSES, DEAD_LETTERS, INPUTS, STATE, TRANSITIONS
from domain.ids import partition_of
from operations.dead_letters import Filters, requeue
from operations.topics import declarations, declare
from proof.logs import Logs
from runtime.kafka import admin_client, connect_options
from runtime.settings import Settings
from tests.factories import graded, viewed
from tests.sinking import eventually, rows, running_sink
from tests.waiting import wait_for
from tests.working import (
    START,
    assert_equals_the_log,
    checkpoints_of,
    course_facts,
    running,
    send,
    stored,
    wait_until_folded,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
"""As the first three bits of a batch's attributes number them."""
CLIENTS: Final = ("librdkafka", "kafka-python")
RECORDS: Final = 20
BYTES: Final = 600
LARGE_RECORDS: Final = 100
LARGE_BYTES: Final = 60_000

Events = Sequence[bytes]


class Place(NamedTuple):
    """One partition, and how what stands there was compressed."""

    user: str
    codec: str
    client: str
    chosen_by: str

    def large(self) -> bool:
        """6 MB in one batch: only where it is compressed to what a broker takes, and only once."""
        return (self.codec != "none", self.client, self.chosen_by) == (True, *LARGE)


LARGE: Final = ("librdkafka", "producer")
OURS: Final = {
    COURSES.name: "zstd",
    STATE.name: "zstd",
    TRANSITIONS.name: "lz4",
    INPUTS.name: "gzip",
    DEAD_LETTERS.name: "snappy",
}


@pytest.fixture
def places() -> dict[int, Place]:
    """A learner for each partition, and a partition for each way of compression."""
    ways = [
        (codec, client, who)
        for who in ("producer", "topic")
        for codec in CODECS
        for client in CLIENTS
    ]
    found: dict[int, Place] = {}
    for number in count():
        partition = partition_of(f"u{number}".encode(), len(ways))
        found.setdefault(partition, Place(f"u{number}", *ways[partition]))
        if len(found) == len(ways):
            break
    return found


@pytest.fixture
def wide(settings: Settings, places: dict[int, Place]) -> Iterator[Settings]:
    """Declared topics with that many partitions; ours are compressed by the topic too."""
    wide = settings.model_copy(update={"clock": "stream", "partitions": len(places)})
    declare(wide)
    for name, codec in OURS.items():
        choose(wide, name, codec)
    yield wide
    with closing(admin_client(wide)) as admin:
        admin.delete_topics([each.name for each in declarations(wide)], raise_errors=False)


def choose(settings: Settings, topic: str, codec: str) -> None:
    """Let the topic choose how its batches are compressed."""
    name = {"none": "uncompressed"}.get(codec, codec)
    configs = {"compression.type": name}
    with closing(admin_client(settings)) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, settings.topic(topic), configs)
        admin.alter_configs([resource])


def events(place: Place, tag: str) -> list[bytes]:
    """What one learner did, each of so many bytes and none like another; the last one is bad."""
    size = LARGE_BYTES if place.large() else BYTES
    number = LARGE_RECORDS if place.large() else RECORDS
    chance = random.Random(f"{place}{tag}")
    found = []
    for index in range(number):
        event = viewed(
            user=place.user, content=f"page-{index}", event_id=f"{place.user}-{tag}-{index}"
        )
        if index == 0:
            event = graded(START, 20, user=place.user, event_id=f"{place.user}-{tag}-grade")
        if index == number - 1:
            event["type"] = "unheard_of"
        event["padding"] = ""
        filler = chance.randbytes(1 + size // 60).hex() * 30
        event["padding"] = filler[: size - len(json.dumps(event))]
        found.append(json.dumps(event).encode())
    assert {len(value) for value in found} == {size}
    return found


def put(settings: Settings, place: Place, codec: str, values: Events) -> None:
    """Produce one batch as the client's users would."""
    topic, key = settings.topic(ACTIVITY.name), place.user.encode()
    if place.client == "librdkafka":
        producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": settings.kafka_bootstrap,
                "partitioner": "murmur2_random",
                "compression.type": codec,
                "linger.ms": 50,
                "batch.size": 8_000_000,
                "message.max.bytes": 8_000_000,
            }
        )
        for value in values:
            producer.produce(topic, value, key=key)
        assert producer.flush(30) == 0
        return
    options = {"compression_type": None if codec == "none" else codec, "linger_ms": 50}
    with closing(kafka.KafkaProducer(**connect_options(settings), **options)) as client:
        for value in values:
            client.send(topic, key=key, value=value)
        client.flush(30)


def codecs_on_disk(folder: Path, topic: str, partition: int) -> list[str]:
    """How each batch of a partition stands in the broker's file."""
    (segment,) = (folder / "kafka" / "data" / f"{topic}-{partition}").glob("*.log")
    batches = MemoryRecords(segment.read_bytes())
    found = []
    while batches.has_next():
        found.append(CODECS[batches.next_batch().compression_type])
    return found


def fill(settings: Settings, places: dict[int, Place], folder: Path) -> None:
    """Compress each partition in its own way, and see on the broker's disk that it is so."""
    topic = settings.topic(ACTIVITY.name)
    for partition, place in places.items():
        if place.chosen_by == "producer":
            put(settings, place, place.codec, events(place, "p"))
            assert set(codecs_on_disk(folder, topic, partition)) == {place.codec}, place
    for partition, place in places.items():
        if place.chosen_by == "topic":
            choose(settings, ACTIVITY.name, place.codec)
            put_as_the_topic_chose(settings, partition, place, folder)


def put_as_the_topic_chose(settings: Settings, partition: int, place: Place, folder: Path) -> None:
    """Produce until the broker, which takes up new settings a little later, compresses so."""
    sent = "zstd" if place.codec == "none" else "none"
    attempts = count()

    def compressed() -> bool:
        put(settings, place, sent, events(place, f"t{next(attempts)}"))
        found = codecs_on_disk(folder, settings.topic(ACTIVITY.name), partition)
        return found[-1] == place.codec

    wait_for(compressed, 20)


async def seen_by_the_api(settings: Settings) -> set[int]:
    """The partitions where the API's reader finds what is not folded yet."""
    async with unfolded(settings) as source:
        return {partition async for partition, since in source.oldest({}) if since is not None}


def seen_by_verify(settings: Settings) -> int:
    """How many records of `activity` the reader of `verify` finds."""
    with Logs(settings) as logs:
        return sum(
            len(batch)
            for number in range(settings.partitions)
            for batch in logs.read(ACTIVITY, number, 0, logs.end(ACTIVITY, number))
        )


async def sunk(settings: Settings, learners: int) -> None:
    """Return when a sink has put every learner's state into Postgres, and an alert of each."""

    async def found() -> bool:
        states = await rows(settings, "SELECT user_id FROM learner")
        alerts = await rows(settings, "SELECT DISTINCT user_id FROM alert")
        return (len(states), len(alerts)) == (learners, learners)

    async with running_sink(settings):
        await eventually(found)


def test_every_reader_reads_what_every_producer_compressed(
    wide: Settings, places: dict[int, Place], server_folder: Path, tmp_path: Path
) -> None:
    send(wide, [course_facts()], COURSES.name)
    fill(wide, places, server_folder)
    assert asyncio.run(seen_by_the_api(wide)) == set(places)
    log = stored(wide, ACTIVITY.name)
    assert seen_by_verify(wide) == len(log)
    assert sum(len(checkpoint.value) == LARGE_BYTES for checkpoint in log) == 4 * LARGE_RECORDS
    with running(wide, tmp_path / "w") as worker:
        wait_until_folded(wide)
        assert worker.stop() == 0
    assert_equals_the_log(wide)
    letters = stored(wide, DEAD_LETTERS.name)
    counted = sum(checkpoint.counters.events for checkpoint in checkpoints_of(wide).values())
    assert counted + len(letters) == len(log)
    asyncio.run(sunk(wide, len(places)))
    for number in places:
        on_disk = codecs_on_disk(server_folder, wide.topic(ALERTS.name), number)
        assert set(on_disk) == {"none"}
        assert "zstd" in codecs_on_disk(server_folder, wide.topic(STATE.name), number)
    done = requeue(wide, Filters(reasons=["unknown_type"]), key_from_value=False, dry_run=False)
    assert (done.matched, done.put_back) == (len(letters), len(letters))
