"""What `learnstream up` starts: the servers, the topics, the tables, every part, the demo."""

import fcntl
import os
import secrets
import shlex
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal

from devstack.child import Child, Launch
from devstack.demo import demo_child, keep_learners, kept_learners
from devstack.environment import (
    PREFIX,
    PROGRAM,
    Addresses,
    env_lines,
    json_text,
    kept_secret,
    new_page_link,
    page_command,
    part_environment,
    ready_document,
    stack_settings,
    token_command,
    write_private,
)
from devstack.kafka import EmbeddedKafka
from devstack.places import free_ports, is_free, private_folder
from devstack.postgres import EmbeddedPostgres
from devstack.supervisor import StopRequestError, Supervisor, said_status, stop_requests
from runtime.errors import CrashError, LossError, ProjectError, UsageError

DATABASE: Final = "learnstream"
READY_SECONDS: Final = 90.0
SET_UP_SECONDS: Final = 60.0
WATCH_SECONDS: Final = 0.1
PORT_MAX: Final = 65_535
SET_UP: Final = ("topics", "migrate")
PARTS: Final = ("sink", "worker", "trainer", "api")
"""In the order of their start; they stop in the opposite one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to start. `demo` None means: under the wall clock, on a Kafka of our own."""

    data: Path | None = None
    workers: int = 1
    demo: bool | None = None
    clock: Literal["wall", "stream"] = "wall"
    port: int | None = None
    ready_file: Path | None = None
    kafka: str | None = None
    database: str | None = None
    set_up: Sequence[str] = SET_UP
    parts: Sequence[str] = PARTS

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.workers < 1:
            raise UsageError(f"--workers: seen {self.workers}, expected 1 or more")
        if self.port is not None and not 1 <= self.port <= PORT_MAX:
            raise UsageError(f"--port: seen {self.port}, expected 1 to {PORT_MAX}")
        if self.demo and self.clock == "stream":
            raise UsageError(
                "--demo: simulated learners live today, and --clock stream is for replayed history"
            )

    @property
    def with_demo(self) -> bool:
        """Whether the demo's learners go in. Never unasked into a Kafka that is not our own."""
        return self.clock == "wall" and self.kafka is None if self.demo is None else self.demo


def run(options: Options, say: Callable[[str], None], show: Callable[[str], None]) -> int:
    """Start all, stay until asked to stop, stop all; `say` is progress, `show` the result."""
    supervisor = Supervisor(say)
    with data_folder(options.data) as folder, stop_requests(supervisor.kill):
        stack = Stack(options, folder, supervisor)
        try:
            stack.start()
            _announce(stack, show)
            _stay(stack, show)
        except StopRequestError:
            say("stopping")
        finally:
            stack.withdraw()
            supervisor.stop()
    return 0


@dataclass(slots=True)
class Stack:
    """The servers and parts of one stack in one folder; `supervisor.stop()` ends them."""

    options: Options
    folder: Path
    supervisor: Supervisor
    addresses: Addresses = field(init=False)
    settings: dict[str, str] = field(init=False)
    own: dict[str, dict[str, str]] = field(init=False, default_factory=dict)
    """What only one command gets."""
    instance: str = field(init=False, default_factory=lambda: secrets.token_hex(8))
    """What our API is called, so that nobody else's is taken for it."""

    @property
    def env_file(self) -> Path:
        """The settings as a file, for `learnstream token` and for shells."""
        return self.folder / "stack.env"

    def start(self) -> None:
        """Start all and return when the API says that it is ready.

        Raises UsageError where a port is taken or a part refuses its settings, CrashError where the
        stack is not ready in time.
        """
        port = self._port()
        for name in ("logs", "parts"):
            private_folder(self.folder / name)
        self.withdraw()
        self.supervisor.say("starting Kafka and Postgres")
        kafka, database = self._start_servers()
        self.addresses = Addresses(kafka=kafka, database=database, api_port=port)
        self.settings = stack_settings(
            os.environ,
            self.addresses,
            clock=self.options.clock,
            secret=kept_secret(self.folder / "jwt-secret"),
            own_kafka=self.options.kafka is None,
        )
        write_private(self.env_file, env_lines(self.settings))
        self.supervisor.say("starting the parts")
        self._set_up()
        for name in self.options.parts:
            self._start_part(name)
        if "api" in self.options.parts:
            self._wait_for_api()
        if self.options.ready_file is not None:
            document = ready_document(self.addresses, self.settings, self.env_file)
            write_private(self.options.ready_file.absolute(), json_text(document))

    def withdraw(self) -> None:
        """Say no more where this stack is: the ready file goes, with the secret in it."""
        if self.options.ready_file is not None:
            self.options.ready_file.unlink(missing_ok=True)

    def child(self, name: str, command: str) -> Child:
        """A process of the one program, with this stack's settings."""
        data = self.folder / "parts" / name
        environment = part_environment(self.settings, data, self.own.get(command))
        log = self.folder / "logs" / f"{name}.log"
        launch = Launch(
            name=name,
            command=[*PROGRAM, command],
            log=log,
            environment=environment,
            folder=self.folder,
        )
        return Child(launch)

    def start_demo(self) -> Child:
        """Start to put the demo's learners in."""
        data = self.folder / "parts" / "demo"
        child = demo_child(self.folder, part_environment(self.settings, data))
        child.start()
        return child

    def _port(self) -> int:
        port = self.options.port or free_ports(1)[0]
        if not is_free(port):
            raise UsageError(f"--port: another program listens on 127.0.0.1:{port}")
        return port

    def _start_servers(self) -> tuple[str, str]:
        # Kafka's start takes longest: Postgres is made while it is under way.
        lasting = self.options.data is not None
        kafka = postgres = None
        database = self.options.database
        if self.options.database is None:
            postgres = EmbeddedPostgres(self.folder / "postgres", lasting=lasting)
            postgres.make_folder()
        if self.options.kafka is None:
            kafka = EmbeddedKafka(self.folder / "kafka")
            kafka.prepare()
            kafka.launch()
            self.supervisor.add(kafka.child)
        if postgres is not None:
            postgres.prepare()
            postgres.launch()
            self.supervisor.add(postgres.child)
            postgres.wait()
        self.own["api"] = {f"{PREFIX}INSTANCE": self.instance}
        if postgres is not None:
            database = postgres.ensure_database(DATABASE)
            password = kept_secret(self.folder / "reader-password")
            self.own["migrate"] = {f"{PREFIX}READER_PASSWORD": password}
            self.own["api"]["DATABASE_URL"] = postgres.reader_url(DATABASE, password)
        if kafka is not None:
            kafka.wait()
        bootstrap = kafka.bootstrap if kafka else self.options.kafka
        assert bootstrap is not None
        assert database is not None
        return bootstrap, database

    def _set_up(self) -> None:
        children = [self.child(name, name) for name in self.options.set_up]
        try:
            for child in children:
                child.start()
            deadline = time.monotonic() + SET_UP_SECONDS
            for child in children:
                _wait_for_end(child, deadline)
        finally:
            for child in children:
                child.stop()

    def _start_part(self, name: str) -> None:
        count = self.options.workers if name == "worker" else 1
        names = [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]
        children = [self.child(each, name) for each in names]
        for child in children:
            private_folder(self.folder / "parts" / child.name)
            child.start()
        self.supervisor.add(*children)

    def _wait_for_api(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while (problem := not_ready(self.addresses.api, self.instance)) is not None:
            self.supervisor.watch()
            if down := self.supervisor.left_down():
                raise UsageError("; ".join(down.values()))
            if time.monotonic() > deadline:
                raise CrashError(f"the stack was not ready after {READY_SECONDS:.0f} s: {problem}")
            time.sleep(WATCH_SECONDS)


@contextmanager
def data_folder(data: Path | None) -> Iterator[Path]:
    """The folder of the stack, for us alone: the one given, else one that is thrown away.

    Raises UsageError where it cannot be written, or another `learnstream up` runs in it.
    """
    if data is None:
        folder = Path(tempfile.mkdtemp(prefix="learnstream-"))
        folder.chmod(_folder_mode())
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    folder = data.expanduser().absolute()
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(_folder_mode())
        (folder / "lock").touch(mode=0o600)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise UsageError(f"--data: {folder} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another `learnstream up` runs in {folder}") from error
        yield folder


def _folder_mode() -> int:
    # Under root Postgres runs as another user, who has to pass through and need not look around.
    return 0o711 if os.geteuid() == 0 else 0o700


def not_ready(api: str, instance: str) -> str | None:
    """Why the API of this name is not ready, or None when it is."""
    try:
        _, health = _get(f"{api}/healthz")
        if f'"instance":"{instance}"' not in health:
            return f"{api} is answered by another program"
        status, body = _get(f"{api}/readyz")
    except OSError as error:
        return f"{api} does not answer: {error}"
    return None if status == HTTPStatus.OK else f"{api}/readyz says {status}: {body}"


def _get(url: str) -> tuple[int, str]:
    """The status and the beginning of the body."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own
            return answer.status, answer.read(500).decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(500).decode(errors="replace")


def _wait_for_end(child: Child, deadline: float) -> None:
    while (status := child.status()) is None:
        if time.monotonic() > deadline:
            raise CrashError(f"learnstream {child.name} has not ended after {SET_UP_SECONDS:.0f} s")
        time.sleep(WATCH_SECONDS / 5)
    if status != 0:
        kinds: dict[int, type[ProjectError]] = {2: UsageError, 78: LossError}
        words = child.last_words() or "it said nothing"
        raise kinds.get(status, CrashError)(f"{child.name} {said_status(status)}: {words}")


def _announce(stack: Stack, show: Callable[[str], None]) -> None:
    show(f"api    {stack.addresses.api}")
    show(f"kafka  {stack.addresses.kafka}")
    show(f"env    set -a; . {stack.env_file}; set +a")
    show(f"logs   {stack.folder / 'logs'}")


def _stay(stack: Stack, show: Callable[[str], None]) -> None:
    learners = kept_learners(stack.folder)
    demo = stack.start_demo() if stack.options.with_demo and not learners else None
    try:
        if demo is None:
            _show_example(stack, learners, show)
        else:
            show("demo   200 learners are on their way")
        while True:
            stack.supervisor.watch()
            if demo is not None and (status := demo.status()) is not None:
                _show_example(stack, _demo_learners(stack, demo, status), show)
                demo = None
            time.sleep(WATCH_SECONDS)
    finally:
        if demo is not None:
            demo.stop()


def _demo_learners(stack: Stack, demo: Child, status: int) -> list[str]:
    if status != 0:
        stack.supervisor.say(f"the demo {said_status(status)}: {demo.last_words()}")
    output = demo.launch.log.read_text(errors="replace")
    return keep_learners(stack.folder, output) if status == 0 else []


def _show_example(stack: Stack, learners: list[str], show: Callable[[str], None]) -> None:
    learner = learners[0] if learners else "1"
    # The token itself would stay behind, in the shell's history and on the screen.
    token = f"$({shlex.join([*token_command(stack.env_file), learner])})"
    url = f"{stack.addresses.api}/api/v1/progress/real-time-dashboard"
    show(f'try    curl -H "Authorization: Bearer {token}" {url}')
    again = shlex.join([*page_command(stack.env_file, learners), learner])
    show(f"again  {again}")
    show("Ctrl-C stops everything; a link to the page is good once, `again` prints another")
    show(f"page   {new_page_link(stack.addresses, stack.settings, learner, learners)}")
