"""A whole stack as a user starts it: `learnstream up`, real processes, real servers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from runtime.kafka import keyed_producer
from runtime.settings import Settings
from tests.waiting import wait_for

PROGRAM = (sys.executable, "-P", "-m", "cli.main")
READY_SECONDS = 90
STOP_SECONDS = 40


class Answer(NamedTuple):
    """What the API said."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


class Stack:
    """A running `learnstream up`."""

    def __init__(self, process: subprocess.Popen[bytes], ready: dict[str, Any], log: Path) -> None:
        self.process = process
        self.ready = ready
        self.api: str = ready["api"]
        self.kafka: str = ready["kafka"]
        self.token_command: str = ready["token_command"]
        self.env: dict[str, str] = ready["env"]
        self.log = log
        self._tokens: dict[str, str] = {}

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a learnstream command against this stack, as another shell would."""
        return subprocess.run(
            [*PROGRAM, *arguments],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def token(self, user: str | int) -> str:
        user = str(user)
        if user not in self._tokens:
            done = subprocess.run(
                self.token_command.format(user=user).split(),
                capture_output=True,
                text=True,
                check=True,
                timeout=30,
            )
            self._tokens[user] = done.stdout.strip()
        return self._tokens[user]

    def get(self, path: str, user: str | int, **headers: str) -> Answer:
        request = urllib.request.Request(
            f"{self.api}{path}", headers={"Authorization": f"Bearer {self.token(user)}", **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, dict(answer.headers), json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
                return Answer(error.code, dict(error.headers), json.loads(body) if body else {})

    def page(self, name: str, user: str | int) -> dict[str, Any]:
        answer = self.get(f"/api/v1/progress/{name}", user)
        assert answer.status == 200, answer
        return answer.body

    def produce(self, *events: dict[str, Any]) -> None:
        settings = Settings.model_validate(
            {
                "KAFKA_BOOTSTRAP": self.kafka,
                "topic_prefix": self.env.get("LEARNSTREAM_TOPIC_PREFIX", ""),
            }
        )
        with closing(keyed_producer(settings)) as producer:
            for event in events:
                producer.send(
                    settings.topic("activity"),
                    key=str(event["user_id"]).encode(),
                    value=json.dumps(event).encode(),
                )
            producer.flush()

    def part(self, name: str) -> psutil.Process:
        """The process of one part."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if child.cmdline()[-1] == name:
                    return child
            except (psutil.NoSuchProcess, IndexError):
                continue
        raise AssertionError(f"no part {name} is running")

    def family(self) -> list[psutil.Process]:
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def a_stack(folder: Path, *flags: str) -> Iterator[Stack]:
    """Start a stack in `folder`, and stop it as Ctrl-C does; nothing may be left running."""
    ready_file, log = folder / "ready.json", folder / "up.log"
    ready_file.unlink(missing_ok=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEARNSTREAM_")}
    for name in ("KAFKA_BOOTSTRAP", "DATABASE_URL"):
        environment.pop(name, None)
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*PROGRAM, "up", "--ready-file", str(ready_file), *flags],
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    family: list[psutil.Process] = []
    try:
        wait_for(lambda: ready_file.exists() or process.poll() is not None, READY_SECONDS)
        assert process.poll() is None, log.read_text()
        stack = Stack(process, json.loads(ready_file.read_text()), log)
        yield stack
        family = stack.family()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)
    assert process.returncode == 0, log.read_text()
    left = [each for each in family if each.is_running()]
    assert not left, f"left running: {left}"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the user nobody can enter, since Postgres may have to run as nobody."""
    made = Path(tempfile.mkdtemp(prefix="learnstream-acceptance-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)
