"""A Postgres that is away, and one that is only busy: who waits, what is answered, what is logged.

The servers and the API are the real ones; readers ask the API in this process.
"""

import asyncio
import logging
import os
import signal
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from structlog.testing import capture_logs

from api import outage, reads
from api.reads import POOL_SIZE, SLOW_SECONDS, WAIT_SECONDS
from devstack.postgres import EmbeddedPostgres
from runtime import database
from runtime.database import PROBE_SECONDS, connect
from runtime.settings import Settings
from sinks.migrate import migrate
from tests.asking import a_token, asking, store
from tests.sinking import a_checkpoint, a_learner, eventually

pytestmark = pytest.mark.integration

DASHBOARD = "/api/v1/progress/real-time-dashboard"


@contextmanager
def gone(server: EmbeddedPostgres, how: str) -> Iterator[None]:
    """Postgres is away while this is entered: killed, or stopped with its connections open."""
    if how == "killed":
        server.kill()
        yield
        server.start()
        return
    assert server.child.pid is not None
    postmaster = psutil.Process(server.child.pid)
    everybody = [postmaster, *postmaster.children(recursive=True)]
    for process in everybody:
        os.kill(process.pid, signal.SIGSTOP)
    yield
    for process in everybody:
        os.kill(process.pid, signal.SIGCONT)


async def with_records(settings: Settings) -> None:
    records = [a_checkpoint(number) for number in range(settings.partitions)]
    await store(settings, a_learner("ada", 3), checkpoints=records)


async def page(client: httpx.AsyncClient) -> tuple[httpx.Response, float]:
    """A page, and the seconds that it took."""
    began = time.monotonic()
    found = await client.get(DASHBOARD)
    return found, time.monotonic() - began


async def answered(client: httpx.AsyncClient, seconds: float) -> list[float]:
    """How long each answer from memory took that four readers got in this time."""
    waits: list[float] = []
    end = time.monotonic() + seconds

    async def read() -> None:
        while time.monotonic() < end:
            found, seconds = await page(client)
            assert (found.status_code, found.json()["freshness"]["stale"]) == (200, True)
            waits.append(seconds)

    await asyncio.gather(*(read() for _ in range(4)))
    return waits


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """When each probe of the API began and ended; they are made all the same."""
    seen = []

    async def probed(settings: Settings, application: str) -> str | None:
        began = time.monotonic()
        fault = await database.fault_of(settings, application)
        seen.append((began, time.monotonic()))
        return fault

    monkeypatch.setattr(outage, "fault_of", probed)
    return seen


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_only_the_first_readers_wait_when_postgres_goes(
    mortal: tuple[EmbeddedPostgres, Settings],
    how: str,
    probes: list[tuple[float, float]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, given = mortal
    settings = given.model_copy(update={"stale_after_seconds": 60})
    migrate(settings)
    await with_records(settings)
    caplog.set_level(logging.WARNING, "psycopg.pool")
    with capture_logs() as logged:
        async with asking(settings, a_token(settings)) as client:
            assert (await client.get(DASHBOARD)).status_code == 200
            with gone(server, how):
                first, seconds = await page(client)
                assert first.json()["freshness"]["stale"]
                assert seconds < SLOW_SECONDS + PROBE_SECONDS + 1
                waits = await answered(client, 3)
                assert len(waits) > 3 * 50  # 4 readers who wait 1.5 s each: 8
                assert max(waits) < SLOW_SECONDS
                assert statistics.median(waits) < 0.1  # memory answers at once, nothing runs out
                ready = await asyncio.wait_for(client.get("/readyz"), SLOW_SECONDS)
                assert ready.json()["reasons"][0]["code"] == "database_away"
            await eventually(lambda: is_fresh(client))
            assert (await client.get("/readyz/api")).status_code == 200
    assert events_of(logged) == ["postgres_away", "postgres_reconnected"]
    assert [line.message for line in caplog.records if line.name == "psycopg.pool"] == []
    for (_, ended), (began, _) in pairwise(probes):
        assert began >= ended + outage.REMEMBER_SECONDS - 0.05


async def is_fresh(client: httpx.AsyncClient) -> bool:
    found, _ = await page(client)
    return found.status_code == 200 and "database" not in found.json()["degraded"]


def events_of(logged: Iterable[Mapping[str, Any]]) -> list[str]:
    """What was said of Postgres."""
    return [line["event"] for line in logged if line["event"].startswith("postgres")]


@pytest.mark.timeout(120)
async def test_a_full_pool_is_busy_at_once_and_postgres_is_not_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "WAITING_MAX", 16)
    await with_records(settings)
    with capture_logs() as logged:
        async with asking(settings, a_token(settings)) as client:
            assert await is_fresh(client)
            async with await connect(settings, "test") as holder, holder.transaction():
                await holder.execute("LOCK TABLE learner IN ACCESS EXCLUSIVE MODE")
                held = [asyncio.create_task(page(client)) for _ in range(POOL_SIZE)]
                await eventually(lambda: all_wait(holder))
                held += [asyncio.create_task(page(client)) for _ in range(16)]
                shed = await asyncio.gather(*(page(client) for _ in range(20)))
                assert max(seconds for _, seconds in shed) < WAIT_SECONDS / 2
                assert (await client.get("/readyz/api")).status_code == 200
                answers = [found for found, _ in (*shed, *await asyncio.gather(*held))]
                assert {found.json().get("code") for found in answers} == {"busy"}
                assert {found.headers["retry-after"] for found in answers} == {"1"}
                assert (await client.get("/readyz/api")).status_code == 200
            await eventually(lambda: is_fresh(client))
    assert events_of(logged) == []


async def all_wait(holder: psycopg.AsyncConnection) -> bool:
    """Whether every connection of the pages' pool waits for the lock."""
    found = await holder.execute(
        "SELECT count(*) FROM pg_locks WHERE relation = 'learner'::regclass AND NOT granted"
    )
    return await found.fetchone() == (POOL_SIZE,)
