"""The real servers, one Kafka and one Postgres a session; names and a database for each test."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from devstack.kafka import EmbeddedKafka
from devstack.postgres import EmbeddedPostgres
from operations.topics import declarations, declare
from runtime.kafka import admin_client
from runtime.settings import Settings
from sinks.migrate import migrate
from tests import measuring  # noqa: F401 - before any test starts a process

_numbers = count(1)
_LONG_SECONDS = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of many histories, `EXAMPLES` times as many in CI, get more than the usual three."""
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_LONG_SECONDS))


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands that run inside a test set logs up on a stream that ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that the user nobody can enter, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="learnstream-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def kafka_server(server_folder: Path) -> Iterator[EmbeddedKafka]:
    """The session's broker. A test that stops or kills one starts its own."""
    broker = EmbeddedKafka(
        server_folder / "kafka",
        properties={
            "log.segment.delete.delay.ms": "1000",
            "log.index.size.max.bytes": "1048576",
            "group.min.session.timeout.ms": "1000",  # so that a killed worker is missed soon
        },
    )
    broker.prepare()
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The session's Postgres. A test that stops or kills one starts its own."""
    server = EmbeddedPostgres(server_folder / "postgres", lasting=False)
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def database_template(postgres_server: EmbeddedPostgres) -> str:
    """The name of the database that every test's own is a copy of."""
    url = postgres_server.create_database("template")
    migrate(Settings.model_validate({"KAFKA_BOOTSTRAP": "none:1", "DATABASE_URL": url}))
    return "template"


@pytest.fixture
def settings(
    kafka_server: EmbeddedKafka,
    postgres_server: EmbeddedPostgres,
    database_template: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """Settings with topics, group and database that no other test has."""
    for name in [name for name in os.environ if name.startswith("LEARNSTREAM_")]:
        monkeypatch.delenv(name)
    number = next(_numbers)
    database = f"test_{number}"
    yield Settings.model_validate(
        {
            "KAFKA_BOOTSTRAP": kafka_server.bootstrap,
            "DATABASE_URL": postgres_server.create_database(database, template=database_template),
            "topic_prefix": f"t{number}-",
            "group": f"test-{number}",
            "partitions": 4,
            "replication": 1,
            "min_insync_replicas": 1,
            "embedded": True,
            "jwt_secret": f"a secret of test {number}, thirty-two bytes or more",
        }
    )
    postgres_server.drop_database(database)


@pytest.fixture
def mortal(settings: Settings, server_folder: Path) -> Iterator[tuple[EmbeddedPostgres, Settings]]:
    """A Postgres of the test's own, and settings with it."""
    server = EmbeddedPostgres(server_folder / f"postgres-of-{settings.group}")
    server.start()
    url = SecretStr(server.create_database("api"))
    yield server, settings.model_copy(update={"database_url": url, "stale_after_seconds": 3})
    server.stop()


@pytest.fixture
def topics(settings: Settings) -> Iterator[Settings]:
    """The same settings, with every topic declared; they are deleted after the test."""
    declare(settings)
    yield settings
    with closing(admin_client(settings)) as admin:
        admin.delete_topics([each.name for each in declarations(settings)], raise_errors=False)
