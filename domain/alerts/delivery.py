"""Whether an alert is delivered, and when: raised and kept, it may still not notify anybody.

A backfill notifies nobody. What else is held back is the learner's preference, so it is asked only
for alerts that the learner is an audience of. Quiet hours hold nothing back: who delivers, waits.
"""

from datetime import datetime, time, timedelta
from typing import Final, NamedTuple

from domain.alerts import Rule, SuppressedReason
from domain.state.learner import Learner, Preferences, Severity
from domain.state.limits import DELIVERED_DAYS_MAX
from domain.zones import zone as zone_of

_RANK: Final[dict[Severity, int]] = {"low": 1, "medium": 2, "high": 3}
_HOUR_MINUTES: Final = 60


class Moment(NamedTuple):
    """When something is published; times in epoch seconds.

    `at` is when what it says became so, `now` how far time has come for this learner, `zone` the
    learner's at that time. What became so before `stale_before` notifies nobody.
    """

    at: int
    now: int
    stale_before: int
    zone: str


def suppressed_reason(
    state: Learner, rule: Rule, severity: Severity, moment: Moment
) -> SuppressedReason | None:
    """Why an alert of `rule` is not delivered at that moment; None where it is."""
    if moment.at < moment.stale_before:
        return "stale"
    wanted = _wanted(state, rule)
    if wanted is None:
        return None
    if rule.type in wanted.muted_types or rule.category in wanted.muted_categories:
        return "muted"
    if _RANK[severity] < _RANK[wanted.min_severity]:
        return "below_severity"
    if severity == "high" or wanted.max_per_day is None:
        return None
    day = _delivery_day(wanted, moment)
    return "daily_cap" if dict(wanted.delivered).get(day, 0) >= wanted.max_per_day else None


def deferred_until(state: Learner, rule: Rule, moment: Moment) -> int | None:
    """The end of the quiet hours that the moment lies in; None where it lies in none."""
    wanted = _wanted(state, rule)
    return None if wanted is None else _quiet_until(wanted, moment)


def count_delivered(state: Learner, rule: Rule, moment: Moment) -> None:
    """Count one alert for the local day on which it is delivered; by preferences with a cap."""
    wanted = _wanted(state, rule)
    if wanted is None or wanted.max_per_day is None:
        return
    counts = dict(wanted.delivered)
    day = _delivery_day(wanted, moment)
    counts[day] = counts.get(day, 0) + 1
    wanted.delivered = sorted(counts.items())[-DELIVERED_DAYS_MAX:]


def _wanted(state: Learner, rule: Rule) -> Preferences | None:
    """The preferences, where they have a say in what `rule` finds."""
    return state.preferences if "learner" in rule.audience else None


def _delivery_day(wanted: Preferences, moment: Moment) -> int:
    at = _quiet_until(wanted, moment) or moment.now
    return datetime.fromtimestamp(at, zone_of(moment.zone)).toordinal()


def _quiet_until(wanted: Preferences, moment: Moment) -> int | None:
    """The end of the quiet hours as clocks show it.

    An end that a change of clocks leaves out is read by the offset from before it, one that comes
    twice is the first still to come (RFC 5545, 3.3.5).
    """
    if wanted.quiet is None:
        return None
    begins, ends = wanted.quiet
    here = datetime.fromtimestamp(moment.now, zone_of(moment.zone))
    minute = here.hour * _HOUR_MINUTES + here.minute
    in_morning, in_evening = minute < ends, minute >= begins
    quiet = in_morning and in_evening if begins < ends else in_morning or in_evening
    if not quiet:
        return None
    day = here.date() if in_morning else here.date() + timedelta(days=1)
    hours, minutes = divmod(ends, _HOUR_MINUTES)
    end = datetime.combine(day, time(hours, minutes, fold=here.fold), here.tzinfo)
    return int(end.timestamp())
