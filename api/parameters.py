"""The parameters that the endpoints take, and what each allows."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, get_args

from pydantic import AwareDatetime, BeforeValidator, Field

from domain.alerts import ALERT_TYPES
from domain.state.learner import Severity
from metrics.shapes_trends import TrendType

USER_ID_MAX: Final = 128
BEGINNING: Final = -62_135_596_800  # the year 1, in epoch seconds
END: Final = 253_402_300_799  # the end of the year 9999
CURSOR_MAX: Final = 1_024

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

TYPES_ALLOWED: Final = f"all, or a comma list of {', '.join(ALERT_TYPES)}"
SEVERITIES_ALLOWED: Final = f"all, or a comma list of {', '.join(SEVERITIES)}"
CURSOR_ALLOWED: Final = "a next_cursor of this endpoint, as it was given"
_SINCE_ALLOWED: Final = "RFC 3339 with an offset, such as 2026-01-31T08:00:00Z"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a refusal says that the parameter may be; every parameter's type carries one."""

    text: str


def _written_as(pattern: str) -> BeforeValidator:
    """Refuses other spellings, which pydantic would guess at: `1_0`, ` 30`, seconds for a time."""
    written = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not written.fullmatch(text):
            raise ValueError(pattern)
        return text

    return BeforeValidator(check)


WHOLE: Final = _written_as(r"-?(0|[1-9]\d{0,17})")
_RFC_3339: Final = _written_as(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")

Horizon = Annotated[int, Field(ge=1, le=365, description="Days ahead."), WHOLE, Allowed("1..365")]
Period = Annotated[
    int, Field(ge=7, le=90, description="Days back, today included."), WHOLE, Allowed("7..90")
]
Kind = Annotated[
    TrendType,
    Field(alias="type", description="Which sections."),
    Allowed(" | ".join(get_args(TrendType))),
]
Types = Annotated[
    str,
    Field(description=TYPES_ALLOWED, examples=["performance,engagement"]),
    Allowed(TYPES_ALLOWED),
]
Severities = Annotated[
    str,
    Field(description=SEVERITIES_ALLOWED, examples=["medium,high"]),
    Allowed(SEVERITIES_ALLOWED),
]
Limit = Annotated[
    int,
    Field(ge=1, le=100, description="Alerts of the history in one answer."),
    WHOLE,
    Allowed("1..100"),
]
Cursor = Annotated[
    str | None,
    Field(max_length=CURSOR_MAX, description="Where the history continues."),
    Allowed(CURSOR_ALLOWED),
]
Since = Annotated[
    Annotated[AwareDatetime, _RFC_3339] | None,
    Field(description=f"Only alerts raised from then on: {_SINCE_ALLOWED}."),
    Allowed(_SINCE_ALLOWED),
]
UserId = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=USER_ID_MAX,
        description="Another learner; needs the scope progress:read:any.",
    ),
    Allowed(f"1..{USER_ID_MAX} characters"),
]
