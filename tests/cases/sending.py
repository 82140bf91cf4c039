"""Sending cases as a producer would, and waiting until the workers have taken what was sent."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby, zip_longest
from typing import Final, NamedTuple

from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from contracts.course_facts import decode_course_facts
from contracts.state_keys import PARTITION_KEY, course_key
from contracts.topics import ACTIVITY, COURSES, DEAD_LETTERS, STATE
from domain.events.decode import Rejected
from domain.stored.codec import decode_checkpoint, encode_facts
from runtime.clock import WallClock
from runtime.kafka import admin_client
from runtime.settings import Settings
from tests.cases.reading import CODEC_RECORDS, Case, Sent
from tests.waiting import wait_for
from tests.working import stored

SECONDS: Final = 60.0
_PADDING: Final = 450  # characters that make an event of some 600 bytes


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Sending:
    """What was sent to one stack and where it stands, by case, in order of sending."""

    settings: Settings
    producer: KafkaProducer
    places: dict[str, list[Place]] = field(default_factory=dict)
    _facts: dict[str, bytes] = field(default_factory=dict)
    _ends: dict[int, int] = field(default_factory=dict)
    _refused: int = 0

    def send(self, cases: Iterable[Case]) -> None:
        """Send all cases side by side, batch by batch; what comes next waits for what was sent.

        So what stands before a change of topic in a file is folded and adopted before it goes on.
        """
        chosen = list(cases)
        for case in chosen:
            if case.codec is not None:
                self._compress(case.codec)
        for batches in zip_longest(*map(_batches, chosen), fillvalue=()):
            for case, batch in zip(chosen, batches, strict=True):
                self._send(case.name, batch)
            self._settle()

    def letters(self) -> dict[Place, dict[str, str]]:
        """The reason and detail of every dead letter, by the place of its record."""
        found = {}
        for record in stored(self.settings, DEAD_LETTERS.name):
            headers = {name: value.decode() for name, value in record.headers}
            topic = headers["topic"].removeprefix(self.settings.topic_prefix)
            place = Place(topic, int(headers["partition"]), int(headers["offset"]))
            found[place] = {"reason": headers["reason"], "detail": headers["detail"]}
        return found

    def _send(self, case: str, batch: Sequence[Sent]) -> None:
        told = [
            self.producer.send(self.settings.topic(each.topic), key=each.key, value=each.value)
            for each in batch
        ]
        self.producer.flush(SECONDS)
        for record, future in zip(batch, told, strict=True):
            kept = future.get(SECONDS)
            place = Place(record.topic, kept.partition, kept.offset)
            self.places.setdefault(case, []).append(place)
            self._note(record, place)

    def _note(self, record: Sent, place: Place) -> None:
        if record.topic == ACTIVITY.name:
            self._ends[place.partition] = place.offset + 1
        elif record.topic == COURSES.name:
            verdict = decode_course_facts(record.key, record.value)
            if isinstance(verdict, Rejected):
                self._refused += 1
            else:
                self._facts[verdict.course_id] = encode_facts(verdict)

    def _settle(self) -> None:
        wait_for(self._taken, SECONDS, poll=0.1)
        if self._refused:
            wait_for(self._told, SECONDS, poll=0.1)

    def _taken(self) -> bool:
        """Whether every partition has folded its records and adopted the facts that were sent."""
        newest = {(r.partition, r.key): r.value for r in stored(self.settings, STATE.name)}
        return all(
            (data := newest.get((partition, PARTITION_KEY))) is not None
            and decode_checkpoint(data).next >= end
            for partition, end in self._ends.items()
        ) and all(
            newest.get((partition, course_key(course))) == data
            for partition in range(self.settings.partitions)
            for course, data in self._facts.items()
        )

    def _told(self) -> bool:
        return sum(place.topic == COURSES.name for place in self.letters()) >= self._refused

    def _compress(self, codec: str) -> None:
        """Have the broker keep the topic so compressed, whatever the producer's library can do."""
        topic = self.settings.topic(ACTIVITY.name)
        change = ConfigResource(
            ConfigResourceType.TOPIC, topic, configs={"compression.type": codec}
        )
        with closing(admin_client(self.settings)) as admin:
            admin.alter_configs([change])


def _batches(case: Case) -> Iterator[Sequence[Sent]]:
    """The records between two waits or changes of topic; those of a codec make one batch."""
    if case.codec is not None:
        yield _copies(case)
        return
    for _, records in groupby(case.records, key=lambda each: each and each.topic):
        if batch := [each for each in records if each is not None]:
            yield batch


def _copies(case: Case) -> Sequence[Sent]:
    """The case's record as many different ones of today, long enough to be worth compressing."""
    first = case.records[0]
    assert first is not None
    assert first.value is not None
    event = json.loads(first.value)
    now = datetime.fromtimestamp(WallClock().now(), UTC).isoformat()
    return [
        Sent(
            first.topic,
            first.key,
            json.dumps(
                event
                | {
                    "event_id": f"{case.name}-{number}",
                    "content_id": f"v{number}",
                    "occurred_at": now,
                    "source": "a" * _PADDING,
                }
            ).encode(),
        )
        for number in range(CODEC_RECORDS)
    ]
