"""What an operator may set: the rules' thresholds, the default zone, a source, when to halt."""

from collections.abc import Mapping
from functools import lru_cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
)

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from domain.faults import in_words
from domain.predictions import Target
from domain.rules import PARTITION_RULES, TABLE
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
            for rule in (*TABLE, *PARTITION_RULES)
        ],
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    Rules.__doc__ = "The thresholds of every rule, by the rule's name."

OF_A_COURSE: Final = {
    rule.spec.category: rule.thresholds
    for rule in TABLE
    if rule.spec.subject in {"assessment", "course"}
}
"""The rules whose thresholds a course may have of its own."""

if TYPE_CHECKING:
    CourseRules: TypeAlias = Any
else:
    CourseRules = msgspec.defstruct(
        "CourseRules",
        [(category, kind | None, None) for category, kind in OF_A_COURSE.items()],
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
    )
    CourseRules.__doc__ = "The thresholds of one course; None: those of all courses."


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
    courses: dict[str, CourseRules] = field(default_factory=dict)
    halting: Halting = field(default_factory=Halting)
    models: Models = field(default_factory=Models)

    def for_steps(self) -> Adopted:
        """What keepers and rules see of it."""
        thresholds = {each.__class__: each for each in asdict(self.rules).values()}
        by_course: dict[str | None, dict[type[Struct], Struct]] = {
            course_id: {each.__class__: each for each in asdict(own).values() if each is not None}
            for course_id, own in self.courses.items()
        }
        return Adopted(
            self.timezone,
            self.default_pass_mark,
            thresholds,
            self.models.predicted(),
            by_course,
        )

    @property
    def default_pass_mark(self) -> float:
        """The pass mark, in percent, of a course that names none; 60 where none is set either."""
        low_score: LowScore = self.rules.low_score
        known = low_score.default_pass_mark
        return PASS_MARK if known is None else known


def configured(given: Mapping[str, Any]) -> Configuration:
    """The configuration of a rules' file: a table for each rule, `models`, and `courses`.

    `courses` has a table for each course id, with tables of the thresholds that differ there.
    Raises ValueError for what is unknown, of a wrong type, out of its bounds or in the wrong order;
    the message says where.
    """
    rest = dict(given)
    models = _converted(rest.pop("models", {}), Models, "models")
    courses = _converted(rest.pop("courses", {}), _TABLE, "courses")
    rules = _converted(rest, Rules, "")
    by_course = {course_id: _of_course(rules, course_id, own) for course_id, own in courses.items()}
    return Configuration(rules=rules, courses=by_course, models=models)


def _of_course(rules: Rules, course_id: str, given: object) -> CourseRules:
    """The rules of one course: what is given for it, and the rest as for all courses."""
    found = {}
    for name, its in _converted(given, _TABLE, f"courses.{course_id}").items():
        kind, at = OF_A_COURSE.get(name), f"courses.{course_id}.{name}"
        if kind is None:
            why = "that rule is about no course; " if name in Rules.__struct_fields__ else ""
            raise ValueError(f"{at}: {why}expected one of {', '.join(OF_A_COURSE)}")
        own = _converted(its, _TABLE, at)
        if kind is LowScore and "default_pass_mark" in own:
            raise ValueError(f"{at}.default_pass_mark: the facts of a course have its pass_mark")
        found[name] = _converted(msgspec.to_builtins(getattr(rules, name)) | own, kind, at)
    return CourseRules(**found)


_TABLE: Final = dict[str, Any]
_Kind = TypeVar("_Kind")


def _converted(given: object, kind: type[_Kind], place: str) -> _Kind:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise ValueError(in_words(error, given, kind, place)) from error


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
    return {name: _known_part(value[name], kinds[name]) for name in value if name in kinds}


def _known_part(part: Any, kind: Any) -> Any:
    """One field: the struct in it, or the structs by key, where it is not a plain value."""
    if not isinstance(part, Mapping):
        return part
    if get_origin(kind) is dict:
        return {key: _known_part(each, get_args(kind)[1]) for key, each in part.items()}
    struct = next(each for each in (kind, *get_args(kind)) if isinstance(each, type))
    return _known(part, struct)
