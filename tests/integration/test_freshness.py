"""The lag that the API says of a real log with transactions, and what it says when it fails."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from typing import Any, Protocol

import aiokafka
import aiokafka.codec
import confluent_kafka
import httpx
import kafka
import pytest

import api.freshness
import api.pipeline
import api.unfolded
from contracts.topics import ACTIVITY
from domain.ids import partition_of
from runtime.clock import WallClock
from runtime.kafka import connect_options, keyed_producer
from runtime.settings import Settings
from tests.asking import a_token, asking, store
from tests.sinking import a_checkpoint, eventually

pytestmark = pytest.mark.integration


class Transactional(Protocol):
    """What both clients' producers have in common."""

    def init_transactions(self) -> object: ...
    def begin_transaction(self) -> object: ...
    def commit_transaction(self) -> object: ...
    def abort_transaction(self) -> object: ...
    def flush(self) -> object: ...


def librdkafka(settings: Settings) -> Any:
    return confluent_kafka.Producer(
        {
            "bootstrap.servers": settings.kafka_bootstrap,
            "transactional.id": f"{settings.group}-lms",
        }
    )


def kafka_python(settings: Settings) -> Any:
    transactional_id = f"{settings.group}-lms"
    return kafka.KafkaProducer(**connect_options(settings), transactional_id=transactional_id)


class Ada:
    """Her partition's lag as the page says it, and how to write to her partition's log."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self.client = client
        self.partition = partition_of(b"ada", settings.partitions)
        self._settings = settings
        self._topic = settings.topic(ACTIVITY.name)

    async def freshness(self) -> dict[str, Any]:
        answer = await self.client.get("/api/progress/performance-alerts")
        found: dict[str, Any] = answer.json()["freshness"]
        return found

    async def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get("/readyz")).json()
        return found

    def behind(self, seconds: float = 1) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            return bool((await self.freshness())["lag_seconds"] >= seconds)

        return ask

    async def caught_up(self) -> bool:
        found = await self.freshness()
        return found["lag_seconds"] == 0 and not found["stale"]

    async def folded(self, next_: int) -> None:
        """Postgres has all of her partition up to there."""
        await store(self._settings, checkpoints=[a_checkpoint(self.partition, next=next_)])

    def put(self, producer: Any, value: bytes = b"{}") -> None:
        if isinstance(producer, kafka.KafkaProducer):
            producer.send(self._topic, key=b"ada", value=value, partition=self.partition)
        else:
            producer.produce(self._topic, value, key=b"ada", partition=self.partition)
        producer.flush()

    def put_committed(self) -> None:
        with closing(keyed_producer(self._settings)) as other:
            self.put(other)


@asynccontextmanager
async def ada_asking(settings: Settings) -> AsyncIterator[Ada]:
    async with asking(settings, a_token(settings), clock=WallClock()) as client:
        ada = Ada(settings, client)
        await eventually(ada.caught_up)
        yield ada


async def test_lag_is_the_age_of_what_is_not_in_postgres_and_markers_are_not_records(
    topics: Settings,
) -> None:
    async with ada_asking(topics) as ada:
        producer = librdkafka(topics)
        producer.init_transactions()
        for next_ in (1, 3):  # behind the record; its marker stands there
            producer.begin_transaction()
            ada.put(producer)
            producer.commit_transaction()
            await eventually(ada.behind())
            await ada.folded(next_)
            await eventually(ada.caught_up)
        metrics = (await ada.client.get("/metrics")).text
    assert f'learnstream_api_lag_seconds{{partition="{ada.partition}"}} 0.0' in metrics
    assert 'route="/api/progress/performance-alerts",status="200"' in metrics
    assert "ada" not in metrics


@pytest.mark.parametrize(
    ("client", "end"), [(librdkafka, "commit_transaction"), (kafka_python, "abort_transaction")]
)
async def test_what_an_open_transaction_hides_is_lag_until_it_ends(
    topics: Settings, client: Callable[[Settings], Transactional], end: str
) -> None:
    async with ada_asking(topics) as ada:
        producer = client(topics)
        producer.init_transactions()
        producer.begin_transaction()
        ada.put(producer)
        await eventually(ada.behind())
        ada.put_committed()  # behind it, and as invisible
        await eventually(ada.behind(2))
        getattr(producer, end)()
        await eventually(ada.behind(3))
        await ada.folded(2)
        await eventually(ada.caught_up)


async def test_what_an_abort_took_back_is_no_lag_though_passing_it_takes_many_looks(
    topics: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.unfolded, "SEARCH_SECONDS", 0.0)
    monkeypatch.setattr(api.freshness, "LOOK_SECONDS", 0.05)  # a look passes what 100 ms fetch
    async with ada_asking(topics) as ada:
        producer = librdkafka(topics)
        producer.init_transactions()
        producer.begin_transaction()
        for _ in range(400):  # each larger than one fetch
            ada.put(producer, bytes(70_000))
        await eventually(ada.behind())
        producer.abort_transaction()
        await eventually(ada.caught_up, 40)


async def test_a_pipeline_without_a_worker_is_not_ready_and_its_pages_are_answered(
    topics: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.pipeline, "STILL_SECONDS", 1.0)
    monkeypatch.setattr(api.freshness, "MEMBERS_SECONDS", 0.0)
    await store(
        topics, checkpoints=[a_checkpoint(number, next=0) for number in range(topics.partitions)]
    )

    async with ada_asking(topics) as ada:

        def said(*codes: str) -> Callable[[], Awaitable[bool]]:
            async def ask() -> bool:
                found = await ada.ready()
                return [each["code"] for each in found["reasons"]] == list(codes)

            return ask

        await eventually(said("no_worker"))
        ada.put_committed()
        await eventually(said("partition_still", "no_worker"))
        async with aiokafka.AIOKafkaConsumer(
            topics.topic(ACTIVITY.name), **connect_options(topics), group_id=topics.group
        ):
            await eventually(said("partition_still"), 20)
            await ada.folded(1)
            await eventually(said())
        await eventually(said("no_worker"))
        assert (await ada.client.get("/readyz/api")).json() == {"ready": True, "reasons": []}


async def test_what_is_not_kafkas_absence_is_said_and_ends_readiness(
    topics: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await store(
        topics, checkpoints=[a_checkpoint(number, next=0) for number in range(topics.partitions)]
    )

    async with ada_asking(topics) as ada:

        async def unready() -> bool:
            return not (await ada.ready())["ready"]

        async def ready() -> bool:
            return bool((await ada.ready())["ready"])

        await eventually(ready)
        monkeypatch.setattr(aiokafka.codec, "cramjam", None)
        with closing(keyed_producer(topics, compression_type="zstd")) as producer:
            ada.put(producer, bytes(1000))
        await eventually(unready)
        found = await ada.ready()
        assert (found["kafka"], [each["code"] for each in found["reasons"]]) == (
            "up",
            ["lag_unknown"],
        )
        assert "zstd" in found["reasons"][0]["detail"]
        assert capsys.readouterr().out.count("lag_unknown") == 1
        monkeypatch.undo()
        await eventually(ready)
        await eventually(ada.behind())
