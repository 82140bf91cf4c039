"""The newest dead letters of every partition by their headers, and about how many came in a day.

Key and value are bytes of learners: they are dropped as they come, and nothing here keeps them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from api.problems import ProblemError, unavailable
from contracts.dead_letter import LetterHeaders, read_headers
from contracts.topics import DEAD_LETTERS
from runtime.kafka import committed_stream
from runtime.settings import Settings

NEWEST_MAX: Final = 50
"""So many letters of a partition are looked at."""
READ_SECONDS: Final = 4.0
GIVEN_UP_SECONDS: Final = 8.0
"""After so long nobody waits any more: a client that hangs may never say so."""
BYTES_MAX: Final = 67_108_864
"""So many bytes of keys and values are let through in one reading."""
WINDOWS: Final = (8, 56, 192, 768)
"""So many offsets are read at a time, the newest first. Half of them may be ends of transactions,
and a letter may have 2 MiB."""
_FETCH_BYTES: Final = 1_048_576
_POLL_MS: Final = 100


class Seen(NamedTuple):
    """A dead letter without its bytes; `rejected_at` is its own timestamp in milliseconds."""

    partition: int
    offset: int
    rejected_at: int
    said: LetterHeaders


@dataclass(slots=True, kw_only=True)
class Tail:
    """The newest letters of a partition of dead letters: all from offset `reaches` to `end`.

    `begins` is its oldest offset; from `day` on stands what came since the time asked about.
    """

    begins: int
    end: int
    day: int
    reaches: int
    letters: list[Seen] = field(default_factory=list)

    def is_read(self) -> bool:
        """Whether there is no more to look at."""
        return len(self.letters) >= NEWEST_MAX or self.reaches <= self.begins

    def add(self, found: list[Seen], start: int) -> None:
        """Take what stands from `start` to where the letters began; the newest so many stay."""
        self.letters = found + self.letters
        self.reaches = start
        if len(self.letters) > NEWEST_MAX:
            self.letters = self.letters[-NEWEST_MAX:]
            self.reaches = self.letters[0].offset

    def count(self, since: int) -> "Counted":
        """How many came since then, in milliseconds.

        Where the letters do not reach back so far, the rest is taken to be like them.
        """
        if self.reaches <= self.day:
            found = Counter(each.said.reason for each in self.letters if each.rejected_at >= since)
            return Counted(found, found.total(), about=False)
        all_ = self.end - self.day
        if self.reaches == self.end:  # there was no time for any of them
            return Counted(Counter(), all_, about=True)
        share = all_ / (self.end - self.reaches)
        of_reasons = Counter(each.said.reason for each in self.letters)
        scaled = Counter({reason: round(share * n) for reason, n in of_reasons.items()})
        return Counted(scaled, round(share * len(self.letters)), about=True)


class Counted(NamedTuple):
    """How many letters came, by reason and in all; `about` where these are estimates."""

    by_reason: Counter[str]
    in_all: int
    about: bool


@dataclass(frozen=True, slots=True)
class Newest:
    """All tails; `complete` is False where there was no time for all that was to be read."""

    tails: list[Tail]
    complete: bool

    def letters(self) -> list[Seen]:
        """The letters of all partitions, the newest first."""
        found = [each for tail in self.tails for each in tail.letters]
        return sorted(found, key=lambda each: (-each.rejected_at, each.partition, -each.offset))


async def read_newest(settings: Settings, since: int) -> Newest:
    """What stands in the topic now; `since` is in milliseconds.

    Raises a 503 where Kafka does not answer in time, or there is no topic.
    """
    reading = asyncio.create_task(_read(settings, since))
    done, _ = await asyncio.wait({reading}, timeout=GIVEN_UP_SECONDS)
    if not done:
        reading.cancel()
        raise _away()
    try:
        return reading.result()
    except (KafkaError, TimeoutError, OSError, asyncio.CancelledError) as error:
        raise _away() from error


def _away() -> ProblemError:
    return unavailable("Kafka does not answer")


async def _read(settings: Settings, since: int) -> Newest:
    topic = settings.topic(DEAD_LETTERS.name)
    until = asyncio.get_running_loop().time() + READ_SECONDS
    async with committed_stream(
        settings, max_partition_fetch_bytes=_FETCH_BYTES, fetch_max_wait_ms=_POLL_MS
    ) as consumer:
        async with asyncio.timeout_at(until):
            if topic not in await consumer.topics():
                raise unavailable(f"there is no topic {topic}: run `learnstream topics` first")
            places = [TopicPartition(topic, number) for number in range(settings.partitions)]
            consumer.assign(places)
            consumer.pause(*places)
            tails = await _tails(consumer, places, since)
        complete = await _Reading(consumer, until).fill(tails)
    return Newest(list(tails.values()), complete)


async def _tails(
    consumer: AIOKafkaConsumer, places: list[TopicPartition], since: int
) -> dict[TopicPartition, Tail]:
    begins = await consumer.beginning_offsets(places)
    ends = await consumer.end_offsets(places)
    days = await consumer.offsets_for_times(dict.fromkeys(places, since))
    found = {}
    for place in places:
        end, day = ends[place], days.get(place)
        first = end if day is None else min(day.offset, end)
        found[place] = Tail(begins=begins[place], end=end, day=first, reaches=end)
    return found


@dataclass(slots=True)
class _Reading:
    """One reading, until its time or its bytes are over."""

    consumer: AIOKafkaConsumer
    until: float
    passed: int = 0

    def is_over(self) -> bool:
        late = asyncio.get_running_loop().time() > self.until
        return late or self.passed > BYTES_MAX

    async def fill(self, tails: Mapping[TopicPartition, Tail]) -> bool:
        """Read window after window into the tails; whether there was time for all of them."""
        for size in WINDOWS:
            starts = {
                place: max(tail.begins, tail.reaches - size)
                for place, tail in tails.items()
                if not tail.is_read()
            }
            found = await self._window(
                {each: (at, tails[each].reaches) for each, at in starts.items()}
            )
            for place, letters in found.items():
                tails[place].add(letters, starts[place])
            if len(found) < len(starts):
                return False
        return all(tail.is_read() for tail in tails.values())

    async def _window(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> dict[TopicPartition, list[Seen]]:
        """What stands in these spans of offsets; a place that there was no time for is left out."""
        found: dict[TopicPartition, list[Seen]] = {place: [] for place in spans}
        open_ = set(spans)
        for place in spans:
            self.consumer.seek(place, spans[place][0])
            self.consumer.resume(place)
        while open_ and not self.is_over():
            records = await self.consumer.getmany(*open_, timeout_ms=_POLL_MS)
            for place, batch in records.items():
                found[place] += self._seen(batch, spans[place][1])
            for place in list(open_):
                if await self.consumer.position(place) >= spans[place][1]:
                    self.consumer.pause(place)
                    open_.discard(place)
        self.consumer.pause(*open_)
        return {place: letters for place, letters in found.items() if place not in open_}

    def _seen(self, batch: "Iterable[ConsumerRecord[bytes, bytes]]", end: int) -> list[Seen]:
        found = []
        for record in batch:
            self.passed += len(record.key or b"") + len(record.value or b"")
            if record.offset < end:
                said = read_headers(record.headers, record.timestamp)
                found.append(Seen(record.partition, record.offset, record.timestamp, said))
        return found
