"""Hints: the sink notifies, the API tells whoever watches, and nothing more than that is said."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

import httpx
import psycopg
import pytest

from api.app import create_app
from api.changes import STREAMS_OF_ONE_MAX, Changes, TooManyStreamsError
from api.metrics import ApiMetrics
from api.server import Server, listen
from contracts.notices import COURSE_ROWS, LEARNER_ROWS
from domain.course_facts import CourseFacts
from domain.ids import partition_of, short_id
from domain.state.course import Course, Grade, Submission, Work
from domain.state.learner import Learner
from runtime.clock import WallClock
from runtime.database import connect
from runtime.settings import Settings
from sinks.batch import newest_states
from sinks.tables import write_states
from tests.asking import a_token, store
from tests.sinking import T0, TODAY, a_learner, put_states, running_sink
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
STREAM = "/api/v1/progress/stream"
STOP_SECONDS = 2.0
Hints: TypeAlias = "asyncio.Queue[float]"


class Erased(NamedTuple):
    """The record that lets go of a learner, as the sink reads it."""

    key: bytes
    value: None = None
    offset: int = 0


@contextmanager
def an_api(settings: Settings) -> Iterator[tuple[Server, threading.Thread, str]]:
    """A server in a thread, as the process has it, and its address."""
    own = settings.model_copy(update={"api_port": 0})
    changes, metrics = Changes(own), ApiMetrics()
    app = create_app(own, WallClock(), metrics, changes)
    with listen(own) as listener:
        server = Server(app, metrics, limit=64, on_exit=changes.close)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_for(lambda: server.started, 20)
        try:
            yield server, thread, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.handle_exit(2, None)
            thread.join(20)


@asynccontextmanager
async def a_stream(
    base: str, token: str, last: str | None = None, path: str = STREAM
) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a stream, without those that only keep it alive."""
    headers = {"Authorization": f"Bearer {token}"}
    if last is not None:
        headers["Last-Event-ID"] = last
    async with (
        httpx.AsyncClient(base_url=base, timeout=20) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        yield answer.aiter_lines()


async def next_id(lines: AsyncIterator[str], seconds: float = 10) -> str:
    """The id of the next hint, which says nothing else."""
    async with asyncio.timeout(seconds):
        while True:
            line = await anext(lines)
            if line.startswith("id: "):
                assert await anext(lines) == "event: changed"
                assert await anext(lines) == "data: {}"
                return line.removeprefix("id: ")


@asynccontextmanager
async def hints(settings: Settings, base: str, course_id: str) -> AsyncIterator[Hints]:
    """The hints about a course as they come, each as the moment at which it came."""
    path = f"/api/v1/courses/{quote(course_id, safe='')}/stream"
    heard: Hints = asyncio.Queue()

    async def hear(lines: AsyncIterator[str]) -> None:
        async for line in lines:
            assert not line.startswith("id:")
            if line == "event: changed":
                assert await anext(lines) == "data: {}"
                heard.put_nowait(time.monotonic())

    async with a_stream(base, a_teacher(settings, course_id), path=path) as lines:
        hearing = asyncio.create_task(hear(lines))
        yield heard
        hearing.cancel()


async def nothing_more(heard: Hints, seconds: float = 1.5) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(heard.get(), seconds)


async def until_quiet(heard: Hints) -> None:
    """Let go of the hint that comes at once, and of another where the API listens only now."""
    assert await asyncio.wait_for(heard.get(), 10)
    with suppress(TimeoutError):
        await asyncio.wait_for(heard.get(), 1.5)


def in_course(user_id: str, course_id: str, steps: int = 1, score: float | None = None) -> Learner:
    """A learner whose row in the course says something else where the score is another."""
    state = a_learner(user_id, steps, days=[TODAY])
    course = Course(course_id, enrolled_at=T0 - 1000, first_at=T0 - 1000)
    if score is not None:
        sent, grade = Submission(T0 - 9, TODAY), Grade(T0 - 5, TODAY, 1, 0, score)
        course.work = [Work(short_id("quiz"), "quiz", [sent], [grade])]
    state.courses, state.course_ids = [course], [course_id]
    return state


def a_teacher(settings: Settings, course_id: str = "algebra", **claims: Any) -> str:
    given = {"scope": "courses:read", "courses": [course_id], **claims}
    return a_token(settings, "teacher", **given)


async def notify(settings: Settings, user_id: str) -> None:
    partition = partition_of(user_id.encode(), settings.partitions)
    async with await connect(settings, "test") as connection:
        await connection.execute("SELECT pg_notify(%s, %s)", (LEARNER_ROWS, str(partition)))


def counted(base: str) -> str:
    """The lines of the metrics that are about streams."""
    lines = httpx.get(f"{base}/metrics").text.splitlines()
    return "\n".join(line for line in lines if "/stream" in line)


async def test_the_sink_notifies_of_a_partition_and_names_nobody(topics: Settings) -> None:
    async with await connect(topics, "test") as connection:
        await connection.execute(f"LISTEN {LEARNER_ROWS}")
        async with running_sink(topics):
            await put_states(topics, a_learner("ada", 3))
            heard = [each async for each in connection.notifies(timeout=20, stop_after=1)]
    assert [each.payload for each in heard] == [str(partition_of(b"ada", topics.partitions))]


async def test_the_sink_notifies_of_courses_whose_rows_are_others(topics: Settings) -> None:
    """Not where a row stays as it was; and of an odd name as it is."""
    odd = "\U0001f4d0" * 256
    async with await connect(topics, "test") as connection:
        await connection.execute(f"LISTEN {COURSE_ROWS}")
        async with running_sink(topics):
            await put_states(topics, in_course("ada", "algebra"), in_course("bob", odd))
            heard = await payloads(connection, 2)
            assert heard == {"algebra", odd}
            await put_states(topics, in_course("ada", "algebra", 2))  # no row is another
            await put_states(topics, in_course("bob", odd, 2, score=40.0))
            assert await payloads(connection, 1) == {odd}
            left = in_course("ada", "algebra", 3)
            left.courses[0].unenrolled_at = T0
            left.course_ids = []
            await put_states(topics, left)
            assert await payloads(connection, 1) == {"algebra"}


async def payloads(connection: psycopg.AsyncConnection, count: int) -> set[str]:
    return {each.payload async for each in connection.notifies(timeout=20, stop_after=count)}


async def test_facts_of_a_course_and_who_is_erased_are_changes_of_it(settings: Settings) -> None:
    async with await connect(settings, "test") as connection:
        await connection.execute(f"LISTEN {COURSE_ROWS}")
        await store(settings, facts={0: [CourseFacts(course_id="geometry", title="Geometry")]})
        assert await payloads(connection, 1) == {"geometry"}
        await store(settings, in_course("ada", "algebra"))
        assert await payloads(connection, 1) == {"algebra"}
        async with await connect(settings, "test") as other, other.transaction():
            erased = newest_states([Erased(b"ada")])
            await write_states(other, partition_of(b"ada", settings.partitions), erased, T0)
        assert await payloads(connection, 1) == {"algebra"}


async def test_an_instructor_hears_of_the_own_course_alone_and_once_a_second_at_most(
    settings: Settings,
) -> None:
    await store(settings, in_course("ada", "a/b"), in_course("bob", "geometry"))
    with an_api(settings) as (_, _, base):
        async with hints(settings, base, "a/b") as heard:
            await until_quiet(heard)
            await store(settings, in_course("bob", "geometry", 2, score=30.0))
            await nothing_more(heard)
            for steps in range(2, 6):
                await store(settings, in_course("ada", "a/b", steps, score=10.0 * steps))
            first = await asyncio.wait_for(heard.get(), 10)
            second = await asyncio.wait_for(heard.get(), 10)  # of the others, together
            assert second - first > 0.9
            await nothing_more(heard)


async def test_a_stream_of_a_course_needs_its_scope_and_claim(settings: Settings) -> None:
    path = "/api/v1/courses/algebra/stream"
    with an_api(settings) as (_, _, base):
        async with httpx.AsyncClient(base_url=base) as client:
            for token, status in (
                (None, 401),
                (a_teacher(settings, "geometry"), 403),
                (a_teacher(settings, scope="courses:write"), 403),
            ):
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                assert (await client.get(path, headers=headers)).status_code == status
            own = {"Authorization": f"Bearer {a_teacher(settings)}"}
            assert (await client.get(f"{path}?x=1", headers=own)).status_code == 422
            head = await client.head(path, headers=own)
            assert (head.status_code, head.content) == (200, b"")


async def test_a_stream_of_a_course_does_not_hold_up_the_end_of_the_process(
    settings: Settings,
) -> None:
    with an_api(settings) as (server, thread, base):
        async with hints(settings, base, "algebra") as heard:
            await asyncio.wait_for(heard.get(), 10)
            began = time.monotonic()  # a second has to pass before the next hint
            server.handle_exit(2, None)
            await asyncio.to_thread(thread.join, 10)
            ended = time.monotonic() - began
    assert ended < STOP_SECONDS


async def test_a_reader_hears_of_the_own_learner_alone_and_resumes_where_it_was(
    settings: Settings,
) -> None:
    await store(settings, a_learner("ada", 1), a_learner("bob", 1))
    with an_api(settings) as (_, _, base):
        token = a_token(settings, "ada")
        async with a_stream(base, token) as lines:
            first = await next_id(lines)  # it says where it begins
            await store(settings, a_learner("bob", 2))
            await notify(settings, "bob")
            await store(settings, a_learner("ada", 2))
            await notify(settings, "ada")
            second = await next_id(lines)
            assert second != first
        async with a_stream(base, token, last=second) as lines:
            with pytest.raises(TimeoutError):
                await next_id(lines, 1.5)
        async with a_stream(base, token, last=first) as lines:
            assert await next_id(lines) == second


async def test_a_change_without_a_notice_is_seen_within_seconds(settings: Settings) -> None:
    await store(settings, a_learner("ada", 1))
    with an_api(settings) as (_, _, base):
        async with a_stream(base, a_token(settings, "ada")) as lines:
            first = await next_id(lines)
            await store(settings, a_learner("ada", 2))
            assert await next_id(lines, 15) != first


async def test_a_stream_needs_a_token_and_ends_with_it(settings: Settings) -> None:
    await store(settings, a_learner("ada", 1))
    with an_api(settings) as (_, _, base):
        async with httpx.AsyncClient(base_url=base) as client:
            assert (await client.get(STREAM)).status_code == 401
            own = {"Authorization": f"Bearer {a_token(settings, 'ada')}"}
            other = await client.get(f"{STREAM}?user_id=bob", headers=own)
            assert other.status_code == 403
            assert (await client.get(f"{STREAM}?x=1", headers=own)).status_code == 422
            head = await client.head(STREAM, headers=own)
            assert (head.status_code, head.content) == (200, b"")
        short = a_token(settings, "ada", exp=WallClock().now() + 2)
        async with a_stream(base, short) as lines, asyncio.timeout(10):
            said = [line async for line in lines]
        assert said[0] == "retry: 2000"


async def test_a_stream_counts_as_a_request_and_not_as_a_slow_one(settings: Settings) -> None:
    await store(settings, a_learner("ada", 1))
    with an_api(settings) as (_, _, base):
        async with a_stream(base, a_token(settings, "ada")) as lines:
            await next_id(lines)
        wait_for(lambda: "requests_total" in counted(base), 10)
        found = counted(base)
    sums = [line for line in found.splitlines() if "_seconds_sum" in line]
    assert [line.rpartition(" ")[2] for line in sums] == ["0.0"]


async def test_open_streams_do_not_hold_up_the_end_of_the_process(settings: Settings) -> None:
    await store(settings, a_learner("ada", 1))
    with an_api(settings) as (server, thread, base):
        async with a_stream(base, a_token(settings, "ada")) as lines:
            await next_id(lines)
            began = time.monotonic()
            server.handle_exit(2, None)
            rest = [line async for line in lines]
            ended = time.monotonic() - began
            await asyncio.to_thread(thread.join, 10)
    assert ended < STOP_SECONDS
    assert not [line for line in rest if line.startswith("id")]


def test_streams_of_courses_are_counted_by_who_reads(settings: Settings) -> None:
    changes = Changes(settings)
    mine = [changes.watch_course(f"c{n}", "teacher") for n in range(STREAMS_OF_ONE_MAX)]
    with pytest.raises(TooManyStreamsError):
        changes.watch_course("c9", "teacher")
    with pytest.raises(TooManyStreamsError):
        changes.watch("teacher", None)
    changes.watch_course("c0", "another")
    changes.leave(mine[0])
    changes.watch("teacher", None)
    changes.close()
    assert all(each.has_ended() for each in mine[1:])


def test_a_learner_has_so_many_streams_and_a_closed_process_none(settings: Settings) -> None:
    changes = Changes(settings)
    watches: list[Any] = [changes.watch("ada", None) for _ in range(STREAMS_OF_ONE_MAX)]
    with pytest.raises(TooManyStreamsError):
        changes.watch("ada", None)
    changes.leave(watches.pop())
    watches.append(changes.watch("ada", None))
    changes.watch("bob", None)
    changes.close()
    assert all(each.has_ended() for each in watches)
    with pytest.raises(TooManyStreamsError):
        changes.watch("eve", None)
