"""What an alert rule is to the fold: its definition, what it looks at, and when it looks again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeAlias

from msgspec import Meta, Struct

from domain.alerts import Rule
from domain.changes import Change
from domain.state.learner import Learner
from domain.step import Step

Percent: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
Probability: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Days: TypeAlias = Annotated[int, Meta(ge=1, le=365)]
DueAt: TypeAlias = Callable[[Learner, Step], int | None]
Hours: TypeAlias = Annotated[int, Meta(ge=24, le=8760)]


class Documented(NamedTuple):
    """What docs/alerts.md says of a rule, in Markdown, beside what its definition says."""

    severity: str
    raised: str
    ends: str
    cooldown: str
    cause: str
    expires: str = ""
    """When it expires, where that is not so many days after it became so."""


class ModelRule(NamedTuple):
    """A rule about models: what an alert rule has, but for what the fold goes by."""

    spec: Rule
    texts: Mapping[str, str]
    documented: Documented


class PartitionRule(NamedTuple):
    """A rule about what arrives at a partition: the fold asks it with each record and tick."""

    spec: Rule
    thresholds: type[Struct]
    texts: Mapping[str, str]
    documented: Documented


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """One rule, all of it: a module of this package defines it, and the table lists it.

    Attributes:
        spec: what is the same for each of its alerts.
        thresholds: what an operator may set of it, under `rules.<category>` of the configuration.
        texts: the English texts of its codes.
        documented: its row of the table in docs/alerts.md.
        changes: the kinds of change that it looks at.
        on: looks at one of these changes, and publishes to `step.published` what follows.
        due_at: when it has to look again although nothing changed, in epoch seconds; None: never.
            It is asked after each change that the rule looks at. Where the rule looks at
            predictions, all is predicted again then.
    """

    spec: Rule
    thresholds: type[Struct]
    texts: Mapping[str, str]
    documented: Documented
    changes: tuple[type[Change], ...]
    on: Callable[[Change, Learner, Step], None]
    due_at: DueAt | None = None
