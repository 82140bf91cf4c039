"""What operators read of a real stack: a halted partition, dead letters, what learners said."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer
from pydantic import TypeAdapter

import api.letters
from api.operations_shapes import DeadLetters, Operations
from contracts.dead_letter import dead_letter_headers
from contracts.topics import DEAD_LETTERS
from domain.alerts import Published, Response
from domain.events.decode import Record
from domain.fold.effects import DeadLetter
from domain.stored.checkpoint import Counters, Halted
from runtime.clock import WallClock
from runtime.database import connect
from runtime.kafka import connect_options, keyed_producer
from runtime.settings import Settings
from tests.asking import a_token, asking, store
from tests.openapi import document, problems
from tests.sinking import T0, a_checkpoint, a_transition, eventually, resolved

pytestmark = pytest.mark.integration

PATH = "/api/v1/operations"
LETTERS = f"{PATH}/dead-letters"
PERSONAL = b'{"user_id":"ada.lovelace@example.org","name":"Ada Lovelace"}'


@asynccontextmanager
async def operator(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    token = a_token(settings, "operator", scope="operations:read")
    async with asking(settings, token, clock=WallClock()) as client:
        yield client


async def read(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    content = document()["paths"][path]["get"]["responses"]["200"]["content"]
    assert problems(content["application/json"]["schema"], body) == []
    TypeAdapter(Operations if path == PATH else DeadLetters).validate_python(body)
    assert (await client.get(f"{path}/")).status_code == 200
    return body


def an_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def letter(offset: int, reason: Any = "key_mismatch", **given: Any) -> DeadLetter:
    record = Record(offset, WallClock().now() * 1000, b"ada.lovelace@example.org", PERSONAL)
    detail = given.get("detail", "the record's key is not the user_id of its value")
    return DeadLetter(given.get("record", record), reason, detail)


def put(producer: KafkaProducer, settings: Settings, place: int, *letters: DeadLetter) -> None:
    for each in letters:
        producer.send(
            settings.topic(DEAD_LETTERS.name),
            key=each.record.key,
            value=each.record.value,
            partition=place,
            headers=dead_letter_headers(each, settings.topic("activity"), place),
        )
    producer.flush()


async def test_a_halted_partition_is_said_with_its_remedy_beside_what_all_have_folded(
    topics: Settings,
) -> None:
    halted = Halted(65, "1000 events in a row were rejected")
    counters = Counters(events=90, rejected=1_000, duplicates=3, learners=7)
    records = [a_checkpoint(number, next=0) for number in range(topics.partitions)]
    records[1] = a_checkpoint(1, next=0, halted=halted, counters=counters)
    await store(topics, checkpoints=records)
    async with operator(topics) as client:

        async def measured() -> bool:
            found = await read(client, PATH)
            return all(each["lag_known"] for each in found["partitions"])

        await eventually(measured)
        body = await read(client, PATH)
        ready = (await client.get("/readyz")).json()
    assert (body["ready"], body["kafka"]) == (False, "up")
    assert [each["code"] for each in body["reasons"]] == ["partition_halted"]
    assert body["reasons"] == ready["reasons"]
    assert [each["partition"] for each in body["partitions"]] == list(range(topics.partitions))
    assert [each["halted"] is not None for each in body["partitions"]].count(True) == 1
    one = body["partitions"][1]
    assert (one["events"], one["rejected"], one["duplicates"], one["learners"]) == (90, 1000, 3, 7)
    assert one["halted"]["reason"] == halted.reason
    assert one["halted"]["command"] == "learnstream worker --resume"


async def test_alerts_are_counted_by_rule_and_not_at_each_request(topics: Settings) -> None:
    told: list[Published] = [
        *(a_transition("ada", an_id(n), expires_at=T0 + 90) for n in range(3)),
        a_transition("ada", an_id(3), expires_at=T0 + 10),
        a_transition("ada", an_id(4), state="suppressed", kind="suppressed"),
        resolved("ada", an_id(0), 2, T0 + 7_200),
        Response(kind="acknowledged", alert_id=an_id(1), user_id="ada", at=T0 + 5),
        Response(kind="feedback", alert_id=an_id(1), user_id="ada", at=T0 + 9, feedback="acted"),
        Response(
            kind="feedback", alert_id=an_id(2), user_id="ada", at=T0 + 9, feedback="not_useful"
        ),
    ]
    await store(topics, checkpoints=[a_checkpoint(0, clock=T0 + 60)], told=told)
    async with operator(topics) as client:
        body = await read(client, PATH)
        (low,) = body["alerts"]
        assert low == {
            "rule": "low_score",
            "open": 2,
            "delivered": 4,
            "suppressed": 1,
            "acknowledged": 1,
            "useful": 0,
            "acted": 1,
            "not_useful": 1,
            "precision": 0.5,
            "resolved_after_hours": 2.0,
        }
        async with await connect(topics, "test") as connection:
            await connection.execute("DELETE FROM alert")
        again = await read(client, PATH)
        assert (again["alerts"], again["alerts_counted_at"]) == (
            body["alerts"],
            body["alerts_counted_at"],
        )
    async with operator(topics) as client:
        assert (await read(client, PATH))["alerts"] == []


@pytest.fixture
def rejected(topics: Settings) -> Settings:
    """Many letters as a worker writes them, one that was taken back, and some of a foreign hand."""
    with closing(
        KafkaProducer(**connect_options(topics), transactional_id=f"{topics.group}-worker")
    ) as producer:
        producer.init_transactions()
        for offset in range(70):  # each stands between the ends of two transactions
            producer.begin_transaction()
            put(producer, topics, 0, letter(offset))
            producer.commit_transaction()
        producer.begin_transaction()
        put(producer, topics, 0, letter(99, "bad_id"))
        producer.abort_transaction()
    with closing(keyed_producer(topics)) as producer:
        put(producer, topics, 1, letter(5, "not_json", detail="Ada Lovelace, 17 Main Street"))
        producer.send(
            topics.topic(DEAD_LETTERS.name),
            key=b"ada.lovelace@example.org",
            value=PERSONAL,
            partition=2,
            headers=[("reason", PERSONAL), ("detail", b"ada.lovelace"), ("offset", b"\xff")],
        )
        producer.flush()
    return topics


async def test_no_byte_of_a_dead_letter_is_answered(rejected: Settings) -> None:
    async with operator(rejected) as client:
        answer = await client.get(LETTERS)
    assert len(answer.json()["places"]) == 50
    text = answer.text + json.dumps(dict(answer.headers))
    for personal in ("Ada", "Lovelace", "lovelace", "example.org", "Main Street", '"name'):
        assert personal not in text


async def test_dead_letters_are_counted_through_the_ends_of_transactions(
    rejected: Settings,
) -> None:
    async with operator(rejected) as client:
        body = await read(client, LETTERS)
        with closing(keyed_producer(rejected)) as producer:
            put(producer, rejected, 3, letter(6))
        assert await read(client, LETTERS) == body  # it is remembered
    by_reason = {each["reason"]: each for each in body["by_reason"]}
    assert set(by_reason) == {"key_mismatch", "not_json", "unknown"}
    assert 66 <= by_reason["key_mismatch"]["count_24h"] <= 74  # every second offset is such an end
    assert (body["about"], body["complete"]) == (True, True)
    of_first = [each["offset"] for each in body["places"] if each["partition"] == 0]
    assert of_first == list(range(69, 69 - len(of_first), -1))
    assert by_reason["key_mismatch"]["command"] == (
        "learnstream dead-letters requeue --reason key_mismatch --key-from-value"
    )
    assert by_reason["unknown"]["command"] is None


async def test_where_nothing_was_rejected_there_is_nothing(topics: Settings) -> None:
    async with operator(topics) as client:
        body = await read(client, LETTERS)
    assert (body["by_reason"], body["places"], body["count_24h"]) == ([], [], 0)
    assert (body["about"], body["complete"]) == (False, True)


@pytest.mark.parametrize(("bytes_max", "shown"), [(6_000_000, 8), (1_000_000, 0)])
async def test_there_is_an_end_to_what_is_read_of_large_letters(
    topics: Settings, monkeypatch: pytest.MonkeyPatch, bytes_max: int, shown: int
) -> None:
    large = Record(0, WallClock().now() * 1000, b"ada", bytes(600_000))
    with closing(keyed_producer(topics, max_request_size=2_097_152)) as producer:
        put(producer, topics, 0, *[letter(0, "too_large", record=large) for _ in range(20)])
    monkeypatch.setattr(api.letters, "BYTES_MAX", bytes_max)
    async with operator(topics) as client:
        body = await read(client, LETTERS)
    assert (body["complete"], body["about"], body["count_24h"]) == (False, True, 20)
    assert len(body["places"]) == shown


async def test_many_who_ask_at_once_have_the_topic_read_once(
    topics: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = 0
    read_one = api.letters._read

    async def counted(settings: Settings, since: int) -> api.letters.Newest:
        nonlocal began
        began += 1
        return await read_one(settings, since)

    monkeypatch.setattr(api.letters, "_read", counted)
    async with operator(topics) as client:
        answers = await asyncio.gather(*(client.get(LETTERS) for _ in range(20)))
    assert {each.status_code for each in answers} == {200}
    assert began == 1


async def test_without_the_topic_it_is_said_what_to_do(topics: Settings) -> None:
    other = topics.model_copy(update={"topic_prefix": f"{topics.topic_prefix}none-"})
    async with operator(other) as client:
        answer = await client.get(LETTERS)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "run `learnstream topics` first" in answer.json()["detail"]
