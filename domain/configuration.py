"""What an operator may set: the rules' thresholds, the default zone, a source, when to halt."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from domain.predictions import Target
from domain.rules import TABLE
from domain.rules.low_score import LowScore
from domain.step import Adopted

PASS_MARK: Final = 60.0
"""What is taken for a pass, in percent, where neither the course nor a setting says it."""

if TYPE_CHECKING:
    Rules: TypeAlias = Any  # no type checker sees the fields of a struct that is made of a table
else:
    Rules = msgspec.defstruct(
        "Rules",
        [
            (rule.spec.category, rule.thresholds, field(default_factory=rule.thresholds))
            for rule in TABLE
        ],
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    Rules.__doc__ = "The thresholds of every rule, by the rule's name."


class Halting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a partition halts: this share of the last 10,000 rejected, or so many in a row."""

    ratio: Annotated[float, Meta(ge=0, le=1)] = 0.5
    in_a_row: Annotated[int, Meta(ge=1)] = 10_000


class Models(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which models predict; one that is switched off says so in its answers."""

    score: bool = True
    submission: bool = True
    inactivity: bool = True
    not_passing: bool = True
    next_missing: bool = True

    def predicted(self) -> frozenset[Target]:
        """The targets of the models that are switched on."""
        switches: dict[Target, bool] = {
            "score": self.score,
            "submission": self.submission,
            "inactivity_7": self.inactivity,
            "inactivity_14": self.inactivity,
            "not_passing": self.not_passing,
            "next_missing": self.next_missing,
        }
        return frozenset(target for target, on in switches.items() if on)


class Configuration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it; a part of the log (an input), so that every state can be computed again."""

    timezone: str = "UTC"
    alert_source: str = "urn:learnstream:alerts"  # the CloudEvents `source`, an absolute URI
    rules: Rules = field(default_factory=Rules)
    halting: Halting = field(default_factory=Halting)
    models: Models = field(default_factory=Models)

    def for_steps(self) -> Adopted:
        """What keepers and rules see of it."""
        thresholds = {each.__class__: each for each in asdict(self.rules).values()}
        return Adopted(self.timezone, self.default_pass_mark, thresholds, self.models.predicted())

    @property
    def default_pass_mark(self) -> float:
        """The pass mark, in percent, of a course that names none; 60 where none is set either."""
        low_score: LowScore = self.rules.low_score
        known = low_score.default_pass_mark
        return PASS_MARK if known is None else known


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
