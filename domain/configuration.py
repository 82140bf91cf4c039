"""What an operator may set: the rules' thresholds, the default zone, a source, when to halt."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

Percent: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
Hours: TypeAlias = Annotated[int, Meta(ge=24, le=8760)]


class LowScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counted grade under the course's pass mark; `high_under` points under it is high."""

    default_pass_mark: Percent = 60.0
    high_under: Percent = 20.0
    resolve_over: Percent = 5.0


class DecliningTrend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scores` falling residuals, `points` or more in all."""

    scores: Annotated[int, Meta(ge=2, le=10)] = 3
    points: Percent = 15.0
    cooldown_days: Annotated[int, Meta(ge=0, le=365)] = 14


class StreakMilestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days of a streak that raise an alert, once a streak; the first only the first time."""

    days: tuple[int, ...] = (3, 7, 14, 30, 50, 100)
    first_time_only: tuple[int, ...] = (3,)


class ProgressMilestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Percents of a course that raise an alert; a personal best after `best_after` scores."""

    percents: tuple[int, int, int, int] = (25, 50, 75, 100)
    best_after: Annotated[int, Meta(ge=1, le=1000)] = 5
    best_by: Percent = 5.0


class MissedDeadline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours past the due time until it is raised, and until its severity is medium."""

    low_after_hours: Hours = 48
    medium_after_hours: Hours = 168

    def __post_init__(self) -> None:
        """Refuse an escalation that would come before the alert itself."""
        if self.medium_after_hours <= self.low_after_hours:
            raise ValueError("medium_after_hours must be more than low_after_hours")


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The thresholds of every rule."""

    low_score: LowScore = field(default_factory=LowScore)
    declining_trend: DecliningTrend = field(default_factory=DecliningTrend)
    streak_milestone: StreakMilestone = field(default_factory=StreakMilestone)
    progress_milestone: ProgressMilestone = field(default_factory=ProgressMilestone)
    missed_deadline: MissedDeadline = field(default_factory=MissedDeadline)


class Halting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a partition halts: this share of the last 10,000 rejected, or so many in a row."""

    ratio: Annotated[float, Meta(ge=0, le=1)] = 0.5
    in_a_row: Annotated[int, Meta(ge=1)] = 10_000


class Configuration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it; a part of the log (an input), so that every state can be computed again."""

    timezone: str = "UTC"
    alert_source: str = "urn:learnstream:alerts"  # the CloudEvents `source`, an absolute URI
    rules: Rules = field(default_factory=Rules)
    halting: Halting = field(default_factory=Halting)


_encoder: Final = msgspec.json.Encoder(order="deterministic")


def canonical(configuration: Configuration) -> str:
    """The canonical JSON: the same configuration gives the same text."""
    return _encoder.encode(configuration).decode()


@lru_cache(maxsize=64)
def adopted(text: str) -> Configuration:
    """The configuration that a partition adopted; the defaults while it is none.

    Another version of the code may have written it: what this one does not know is left out, what
    it knows more is as by default.
    """
    return msgspec.convert(_known(msgspec.json.decode(text or "{}"), Configuration), Configuration)


def _known(value: Mapping[str, Any], kind: type[Struct]) -> dict[str, Any]:
    """The fields of `value` that a struct has, and so on in the structs within."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return {
        name: _known(part, kinds[name]) if isinstance(part, Mapping) else part
        for name, part in value.items()
        if name in kinds
    }
