"""Packs of cases on real stacks, all on one Kafka and one Postgres, each with names of its own."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError

from benchmarks.stack import a_stack
from devstack.kafka import EmbeddedKafka
from devstack.postgres import EmbeddedPostgres
from operations.topics import declarations
from runtime.kafka import admin_client, keyed_producer
from tests.cases.judging import Judge, Row, verify
from tests.cases.packing import PARTITIONS, Pack, packs
from tests.cases.reading import Case
from tests.cases.sending import Sending
from tests.faults.stage import settings_of


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the stacks stand; `folder` must be open to all."""

    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    folder: Path


def run(cases: Iterable[Case], ground: Ground) -> Iterator[Row]:
    """Start one stack after the other, and give what is seen on each."""
    for number, pack in enumerate(packs(cases), start=1):
        name = f"cases{number}"
        environment = {
            "KAFKA_BOOTSTRAP": ground.kafka.bootstrap,
            "DATABASE_URL": ground.postgres.create_database(name),
            "LEARNSTREAM_TOPIC_PREFIX": f"{name}-",
            "LEARNSTREAM_GROUP": name,
            "LEARNSTREAM_PARTITIONS": str(PARTITIONS),
            "LEARNSTREAM_REPLICATION": "1",
            "LEARNSTREAM_MIN_INSYNC_REPLICAS": "1",
        }
        try:
            with a_stack(ground.folder, "--clock", pack.clock, **environment) as running:
                yield from run_pack(pack, name, running.api, running.env)
        finally:
            settings = settings_of(environment)
            with closing(admin_client(settings)) as admin:
                names = [each.name for each in declarations(settings)]
                admin.delete_topics(names, raise_errors=False)
            ground.postgres.drop_database(name)


def run_pack(pack: Pack, name: str, api: str, env: Mapping[str, str]) -> Iterator[Row]:
    """Send a pack's cases to a stack that runs, judge each, and prove the whole."""
    settings = settings_of(dict(env))
    problem = None
    with closing(keyed_producer(settings)) as producer:
        sending = Sending(settings, producer)
        try:
            sending.send(pack.cases)
        except (AssertionError, KafkaError) as error:
            problem = f"{type(error).__name__}: {error}"
    proof = verify({**os.environ, **env})
    judge = Judge(api, settings, sending.places, sending.letters(), proof.returncode)
    for case in pack.cases:
        yield from judge.rows(case)
    yield Row(name, pack.clock, "sent and taken", problem or "yes", "yes", problem is None)
    yield Row(name, pack.clock, "verify", _told(proof), "status 0", proof.returncode == 0)


def _told(proof: "subprocess.CompletedProcess[str]") -> str:
    """The status, and what is wrong."""
    said = f"status {proof.returncode}"
    if proof.returncode == 0:
        return said
    try:
        report: dict[str, Any] = json.loads(proof.stdout)
    except ValueError:
        lines = proof.stderr.strip().splitlines()
        return f"{said}: {lines[-1] if lines else 'it said nothing'}"
    checks = report["checks"].items()
    return f"{said}: {[(name, check['named']) for name, check in checks if not check['equal']]}"
