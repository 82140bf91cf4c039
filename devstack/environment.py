"""The environment of a stack's parts: the settings with which every command talks to it."""

import json
import os
import secrets
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runtime.clock import WallClock
from runtime.errors import UsageError

PREFIX: Final = "LEARNSTREAM_"
EVERY_COURSE: Final = "*"
PROGRAM: Final = (sys.executable, "-P", "-m", "cli.main")
"""The one program; -P, so that no folder of the same name in the working folder is taken for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the stack's servers are."""

    kafka: str
    database: str
    api_port: int

    @property
    def api(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.api_port}"


def stack_settings(
    given: Mapping[str, str], addresses: Addresses, *, clock: str, secret: str, own_kafka: bool
) -> dict[str, str]:
    """Every setting of the stack: what the user's environment gives, and what the stack decides."""
    kept = {name: value for name, value in given.items() if name.startswith(PREFIX)}
    kept.pop(f"{PREFIX}INSTANCE", None)
    decided = {
        "KAFKA_BOOTSTRAP": addresses.kafka,
        "DATABASE_URL": addresses.database,
        f"{PREFIX}CLOCK": clock,
        f"{PREFIX}API_HOST": "127.0.0.1",
        f"{PREFIX}API_PORT": str(addresses.api_port),
        f"{PREFIX}EMBEDDED": "true",
    }
    if own_kafka:
        decided[f"{PREFIX}PARTITIONS"] = given.get(f"{PREFIX}PARTITIONS", "4")
        decided[f"{PREFIX}REPLICATION"] = "1"
        decided[f"{PREFIX}MIN_INSYNC_REPLICAS"] = "1"
        decided[f"{PREFIX}KAFKA_SECURITY_PROTOCOL"] = "PLAINTEXT"
    return {f"{PREFIX}JWT_SECRET": secret, **kept, **decided}


def ready_document(
    addresses: Addresses, settings: Mapping[str, str], env_file: Path
) -> dict[str, Any]:
    """What --ready-file gets when all is ready."""
    return {
        "api": addresses.api,
        "kafka": addresses.kafka,
        "database": addresses.database,
        "token_command": f"{shlex.join(token_command(env_file))} {{user}}",
        "page_command": f"{shlex.join(page_command(env_file))} {{user}}",
        "env": dict(settings),
    }


def token_command(env_file: Path) -> list[str]:
    """The command that prints a token; the learner's id is the last argument."""
    return [*PROGRAM, "token", "--env-file", str(env_file), "--user"]


def page_command(env_file: Path, learners: Sequence[str] = ()) -> list[str]:
    """The command that prints a link into the page; the learner's id is the last argument.

    Whoever starts a stack may see all of it: the learner's page, every course, and its operation;
    and of a demo, the pages of these `learners`.
    """
    views = ["--courses", EVERY_COURSE, "--operator"]
    if learners:
        views += ["--learners", ",".join(learners)]
    return [*PROGRAM, "open", "--env-file", str(env_file), *views, "--user"]


def new_page_link(
    addresses: Addresses, settings: Mapping[str, str], learner: str, learners: Sequence[str] = ()
) -> str:
    """A link into the page with all of its views, good once and for ten minutes."""
    # Imported here: what signs is needed only once all has started.
    from runtime.tickets import Access, make_ticket, page_link  # noqa: PLC0415

    ticket = make_ticket(
        settings[f"{PREFIX}JWT_SECRET"],
        audience=settings.get(f"{PREFIX}JWT_AUDIENCE", "learnstream"),
        user=learner,
        now=WallClock().now(),
        access=Access(courses=[EVERY_COURSE], operates=True, learners=learners),
    )
    return page_link(addresses.api, ticket)


def kept_secret(file: Path) -> str:
    """The secret in this file; made at random the first time, so that tokens outlive a restart."""
    if not file.exists():
        write_private(file, secrets.token_urlsafe(48))
    return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner's eyes only."""
    partial = file.with_name(f".{file.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(file)


def env_lines(settings: Mapping[str, str]) -> str:
    """The settings as lines that a shell and a settings reader both understand.

    Raises UsageError where a value has a quote or a line's end in it.
    """
    if quoted := [name for name, value in settings.items() if "'" in value or "\n" in value]:
        raise UsageError(f"{quoted[0]}: a quote or a line's end in it cannot be passed on")
    return "".join(f"{name}='{value}'\n" for name, value in settings.items())


def json_text(document: Mapping[str, Any]) -> str:
    """A document for people and programs."""
    return json.dumps(document, indent=2) + "\n"


def part_environment(
    settings: Mapping[str, str], data: Path, own: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The whole environment of one part: a data folder and what only this part gets."""
    kept = {f"{PREFIX}DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **settings, **kept, **(own or {})}
