"""Real workers beside a test, what they wrote, and the fold over the log that it must equal."""

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from aiokafka.partitioner import murmur2
from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from contracts.alert_event import encode_transition
from contracts.dead_letter import dead_letter_headers
from contracts.inputs import decode_input
from contracts.state_keys import PARTITION_KEY, is_learner
from contracts.topics import ACTIVITY, ALERTS, COURSES, DEAD_LETTERS, INPUTS, STATE, TRANSITIONS
from domain.configuration import Configuration
from domain.events.decode import Record
from domain.fold.effects import DeadLetter, Effects
from domain.fold.inputs import Input
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import no_snapshots
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import decode_checkpoint, encode_learner
from runtime.kafka import committed_reader, keyed_producer
from runtime.settings import Settings
from tests.delivering import delivered
from tests.factories import MemoryStore
from tests.measuring import measuring
from tests.waiting import wait_for

START = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
MODULES = 4


class Worker:
    """One worker process, started as anybody would start it."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        failpoints: str = "",
        program: Sequence[str] = ("cli.main", "worker"),
        resume: bool = False,
    ) -> None:
        self._log = folder / f"worker-{len(list(folder.iterdir()))}.log"
        environment = {
            **measuring(),
            "PATH": os.environ["PATH"],
            "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "LEARNSTREAM_TOPIC_PREFIX": settings.topic_prefix,
            "LEARNSTREAM_GROUP": settings.group,
            "LEARNSTREAM_CLOCK": settings.clock,
            "LEARNSTREAM_PARTITIONS": str(settings.partitions),
            "LEARNSTREAM_BATCH_RECORDS": str(settings.batch_records),
            "LEARNSTREAM_SESSION_TIMEOUT_SECONDS": str(settings.session_timeout_seconds),
            "LEARNSTREAM_FAILPOINTS": failpoints,
        }
        command = [
            sys.executable,
            "-m",
            *program,
            *(["--resume"] if resume else []),
        ]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=Path(__file__).parent.parent,
            )

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, deadline: float = 20) -> int:
        """The exit status, once it has ended."""
        try:
            return self.process.wait(timeout=deadline)
        except subprocess.TimeoutExpired:
            message = f"the worker did not end within {deadline} s:\n{self.said()}"
            raise AssertionError(message) from None

    def owns(self, partitions: int, deadline: float = 20) -> None:
        """Return when it has taken over so many partitions since it started."""
        wait_for(lambda: self.said().count("partition_taken") >= partitions, deadline)

    def sleeps(self, deadline: float = 20) -> None:
        """Return when it has reached the failpoint at which it was told to sleep."""
        wait_for(lambda: "failpoint" in self.said(), deadline)

    def stop(self) -> int:
        """Stop it as a supervisor does."""
        self.send(signal.SIGTERM)
        return self.ended()


@contextmanager
def running(settings: Settings, folder: Path, **options: Any) -> Iterator[Worker]:
    """A worker that is surely gone when the test goes on."""
    folder.mkdir(exist_ok=True)
    worker = Worker(settings, folder, **options)
    try:
        yield worker
    except AssertionError as error:
        error.add_note(worker.said()[-4000:])
        raise
    finally:
        if worker.process.poll() is None:
            worker.process.kill()
            worker.process.wait()


def doing_wrong(name: str) -> tuple[str, ...]:
    """The program of a worker that does one of the wrongs of tests/wrongs.py."""
    return "tests.wrongs", name, "worker"


def course_facts(course: str = "c1", due: datetime | None = None) -> tuple[bytes, bytes]:
    """A record of `courses`: four modules and one assessment."""
    facts = {
        "course_id": course,
        "title": "A course",
        "starts_at": START.isoformat(),
        "modules": [{"id": f"m{n}"} for n in range(MODULES)],
        "assessments": [{"id": "a1", "due_at": due.isoformat() if due else None}],
    }
    return course.encode(), json.dumps(facts).encode()


def days_of_work(
    users: Iterable[str], days: int = 4, start: datetime = START, tag: str = ""
) -> list[tuple[bytes, bytes]]:
    """Records of `activity` that raise, change and resolve alerts, in order of time."""
    found = []
    for day in range(days):
        for user in users:
            for number, event in enumerate(_a_day(day)):
                when = start + timedelta(days=day, minutes=number)
                common = {
                    "event_id": f"{tag}{user}-{day}-{number}",
                    "user_id": user,
                    "occurred_at": when.isoformat(),
                    "course_id": "c1",
                }
                found.append((user.encode(), json.dumps(common | event).encode()))
    return found


def _a_day(day: int) -> list[dict[str, Any]]:
    page = {"type": "content_viewed", "content_id": f"p{day}", "content_kind": "page"}
    module = {"type": "module_completed", "module_id": f"m{day % MODULES}"}
    grade = {"type": "assessment_graded", "assessment_id": "a1", "max_score": 100}
    if day == 0:
        return [{"type": "enrolled"}, page, module, {**grade, "score": 30, "attempt": 1}]
    return [page, module, {**grade, "score": 60 + 9 * day, "attempt": day + 1}]


def send(
    settings: Settings, records: Iterable[tuple[bytes | None, bytes | None]], topic: str = ""
) -> None:
    """Produce as an LMS would: keyed by the learner, murmur2."""
    name = settings.topic(topic or ACTIVITY.name)
    partitions = 1 if topic == COURSES.name else settings.partitions
    with closing(keyed_producer(settings)) as producer:
        for key, value in records:
            place = (murmur2(key or b"") & 0x7FFFFFFF) % partitions
            producer.send(name, key=key, value=value, partition=place)
        producer.flush(30)


def stored(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """Every committed record of a topic, partition by partition, in order."""
    with closing(committed_reader(settings)) as reader:
        name = settings.topic(topic)
        places = [TopicPartition(name, number) for number in reader.partitions_for_topic(name)]
        reader.assign(places)
        reader.seek_to_beginning()
        ends = reader.end_offsets(places)
        found = []
        while any(reader.position(place) < end for place, end in ends.items()):
            for records in reader.poll(timeout_ms=100).values():
                found += records
    return sorted(found, key=lambda record: (record.partition, record.offset))


def checkpoints_of(settings: Settings) -> dict[int, Checkpoint]:
    """The newest record of every partition."""
    return {
        record.partition: decode_checkpoint(record.value)
        for record in stored(settings, STATE.name)
        if record.key == PARTITION_KEY
    }


def wait_until_folded(settings: Settings, deadline: float = 30) -> None:
    """Return when every partition stands behind its last record."""
    ends = {record.partition: record.offset + 1 for record in stored(settings, ACTIVITY.name)}

    def folded() -> bool:
        found = checkpoints_of(settings)
        return all(p in found and found[p].next >= end for p, end in ends.items())

    wait_for(folded, deadline, poll=0.2)


@dataclass
class Expected:
    """What the fold over the log gives, partition by partition."""

    states: dict[bytes, bytes] = field(default_factory=dict)
    transitions: list[tuple[int, bytes]] = field(default_factory=list)
    alerts: list[tuple[int, bytes]] = field(default_factory=list)
    letters: list[tuple[int, Any, Any, Any]] = field(default_factory=list)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)


def oracle(settings: Settings) -> Expected:
    """Fold the log and the inputs again, from the beginning, in other batches than the worker's."""
    inputs: Mapping[int, list[Input]] = defaultdict(list)
    for record in stored(settings, INPUTS.name):
        inputs[record.partition].append(decode_input(record.value))
    expected = Expected()
    found = checkpoints_of(settings)
    log = groupby(stored(settings, ACTIVITY.name), key=lambda record: record.partition)
    events = {partition: list(records) for partition, records in log}
    for partition in range(settings.partitions):
        _fold_partition(
            settings,
            expected,
            found[partition],
            [Record(r.offset, r.timestamp, r.key, r.value) for r in events.get(partition, [])],
            sorted(inputs[partition], key=lambda value: value.seq),
        )
    return expected


def _fold_partition(
    settings: Settings,
    expected: Expected,
    found: Checkpoint,
    events: list[Record],
    inputs: list[Input],
) -> None:
    store = MemoryStore()
    checkpoint = new_checkpoint(
        found.partition, settings.partitions, found.topic_id, settings.clock
    )
    fold = PartitionFold(checkpoint, Configuration(), {}, store, no_snapshots)
    position = 0
    while position < len(events) or inputs:
        effects = fold.begin()
        while inputs and (position == len(events) or inputs[0].after <= events[position].offset):
            fold.adopt(inputs.pop(0), effects)
        stop = position
        limit = inputs[0].after if inputs else sys.maxsize
        while stop < len(events) and events[stop].offset < limit and stop - position < 37:
            stop += 1
        fold.fold(events[position:stop], effects)
        position = stop if checkpoint.halted is None or inputs else len(events)
        _keep(settings, expected, store, effects, checkpoint)
    expected.checkpoints[checkpoint.partition] = checkpoint


def _keep(
    settings: Settings,
    expected: Expected,
    store: MemoryStore,
    effects: Effects,
    checkpoint: Checkpoint,
) -> None:
    for user_id, state in effects.changed.items():
        data = encode_learner(state)
        store.committed[user_id] = expected.states[user_id.encode()] = data
    for transition in effects.transitions:
        if transition.in_history:
            expected.transitions.append((checkpoint.partition, encode_transition(transition)))
        if transition.delivered:
            expected.alerts.append((checkpoint.partition, delivered(transition)))
    for letter in effects.dead_letters:
        expected.letters.append(_letter(settings, checkpoint.partition, letter))


def _letter(settings: Settings, partition: int, letter: DeadLetter) -> tuple[int, Any, Any, Any]:
    headers = dead_letter_headers(letter, settings.topic(ACTIVITY.name), partition)
    return partition, letter.record.key, letter.record.value, headers


def assert_equals_the_log(settings: Settings) -> Expected:
    """I1, I2, I3, I4: what the workers wrote is what the log says, byte for byte, nothing twice."""
    expected = oracle(settings)
    # What compaction keeps of a key is its last record by offset.
    states = {r.key: r.value for r in stored(settings, STATE.name) if is_learner(r.key)}
    assert states == expected.states
    transitions = [(r.partition, r.value) for r in stored(settings, TRANSITIONS.name)]
    assert transitions == expected.transitions
    alerts = [(r.partition, r.value) for r in stored(settings, ALERTS.name)]
    assert alerts == expected.alerts
    topic = settings.topic(ACTIVITY.name).encode()
    letters = [
        (r.partition, r.key, r.value, r.headers)
        for r in stored(settings, DEAD_LETTERS.name)
        if dict(r.headers)["topic"] == topic
    ]
    assert letters == expected.letters
    for partition, checkpoint in checkpoints_of(settings).items():
        checkpoint.courses = {}
        assert checkpoint == expected.checkpoints[partition]
    return expected
