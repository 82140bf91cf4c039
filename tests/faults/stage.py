"""Where a run takes place: a broker and a database server of our own, topics that soon compact."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kafka.admin import ConfigResource, ConfigResourceType

from contracts.topics import STATE
from devstack.environment import part_environment
from devstack.kafka import EmbeddedKafka
from devstack.places import free_ports
from devstack.postgres import EmbeddedPostgres
from operations.topics import declarations, declare
from runtime.database import connect_now
from runtime.kafka import admin_client
from runtime.settings import Settings
from sinks.migrate import migrate
from tests.faults.disk import Disk, small_disk
from tests.faults.plan import PARTITIONS, Plan
from tests.faults.steps_back import watch_for_steps_back

SESSION_SECONDS: Final = 2.0
_COMPACTS: Final = {
    "segment.bytes": "1048576",
    "min.cleanable.dirty.ratio": "0.01",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "3000",
}
_BROKER: Final = {
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.backoff.ms": "300",
    "log.retention.check.interval.ms": "2000",
    "log.segment.delete.delay.ms": "500",
    "log.index.size.max.bytes": "1048576",
}


@dataclass(frozen=True, slots=True)
class Servers:
    """One broker and one database server for all runs of a command."""

    folder: Path
    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    kafka_disk: Disk | None
    postgres_disk: Disk | None
    """Their disks, where they could be given small ones of their own."""

    def stop_postgres_at_once(self) -> None:
        """As `pg_ctl stop -m immediate`: no backend finishes what it does."""
        pid = self.postgres.child.pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both, each on a disk of its own; everything is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="learnstream-faults-"))
    folder.chmod(0o755)
    try:
        with (
            small_disk(folder / "kafka") as kafka_disk,
            small_disk(folder / "postgres") as postgres_disk,
        ):
            kafka = EmbeddedKafka(folder / "kafka", properties=_BROKER)
            postgres = EmbeddedPostgres(folder / "postgres", lasting=True)
            with _running(kafka, postgres):
                yield Servers(folder, kafka, postgres, kafka_disk, postgres_disk)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(kafka: EmbeddedKafka, postgres: EmbeddedPostgres) -> Iterator[None]:
    try:
        kafka.prepare()
        kafka.launch()
        postgres.start()
        kafka.wait()
        yield
    finally:
        for server in (kafka, postgres):
            if server._child is not None:
                server.kill()


@dataclass(frozen=True, slots=True)
class Stage:
    """The topics, the database and the folder of one run."""

    settings: Settings
    environment: dict[str, str]
    folder: Path


@contextmanager
def stage(on: Servers, plan: Plan, name: str) -> Iterator[Stage]:
    """Topics, tables and settings that no other run has; topics and tables go at the end."""
    folder = on.folder / name
    folder.mkdir()
    database = name.replace("-", "_")
    given = {
        "KAFKA_BOOTSTRAP": on.kafka.bootstrap,
        "DATABASE_URL": on.postgres.create_database(database),
        "LEARNSTREAM_TOPIC_PREFIX": f"{name}-",
        "LEARNSTREAM_GROUP": name,
        "LEARNSTREAM_PARTITIONS": str(PARTITIONS),
        "LEARNSTREAM_REPLICATION": "1",
        "LEARNSTREAM_MIN_INSYNC_REPLICAS": "1",
        "LEARNSTREAM_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
        "LEARNSTREAM_BATCH_RECORDS": str(plan.batch_records),
        "LEARNSTREAM_CLOCK": plan.clock,
        "LEARNSTREAM_API_PORT": str(free_ports(1)[0]),
        "LEARNSTREAM_LOG_FORMAT": "json",
        "LEARNSTREAM_EMBEDDED": "true",
        "LEARNSTREAM_JWT_SECRET": f"a secret of {name}, of thirty-two bytes or more",
    }
    settings = settings_of(given)
    declare(settings)
    _compact_soon(settings)
    migrate(settings)
    with connect_now(settings, "stage") as connection:
        watch_for_steps_back(connection)
    try:
        yield Stage(settings, part_environment(given, folder / "parts"), folder)
    finally:
        if on.kafka.child.running() and on.postgres.child.running():
            with closing(admin_client(settings)) as admin:
                names = [each.name for each in declarations(settings)]
                admin.delete_topics(names, raise_errors=False)
            on.postgres.drop_database(database)


def settings_of(given: dict[str, str]) -> Settings:
    """The same settings as the parts have."""
    prefix = "LEARNSTREAM_"
    return Settings.model_validate(
        {
            name.removeprefix(prefix).lower() if prefix in name else name: given[name]
            for name in given
        }
    )


def _compact_soon(settings: Settings) -> None:
    resource = ConfigResource(ConfigResourceType.TOPIC, settings.topic(STATE.name), dict(_COMPACTS))
    with closing(admin_client(settings)) as admin:
        admin.alter_configs([resource])
