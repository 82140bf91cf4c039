"""A real trainer beside a test: what it is told, what it wrote, and what that must equal."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, Final

from kafka.consumer.fetcher import ConsumerRecord
from msgspec.structs import replace

from contracts.lessons import encode_lesson, encode_order
from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_KEY,
    Serving,
    Trainer,
    decode_serving,
    decode_trainer,
    snapshot_number,
)
from contracts.topics import ALERTS, EXAMPLES, SNAPSHOTS
from domain.course_facts import DAY
from domain.examples import Example, Lesson, Order
from domain.predicting.features import COURSE, SILENCE
from domain.predictions import Figure
from models.snapshot import decode_snapshot
from models.training import Published
from proof.examples import Snapshot, learn_again
from runtime.kafka import keyed_producer
from runtime.settings import Settings
from tests.working import stored

TRAINER: Final = ("cli.main", "trainer")
START: Final = 1_700_000_000


def lessons(count: int, *, first: int = 0, day: int = 0) -> list[Lesson]:
    """So many lessons of two examples each: whoever worked lately keeps working."""
    return [_lesson(number, day) for number in range(first, first + count)]


def _lesson(number: int, day: int) -> Lesson:
    silent = number % 3 == 0
    silence = [(number + place) % feature.bins for place, feature in enumerate(SILENCE)]
    silence[0] = 13 if silent else number % 4
    course = [(number * 7 + place) % feature.bins for place, feature in enumerate(COURSE)]
    at = START + day * DAY + number % DAY
    shown = Figure(200 + number % 500, 300)
    return Lesson(
        user_id=str(number % 101),
        at=at,
        course_id="AAA-2013J",
        series="AAA",
        outcome=number % 2 if number % 10 == 0 else None,
        examples=(
            Example("inactivity_7", None, None, 0, at - 7 * DAY, 0, silence, int(silent), shown),
            Example("not_passing", None, None, 0, at - 30 * DAY, 0, course, number % 2, shown),
        ),
    )


def judged(count: int, *, first: int, right: bool) -> list[Lesson]:
    """So many lessons of one example each, of which was shown what came, or what did not."""
    return [_judged(number, right=right) for number in range(first, first + count)]


def _judged(number: int, *, right: bool) -> Lesson:
    lesson = _lesson(number, 0)
    example = lesson.examples[0]
    shown = Figure(900 if (example.label == 1) is right else 100, 300)
    return replace(lesson, outcome=None, examples=(replace(example, shown=shown),))


def alerts_of(settings: Settings) -> list[ConsumerRecord]:
    """Every alert that a trainer published, in order."""
    return [each for each in stored(settings, ALERTS.name) if each.key.startswith(b"model:")]


def teach(settings: Settings, told: Iterable[Lesson | Order | tuple[Any, Any]]) -> None:
    """Put lessons, orders and raw pairs of key and value into `model.examples`."""
    with closing(keyed_producer(settings)) as producer:
        for each in told:
            key, value = _record(each)
            producer.send(settings.topic(EXAMPLES.name), key=key, value=value, partition=0)
        producer.flush(30)


def _record(each: Lesson | Order | tuple[Any, Any]) -> tuple[bytes | None, bytes | None]:
    if isinstance(each, Lesson):
        return each.user_id.encode(), encode_lesson(each)
    return (None, encode_order(each)) if isinstance(each, Order) else each


def trainer_of(settings: Settings) -> Trainer | None:
    """Where the trainer stands; None where it never committed."""
    found = _newest(settings).get(TRAINER_KEY)
    return None if found is None else decode_trainer(found)


def serving_of(settings: Settings) -> Serving:
    """Which snapshot is to be adopted."""
    found = _newest(settings).get(SERVING_KEY)
    return Serving() if found is None else decode_serving(found)


def snapshots_of(settings: Settings) -> list[tuple[int, bytes]]:
    """Every record of a snapshot in order: its number and its bytes."""
    numbered = [
        (snapshot_number(record.key), record.value) for record in stored(settings, SNAPSHOTS.name)
    ]
    return [(number, value) for number, value in numbered if number is not None]


def learned_anew(settings: Settings, found: Sequence[tuple[int, bytes]]) -> list[Published]:
    """What learning the log again gives, with snapshots at the offsets of those found."""
    known = {
        number: Snapshot(number, decode_snapshot(data).learned, data) for number, data in found
    }
    return list(learn_again(stored(settings, EXAMPLES.name), known))


def _newest(settings: Settings) -> dict[bytes, bytes]:
    records: list[ConsumerRecord] = stored(settings, SNAPSHOTS.name)
    return {record.key: record.value for record in records}
