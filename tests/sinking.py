"""What tests of the sink and of the API put on the stream, and how they run a sink beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry
from psycopg.rows import dict_row

from contracts.alert_event import encode_transition
from contracts.state_keys import PARTITION_KEY, course_key
from contracts.topics import SNAPSHOTS, STATE, TRANSITIONS
from domain.alerts import Evidence, Subject, Transition
from domain.course_facts import CourseFacts
from domain.ids import partition_of
from domain.state.learner import (
    Day,
    Learner,
    new_learner,
)
from domain.stored.checkpoint import CHECKPOINT_VERSION, Checkpoint
from domain.stored.codec import encode_checkpoint, encode_facts, encode_learner
from runtime.database import connect
from runtime.kafka import connect_options
from runtime.settings import Settings
from sinks.metrics import SinkMetrics
from sinks.sink import Sink, Surroundings

Value = TypeVar("Value")

T0 = 1_760_000_000  # an autumn day of 2025
TODAY = T0 // 86_400 + 719_163


class StoppedClock:
    """Says the time it was given."""

    def __init__(self, now: int = T0) -> None:
        self._now = now

    def now(self) -> int:
        return self._now


def a_learner(user_id: str, steps: int, *, days: Iterable[int] = (), course: str = "") -> Learner:
    state = new_learner(user_id)
    state.steps = steps
    state.first_event_at = state.last_event_at = T0
    state.days = [Day(day=day, activities=3, timed=3, seconds=1200, posts=1) for day in days]
    state.course_ids = [course] if course else []
    return state


def a_checkpoint(partition: int, **fields: Any) -> Checkpoint:
    given = {"topic_id": "activity-1", "clock_mode": "wall", "clock": T0, "next": 10}
    return Checkpoint(
        version=CHECKPOINT_VERSION, partition=partition, partitions=4, **{**given, **fields}
    )


def a_transition(user_id: str, alert_id: str, revision: int = 1, **fields: Any) -> Transition:
    given: dict[str, Any] = {
        "kind": "raised",
        "state": "open",
        "type": "performance",
        "category": "low_score",
        "severity": "medium",
        "at": T0,
        "raised_at": T0,
        "expires_at": T0 + 14 * 86_400,
        "course_id": "algebra",
        "audience": ("learner", "instructor"),
        "subject": Subject("assessment", "quiz-1"),
        "title_code": "alert.low_score.title",
        "message_code": "alert.low_score.message",
        "params": {"score": 35, "pass_mark": 40, "title": "Quiz 1", "date": "9 October"},
        "evidence": (
            Evidence(feature="score", value=35, threshold=40, unit="percent", direction="down"),
        ),
    }
    return Transition(
        alert_id=alert_id,
        revision=revision,
        user_id=user_id,
        rule_version=1,
        **{**given, **fields},
    )


def resolved(
    user_id: str, alert_id: str, revision: int, at: int = T0 + 60, **fields: Any
) -> Transition:
    given: dict[str, Any] = {
        "kind": "resolved",
        "state": "resolved",
        "at": at,
        "resolved_at": at,
        "resolution": "cleared",
        "title_code": None,
        "message_code": None,
        "params": {},
        "evidence": (),
    }
    return a_transition(user_id, alert_id, revision, **{**given, **fields})


async def put_states(
    settings: Settings,
    *states: Learner,
    checkpoints: Iterable[Checkpoint] = (),
    facts: Mapping[int, CourseFacts] | None = None,
) -> None:
    """Put states on `progress.state` as a worker would: learners, facts, checkpoints."""
    topic = settings.topic(STATE.name)
    async with AIOKafkaProducer(**connect_options(settings)) as producer:
        for state in states:
            key = state.user_id.encode()
            partition = partition_of(key, settings.partitions)
            await producer.send(topic, encode_learner(state), key=key, partition=partition)
        for partition, known in (facts or {}).items():
            key = course_key(known.course_id)
            await producer.send(topic, encode_facts(known), key=key, partition=partition)
        for checkpoint in checkpoints:
            value = encode_checkpoint(checkpoint)
            await producer.send(topic, value, key=PARTITION_KEY, partition=checkpoint.partition)


async def put_transitions(settings: Settings, *transitions: Transition) -> None:
    topic = settings.topic(TRANSITIONS.name)
    async with AIOKafkaProducer(**connect_options(settings)) as producer:
        for each in transitions:
            key = each.user_id.encode()
            partition = partition_of(key, settings.partitions)
            await producer.send(topic, encode_transition(each), key=key, partition=partition)


async def put_snapshots(settings: Settings, *records: tuple[bytes, bytes]) -> None:
    """Put records on `model.snapshots`: pairs of key and value."""
    topic = settings.topic(SNAPSHOTS.name)
    async with AIOKafkaProducer(**connect_options(settings)) as producer:
        for key, value in records:
            await producer.send(topic, value, key=key, partition=0)


def a_sink(settings: Settings, stop: asyncio.Event) -> Sink:
    metrics = SinkMetrics(CollectorRegistry())
    return Sink(Surroundings(settings, StoppedClock(), metrics), stop)


@asynccontextmanager
async def running_sink(
    settings: Settings, *, expect: type[Exception] | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """A sink that runs beside the test and is stopped in order, or has failed as expected."""
    stop = asyncio.Event()
    task = asyncio.create_task(a_sink(settings, stop).run())
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait({task})
    if expect is None:
        task.result()
    else:
        assert isinstance(task.exception(), expect)


async def rows(settings: Settings, query: str, *given: object) -> list[dict[str, Any]]:
    async with await connect(settings, "test") as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(query.encode(), given)
        return await cursor.fetchall()


async def eventually(ask: Callable[[], Awaitable[Value]], deadline: float = 20) -> Value:
    """The first truthy answer."""
    end = asyncio.get_running_loop().time() + deadline
    while not (answer := await ask()):
        assert asyncio.get_running_loop().time() < end, f"not true in {deadline} s: {answer!r}"
        await asyncio.sleep(0.05)
    return answer
