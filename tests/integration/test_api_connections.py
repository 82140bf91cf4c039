"""An API as a real process with few file descriptors, and strangers who do not behave."""

import http.client
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Container, Iterator
from contextlib import ExitStack, closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import BUCKETS, METHODS
from api.routes import PREFIXES
from api.server import FILES_RESERVED, WAIT_SECONDS, Why
from devstack.places import free_ports
from tests.asking import PAGES
from tests.waiting import wait_for

pytestmark = pytest.mark.integration

FILES = FILES_RESERVED + 64
STRANGERS = 900
LOG_BYTES_MAX = 50_000


class Api(NamedTuple):
    """Where it listens, and what it logs."""

    port: int
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def ask(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as asking:
            asking.request(method, path)
            answer = asking.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read()

    def say(self, raw: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS + 5)
        connection.sendall(raw)
        return connection


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """It has neither Kafka nor Postgres: neither is asked here."""
    port, nothing = free_ports(2)
    environment = {
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{nothing}",
        "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{nothing}/nothing",
        "LEARNSTREAM_API_PORT": str(port),
        "LEARNSTREAM_JWT_SECRET": "s" * 32,
        "LEARNSTREAM_LOG_FORMAT": "json",
        "PYTHONPATH": ":".join(filter(None, sys.path)),
    }
    command = [sys.executable, "-m", "cli.main", "api"]
    found = Api(port, tmp_path_factory.mktemp("api") / "log")
    with found.log.open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
        try:
            wait_for(lambda: '"api_started"' in found.log.read_text(), 20)
            assert found.ask("/healthz")[0] == 200
            yield found
        finally:
            process.terminate()
            assert process.wait(20) == 0


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process holds the strangers' ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4_096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_heads_that_never_end_keep_nobody_out(api: Api) -> None:
    with ExitStack() as held:
        for number in range(STRANGERS):
            held.enter_context(closing(api.say(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")))
            if number % 50 == 0:
                assert api.ask("/healthz")[0] == 200, number
        for _ in range(20):
            began = time.monotonic()
            assert api.ask("/healthz")[0] == 200
            assert time.monotonic() - began < 2
        status, _, figures = api.ask("/metrics")
    assert status == 200
    assert 'connections_dropped_total{why="evicted"}' in figures.decode()
    assert api.log.stat().st_size < LOG_BYTES_MAX
    assert api.lines()


def test_a_head_or_a_next_request_that_does_not_come_in_time_ends_the_connection(
    api: Api,
) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    half = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
    with (
        closing(api.say(half)) as slow,
        closing(api.say(whole + half)) as slow_again,
        closing(
            api.say(b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1")
        ) as body,
    ):
        began = time.monotonic()
        for connection in (slow, slow_again, body):
            while time.monotonic() - began < WAIT_SECONDS + 4:
                try:
                    connection.sendall(b"x")
                    connection.settimeout(0.5)
                    if connection.recv(4_096) == b"":
                        break
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
            else:
                pytest.fail("it was kept")
        assert WAIT_SECONDS - 1 < time.monotonic() - began < WAIT_SECONDS + 4


def test_what_is_no_http_is_answered_with_a_problem(api: Api) -> None:
    for raw in (
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nBroken\r\n\r\n",
        b"\0\r\n\r\n",
    ):
        for before in (b"", b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"):
            with closing(api.say(before + raw)) as connection:
                answer = b"".join(iter(lambda: connection.recv(65_536), b""))
            if not before:
                head, _, body = answer.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
                assert b"application/problem+json" in head
                assert json.loads(body)["code"] == "bad_request"
    assert not [line for line in api.lines() if "exception" in line]


def test_head_is_get_without_the_body(api: Api) -> None:
    for path in ("/healthz", "/openapi.json", "/metrics", "/api/v1/progress/trend-analysis"):
        get, head = api.ask(path), api.ask(path, "HEAD")
        assert head[0] == get[0], path
        assert head[2] == b""
        assert head[1].keys() == get[1].keys()
        assert head[1]["x-content-type-options"] == "nosniff"
        if path != "/metrics":  # it counts itself
            assert head[1]["content-length"] == get[1]["content-length"] == str(len(get[2]))


def test_invented_methods_and_paths_become_no_labels(api: Api) -> None:
    for number in range(2_000):
        assert api.ask(f"/nothing/{number}", f"M{number}")[0] in {404, 405}
    for method in ("GET", "OPTIONS", "DELETE", "HEAD", "get"):
        for path in ("/healthz", "/readyz", "/openapi.json", "/metrics", "/api/v1/progress/x"):
            assert api.ask(path, method)[0] in {200, 404, 405, 503}
    figures = api.ask("/metrics")[2]
    assert len(figures) < 40_000
    assert list(api_labels_outside_of_their_sets(figures.decode())) == []
    assert {line["method"] for line in api.lines() if "method" in line} <= {*METHODS, "other"}


def api_labels_outside_of_their_sets(figures: str) -> Iterator[tuple[str, str, str]]:
    routes = {"none", "/healthz", "/readyz", "/metrics", "/openapi.json"}
    routes |= {
        f"{prefix}{page}{slash}" for prefix in PREFIXES for page in PAGES for slash in ("", "/")
    }
    closed: dict[str, Container[str]] = {
        "route": routes,
        "method": {*METHODS, "other"},
        "status": {str(status.value) for status in HTTPStatus},
        "partition": {str(number) for number in range(12)},
        "why": get_args(Why),
        "le": {"+Inf", *(str(float(each)) for each in BUCKETS)},
    }
    for family in text_string_to_metric_families(figures):
        for sample in family.samples:
            for name, value in sample.labels.items():
                if value not in closed.get(name, ()):
                    yield sample.name, name, value
