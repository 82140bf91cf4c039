"""The sink on a real Kafka and a real Postgres: newest only, once, and never two at a time."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr

from contracts.alert_event import encode_transition
from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_KEY,
    Serving,
    encode_serving,
    snapshot_key,
)
from contracts.topics import SNAPSHOTS, STATE
from devstack.postgres import EmbeddedPostgres
from domain.alerts import Feedback, Published, Response
from domain.course_facts import CourseFacts
from domain.ids import partition_of
from domain.state.course import Course
from domain.stored.codec import encode_facts, encode_learner
from models.learning import Learning
from operations.topics import declare
from proof.tables import AlertRow, alert_rows
from runtime.database import connect
from runtime.errors import CrashError, LossError, UsageError
from runtime.kafka import admin_client, connect_options, topic_ids
from runtime.settings import Settings
from sinks.batch import newest_alerts
from sinks.migrate import migrate
from sinks.position import Log, Position, check_position, move_position, take_position
from sinks.sink import open_tables
from sinks.stream import newest_ends
from sinks.tables import write_alerts
from tests.asking import Written
from tests.sinking import (
    T0,
    TODAY,
    a_checkpoint,
    a_learner,
    a_transition,
    eventually,
    put_snapshots,
    put_states,
    put_transitions,
    resolved,
    rows,
    running_sink,
)
from tests.training import lessons
from tests.waiting import wait_for

pytestmark = pytest.mark.integration

ALERT = "00000000-0000-5000-8000-000000000001"
OTHER_ALERT = "00000000-0000-5000-8000-000000000002"
ROW = f"SELECT alert_id::text, {', '.join(AlertRow._fields[1:])} FROM alert WHERE alert_id = %s"


@pytest.fixture
def bare(settings: Settings, postgres_server: EmbeddedPostgres) -> Iterator[Settings]:
    """Settings with a database without topics."""
    url = SecretStr(postgres_server.create_database("bare"))
    yield settings.model_copy(update={"database_url": url})
    postgres_server.drop_database("bare")


async def positions(settings: Settings) -> dict[tuple[str, int], int]:
    found = await rows(settings, "SELECT topic, partition, next FROM position")
    return {
        (row["topic"].removeprefix(settings.topic_prefix), row["partition"]): row["next"]
        for row in found
    }


async def steps(settings: Settings, user_id: str) -> int | None:
    found = await rows(settings, "SELECT steps FROM learner WHERE user_id = %s", user_id)
    return found[0]["steps"] if found else None


async def sunk(settings: Settings, user_id: str, expected: int) -> bool:
    return await steps(settings, user_id) == expected


def test_migrations_run_once(bare: Settings) -> None:
    assert migrate(bare) == [1, 2, 3, 4, 5, 6]
    assert migrate(bare) == []


async def test_tables_that_were_never_made_are_named(bare: Settings) -> None:
    async with running_sink(bare, expect=UsageError) as sink:
        await asyncio.wait({sink})
    assert "run `learnstream migrate`" in str(sink.exception())


async def test_the_newest_state_of_each_learner_is_in_the_table(topics: Settings) -> None:
    newest = a_learner("ada", 3, days=range(TODAY - 40, TODAY + 1))
    newest.courses = [Course(course_id='al"ge{b},ra', enrolled_at=T0)]
    facts = CourseFacts(course_id="algebra", title="Algebra")
    partition = partition_of(b"ada", topics.partitions)
    await put_states(
        topics,
        a_learner("ada", 1),
        a_learner("ada", 2),
        newest,
        a_learner("grace", 1),
        checkpoints=[a_checkpoint(partition, next=7), a_checkpoint(partition, next=9)],
        facts={partition: facts},
    )
    async with running_sink(topics):
        await eventually(lambda: sunk(topics, "ada", 3))
        await eventually(lambda: sunk(topics, "grace", 1))
        await eventually(lambda: rows(topics, "SELECT 1 FROM partition_record WHERE next = 9"))
    (row,) = await rows(topics, "SELECT * FROM learner WHERE user_id = 'ada'")
    assert row["state"] == encode_learner(newest)
    assert row["partition"] == partition
    assert row["course_ids"] == ['al"ge{b},ra']
    assert row["first_day"] == TODAY - 29
    assert (row["activities"], row["seconds"], row["posts"]) == ([3] * 30, [1200] * 30, [1] * 30)
    assert row["timed"] == [3] * 30
    (known,) = await rows(topics, "SELECT * FROM course_facts")
    assert (known["partition"], known["facts"]) == (partition, encode_facts(facts))


async def test_a_repeat_changes_nothing(topics: Settings) -> None:
    await put_states(topics, a_learner("ada", 5, days=[TODAY]))
    async with running_sink(topics):
        await eventually(lambda: sunk(topics, "ada", 5))
        before = await rows(topics, "SELECT *, xmin FROM learner")
        await put_states(topics, a_learner("ada", 4), a_learner("ada", 5), a_learner("ben", 1))
        await put_states(
            topics, a_learner("ada", 5), checkpoints=[a_checkpoint(partition_of(b"ada", 4))]
        )
        await eventually(lambda: sunk(topics, "ben", 1))
        await eventually(lambda: rows(topics, "SELECT 1 FROM partition_record"))
    after = await rows(topics, "SELECT *, xmin FROM learner WHERE user_id = 'ada'")
    assert after == before


async def test_a_sink_goes_on_where_postgres_says_and_not_where_the_group_says(
    topics: Settings,
) -> None:
    await put_states(topics, a_learner("ada", 1))
    async with running_sink(topics):
        await eventually(lambda: sunk(topics, "ada", 1))
    await rows(topics, "DELETE FROM learner RETURNING 1")
    await rows(topics, "UPDATE position SET next = 0 RETURNING 1")
    async with running_sink(topics):
        await eventually(lambda: sunk(topics, "ada", 1))


async def test_a_sink_that_was_overtaken_writes_nothing_and_leaves(topics: Settings) -> None:
    key = (STATE.name, partition_of(b"ada", topics.partitions))
    await put_states(topics, a_learner("ada", 1))
    async with running_sink(topics, expect=CrashError) as sink:
        await eventually(lambda: sunk(topics, "ada", 1))
        await rows(
            topics,
            "UPDATE position SET next = 2 WHERE topic = %s AND partition = %s RETURNING 1",
            topics.topic(STATE.name),
            key[1],
        )
        await put_states(topics, a_learner("ada", 2))
        await asyncio.wait({sink})
    assert "another sink has written" in str(sink.exception())
    assert await steps(topics, "ada") == 1
    assert (await positions(topics))[key] == 2


async def test_only_one_of_two_writers_moves_a_position(topics: Settings) -> None:
    log = Log(topics.topic(STATE.name), 0, "id-1", 0, 100)
    async with await connect(topics, "a") as one, await connect(topics, "b") as other:
        here, there = await take_position(one, log), await take_position(other, log)
        assert await move_position(one, here, 10) == replace(here, next=10)
        with pytest.raises(CrashError):
            await move_position(other, there, 12)


async def test_a_log_that_lost_records_is_a_loss(topics: Settings) -> None:
    log = Log(topics.topic(STATE.name), 0, "id-1", 0, 100)
    async with await connect(topics, "a") as connection:
        await move_position(connection, await take_position(connection, log), 10)
        with pytest.raises(LossError, match="30 offsets are gone"):
            check_position(await take_position(connection, log), replace(log, beginning=40))
        with pytest.raises(LossError, match="ends at 5"):
            check_position(await take_position(connection, log), replace(log, end=5))


async def test_a_position_that_moved_on_meanwhile_is_no_loss(topics: Settings) -> None:
    await put_states(topics, a_learner("ada", 1))
    partition = partition_of(b"ada", topics.partitions)
    name = topics.topic(STATE.name)
    asked_before = Log(name, partition, "id-1", 0, 0)
    moved = Position(name, partition, "id-1", 1)
    async with AIOKafkaConsumer(**connect_options(topics)) as consumer:
        (log,) = await newest_ends(consumer, {asked_before: moved})
    check_position(moved, log)


async def test_a_sink_that_stopped_in_a_transaction_does_not_block_the_next(
    topics: Settings,
) -> None:
    short = topics.model_copy(update={"session_timeout_seconds": 1.0})
    log = Log(topics.topic(STATE.name), 0, "id-1", 0, 100)
    async with await open_tables(short) as stopped, await open_tables(short) as other:
        here = await take_position(stopped, log)
        await stopped.execute("BEGIN")
        await move_position(stopped, here, 10)
        assert await asyncio.wait_for(take_position(other, log), 10) == here
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            await stopped.execute("COMMIT")


async def test_a_topic_that_was_made_again_is_refused(topics: Settings) -> None:
    await put_states(topics, a_learner("ada", 1))
    async with running_sink(topics):
        await eventually(lambda: sunk(topics, "ada", 1))
    with closing(admin_client(topics)) as admin:
        admin.delete_topics([topics.topic(STATE.name)])
    wait_for(lambda: STATE.name not in topic_ids(topics), 10)
    await asyncio.to_thread(declare, topics)
    async with running_sink(topics, expect=LossError) as sink:
        await asyncio.wait({sink})
    assert "deleted and made again" in str(sink.exception())
    assert LossError.exit_status == 78


@pytest.mark.parametrize("together", [True, False])
async def test_a_resolved_alert_keeps_what_it_told(topics: Settings, *, together: bool) -> None:
    raised = a_transition("ada", ALERT, 1)
    updated = a_transition("ada", ALERT, 2, kind="updated", severity="high", at=T0 + 30)
    ended = resolved("ada", ALERT, 3)

    async def states() -> list[str]:
        return [row["state"] for row in await rows(topics, "SELECT state FROM alert")]

    async def is_now(state: str) -> bool:
        return await states() == [state]

    async with running_sink(topics):
        await put_transitions(topics, raised)
        if not together:
            await eventually(lambda: is_now("open"))
        await put_transitions(topics, updated, ended)
        await eventually(lambda: is_now("resolved"))
        await put_transitions(topics, raised, updated, ended, a_transition("ada", OTHER_ALERT))
        await eventually(lambda: rows(topics, "SELECT 1 FROM alert WHERE state = 'open'"))
    (row,) = await rows(topics, "SELECT * FROM alert WHERE state = 'resolved'")
    assert (row["revision"], row["severity"], row["resolution"]) == (3, "high", "cleared")
    assert (row["raised_at"], row["updated_at"], row["resolved_at"]) == (T0, T0 + 60, T0 + 60)
    assert b'"updated"' in row["body"]
    assert b"alert.low_score.message" in row["body"]


def divisions(items: Sequence[int]) -> Iterator[list[Sequence[int]]]:
    """Every way to cut a sequence into parts that follow each other."""
    yield [items]
    for cut in range(1, len(items)):
        for rest in divisions(items[cut:]):
            yield [items[:cut], *rest]


def a_life(alert_id: str) -> list[Published]:
    return [
        a_transition("ada", alert_id, 1),
        a_transition("ada", alert_id, 2, kind="updated", severity="high", at=T0 + 30),
        resolved("ada", alert_id, 3),
        a_transition("ada", alert_id, 4, at=T0 + 90, raised_at=T0 + 10),
        resolved("ada", alert_id, 5, T0 + 120),
        a_transition("ada", alert_id, 6, at=T0 + 150, severity="low"),
    ]


def a_life_with_responses(alert_id: str) -> list[Published]:
    def feedback(at: int, value: Feedback, user_id: str = "ada") -> Response:
        return Response(kind="feedback", alert_id=alert_id, user_id=user_id, at=at, feedback=value)

    def acknowledged(at: int) -> Response:
        return Response(kind="acknowledged", alert_id=alert_id, user_id="ada", at=at)

    return [
        a_transition("ada", alert_id, 1),
        acknowledged(T0 + 9),
        feedback(T0 + 20, "useful"),
        feedback(T0 + 99, "not_useful", user_id="ben"),
        resolved("ada", alert_id, 2),
        feedback(T0 + 10, "not_useful"),
        acknowledged(T0 + 5),
        feedback(T0 + 20, "acted"),
        a_transition("ada", alert_id, 3, at=T0 + 90),
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("life_of", [a_life, a_life_with_responses])
async def test_the_row_of_an_alert_does_not_depend_on_where_batches_end(
    bare: Settings, life_of: Callable[[str], list[Published]]
) -> None:
    migrate(bare)
    events, lives = len(life_of(ALERT)), 0
    async with await open_tables(bare) as connection:
        for until in range(1, events + 1):
            for division in divisions(range(until)):
                alert_id = str(uuid5(UUID(ALERT), str(division)))
                life = life_of(alert_id)
                for part in division:
                    batch = [Written(b"ada", encode_transition(life[n])) for n in part]
                    await write_alerts(connection, newest_alerts(batch))
                (row,) = await rows(bare, ROW, alert_id)
                expected = alert_rows(map(encode_transition, life[:until]))[alert_id]
                assert AlertRow(**row) == expected, f"batches of {division}"
                lives += 1
    assert lives == 2**events - 1


def test_a_row_has_the_first_acknowledgement_and_the_newest_feedback_of_its_learner() -> None:
    row = alert_rows(map(encode_transition, a_life_with_responses(ALERT)))[ALERT]
    assert (row.acknowledged_at, row.feedback, row.feedback_at) == (T0 + 5, "acted", T0 + 20)
    untouched = alert_rows(map(encode_transition, a_life(ALERT)))[ALERT]
    assert (untouched.acknowledged_at, untouched.feedback) == (None, None)


@pytest.mark.timeout(120)
async def test_postgres_goes_away_and_the_sink_catches_up(
    topics: Settings, server_folder: Path
) -> None:
    server = EmbeddedPostgres(server_folder / "a-postgres-that-dies")
    server.start()
    try:
        url = SecretStr(server.create_database("sink"))
        settings = topics.model_copy(update={"database_url": url})
        migrate(settings)
        async with running_sink(settings):
            await put_states(settings, a_learner("ada", 1))
            await eventually(lambda: sunk(settings, "ada", 1))
            server.kill()
            await put_states(settings, a_learner("ada", 2), a_learner("ben", 1))
            await asyncio.sleep(1)  # long enough for the sink to read them and fail
            await asyncio.to_thread(server.start)
            await eventually(lambda: sunk(settings, "ada", 2))
            await eventually(lambda: sunk(settings, "ben", 1))
    finally:
        server.stop()


async def test_two_sinks_share_the_partitions(topics: Settings) -> None:
    names = [f"learner-{number}" for number in range(40)]

    async def all_at(expected: int) -> bool:
        found = await rows(topics, "SELECT count(*) FROM learner WHERE steps = %s", expected)
        return bool(found[0]["count"] == len(names))

    async with running_sink(topics):
        await put_states(topics, *(a_learner(name, 1) for name in names))
        await eventually(lambda: all_at(1))
        async with running_sink(topics):
            for step in range(2, 6):
                await put_states(topics, *(a_learner(name, step) for name in names))
            await eventually(lambda: all_at(5))
        await put_states(topics, *(a_learner(name, 6) for name in names))
        await eventually(lambda: all_at(6))


async def test_snapshots_and_what_serves_are_rows_with_their_position(topics: Settings) -> None:
    learning = Learning()
    learning.learn(lessons(5))
    first, second = learning.snapshot(1, 5), learning.snapshot(2, 9)
    serving = Serving(number=1, newest=2, pinned=True, at=7)
    async with running_sink(topics):
        await put_snapshots(
            topics,
            (snapshot_key(1), first),
            (TRAINER_KEY, b"its own"),
            (snapshot_key(2), second[:50]),
            (snapshot_key(2), second),
            (snapshot_key(1), second),
            (SERVING_KEY, b"[]"),
            (SERVING_KEY, encode_serving(serving)),
        )
        found = await eventually(lambda: rows(topics, "SELECT * FROM model_serving"))
    assert found == [{"only_row": True, "number": 1, "newest": 2, "pinned": True, "frozen": False}]
    kept = await rows(topics, "SELECT * FROM model_snapshots ORDER BY number")
    assert [(row["number"], bytes(row["snapshot"])) for row in kept] == [(1, first), (2, second)]
    assert {row["learned_until"] for row in kept} == {learning.learned_until}
    assert kept[0]["report"]["not_passing"]["examples"] == 5
    assert (await positions(topics))[SNAPSHOTS.name, 0] == 7


async def stored_under(settings: Settings, number: int) -> list[dict[str, Any]]:
    return await rows(settings, "SELECT 1 FROM model_snapshots WHERE number = %s", number)


async def test_a_sink_that_starts_again_continues_behind_the_snapshots_it_has(
    topics: Settings,
) -> None:
    learning = Learning()
    for number in (1, 2):
        async with running_sink(topics):
            await put_snapshots(topics, (snapshot_key(number), learning.snapshot(number, 0)))
            await eventually(partial(stored_under, topics, number))
    assert len(await rows(topics, "SELECT 1 FROM model_snapshots")) == 2
