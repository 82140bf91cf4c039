"""What goes wrong between an LMS and the stream: events twice, late, or not events at all."""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from feeds.records import Record, event_id, learner_key
from runtime.errors import UsageError

# Soon enough that the 64 ids which a state remembers still hold the first one.
REPEATED_WITHIN_SECONDS: Final = 300
LATE_SECONDS: Final = (3_600, 72 * 3_600)
_TOO_LARGE: Final = 70_000
_TOO_DEEP: Final = 40
_ID_TOO_LONG: Final = 200

_Event: TypeAlias = dict[str, Any]
_encode: Final = msgspec.json.Encoder().encode


class Made(NamedTuple):
    """A valid event and when it happened, in epoch seconds."""

    at: int
    event: _Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The share of events that are delivered twice, late, or followed by a bad record."""

    duplicates: float = 0.0
    late: float = 0.0
    bad: float = 0.0
    only_in_file: bool = False

    def __post_init__(self) -> None:
        for name in ("duplicates", "late", "bad"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise UsageError(f"--{name} is {share}; it must be a share from 0 to 1")


@dataclass(slots=True)
class Tally:
    """What was made."""

    valid: int = 0
    duplicates: int = 0
    late: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """Every record on `activity`."""
        return self.valid + self.duplicates + self.bad.total()


def deliveries(
    events: Iterable[Made], faults: Faults, seed: int, until: int, tally: Tally
) -> Iterator[Record]:
    """The events in the order in which they arrive: by time but for what is late or repeated.

    The faults are drawn apart from the learners, so the valid events are the same without them.
    """
    chance = random.Random(f"learnstream {seed} faults")  # noqa: S311 - not for secrets
    kinds = [kind for kind, one in BAD.items() if one.in_file or not faults.only_in_file]
    waiting: list[tuple[int, int, Record]] = []
    order = count()
    for at, event in events:
        while waiting and waiting[0][0] <= at:
            yield heapq.heappop(waiting)[2]
        record = Record(learner_key(event["user_id"]), _encode(event))
        tally.valid += 1
        tally.by_type[event["type"]] += 1
        arrives = at
        if faults.late and chance.random() < faults.late:
            tally.late += 1
            arrives = min(until, at + chance.randrange(*LATE_SECONDS))
            heapq.heappush(waiting, (arrives, next(order), record))
        else:
            yield record
        if faults.duplicates and chance.random() < faults.duplicates:
            tally.duplicates += 1
            again = min(until, arrives + chance.randrange(1, REPEATED_WITHIN_SECONDS))
            heapq.heappush(waiting, (again, next(order), record))
        if faults.bad and chance.random() < faults.bad:
            kind = chance.choice(kinds)
            tally.bad[kind] += 1
            yield bad_record(kind, event)
    while waiting:
        yield heapq.heappop(waiting)[2]


class Bad(NamedTuple):
    """How a record of one kind is made; `in_file` says whether a line of a file can express it."""

    make: Callable[[_Event], Record]
    in_file: bool = True


def bad_record(kind: str, event: _Event) -> Record:
    """A record that is rejected for the reason `kind`, made out of a valid event."""
    fresh = {**event, "event_id": event_id(f"{event['event_id']} {kind}")}
    return BAD[kind].make(fresh)


def _with(event: _Event, **changes: object) -> Record:
    return Record(learner_key(event["user_id"]), _encode({**event, **changes}))


def _raw(event: _Event, value: bytes | None) -> Record:
    return Record(learner_key(event["user_id"]), value)


def _without(event: _Event, name: str) -> Record:
    return _raw(event, _encode({key: value for key, value in event.items() if key != name}))


def _spliced(event: _Event, more: bytes) -> Record:
    return _raw(event, _encode(event)[:-1] + b"," + more + b"}")


def _stranger(event: _Event) -> Record:
    return Record(learner_key(event["user_id"]) + b"0", _encode(event))


# Every reason for which a record is rejected by itself. `id_reused` needs another record beside it;
# `not_yet_supported` is left out, because it will not stay one, and `defect`, because it is ours.
BAD: Final[dict[str, Bad]] = {
    "null_value": Bad(lambda event: _raw(event, None), in_file=False),
    "not_utf8": Bad(lambda event: _spliced(event, b'"source":"\xff\xfe"')),
    "not_json": Bad(lambda event: _raw(event, _encode(event)[:-5])),
    "not_object": Bad(lambda event: _raw(event, b"[" + _encode(event) + b"]")),
    "missing_field": Bad(lambda event: _without(event, "occurred_at")),
    "wrong_type": Bad(lambda event: _with(event, occurred_at="yesterday")),
    "unknown_type": Bad(lambda event: _with(event, type="coffee_fetched")),
    "unknown_version": Bad(lambda event: _with(event, v=99)),
    "naive_time": Bad(lambda event: _with(event, occurred_at=event["occurred_at"][:19])),
    "bad_time": Bad(lambda event: _with(event, occurred_at="1970-01-01T00:00:00Z")),
    "future_time": Bad(lambda event: _with(event, occurred_at="2999-01-01T00:00:00Z")),
    "not_finite": Bad(lambda event: _spliced(event, b'"duration_seconds":NaN')),
    "bad_id": Bad(lambda event: _with(event, event_id="x" * _ID_TOO_LONG * 2)),
    "no_key": Bad(lambda event: Record(None, _encode(event)), in_file=False),
    "key_mismatch": Bad(_stranger, in_file=False),
    "wrong_partition": Bad(lambda event: _with(event)._replace(shift=1), in_file=False),
    "too_large": Bad(lambda event: _with(event, source="x" * _TOO_LARGE)),
    "too_deep": Bad(lambda event: _spliced(event, b'"x":' + b"[" * _TOO_DEEP + b"]" * _TOO_DEEP)),
}
