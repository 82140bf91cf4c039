"""What the answers of the read API have in common: their shared parts, key by key.

Field names are the API's keys; a trailing underscore marks a word that Python reserves. None is
"not known", 0 is "known to be none".
"""

from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    TypeAlias,
    TypeVar,
    dataclass_transform,
)

from domain.alerts import ActionCode, Param, Unit
from domain.events.activity import Outcome
from domain.statistics import Shown


class Published:
    """Keywords of JSON Schema for a type; it is published with them and not checked for them."""

    def __init__(self, **keywords: str | int) -> None:
        self._keywords = keywords

    def __get_pydantic_json_schema__(self, core: Any, schema_of: Any) -> dict[str, Any]:
        """The schema of the type; pydantic asks by this name."""
        return {**schema_of(core), **self._keywords}


Pct: TypeAlias = Annotated[float, Published(minimum=0, maximum=100)]  # one decimal
Prob: TypeAlias = Annotated[float, Published(minimum=0, maximum=1)]  # three decimals
Instant: TypeAlias = Annotated[str, Published(format="date-time")]  # UTC, YYYY-MM-DDTHH:MM:SSZ
Date: TypeAlias = Annotated[str, Published(format="date")]  # in the learner's zone
Uuid: TypeAlias = Annotated[str, Published(format="uuid")]

SectionState: TypeAlias = Literal["ok", "insufficient_data", "unavailable"]
MissingCode: TypeAlias = Literal[
    "scores", "active_days", "weeks", "modules", "course_facts", "examples", "time_of_day"
]
Direction: TypeAlias = Shown | Literal["insufficient_data"]
CourseStatus: TypeAlias = Literal["not_started", "active", "finished", "unenrolled"]
Level: TypeAlias = Literal["Beginner", "Intermediate", "Advanced"]
Band: TypeAlias = Literal["low", "medium", "high"]

Kind = TypeVar("Kind")


def wire_name(name: str) -> str:
    """The key that a field has on the wire: `from_` is `from`."""
    return name.removesuffix("_")


RESERVED_NAMES: Final[dict[str, object]] = {
    "alias_generator": wire_name,
    "populate_by_name": True,
    "serialize_by_alias": True,
}


@dataclass_transform(kw_only_default=True, frozen_default=True)
def many(shape: type[Kind]) -> type[Kind]:
    """A shape of which one answer has dozens: as frozen as the others, but only to mypy.

    What freezes a dataclass at run time makes the building of one three times as slow.
    """
    return dataclass(slots=True, kw_only=True)(shape)


@many
class Missing:
    """What a section would need to say more."""

    code: MissingCode
    have: int
    need: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Opens every section: whether there is enough to speak of."""

    status: SectionState
    missing: list[Missing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A code of the catalogue docs/i18n/en.json, its parameters, and the English sentence."""

    code: str
    params: dict[str, Param]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A slope with its 95 % interval, and what is said of it.

    `direction` of scores is decided by `probability`, that of a rising level, where it is known
    what assessments expect; all others by the slope's 80 % interval. Weekly figures have none.
    """

    direction: Direction
    probability: Prob | None
    slope: float | None
    per: Literal["assessment", "week"]
    low: float | None
    high: float | None
    level: Prob
    unit: Literal["points", "minutes", "activities", "sessions"]
    n: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Est:
    """An estimate with its interval, which holds the truth with probability `level`."""

    value: float
    low: float
    high: float
    level: Prob


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRef:
    """Which course, and where the learner stands in its life."""

    course_id: str | None
    title: str | None
    course_status: CourseStatus
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSection(CourseRef):
    """A section about one course."""

    status: SectionState
    missing: list[Missing]


@many
class Evidence:
    """The figure behind a sentence."""

    feature: str
    value: float
    baseline: float | None
    threshold: float | None
    unit: Unit
    direction: Literal["up", "down"]


@many
class ActionTarget:
    """What an action is to be done on."""

    kind: Literal["course", "module", "assessment", "skill", "model", "partition", "none"]
    id: str | None
    course_id: str | None


@many
class Action:
    """A suggested next step."""

    code: ActionCode
    params: dict[str, Param]
    text: str
    target: ActionTarget
    due_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Who spoke: a model, its version, and the newest thing that it had learned."""

    name: str
    version: str
    learned_until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight(Text):
    """A plain sentence with what it rests on."""

    area: Literal["performance", "engagement", "progress", "goal", "deadline"]
    tone: Literal["praise", "neutral", "warning"]
    evidence: list[Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesRange:
    """From a date to a date, both included."""

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    from_: Date
    to: Date


@many
class ForecastPoint:
    """One point of a forecast."""

    date: Date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceForecast(Section):
    """Scores to come: daily to 30 days, else weekly.

    Points end where the interval gets wider than 50 points; `note` says so.
    """

    unit: Literal["percent"]
    level: Prob
    trend: Trend
    points: list[ForecastPoint]
    note: Text | None
