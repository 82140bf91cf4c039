"""The parameters that the endpoints take, what each allows, and the refusal of all others."""

import re
from typing import Annotated, Final, get_args

from pydantic import AwareDatetime, BeforeValidator, Field

from domain.alerts import AlertType
from domain.state import Severity
from metrics.shapes_trends import TrendType

USER_ID_MAX: Final = 128
CURSOR_MAX: Final = 1_024

ALERT_TYPES: Final[tuple[AlertType, ...]] = get_args(AlertType)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

ALLOWED: Final = {
    "horizon": "1..365",
    "period": "7..90",
    "type": " | ".join(get_args(TrendType)),
    "types": f"all, or a comma list of {', '.join(ALERT_TYPES)}",
    "severity": f"all, or a comma list of {', '.join(SEVERITIES)}",
    "limit": "1..100",
    "cursor": "a next_cursor of this endpoint, as it was given",
    "since": "RFC 3339 with an offset, such as 2026-01-31T08:00:00Z",
    "user_id": f"1..{USER_ID_MAX} characters",
}


def _written_as(pattern: str) -> BeforeValidator:
    """Refuses other spellings, which pydantic would guess at: `1_0`, ` 30`, seconds for a time."""
    written = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not written.fullmatch(text):
            raise ValueError(pattern)
        return text

    return BeforeValidator(check)


_WHOLE: Final = _written_as(r"-?(0|[1-9]\d{0,17})")
_RFC_3339: Final = _written_as(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")

Horizon = Annotated[int, Field(ge=1, le=365, description="Days ahead."), _WHOLE]
Period = Annotated[int, Field(ge=7, le=90, description="Days back, today included."), _WHOLE]
Kind = Annotated[TrendType, Field(alias="type", description="Which sections.")]
Types = Annotated[str, Field(description=ALLOWED["types"], examples=["performance,engagement"])]
Severities = Annotated[str, Field(description=ALLOWED["severity"], examples=["medium,high"])]
Limit = Annotated[
    int, Field(ge=1, le=100, description="Alerts of the history in one answer."), _WHOLE
]
Cursor = Annotated[
    str | None, Field(max_length=CURSOR_MAX, description="Where the history continues.")
]
Since = Annotated[
    Annotated[AwareDatetime, _RFC_3339] | None,
    Field(description="Only alerts raised from then on: " + ALLOWED["since"] + "."),
]
UserId = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=USER_ID_MAX,
        description="Another learner; needs the scope progress:read:any.",
    ),
]
