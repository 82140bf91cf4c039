"""How every Kafka client of ours behaves: read_committed, security, the Java partitioner."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any, Final, TypedDict

import aiokafka.errors
import kafka.errors
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

from runtime.errors import CrashError
from runtime.settings import Settings

READ_COMMITTED: Final = "read_committed"
KAFKA_ERRORS: Final = (aiokafka.errors.KafkaError, kafka.errors.KafkaError)
"""What the two libraries raise."""
END_SECONDS: Final = 12.0
"""So long a log may end before a place that was in it: only then it is another log."""
_ASK_AGAIN_SECONDS: Final = 0.3


class ConnectOptions(TypedDict, total=False):
    """The options that aiokafka and kafka-python share."""

    bootstrap_servers: str
    security_protocol: str
    sasl_mechanism: str
    sasl_plain_username: str
    sasl_plain_password: str
    ssl_context: ssl.SSLContext


@contextmanager
def reaching_kafka(
    settings: Settings, errors: tuple[type[Exception], ...] = KAFKA_ERRORS
) -> Iterator[None]:
    """Inside, what either Kafka library raises is a CrashError that says which servers were asked.

    With `errors` given, only these are.
    """
    try:
        yield
    except errors as error:
        raise CrashError(f"cannot reach Kafka at {settings.kafka_bootstrap}: {error}") from error


def connect_options(settings: Settings) -> ConnectOptions:
    """Where the cluster is and how one is let in."""
    options = ConnectOptions(
        bootstrap_servers=settings.kafka_bootstrap,
        security_protocol=settings.kafka_security_protocol,
    )
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ssl_cafile)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username or ""
        options["sasl_plain_password"] = password.get_secret_value() if password else ""
    return options


def admin_client(settings: Settings) -> KafkaAdminClient:
    """An admin client; the caller closes it."""
    return KafkaAdminClient(**connect_options(settings))


def topic_ids(settings: Settings) -> dict[str, str]:
    """Every topic of ours on this cluster, its name without the prefix, and its id.

    The id distinguishes a topic from one of the same name that was made after it was deleted.
    """
    with closing(admin_client(settings)) as admin:
        topics = admin.describe_topics()
    return {
        topic["name"].removeprefix(settings.topic_prefix): str(topic["topic_id"])
        for topic in topics
        if topic["name"].startswith(settings.topic_prefix) and not topic["is_internal"]
    }


def committed_reader(settings: Settings, **options: Any) -> KafkaConsumer:
    """A consumer without a group that sees only committed records; the caller closes it."""
    return KafkaConsumer(
        **connect_options(settings),
        isolation_level=READ_COMMITTED,
        enable_auto_commit=False,
        group_id=None,
        **options,
    )


@asynccontextmanager
async def committed_stream(settings: Settings, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """The same for asyncio, started; it begins at the start of a log where nothing else is said."""
    consumer = AIOKafkaConsumer(
        **connect_options(settings),
        isolation_level=READ_COMMITTED,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        group_id=None,
        **options,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def ends_behind(
    consumer: AIOKafkaConsumer, places: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Where logs end, asked again for a while where one ends before its place.

    For a moment after its start a broker may report an end that is behind what was committed. What
    then still ends too early is for the caller to judge.
    """
    deadline = asyncio.get_running_loop().time() + END_SECONDS
    while True:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(places))
        if all(ends[place] >= at for place, at in places.items()):
            return ends
        if asyncio.get_running_loop().time() > deadline:
            return ends
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


def keyed_producer(settings: Settings, **options: Any) -> KafkaProducer:
    """A kafka-python producer: idempotent, all replicas, murmur2 by key (the Java default)."""
    return KafkaProducer(
        **connect_options(settings),
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        batch_size=262_144,
        **options,
    )
