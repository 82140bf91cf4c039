"""The learner's preferences as they are shown: from the state, or what lies over it."""

from typing import Final

from api.alert_shapes import Preferences, QuietHours
from api.rows import Rows
from domain import alerts
from domain.state import learner

DEFAULT: Final = Preferences(
    muted_types=[],
    muted_categories=[],
    min_severity="low",
    quiet_hours=None,
    max_per_day=None,
    version=0,
)


def preferences_of(rows: Rows) -> Preferences:
    """The preferences that hold for the learner of these rows."""
    if rows.pending.preferences is not None:
        return rows.pending.preferences
    kept = None if rows.state is None else rows.state.preferences
    return DEFAULT if kept is None else _shown(kept)


def _shown(kept: learner.Preferences) -> Preferences:
    muted = set(kept.muted_types)
    return Preferences(
        muted_types=[each for each in alerts.ALERT_TYPES if each in muted],
        muted_categories=list(kept.muted_categories),
        min_severity=kept.min_severity,
        quiet_hours=None if kept.quiet is None else _quiet(*kept.quiet),
        max_per_day=kept.max_per_day,
        version=kept.version,
    )


def _quiet(begins: int, ends: int) -> QuietHours:
    return QuietHours(from_=_time(begins), to=_time(ends))


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
