"""The learner's preferences: the newest set counts, whatever the order of arrival."""

from domain.events.activity import PreferencesSet, QuietHours
from domain.state.learner import Learner, Preferences


def take(state: Learner, event: PreferencesSet, at: int) -> None:
    """Set the preferences anew, unless newer ones are known; what was delivered stays counted."""
    known = state.preferences
    if known is not None and known.at > at:
        return
    state.preferences = Preferences(
        at=at,
        version=1 if event.version is None else event.version,
        muted_types=sorted(set(event.muted_types or ())),
        muted_categories=sorted(set(event.muted_categories or ())),
        min_severity=event.min_severity or "low",
        quiet=None if event.quiet_hours is None else _minutes(event.quiet_hours),
        max_per_day=event.max_per_day,
        delivered=[] if known is None else known.delivered,
    )


def _minutes(quiet: QuietHours) -> tuple[int, int]:
    return _minute(quiet.from_), _minute(quiet.to)


def _minute(text: str) -> int:
    """The minute of the day that HH:MM names."""
    return int(text[:2]) * 60 + int(text[3:])
