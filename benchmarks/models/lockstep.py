"""The second runner: the whole pipeline over Kafka in lockstep, and then what stands in the log."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from benchmarks.models.recorded import AlertsKnown, Recorded, append, raised_by_models
from benchmarks.stack import a_folder, a_stack
from contracts.alert_event import decode_published
from contracts.lessons import decode_lesson
from contracts.topics import EXAMPLES, TRANSITIONS
from domain.alerts import Transition
from domain.events.decode import Rejected
from domain.examples import Lesson
from feeds.feed import Delivery
from feeds.oulad import OuladOptions, replay_oulad
from runtime.kafka import committed_reader
from runtime.settings import Settings

_POLL_MS: Final = 200


def kafka_run(options: OuladOptions, lessons: Path | None = None, *, workers: int = 1) -> Recorded:
    """Replay the folder in lockstep into a stack of its own, which is thrown away.

    It is what `learnstream replay oulad DIR --lockstep` does. Returns what stands in
    `model.examples` and `progress.alerts` when it is over; what is kept of it in `lessons` is as
    the other runner writes it.
    """
    with a_folder() as folder:
        flags = ("--data", str(folder / "data"), "--clock", "stream", "--workers", str(workers))
        with a_stack(folder, *flags, LEARNSTREAM_METRICS_PORT="0") as stack:
            settings = stack.settings()
            delivery = Delivery(progress=False, lockstep=True)
            report = replay_oulad(settings, options, delivery)
            assert not report["problems"], report["problems"]
            found = recorded(settings, int(report["sent"]))
    if lessons is not None:
        lessons.unlink(missing_ok=True)
        append(lessons, [AlertsKnown(), *found.lessons, *(found.raised or ())])
    return found


def recorded(settings: Settings, events: int) -> Recorded:
    """What a replay of so many events has left in the log."""
    lessons = []
    for record in _stored(settings, EXAMPLES.name):
        lesson = decode_lesson(record.key, record.value)
        assert not isinstance(lesson, Rejected), lesson
        if isinstance(lesson, Lesson):
            lessons.append(lesson)
    told = (record.value for record in _stored(settings, TRANSITIONS.name))
    published = (decode_published(value) for value in told if value is not None)
    raised = raised_by_models(each for each in published if isinstance(each, Transition))
    return Recorded("kafka", events, lessons, raised)


def _stored(settings: Settings, topic: str) -> Iterator[ConsumerRecord]:
    """Every committed record of a topic."""
    with closing(committed_reader(settings)) as reader:
        name = settings.topic(topic)
        places = [TopicPartition(name, part) for part in reader.partitions_for_topic(name) or ()]
        reader.assign(places)
        reader.seek_to_beginning()
        ends = reader.end_offsets(places)
        while any(reader.position(place) < end for place, end in ends.items()):
            for records in reader.poll(timeout_ms=_POLL_MS).values():
                yield from records
