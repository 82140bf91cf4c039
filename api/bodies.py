"""The bodies that the API takes: read with a limit, and judged field by field."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar, get_args
from uuid import UUID

import msgspec
from fastapi import Request
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from starlette.requests import ClientDisconnect

from api.parameters import SEVERITIES
from api.problems import ParameterError, ProblemError, invalid_parameter
from domain.alerts import ALERT_TYPES, AlertType, Feedback
from domain.events.activity import CATEGORIES_MAX, HELP_ALERTS_MAX, GoalMetric, HelpKind
from domain.events.decode import Rejected, never_or_instant
from domain.events.json_objects import ID_MAX, Problem, parse_object, standing_twice
from domain.rules import RULES
from domain.state.learner import Severity
from domain.zones import is_zone

BODY_BYTES_MAX: Final = 16_384
BODY_SECONDS: Final = 10.0
ALERTS_A_DAY_MAX: Final = 1_000
TARGET_MIN: Final = 1
TARGETS_MAX: Final[Mapping[GoalMetric, int]] = {
    "weekly_minutes": 10_080,
    "weekly_activities": 1_000,
    "average_score": 100,
    "streak_days": 1_000,
    "course_progress": 100,
}
"""What can be wanted of each metric: a week has 10,080 minutes."""
_ZONE_LENGTH_MAX: Final = 64

Body = TypeVar("Body", bound=BaseModel)


def _category(name: str) -> str:
    if name not in RULES:
        raise PydanticCustomError("unknown_value", "no rule has this name")
    return name


def _zone(name: str) -> str:
    if not is_zone(name):
        raise PydanticCustomError("unknown_value", "no zone of the IANA database")
    return name


TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class QuietHoursBody(_Closed):
    """From when to when alerts wait, in the learner's zone; over midnight where `to` is earlier."""

    from_: TimeOfDay = Field(alias="from", description="HH:MM", examples=["22:00"])
    to: TimeOfDay = Field(description="HH:MM, another time than `from`.", examples=["07:00"])

    @model_validator(mode="after")
    def _differ(self) -> "QuietHoursBody":
        if self.from_ == self.to:
            raise PydanticCustomError("unknown_value", "they begin and end at the same time")
        return self


class PreferencesBody(_Closed):
    """Which alerts the learner wants to get, all of it: what is left out holds nothing back."""

    muted_types: Annotated[list[AlertType], Field(max_length=len(ALERT_TYPES))] = Field(
        default=[], description="Alerts of these types are kept, and not delivered."
    )
    muted_categories: Annotated[
        list[Annotated[str, AfterValidator(_category)]], Field(max_length=CATEGORIES_MAX)
    ] = Field(default=[], description="So are those of these rules.", examples=[["low_score"]])
    min_severity: Severity = Field(default="low", description="So are those below this.")
    quiet_hours: QuietHoursBody | None = Field(
        default=None, description="Alerts wait until these are over."
    )
    max_per_day: Annotated[int, Field(ge=0, le=ALERTS_A_DAY_MAX)] | None = Field(
        default=None,
        description="So many are delivered on one local day; those of severity high come anyway.",
    )
    version: int | None = Field(
        default=None,
        description="Not heeded: the answer has the new one. So an answer can be sent.",
    )
    timezone: Annotated[str, Field(max_length=_ZONE_LENGTH_MAX), AfterValidator(_zone)] | None = (
        Field(
            default=None,
            description="The learner's IANA zone from now on; without it, it stays as it is.",
            examples=["Europe/Berlin"],
        )
    )


class FeedbackBody(_Closed):
    """What the learner thinks of an alert."""

    value: Feedback = Field(description="The newest counts.")


def _instant(text: str) -> str:
    """The text of an instant, as the events take it."""
    try:
        at = never_or_instant("due_at", msgspec.convert(text, datetime))
    except msgspec.ValidationError:
        at = Rejected("bad_time", text)
    if isinstance(at, Rejected):
        raise PydanticCustomError("unknown_value", "no instant with an offset")
    return text


class GoalBody(_Closed):
    """What the learner wants to reach, all of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"metric": "weekly_minutes", "target": 180, "due_at": "2027-06-01T00:00:00Z"},
                {"metric": "course_progress", "target": 100, "course_id": "python-basics"},
            ]
        }
    )

    metric: GoalMetric = Field(
        description="What is to reach the target: minutes and activities of seven days, percent of "
        "scores, days in a row, percent of a course."
    )
    target: Annotated[float, Field(ge=TARGET_MIN, le=max(TARGETS_MAX.values()))] = Field(
        description="In the metric's unit; at most "
        + ", ".join(f"{most} for {metric}" for metric, most in TARGETS_MAX.items())
        + ".",
        examples=[180],
    )
    course_id: (
        Annotated[str, Field(min_length=1, max_length=ID_MAX, pattern=r"^[^\x00]+$")] | None
    ) = Field(
        default=None,
        description="The course that it is about; without one, all of them. Of minutes and "
        "activities a figure is known only where there is no other course; streaks are of all.",
        examples=["python-basics"],
    )
    due_at: (
        Annotated[str, Field(json_schema_extra={"format": "date-time"}), AfterValidator(_instant)]
        | None
    ) = Field(
        default=None,
        description="Until when, in the future, with an offset from UTC; the whole local day "
        "counts. Without it, the goal is to be kept up. From the year 9000 on it means never.",
        examples=["2027-06-01T00:00:00Z"],
    )

    @field_validator("target")
    @classmethod
    def _is_within(cls, target: float, known: ValidationInfo) -> float:
        if target > TARGETS_MAX.get(known.data.get("metric", ""), target):
            raise PydanticCustomError("out_of_range", "more than there is to reach")
        return target

    @property
    def due(self) -> int | None:
        """`due_at` in epoch seconds, None for never."""
        if self.due_at is None:
            return None
        at = never_or_instant("due_at", msgspec.convert(self.due_at, datetime))
        assert not isinstance(at, Rejected)
        return at


class HelpBody(_Closed):
    """How the learner was helped; never in words."""

    kind: HelpKind = Field(description="What was done.")
    alert_ids: Annotated[list[UUID], Field(max_length=HELP_ALERTS_MAX)] = Field(
        default=[], description="The alerts that it was about, of this learner in this course."
    )


_HH_MM: Final = "HH:MM from 00:00 to 23:59"
ALERT_IDS_ALLOWED: Final = (
    f"a list of ids of alerts of this learner in this course, at most {HELP_ALERTS_MAX}"
)
DUE_AT_ALLOWED: Final = (
    "an instant in the future, RFC 3339 with an offset, such as 2027-06-01T00:00:00Z, or null"
)
ID_ALLOWED: Final = f"an id of 1 to {ID_MAX} characters, UTF-8, without NUL"
_ALLOWED: Final[Mapping[str, str]] = {
    "muted_types": f"a list of {', '.join(ALERT_TYPES)}, at most {len(ALERT_TYPES)}",
    "muted_categories": f"a list of {', '.join(RULES)}, at most {CATEGORIES_MAX}",
    "min_severity": " | ".join(SEVERITIES),
    "quiet_hours": '{"from": "22:00", "to": "07:00"}, two different times, or null',
    "quiet_hours.from": _HH_MM,
    "quiet_hours.to": _HH_MM,
    "max_per_day": f"0..{ALERTS_A_DAY_MAX}, or null",
    "version": "a whole number",
    "timezone": "a zone of the IANA database, such as Europe/Berlin",
    "value": " | ".join(get_args(Feedback)),
    "kind": " | ".join(get_args(HelpKind)),
    "alert_ids": ALERT_IDS_ALLOWED,
    "metric": " | ".join(TARGETS_MAX),
    "target": ", ".join(
        f"{TARGET_MIN}..{most} for {metric}" for metric, most in TARGETS_MAX.items()
    ),
    "course_id": f"{ID_ALLOWED}, or null",
    "due_at": DUE_AT_ALLOWED,
}
_CODES: Final[Mapping[str, str]] = {
    "extra_forbidden": "unknown_parameter",
    "missing": "missing",
    "unknown_value": "unknown_value",
    "literal_error": "unknown_value",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "out_of_range": "out_of_range",
    "too_long": "too_many",
    "json_invalid": "not_json",
}
_WHERE_MAX: Final = 64
_OBJECT: Final = (
    f"a JSON object of at most {BODY_BYTES_MAX} bytes, nested as far as its fields are, in UTF-8 "
    "without halves of surrogate pairs"
)


async def read_body(request: Request, kind: type[Body]) -> Body:
    """The body as `kind`.

    Raises a 408, 413 or 422 that says what is wrong and what is allowed.
    """
    data = await _whole(request)
    try:
        body = kind.model_validate_json(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid_parameter(*_errors(kind, found)) from error
    _refuse_two_readings(data)
    return body


def _refuse_two_readings(data: bytes) -> None:
    """A 422 for a name that stands twice: readers would disagree which of them counts."""
    members = parse_object(data)
    if isinstance(members, Problem):  # of two values, one was validated
        raise invalid_parameter(ParameterError(parameter="body", code="not_json", allowed=_OBJECT))
    if (name := standing_twice(members)) is not None:
        raise invalid_parameter(
            ParameterError(parameter=name, code="repeated", allowed="to be there once")
        )


async def _whole(request: Request) -> bytes:
    data = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > BODY_BYTES_MAX:
                    raise ProblemError(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                        "too_large",
                        f"the body has more than {BODY_BYTES_MAX} bytes",
                    )
    except (TimeoutError, ClientDisconnect) as error:
        detail = f"the body did not come within {BODY_SECONDS:g} seconds"
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", detail) from error
    return data


def _errors(kind: type[BaseModel], found: Any) -> list[ParameterError]:
    """One error for each field that is wrong, in the order of the body."""
    errors: dict[str, ParameterError] = {}
    for each in found:
        names = [str(part)[:_WHERE_MAX] for part in each["loc"] if not isinstance(part, int)]
        where = ".".join(names) or "body"
        errors.setdefault(where, _error(kind, where, each["type"]))
    return list(errors.values())


def _error(kind: type[BaseModel], where: str, fault: str) -> ParameterError:
    code = _CODES.get(fault, "wrong_type")
    if code == "unknown_parameter":
        inside = QuietHoursBody if where.startswith("quiet_hours.") else kind
        allowed = ", ".join(
            sorted(field.alias or name for name, field in inside.model_fields.items())
        )
    else:
        allowed = _ALLOWED.get(where, _OBJECT)
    return ParameterError(parameter=where, code=code, allowed=allowed)
