"""Hints: the sink notifies, the API tells whoever watches, and nothing more than that is said."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.changes import STREAMS_OF_ONE_MAX, Changes, TooManyStreamsError
from api.metrics import ApiMetrics
from api.server import Server, listen
from contracts.notices import LEARNER_ROWS
from domain.ids import partition_of
from runtime.clock import WallClock
from runtime.database import connect
from runtime.settings import Settings
from tests.asking import a_token, store
from tests.sinking import a_learner, put_states, running_sink
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
STREAM = "/api/v1/progress/stream"
STOP_SECONDS = 2.0


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
    base: str, token: str, last: str | None = None
) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a stream, without those that only keep it alive."""
    headers = {"Authorization": f"Bearer {token}"}
    if last is not None:
        headers["Last-Event-ID"] = last
    async with (
        httpx.AsyncClient(base_url=base, timeout=20) as client,
        client.stream("GET", STREAM, headers=headers) as answer,
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
