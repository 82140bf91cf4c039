"""What the operators' answers are, key by key."""

from dataclasses import dataclass
from typing import Literal

from api.health import NotReady
from metrics.shapes import Instant, Prob


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Why a partition takes no more events, what to do about it, and the command that ends it."""

    code: int
    reason: str
    remedy: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionFigures:
    """One partition as it stands in Postgres: `next` is the first record that is not there yet.

    `events` are all that were folded, `duplicates` among them; `rejected` are not. All are counted
    from the beginning of the log.
    """

    partition: int
    next: int
    lag_seconds: float
    lag_known: bool
    events: int
    rejected: int
    duplicates: int
    learners: int
    halted: Halt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAlerts:
    """The alerts of one rule that stand in Postgres.

    `delivered` are all but the `suppressed`; `open` are those of them that hold now. `precision` is
    the share of feedback that says `useful` or `acted`, null without any; `resolved_after_hours` is
    the median from raised to cleared, null where none was cleared.
    """

    rule: str
    open: int
    delivered: int
    suppressed: int
    acknowledged: int
    useful: int
    acted: int
    not_useful: int
    precision: Prob | None
    resolved_after_hours: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Is anything wrong? `ready`, `reasons` and `kafka` are those of `/readyz`.

    Without Postgres there are no partitions. `alerts` are null where they cannot be counted, as
    Postgres is away or busy, or as that takes it too long; else they were counted at
    `alerts_counted_at`.
    """

    timestamp: Instant
    ready: bool
    reasons: list[NotReady]
    kafka: Literal["up", "away"]
    partitions: list[PartitionFigures]
    alerts: list[RuleAlerts] | None
    alerts_counted_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonFigures:
    """How many records were rejected for one reason, what to do, and how they are put back.

    `unknown` is a reason that this version does not know: it has no remedy and no command.
    """

    reason: str
    count_24h: int
    newest_at: Instant
    remedy: str | None
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPlace:
    """One rejected record: where it stood, why it was rejected, and the command that shows it.

    What its headers do not say in our own words is null. `came_at` is when the record came,
    `rejected_at` when it was rejected.
    """

    topic: str | None
    partition: int | None
    offset: int | None
    reason: str
    detail: str | None
    came_at: Instant
    rejected_at: Instant
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """The newest dead letters by their headers; never a byte of a record.

    The counts are of the last 24 hours: `about` where they are estimates, as more came than are
    looked at (the newest 50 of each partition). `complete` is false where there was no time to look
    at all of these. `places` are the newest 50 of all.
    """

    timestamp: Instant
    about: bool
    complete: bool
    count_24h: int
    by_reason: list[ReasonFigures]
    places: list[LetterPlace]
