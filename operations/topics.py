"""Declare every topic of the contract on a cluster, and say where a cluster differs from it."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from contracts.topics import ALERTS, DEAD_LETTERS, SNAPSHOTS, TOPICS, Topic
from runtime.errors import CrashError, UsageError
from runtime.kafka import admin_client
from runtime.servers import wait_for_kafka
from runtime.settings import Settings

# A compacted log is what a take-over reads, so it must not stay long; and what was erased must be
# gone from the disk within a day. Not sooner than a minute, so that a slow sink sees most versions.
COMPACT_AFTER_MIN: Final = timedelta(minutes=1)
COMPACT_AFTER_MAX: Final = timedelta(days=1)
DELETE_AFTER: Final = timedelta(days=365)
# A dead letter is the original record plus headers: the largest record that Kafka takes by default
# (1 MiB) must still fit.
_DEAD_LETTER_BYTES: Final = 2_097_152
# A snapshot is some hundred KB, and grows with the courses and assessments that models have seen.
_SNAPSHOT_BYTES: Final = 16_777_216


@dataclass(frozen=True, slots=True)
class Declared:
    """What a topic must be on the cluster; `name` carries the cluster's prefix."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]

    def new(self) -> dict[str, Any]:
        """As `KafkaAdminClient.create_topics` takes it, beside the name."""
        return {
            "num_partitions": self.partitions,
            "replication_factor": self.replication,
            "configs": dict(self.configs),
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What a topic is on the cluster."""

    id: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `declare` found: the topics it made, and every topic with its id."""

    made: tuple[str, ...]
    ids: Mapping[str, str]


def declare(settings: Settings) -> Outcome:
    """Create the topics that are missing and check all.

    Raises UsageError where a topic differs, CrashError where Kafka refuses.
    """
    return _run(settings, make_missing=True)


def check(settings: Settings) -> Outcome:
    """Check all topics and change nothing.

    Raises UsageError where a topic differs, CrashError where Kafka refuses.
    """
    return _run(settings, make_missing=False)


def declarations(settings: Settings) -> list[Declared]:
    """Every topic of the contract as this configuration wants it."""
    return [_declaration(topic, settings) for topic in TOPICS]


def differences(wanted: Declared, seen: Seen | None) -> list[str]:
    """Where a topic is not what it must be: one sentence each, with seen and expected."""
    if seen is None:
        return [f"topic {wanted.name}: seen none, expected {wanted.partitions} partitions"]
    found = []
    if seen.partitions != wanted.partitions:
        found.append(
            f"topic {wanted.name}: seen {seen.partitions} partitions, expected {wanted.partitions}"
        )
    if seen.replication < wanted.replication:
        found.append(
            f"topic {wanted.name}: seen replication {seen.replication}, "
            f"expected {wanted.replication} or more"
        )
    for key, value in wanted.configs.items():
        if (there := seen.configs.get(key, "none")) != value:
            found.append(f"topic {wanted.name}: seen {key}={there}, expected {value}")
    return found


def _run(settings: Settings, *, make_missing: bool) -> Outcome:
    wanted = declarations(settings)
    wait_for_kafka(settings)
    try:
        with closing(admin_client(settings)) as admin:
            made = _make_missing(admin, wanted) if make_missing else ()
            seen = _look(admin, wanted)
    except KafkaError as error:
        raise CrashError(f"Kafka at {settings.kafka_bootstrap} refused: {error}") from error
    if problems := [line for each in wanted for line in differences(each, seen.get(each.name))]:
        raise UsageError("; ".join(problems))
    return Outcome(made=made, ids={name: each.id for name, each in seen.items()})


def _declaration(topic: Topic, settings: Settings) -> Declared:
    return Declared(
        name=settings.topic(topic.name),
        partitions=settings.partitions if topic.partitioning == "activity" else 1,
        replication=settings.replication,
        configs=_configs(topic, settings),
    )


def _configs(topic: Topic, settings: Settings) -> dict[str, str]:
    configs = {
        "cleanup.policy": "compact" if topic.cleanup == "compact" else "delete",
        "message.timestamp.type": "LogAppendTime" if topic.log_append_time else "CreateTime",
        "min.insync.replicas": str(settings.min_insync_replicas),
    }
    match topic.cleanup:
        case "keep":
            configs |= {"retention.ms": "-1", "retention.bytes": "-1"}
        case "delete":
            configs |= {"retention.ms": _milliseconds(DELETE_AFTER), "retention.bytes": "-1"}
        case "compact":
            configs |= {
                "min.compaction.lag.ms": _milliseconds(COMPACT_AFTER_MIN),
                "max.compaction.lag.ms": _milliseconds(COMPACT_AFTER_MAX),
                "segment.bytes": str(settings.state_segment_bytes),
            }
    if topic is ALERTS:  # others read it, with clients that may know no codec
        configs["compression.type"] = "uncompressed"
    if topic is DEAD_LETTERS:
        configs["max.message.bytes"] = str(_DEAD_LETTER_BYTES)
    if topic is SNAPSHOTS:
        configs["max.message.bytes"] = str(_SNAPSHOT_BYTES)
    return configs


def _milliseconds(time: timedelta) -> str:
    return str(time // timedelta(milliseconds=1))


def _make_missing(admin: KafkaAdminClient, wanted: Sequence[Declared]) -> tuple[str, ...]:
    there = {topic["name"] for topic in _described(admin, wanted)}
    missing = {each.name: each.new() for each in wanted if each.name not in there}
    if missing:
        _check_brokers(admin, max(each.replication for each in wanted))
        try:
            admin.create_topics(missing)
        except TopicAlreadyExistsError:  # somebody declares beside us: what there is, is checked
            return ()
        finally:
            admin.wait_for_topics(list(missing))
    return tuple(missing)


def _check_brokers(admin: KafkaAdminClient, replication: int) -> None:
    """Each copy of a partition is on a broker of its own; Kafka itself answers with a timeout."""
    brokers = len(admin.describe_cluster()["brokers"])
    if replication > brokers:
        raise UsageError(
            f"{brokers} broker{'' if brokers == 1 else 's'}, LEARNSTREAM_REPLICATION is "
            f"{replication}: a topic has at most as many copies as there are brokers"
        )


def _look(admin: KafkaAdminClient, wanted: Sequence[Declared]) -> dict[str, Seen]:
    described = _described(admin, wanted)
    names = [topic["name"] for topic in described]
    if not names:
        return {}
    answer = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, None) for name in names],
        config_filter="all",
    )
    return {
        topic["name"]: Seen(
            id=str(topic["topic_id"]),
            partitions=len(topic["partitions"]),
            replication=min(len(each["replica_nodes"]) for each in topic["partitions"]),
            configs={key: item["value"] for key, item in answer["topic"][topic["name"]].items()},
        )
        for topic in described
    }


def _described(admin: KafkaAdminClient, wanted: Sequence[Declared]) -> list[dict[str, Any]]:
    topics = admin.describe_topics([each.name for each in wanted])
    return [topic for topic in topics if topic["error_code"] == 0]
