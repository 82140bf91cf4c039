"""How an answer's rows are read: in few statements, all from one moment, and never from before."""

import asyncio
from typing import Any

import httpx
import psycopg
import pytest

from api.snapshots import SQL
from contracts.notices import COURSE_ROWS, LEARNER_ROWS
from domain.course_facts import CourseFacts
from domain.ids import partition_of
from domain.state.course import Course
from domain.state.learner import Learner
from domain.stored.codec import decode_learner
from runtime.database import connect
from runtime.settings import Settings
from tests.asking import PAGES, a_token, asking, store
from tests.sinking import T0, TODAY, a_checkpoint, a_learner, a_transition

pytestmark = pytest.mark.integration

ALERT = "00000000-0000-5000-8000-000000000001"
BESIDE_ANSWERS = {
    SQL["schema_version"],
    SQL["records"],
    f"LISTEN {LEARNER_ROWS}",
    f"LISTEN {COURSE_ROWS}",
}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the process asks Postgres for answers; it is asked all the same."""
    seen: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def spied(cursor: Any, query: Any, *rest: Any, **options: Any) -> Any:
        if query not in BESIDE_ANSWERS:
            seen.append(query)
        return await execute(cursor, query, *rest, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", spied)
    return seen


def ada(number: int) -> Learner:
    """Ada as of a step: the numbers of her state say which."""
    state = a_learner("ada", number, days=[TODAY], course="algebra")
    state.courses = [Course("algebra", enrolled_at=T0)]
    state.last_event_at = T0 + number
    return state


async def put(settings: Settings, number: int) -> None:
    """Her row, her partition's and her course's, in one transaction: all say the same number."""
    partition = partition_of(b"ada", settings.partitions)
    facts = CourseFacts(course_id="algebra", title=f"Algebra {number}")
    record = a_checkpoint(partition, clock=T0 + number)
    await store(settings, ada(number), checkpoints=[record], facts={partition: [facts]})


async def get(client: httpx.AsyncClient, page: str, etag: str = "") -> httpx.Response:
    headers = {"If-None-Match": etag} if etag else {}
    return await client.get(f"/api/v1/progress/{page}", headers=headers)


@pytest.mark.parametrize("page", PAGES)
async def test_an_answer_takes_one_statement_and_a_304_too(
    settings: Settings, statements: list[str], page: str
) -> None:
    await put(settings, 1)
    async with asking(settings, a_token(settings)) as client:
        seen = statements
        seen.clear()
        first = await get(client, page)
        assert (first.status_code, len(seen)) == (200, 1)
        seen.clear()
        again = await get(client, page, first.headers["etag"])
        assert (again.status_code, len(seen)) == (304, 1)


async def test_a_course_that_only_an_alert_names_takes_a_second_statement_once(
    settings: Settings, statements: list[str]
) -> None:
    await put(settings, 1)
    partition = partition_of(b"ada", settings.partitions)
    gone = CourseFacts(course_id="gone", title="Gone")
    told = a_transition("ada", ALERT, course_id="gone")
    await store(settings, facts={partition: [gone]}, told=[told])
    async with asking(settings, a_token(settings)) as client:
        seen = statements
        for expected in (2, 1):
            seen.clear()
            body = (await get(client, "performance-alerts")).json()
            assert [each["course_title"] for each in body["current_alerts"]] == ["Gone"]
            assert len(seen) == expected


async def test_all_numbers_of_an_answer_are_from_one_moment(settings: Settings) -> None:
    await put(settings, 0)
    async with asking(settings, a_token(settings)) as client:
        writing = asyncio.create_task(_write(settings, 150))
        seen = set()
        while not writing.done():
            body = (await get(client, "real-time-dashboard")).json()
            (course,) = body["progress_summary"]["courses"]
            freshness = body["freshness"]
            assert freshness["as_of"] == freshness["last_event_at"]
            number = int(course["title"].removeprefix("Algebra "))
            assert _seconds(freshness["as_of"]) == number % 60
            seen.add(number)
        await writing
    assert len(seen) > 10


async def _write(settings: Settings, numbers: int) -> None:
    for number in range(1, numbers):
        await put(settings, number)


def _seconds(instant: str) -> int:
    """The seconds of an instant, from T0's on."""
    return (int(instant[-3:-1]) - T0 % 60) % 60


async def test_a_row_that_was_written_again_is_read_again_whatever_its_steps(
    settings: Settings,
) -> None:
    await put(settings, 3)
    async with asking(settings, a_token(settings)) as client:
        first = (await get(client, "real-time-dashboard")).json()
        async with await connect(settings, "test") as connection:
            await connection.execute("DELETE FROM learner")
        gone = (await get(client, "real-time-dashboard")).json()
        other = ada(3)
        other.last_event_at = T0 + 7
        await store(settings, other)
        back = (await get(client, "real-time-dashboard")).json()
    instants = [body["freshness"]["last_event_at"] for body in (first, gone, back)]
    assert instants == ["2025-10-09T08:53:23Z", None, "2025-10-09T08:53:27Z"]


async def test_connections_that_were_lost_alone_are_made_anew_and_nobody_sees_it(
    settings: Settings,
) -> None:
    await put(settings, 1)
    async with asking(settings, a_token(settings)) as client:
        answers = await asyncio.gather(*(get(client, PAGES[0]) for _ in range(20)))
        await lose_all_connections(settings)
        answers += await asyncio.gather(*(get(client, PAGES[0]) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert {tuple(answer.json()["degraded"]) for answer in answers} == {("cohort",)}


async def test_what_was_held_of_a_database_is_let_go_with_its_connections(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one behind new connections may be another whose rows have the same versions."""
    decoded: list[bytes] = []

    def counted(data: bytes) -> Learner:
        decoded.append(data)
        return decode_learner(data)

    monkeypatch.setattr("api.rows.decode_learner", counted)
    await put(settings, 1)
    async with asking(settings, a_token(settings)) as client:
        for expected in (1, 1):
            await get(client, PAGES[0])
            assert len(decoded) == expected
        await lose_all_connections(settings)
        assert (await get(client, PAGES[0])).status_code == 200
        assert len(decoded) == 2


async def lose_all_connections(settings: Settings) -> None:
    async with await connect(settings, "test") as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
