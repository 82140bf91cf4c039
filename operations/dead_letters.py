"""Dead letters: which there are, what they hold, and putting them back where they came from."""

import heapq
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from contracts.dead_letter import read_headers
from contracts.remedies import remedy_of
from contracts.topics import COURSES, DEAD_LETTERS
from domain.ids import partition_of
from runtime.errors import CrashError, UsageError
from runtime.kafka import committed_reader, keyed_producer, reaching_kafka
from runtime.servers import wait_for_kafka
from runtime.settings import Settings
from runtime.tables import table

REQUEUED: Final = "dead-letter"
"""The header of a record that was put back: `partition:offset` of its dead letter."""
NONE: Final = "no dead letters match"
SHOWN_CHARACTERS_MAX: Final = 2_000
_REQUEST_BYTES_MAX: Final = 2_097_152
_POLL_MS: Final = 200
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS


class Letter(NamedTuple):
    """One dead letter; topic, partition, offset and `when` (milliseconds) are the record's own."""

    place: str
    topic: str
    partition: int
    offset: int
    when: int
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which letters are meant; all where nothing is said. Times are in milliseconds."""

    reasons: Collection[str] = ()
    since: int | None = None
    until: int | None = None
    partition: int | None = None
    offset: int | None = None

    def match(self, letter: Letter) -> bool:
        """Whether every filter that is set lets the letter through."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (self.since is None or letter.when >= self.since)
            and (self.until is None or letter.when < self.until)
            and self.partition in {None, letter.partition}
            and self.offset in {None, letter.offset}
        )


@dataclass(slots=True)
class Requeued:
    """What `requeue` did with the letters that matched."""

    matched: int = 0
    put_back: int = 0
    put_back_before: int = 0
    without_key: int = 0
    truncated: int = 0
    superseded: int = 0


def letters(settings: Settings, filters: Filters) -> Iterator[Letter]:
    """The dead letters that match, partition by partition, oldest first.

    Raises CrashError where Kafka cannot be reached, UsageError where there is no topic.
    """
    wait_for_kafka(settings)
    with _reader(settings) as reader:
        for record in _read(reader, settings.topic(DEAD_LETTERS.name), None):
            letter = _letter(record)
            if filters.match(letter):
                yield letter


def requeue(
    settings: Settings, filters: Filters, *, key_from_value: bool, dry_run: bool
) -> Requeued:
    """Put the original bytes back on their topic, once: what stands there already is left out.

    What was put back before is known by a header of the records in the log itself, so there is no
    second book to keep. Two of these commands at once may still put a letter back twice; the fold's
    memory of event ids then counts it once.

    Raises CrashError where Kafka does not accept them, UsageError where there is no topic.
    """
    chosen = list(letters(settings, filters))
    done = Requeued(matched=len(chosen))
    try:
        with closing(keyed_producer(settings, max_request_size=_REQUEST_BYTES_MAX)) as producer:
            sent = []
            for topic, group in _by_topic(chosen).items():
                history = _history(settings, topic, group)
                sizes = len(producer.partitions_for(topic))
                for letter in group:
                    key = _key(letter, key_from_value=key_from_value)
                    if _is_to_go(letter, key, history, done) and not dry_run:
                        headers = [(REQUEUED, letter.place.encode())]
                        place = partition_of(key or b"", sizes)
                        sent.append(
                            producer.send(
                                topic, letter.value, key=key, partition=place, headers=headers
                            )
                        )
            producer.flush()
            for future in sent:
                future.get(timeout=30)
    except KafkaError as error:
        raise CrashError(f"Kafka did not accept what was put back: {error}") from error
    return done


@dataclass(slots=True)
class _Count:
    """How many letters there are of one reason, by the age of their records."""

    letters: int = 0
    last_hour: int = 0
    last_day: int = 0
    newest: int = 0

    def add(self, when: int, now: int) -> None:
        """Count a letter; both times in milliseconds."""
        self.letters += 1
        self.last_hour += when > now - _HOUR_MS
        self.last_day += when > now - _DAY_MS
        self.newest = max(self.newest, when)


def surveyed(found: Iterable[Letter], now: int, newest: int) -> str:
    """Counts by reason and by time, and what to do about each; then the `newest` so many letters.

    `now` is in milliseconds. Only so many letters are held in memory.
    """
    counts: dict[str, _Count] = {}

    def counting() -> Iterator[Letter]:
        for letter in found:
            counts.setdefault(letter.reason, _Count()).add(letter.when, now)
            yield letter

    shown = heapq.nlargest(newest, counting(), key=_recency)
    if not counts:
        return f"{NONE}\n"
    headings = ("reason", "letters", "last hour", "last day", "newest", "what to do")
    total = sum(count.letters for count in counts.values())
    by_reason = table(headings, _rows(counts))
    title = f"the newest {len(shown):,} of {total:,}:"
    return "\n".join([by_reason, "", title, "".join(listed(shown, as_json=False))])


def _rows(counts: Mapping[str, _Count]) -> Iterator[tuple[object, ...]]:
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1].letters, item[0])):
        ages = (count.letters, count.last_hour, count.last_day)
        yield (reason, *ages, _moment(count.newest), remedy_of(reason))


def _recency(letter: Letter) -> tuple[int, str, int, int]:
    return letter.when, letter.topic, letter.partition, letter.offset


def listed(found: Iterable[Letter], *, as_json: bool) -> Iterator[str]:
    """One line a letter: where its record stood, when it came, and why it was rejected."""
    for letter in found:
        if as_json:
            yield json.dumps(_described(letter)) + "\n"
        else:
            yield (
                f"{letter.topic}[{letter.partition}] {letter.offset:>10}  {_moment(letter.when)}  "
                f"{letter.reason:<18} {letter.detail}\n"
            )


def shown(letter: Letter, *, as_json: bool) -> str:
    """A letter with its headers and its bytes: as text where they are text, else in hexadecimal."""
    described = _described(letter)
    body = _text(letter.value)
    if as_json:
        return json.dumps(described | {"value": body})
    if len(body) > SHOWN_CHARACTERS_MAX:
        body = f"{body[:SHOWN_CHARACTERS_MAX]} ... (--raw prints all)"
    return "\n".join([*(f"{name}: {value}" for name, value in described.items()), body, ""])


def counted(done: Requeued, *, as_json: bool, dry_run: bool) -> str:
    """What became of the letters that matched."""
    if as_json:
        return json.dumps({**asdict(done), "dry_run": dry_run})
    left = {
        "were put back before": done.put_back_before,
        "have no key of their own (--key-from-value takes it from user_id)": done.without_key,
        "were truncated": done.truncated,
        "are course facts that newer ones replaced": done.superseded,
    }
    verb = "would be put back" if dry_run else "put back"
    lines = [f"{done.matched} dead letters match, {done.put_back} {verb}"]
    return "\n".join(lines + [f"{count} {what}" for what, count in left.items() if count])


def moment(text: str) -> int:
    """Milliseconds of an RFC 3339 time; raises ValueError where it has no offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no offset from UTC")
    return int(at.timestamp() * 1000)


# -- putting back --------------------------------------------------------------------------------


class _History(NamedTuple):
    """What stands in a topic: letters put back, and the newest offset of each key of `courses`."""

    places: set[str]
    newest: Mapping[bytes, int]


def _is_to_go(letter: Letter, key: bytes | None, history: _History, done: Requeued) -> bool:
    if letter.place in history.places:
        done.put_back_before += 1
    elif letter.truncated:
        done.truncated += 1
    elif key is None:
        done.without_key += 1
    elif history.newest.get(key, -1) > letter.offset:
        done.superseded += 1
    else:
        done.put_back += 1
        return True
    return False


def _key(letter: Letter, *, key_from_value: bool) -> bytes | None:
    """The record's own key; with `key_from_value` the learner of its value where that differs."""
    if not key_from_value:
        return letter.key or None
    try:
        user_id = json.loads(letter.value or b"")["user_id"]
    except (ValueError, TypeError, KeyError):
        return letter.key or None
    known = isinstance(user_id, (str, int)) and not isinstance(user_id, bool)
    return str(user_id).encode() if known else letter.key or None


def _by_topic(found: Iterable[Letter]) -> dict[str, list[Letter]]:
    groups: dict[str, list[Letter]] = {}
    for letter in found:
        groups.setdefault(letter.topic, []).append(letter)
    return groups


def _history(settings: Settings, topic: str, group: Iterable[Letter]) -> _History:
    """Look through a topic from the oldest of these records on: before it none was put back."""
    courses = topic == settings.topic(COURSES.name)
    since = None if courses else min(letter.when for letter in group)
    places: set[str] = set()
    newest: dict[bytes, int] = {}
    with _reader(settings) as reader:
        for record in _read(reader, topic, since):
            places.update(value.decode() for key, value in record.headers if key == REQUEUED)
            if courses and record.key is not None:
                newest[record.key] = record.offset
    return _History(places, newest)


# -- reading -------------------------------------------------------------------------------------


def _reader(settings: Settings) -> "closing[KafkaConsumer]":
    with reaching_kafka(settings):
        return closing(committed_reader(settings, max_partition_fetch_bytes=4_194_304))


def _read(reader: KafkaConsumer, topic: str, since: int | None) -> Iterator[ConsumerRecord]:
    """A topic up to where it ends now, partition by partition, from a time on."""
    numbers = reader.partitions_for_topic(topic)
    if not numbers:
        raise UsageError(f"there is no topic {topic}: run `learnstream topics` first")
    places = [TopicPartition(topic, number) for number in sorted(numbers)]
    ends = reader.end_offsets(places)
    starts = {} if since is None else reader.offsets_for_times(dict.fromkeys(places, since))
    for place in places:
        reader.assign([place])
        if since is None:
            reader.seek_to_beginning(place)
        elif starts.get(place) is None:
            continue
        else:
            reader.seek(place, starts[place].offset)
        while reader.position(place) < ends[place]:
            yield from reader.poll(timeout_ms=_POLL_MS).get(place, [])


def _letter(record: ConsumerRecord) -> Letter:
    said = read_headers(record.headers, record.timestamp)
    return Letter(
        place=f"{record.partition}:{record.offset}",
        topic=said.topic,
        partition=said.partition,
        offset=said.offset,
        when=said.when,
        reason=said.reason,
        detail=said.detail,
        key=record.key,
        value=record.value,
        truncated=said.truncated,
    )


# -- saying --------------------------------------------------------------------------------------


def _described(letter: Letter) -> dict[str, Any]:
    return {
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "when": _moment(letter.when),
        "reason": letter.reason,
        "detail": letter.detail,
        "key": None if letter.key is None else _text(letter.key),
        "bytes": None if letter.value is None else len(letter.value),
        "truncated": letter.truncated,
        "dead_letter": letter.place,
    }


def _moment(when: int) -> str:
    return datetime.fromtimestamp(when / 1000, UTC).isoformat(timespec="milliseconds")


def _text(data: bytes | None) -> str:
    if data is None:
        return "(no value)"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.hex()
    return text if text.isprintable() or "\n" in text else data.hex()
