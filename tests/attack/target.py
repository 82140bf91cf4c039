"""The API under attack: one process of a stack of our own, from outside and from the system."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

from benchmarks.stack import Running
from runtime.settings import Settings
from tests.asking import a_token

ANSWER_SECONDS: Final = 10.0


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

    @property
    def process(self) -> psutil.Process:
        """The API's process."""
        for child in psutil.Process(self.running.process.pid).children(recursive=True):
            if child.cmdline()[-1:] == ["api"]:
                return child
        raise AssertionError("the API is not running")

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

    def megabytes(self) -> float:
        """Resident memory of the API."""
        return float(self.process.memory_info().rss) / 2**20

    def log_bytes(self) -> int:
        """How much the API has written to its log."""
        return (self.logs / "api.log").stat().st_size


def seconds_of(ask: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.monotonic()
    ask()
    return time.monotonic() - started
