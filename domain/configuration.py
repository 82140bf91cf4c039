"""What an operator may set: thresholds of the rules, the default zone, targets, when to halt."""

import hashlib
from typing import Final

import msgspec
from msgspec import Struct, field


class LowScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counted grade under the course's pass mark; `high_under` points under it is high."""

    version: int = 1
    default_pass_mark: float = 60.0
    high_under: float = 20.0
    resolve_over: float = 5.0


class DecliningTrend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scores` falling residuals, `points` or more in all."""

    version: int = 1
    scores: int = 3
    points: float = 15.0
    cooldown_days: int = 14


class StreakMilestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days of a streak that are told, once a streak; the first of them the first time only."""

    version: int = 1
    days: tuple[int, ...] = (3, 7, 14, 30, 50, 100)
    first_time_only: tuple[int, ...] = (3,)


class ProgressMilestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Percents of a course that are told; a personal best after `best_after` scores."""

    version: int = 1
    percents: tuple[int, int, int, int] = (25, 50, 75, 100)
    best_after: int = 5
    best_by: float = 5.0


class MissedDeadline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours past the due time until it is told, and until it is told as medium."""

    version: int = 1
    low_after_hours: int = 48
    medium_after_hours: int = 168


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The thresholds of every rule."""

    low_score: LowScore = field(default_factory=LowScore)
    declining_trend: DecliningTrend = field(default_factory=DecliningTrend)
    streak_milestone: StreakMilestone = field(default_factory=StreakMilestone)
    progress_milestone: ProgressMilestone = field(default_factory=ProgressMilestone)
    missed_deadline: MissedDeadline = field(default_factory=MissedDeadline)


class Halting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a partition halts: this share of the last 10,000 rejected, or so many in a row."""

    ratio: float = 0.5
    in_a_row: int = 10_000


class Configuration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it; a part of the log (an input), so that every state can be computed again."""

    timezone: str = "UTC"
    rules: Rules = field(default_factory=Rules)
    halting: Halting = field(default_factory=Halting)


_encoder: Final = msgspec.json.Encoder(order="deterministic")


def canonical(configuration: Configuration) -> bytes:
    """The canonical JSON: the same configuration gives the same bytes."""
    return _encoder.encode(configuration)


def digest(configuration: Configuration) -> str:
    """16 hexadecimal digits that stand for the configuration in a partition's record."""
    return hashlib.sha256(canonical(configuration)).hexdigest()[:16]
