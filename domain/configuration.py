"""What an operator may set: the rules' thresholds, the default zone, a source, when to halt."""

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from domain.rules import TABLE
from domain.rules.low_score import LowScore
from domain.rules.step import Adopted

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


class Configuration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it; a part of the log (an input), so that every state can be computed again."""

    timezone: str = "UTC"
    alert_source: str = "urn:learnstream:alerts"  # the CloudEvents `source`, an absolute URI
    rules: Rules = field(default_factory=Rules)
    halting: Halting = field(default_factory=Halting)

    def for_steps(self) -> Adopted:
        """What keepers and rules see of it."""
        thresholds = {each.__class__: each for each in asdict(self.rules).values()}
        return Adopted(self.timezone, self.default_pass_mark, thresholds)

    @property
    def default_pass_mark(self) -> float:
        """The pass mark, in percent, of a course that names none."""
        low_score: LowScore = self.rules.low_score
        return low_score.default_pass_mark


_encoder: Final = msgspec.json.Encoder(order="deterministic")


def canonical(configuration: Configuration) -> str:
    """The canonical JSON: the same configuration gives the same text."""
    return _encoder.encode(configuration).decode()


@lru_cache(maxsize=64)
def adopted(text: str) -> Configuration:
    """The configuration of a partition's checkpoint; the defaults while none is adopted."""
    return msgspec.json.decode(text, type=Configuration) if text else Configuration()
