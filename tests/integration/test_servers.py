"""Real processes before servers that are away, refuse them, or do not hold what was declared."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from contracts.schema import READER
from contracts.topics import COURSES, TOPICS
from devstack.places import free_ports
from devstack.postgres import EmbeddedPostgres
from runtime.errors import UsageError
from runtime.kafka import admin_client
from runtime.servers import require_database, require_kafka
from runtime.settings import Settings, is_secret, variable
from sinks.migrate import migrate
from tests.measuring import measuring
from tests.schemas import ROOT
from tests.waiting import wait_for

pytestmark = pytest.mark.integration

SIMULATE: Final = ("simulate", "--learners", "1", "--days", "1", "--seed", "1", "--no-wait")
COMMANDS: Final = {
    "api": ("api",),
    "worker": ("worker",),
    "sink": ("sink",),
    "migrate": ("migrate",),
    "topics": ("topics",),
    "verify": ("verify", "--wait", "0"),
    "simulate": SIMULATE,
    "dead-letters": ("dead-letters", "list"),
    "up": ("up",),
}
OF_KAFKA: Final = ("api", "worker", "sink", "topics", "verify", "simulate", "dead-letters")
OF_POSTGRES: Final = ("api", "sink", "migrate", "verify")
REACHED_SECONDS: Final = 3.0
SECRET: Final = "never-to-be-seen-and-long-enough-to-sign"
"""Is a part of every secret that a process is told here, but for the database's own password."""


def environment(settings: Settings, **changes: object) -> dict[str, str]:
    """The environment that says what these settings say, with a marked secret wherever one goes."""
    told = settings.model_copy(update={"api_port": 0, **changes})
    found = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **measuring()}
    for field in Settings.model_fields:
        value = getattr(told, field)
        if is_secret(field):
            value = SECRET if value is None else value.get_secret_value()
        if value not in {None, ""}:
            found[variable(field)] = str(value)
    return {**found, "LEARNSTREAM_JWT_SECRET": SECRET, "PYTHONPATH": str(ROOT)}


def secrets(environ: dict[str, str]) -> set[str]:
    return {SECRET, urlsplit(environ["DATABASE_URL"]).password or SECRET}


def start(command: str, environ: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", *COMMANDS[command]],
            stdout=out,
            stderr=out,
            env=environ,
            cwd=log.parent,
        )


@contextmanager
def waiting(command: str, environ: dict[str, str], folder: Path) -> Iterator[Path]:
    """The log of a command that waits for a server; no traceback and no secret in any file."""
    log = folder / "log"
    process = start(command, environ, log)
    try:
        yield log
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()
    assert_no_secret(folder, environ)


def refused(command: str, environ: dict[str, str], folder: Path) -> str:
    """What a command says that ends with 2 at once; no traceback and no secret in any file."""
    log = folder / f"{command}.log"
    process = start(command, environ, log)
    try:
        status = process.wait(20)
    finally:
        process.kill()
        process.wait()
    said = log.read_text()
    assert status == 2, said
    assert said.splitlines()[-1].startswith("learnstream: "), said
    assert "Traceback" not in said, said
    assert_no_secret(folder, environ)
    return said.splitlines()[-1]


def assert_no_secret(folder: Path, environ: dict[str, str]) -> None:
    for file in folder.rglob("*"):
        for secret in secrets(environ):
            assert not file.is_file() or secret not in file.read_text(errors="replace"), file


def with_url(settings: Settings, **parts: str) -> dict[str, str]:
    """The settings' database with another user, password, place or name."""
    assert settings.database_url is not None
    url = urlsplit(settings.database_url.get_secret_value())
    user, password = parts.get("user", url.username), parts.get("password", url.password)
    place = parts.get("place", f"{url.hostname}:{url.port}")
    changed = url._replace(netloc=f"{user}:{password}@{place}", path=parts.get("path", url.path))
    return {"DATABASE_URL": urlunsplit(changed)}


@pytest.mark.parametrize("command", OF_KAFKA)
def test_a_kafka_that_is_away_is_said_soon_and_again(
    command: str, settings: Settings, tmp_path: Path
) -> None:
    where = f"127.0.0.1:{free_ports(1)[0]}"
    environ = environment(settings, kafka_bootstrap=where)
    with waiting(command, environ, tmp_path) as log:
        wait_for(lambda: "KAFKA_BOOTSTRAP" in log.read_text(), 20)
        line = next(line for line in log.read_text().splitlines() if "KAFKA_BOOTSTRAP" in line)
        assert f"Kafka at {where} (KAFKA_BOOTSTRAP) does not answer: connection refused" in line
        wait_for(lambda: log.read_text().count("kafka_away") > 1, 15)


def test_servers_that_take_a_connection_and_never_answer_are_given_up_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        url = f"postgresql://u:{SECRET}@{where}/d"
        deaf = Settings.model_validate({"KAFKA_BOOTSTRAP": where, "DATABASE_URL": url})
        began = time.monotonic()
        with pytest.raises(UsageError, match=r"KAFKA_BOOTSTRAP.* does not answer: no answer in"):
            require_kafka(deaf)
        between = time.monotonic()
        with pytest.raises(UsageError, match=r"DATABASE_URL.* does not answer: .*timeout"):
            require_database(deaf, "test")
        assert between - began < REACHED_SECONDS
        assert time.monotonic() - between < REACHED_SECONDS


@pytest.mark.parametrize("command", OF_POSTGRES)
def test_a_postgres_that_is_away_is_said_soon_and_again(
    command: str, topics: Settings, tmp_path: Path
) -> None:
    where = f"127.0.0.1:{free_ports(1)[0]}"
    environ = environment(topics) | with_url(topics, place=where)
    with waiting(command, environ, tmp_path) as log:
        wait_for(lambda: re.search(r"postgres_away.*[Cc]onnection refused", log.read_text()), 20)
        if command != "api":  # its pool says it, and /readyz
            wait_for(lambda: log.read_text().count("postgres_away") > 1, 15)


@pytest.mark.parametrize(
    ("command", "parts", "says"),
    [
        *((each, {"password": SECRET}, 'failed for user "learnstream"') for each in OF_POSTGRES),
        ("api", {"path": "/nowhere"}, 'database "nowhere" does not exist'),
        ("sink", {"user": "nobody"}, 'password authentication failed for user "nobody"'),
    ],
)
def test_a_postgres_that_refuses_us_ends_the_process_with_its_reason(
    command: str, parts: dict[str, str], says: str, topics: Settings, tmp_path: Path
) -> None:
    environ = environment(topics) | with_url(topics, **parts)
    said = refused(command, environ, tmp_path)
    assert said.startswith("learnstream: Postgres (DATABASE_URL) refuses us: ")
    assert says in said


@pytest.mark.parametrize("command", ["api", "sink", "verify"])
def test_tables_that_were_never_made_are_named(
    command: str, topics: Settings, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    bare = postgres_server.create_database(f"bare_{command}")
    said = refused(command, environment(topics) | {"DATABASE_URL": bare}, tmp_path)
    assert re.search(r"the tables are of version 0, expected \d+: run `learnstream migrate`", said)


@pytest.mark.parametrize("command", ["worker", "sink", "api", "verify"])
def test_topics_that_were_never_made_are_named(
    command: str, settings: Settings, tmp_path: Path
) -> None:
    said = refused(command, environment(settings), tmp_path)
    for topic in TOPICS:
        assert f"topic {settings.topic(topic.name)} is not there: run `learnstream topics`" in said


@pytest.mark.parametrize("command", ["simulate", "dead-letters"])
def test_a_feed_and_dead_letters_need_their_topics_too(
    command: str, settings: Settings, tmp_path: Path
) -> None:
    assert "run `learnstream topics`" in refused(command, environment(settings), tmp_path)


@pytest.mark.parametrize("command", ["worker", "sink", "api", "verify", "topics"])
def test_another_number_of_partitions_is_refused(
    command: str, topics: Settings, tmp_path: Path
) -> None:
    said = refused(command, environment(topics, partitions=12), tmp_path)
    assert f"topic {topics.topic('activity')}: seen 4 partitions, expected 12" in said
    assert topics.topic(COURSES.name) not in said


def test_more_copies_than_brokers_are_refused_before_a_topic_is_made(
    settings: Settings, tmp_path: Path
) -> None:
    environ = environment(settings, replication=3, min_insync_replicas=2)
    assert "1 broker, LEARNSTREAM_REPLICATION is 3" in refused("topics", environ, tmp_path)
    with closing(admin_client(settings)) as admin:
        assert not [name for name in admin.list_topics() if name.startswith(settings.topic_prefix)]


@pytest.mark.parametrize(
    ("command", "protocol", "says"),
    [
        *((each, "SSL", "does not speak TLS") for each in OF_KAFKA),
        ("sink", "SASL_SSL", "does not speak TLS"),
        ("worker", "SASL_PLAINTEXT", "this listener takes no SASL"),
    ],
)
def test_a_listener_of_another_protocol_is_named(
    command: str, protocol: str, says: str, topics: Settings, tmp_path: Path
) -> None:
    changes = {"kafka_security_protocol": protocol, "kafka_sasl_username": "someone"}
    said = refused(command, environment(topics, **changes), tmp_path)
    assert f"Kafka at {topics.kafka_bootstrap}" in said
    assert f"{says} (LEARNSTREAM_KAFKA_SECURITY_PROTOCOL is {protocol})" in said


@pytest.mark.parametrize(
    "changes", [{"api_host": "no.such.host.invalid"}, {"api_host": "192.0.2.1"}]
)
def test_an_address_that_is_not_ours_is_refused(
    changes: dict[str, object], topics: Settings, tmp_path: Path
) -> None:
    said = refused("api", environment(topics, **changes), tmp_path)
    assert f"cannot listen on {changes['api_host']}:0" in said


def test_a_stack_that_is_gone_is_named_by_the_variable_that_points_to_it(
    settings: Settings, tmp_path: Path
) -> None:
    """As in a shell that has sourced the env file of a stack that was stopped since."""
    where = f"127.0.0.1:{free_ports(1)[0]}"
    said = refused("up", environment(settings, kafka_bootstrap=where), tmp_path)
    assert f"Kafka at {where} (KAFKA_BOOTSTRAP) does not answer" in said
    assert "`unset KAFKA_BOOTSTRAP DATABASE_URL`" in said


# -- the API's role ------------------------------------------------------------------------------


def reader(settings: Settings) -> str:
    """The URL of this database for the role that the migration made."""
    with_password = settings.model_copy(
        update={"reader_password": Settings.model_validate(PASSWORD).reader_password}
    )
    assert migrate(with_password) == []
    return str(with_url(settings, user=READER, password=SECRET)["DATABASE_URL"])


PASSWORD: Final = {"KAFKA_BOOTSTRAP": "none:1", "reader_password": SECRET}


def test_the_apis_role_reads_every_table_and_writes_none(settings: Settings) -> None:
    with psycopg.connect(reader(settings), autocommit=True) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
        ]
        assert {"learner", "alert", "cohort", "schema_version"} <= set(tables)
        for table in tables:
            connection.execute(f"SELECT * FROM {table} LIMIT 1".encode())
            for refusal in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"DROP TABLE {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(refusal.encode())
        for statement in (b"CREATE TABLE mine (one integer)", b"CREATE ROLE mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_table_of_a_later_migration_is_read_too(settings: Settings) -> None:
    url = reader(settings)
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as owner:
        owner.execute("CREATE TABLE later (one integer)")
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("SELECT * FROM later").fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO later VALUES (1)")


def test_a_role_that_may_make_no_roles_is_told_who_must(
    settings: Settings, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    """The role of the API belongs to the whole server: here it is there, and not theirs."""
    assert settings.database_url is not None
    bare = postgres_server.create_database("of_a_lesser_role")
    with psycopg.connect(bare, autocommit=True) as owner:
        owner.execute("CREATE ROLE lesser LOGIN PASSWORD 'lesser'")
        owner.execute("GRANT ALL ON SCHEMA public TO lesser")
    lesser = with_url(settings, user="lesser", password="lesser", path="/of_a_lesser_role")
    environ = environment(settings) | lesser
    del environ["LEARNSTREAM_READER_PASSWORD"]
    log = tmp_path / "log"
    assert start("migrate", environ, log).wait(20) == 0, log.read_text()
    said = refused("migrate", environ | {"LEARNSTREAM_READER_PASSWORD": SECRET}, tmp_path)
    assert f"CREATE ROLE {READER} LOGIN PASSWORD" in said
