"""GET performance-alerts/preferences."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.alert_shapes import Preferences
from api.endpoint import Endpoint, PageQuery
from api.envelope import Env
from api.preferences import preferences_of
from api.rows import Rows
from metrics.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPreferences:
    """The preferences; `pending` where the stream may not have them yet."""

    preferences: Preferences
    pending: bool


@dataclass(frozen=True, kw_only=True)
class PreferencesAnswer(HeldPreferences, Env):
    """The answer of performance-alerts/preferences."""


def _build(_view: View, _query: PageQuery, rows: Rows) -> HeldPreferences:
    pending = rows.pending.preferences is not None
    return HeldPreferences(preferences=preferences_of(rows), pending=pending)


ENDPOINT: Final = Endpoint(
    name="performance-alerts/preferences",
    description="Which alerts the learner wants to get.",
    query=PageQuery,
    answer=PreferencesAnswer,
    build=_build,
    example=Path(__file__).with_suffix(".json"),
)
