"""CPU, rate and latency of the read API's endpoints beside a bare one that reads the same row."""

import argparse
import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, product
from pathlib import Path
from typing import Final

import psutil

from benchmarks.api_load.bare import PATH
from benchmarks.api_load.clients import Load, ask, in_turn, load, request
from benchmarks.api_load.rows import write_rows
from benchmarks.machine import heading
from benchmarks.stack import a_folder
from devstack.environment import PREFIX, PROGRAM
from devstack.places import free_ports, listens
from devstack.postgres import EmbeddedPostgres
from feeds.simulate import Simulation
from operations.token import issue
from runtime.clock import WallClock
from runtime.settings import Settings

CLIENTS: Final = (1, 8, 32)
ENDPOINTS: Final = {
    "dashboard": "/api/v1/progress/real-time-dashboard",
    "predictions": "/api/v1/progress/predictive-analytics",
    "alerts": "/api/v1/progress/performance-alerts",
    "trends": "/api/v1/progress/trend-analysis",
}
BARE: Final = "benchmarks.api_load.bare"
PLAN: Final = Simulation(learners=30, days=60, seed=1, until=1_760_000_000)
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 20.0
_METHOD: Final = """{} learners of {} simulated days, asked for in turn. No Kafka runs; the API
looks for it once a second. `bare` is FastAPI and a pool of psycopg: one row, a small JSON, no
token. Both are served by the same server. CPU is that of the server's process for one request,
whatever the number of clients: the median of {} rounds."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of answer: of which server it is asked, and how."""

    name: str
    server: psutil.Process
    port: int
    requests: Sequence[bytes]
    status: int


def main(arguments: list[str]) -> None:
    """Print CPU per request, its ratio to bare, and rps, p50 and p99 for each number of clients."""
    parser = argparse.ArgumentParser(prog="benchmarks api", description=__doc__)
    parser.add_argument("--requests", type=int, default=600, help="of each kind and round (600)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    print(heading())
    busy = os.getloadavg()[0]
    with a_folder() as folder, a_postgres(folder) as database:
        found = asyncio.run(_measure(database, folder, options))
    print("\n" + _METHOD.format(PLAN.learners, PLAN.days, options.rounds))
    print("\n" + "\n".join(_table(found)))
    refused = sum(each.refused for loads in found.values() for each in chain(*loads.values()))
    print(f"\nanswered 503, for the client to ask again: {refused}")
    print(f"load average before the start: {busy:.1f} (what else ran on this machine)")


async def _measure(
    database: str, folder: Path, options: argparse.Namespace
) -> Mapping[str, Mapping[int, list[Load]]]:
    """The loads of each case by number of clients; the cases alternate, round by round."""
    settings, bare_settings = settings_of(database), settings_of(database)
    users = await write_rows(settings, PLAN)
    found: dict[str, dict[int, list[Load]]] = defaultdict(lambda: defaultdict(list))
    with (
        a_server((*PROGRAM, "api"), settings, folder / "api.log") as api,
        a_server((sys.executable, "-m", BARE), bare_settings, folder / "bare.log") as bare,
    ):
        cases = [
            _bare(bare, bare_settings.api_port, users),
            *await _cases(settings, api, users),
        ]
        for number in range(options.rounds + 1):
            for case, clients in product(cases, CLIENTS):
                given = in_turn(case.requests, options.requests)
                one = await load(case.server, case.port, given, case.status, clients)
                if number:  # the first round warms up
                    found[case.name][clients].append(one)
    return found


def _bare(server: psutil.Process, port: int, users: Sequence[str]) -> Case:
    requests = [request(f"{PATH}{user}", {}) for user in users]
    return Case("bare", server, port, requests, 200)


async def _cases(settings: Settings, server: psutil.Process, users: Sequence[str]) -> list[Case]:
    """Each endpoint in full, and for clients that have the answer already."""
    tokens = {
        user: issue(settings, user=user, scope="", lifetime=timedelta(hours=1), clock=WallClock())
        for user in users
    }
    cases, port = [], settings.api_port
    for name, path in ENDPOINTS.items():
        whole, known = [], []
        for user in users:
            headers = {"Authorization": f"Bearer {tokens[user]}"}
            whole.append(request(path, headers))
            answer = await ask(port, whole[-1])
            known.append(request(path, {**headers, "If-None-Match": answer.headers["etag"]}))
        cases += [
            Case(name, server, port, whole, 200),
            Case(f"{name}, 304", server, port, known, 304),
        ]
    return cases


def settings_of(database: str) -> Settings:
    """Settings of a process that reads it; no Kafka runs."""
    kafka, port = free_ports(2)
    return Settings.model_validate(
        {
            "KAFKA_BOOTSTRAP": f"127.0.0.1:{kafka}",
            "DATABASE_URL": database,
            "api_port": port,
            "partitions": 1,
            "clock": "stream",
            "embedded": True,
            "jwt_secret": secrets.token_urlsafe(32),
        }
    )


def _environment(settings: Settings) -> dict[str, str]:
    assert settings.jwt_secret is not None
    assert settings.database_url is not None
    return {
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        f"{PREFIX}API_PORT": str(settings.api_port),
        f"{PREFIX}PARTITIONS": str(settings.partitions),
        f"{PREFIX}CLOCK": settings.clock,
        f"{PREFIX}JWT_SECRET": settings.jwt_secret.get_secret_value(),
    }


@contextmanager
def a_postgres(folder: Path) -> Iterator[str]:
    """An empty database of a server that is thrown away."""
    server = EmbeddedPostgres(folder / "postgres", lasting=False)
    server.prepare()
    try:
        server.start()
        yield server.create_database("benchmark")
    finally:
        server.stop()


@contextmanager
def a_server(program: Sequence[str], settings: Settings, log: Path) -> Iterator[psutil.Process]:
    """A server's process, from when it listens on the port of its settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            program, env=inherited | _environment(settings), stdout=out, stderr=out
        )
    try:
        began = time.monotonic()
        while not listens(settings.api_port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - began < _START_SECONDS, log.read_text()
            time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _table(found: Mapping[str, Mapping[int, list[Load]]]) -> Iterator[str]:
    titles = "".join(f" | {clients:>2}: rps   p50    p99" for clients in CLIENTS)
    yield f"{'ms':<16} {'CPU':>6} {'ratio':>6}{titles}"
    bare = _cpu(found["bare"])
    for name, by_clients in found.items():
        cells = "".join(f" | {_cell(by_clients[clients])}" for clients in CLIENTS)
        yield f"{name:<16} {_cpu(by_clients):>6.2f} {_cpu(by_clients) / bare:>6.1f}{cells}"


def _cpu(by_clients: Mapping[int, list[Load]]) -> float:
    """CPU milliseconds of one request: each round over all clients, then the median."""
    rounds = zip(*by_clients.values(), strict=True)
    found = [sum(e.cpu for e in loads) / sum(len(e.times) for e in loads) for loads in rounds]
    return float(1000 * statistics.median(found))


def _cell(loads: Sequence[Load]) -> str:
    rate = statistics.median(len(each.times) / each.seconds for each in loads)
    cuts = statistics.quantiles([second for each in loads for second in each.times], n=100)
    return f"{rate:>7.0f} {1000 * cuts[49]:>5.1f} {1000 * cuts[98]:>6.1f}"
