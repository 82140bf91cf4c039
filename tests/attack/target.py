"""The API under attack: one process of a stack of our own, from outside and from the system."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from benchmarks.stack import Running
from devstack.environment import PROGRAM
from devstack.places import free_ports
from runtime.settings import Settings
from tests.asking import a_token

ANSWER_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class OtherApi:
    """One more API process, and where it logs."""

    url: str
    port: int
    log: Path

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)


@dataclass(frozen=True, slots=True)
class Target:
    """A stack that runs, and where its logs are."""

    running: Running
    logs: Path

    @property
    def settings(self) -> Settings:
        """The settings of its parts."""
        return self.running.settings()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the API."""
        url = httpx.URL(self.running.api)
        assert url.port is not None, "the ready file names a port"
        return url.host, url.port

    def client(self, user_id: str | None = "ada") -> httpx.Client:
        """A client with the token of a learner, or without any."""
        headers = {}
        if user_id is not None:
            headers["Authorization"] = f"Bearer {a_token(self.settings, user_id)}"
        return httpx.Client(
            base_url=self.running.api, headers=headers, timeout=ANSWER_SECONDS, trust_env=False
        )

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(self.address, timeout=ANSWER_SECONDS)

    @contextmanager
    def another_api(self, descriptors: int) -> Iterator[OtherApi]:
        """One more API on this stack's servers, which may open so many files and no more."""
        (port,) = free_ports(1)
        api = OtherApi(f"http://127.0.0.1:{port}", port, self.logs / "other-api.log")
        environment = {**os.environ, **self.running.env, "LEARNSTREAM_API_PORT": str(port)}
        limited = ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *PROGRAM, "api"]
        with api.log.open("wb") as out:
            process = subprocess.Popen(limited, env=environment, stdout=out, stderr=out)
        try:
            _until_it_listens(api)
            yield api
        finally:
            process.terminate()
            process.wait(ANSWER_SECONDS * 2)

    def megabytes(self) -> float:
        """Resident memory of the API."""
        return float(self.running.part("api").memory_info().rss) / 2**20

    def log_bytes(self) -> int:
        """How much the API has written to its log."""
        return (self.logs / "api.log").stat().st_size


def _until_it_listens(api: OtherApi) -> None:
    end = time.monotonic() + 3 * ANSWER_SECONDS
    while True:
        try:
            api.connect().close()
        except OSError:
            assert time.monotonic() < end, api.log.read_text()
            time.sleep(0.1)
        else:
            return


def seconds_of(ask: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.monotonic()
    ask()
    return time.monotonic() - started
