"""Local dates: zones, days as ordinals, and the buckets and streak that are kept by day."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from domain.state import DAYS_MAX, Day, Learner
from domain.zones import zone

BRIDGE_SECONDS: Final = 36 * 3600
_EPOCH_DAY: Final = 719_163  # date(1970, 1, 1).toordinal()


@lru_cache(maxsize=65_536)
def _offset(hour: int, name: str) -> int:
    """Seconds east of UTC in a quarter of an hour since the epoch: no zone changes within one."""
    offset = datetime.fromtimestamp(hour * 900, zone(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def local_seconds(at: int, name: str) -> int:
    """`at` as if the local wall clock were UTC: its quotient by 86,400 counts local days."""
    return at + (0 if name == "UTC" else _offset(at // 900, name))


def local_day(at: int, name: str) -> int:
    """The proleptic ordinal of the local date at `at`."""
    return local_seconds(at, name) // 86_400 + _EPOCH_DAY


def local_hour(at: int, name: str) -> int:
    """The local hour, 0-23."""
    return local_seconds(at, name) % 86_400 // 3600


def day_start(day: int, name: str) -> int:
    """When the local day begins, in epoch seconds (the first instant that has that date)."""
    midnight = datetime.fromordinal(day).replace(tzinfo=zone(name))
    return int(midnight.astimezone(UTC).timestamp())


def iso_date(day: int) -> str:
    """YYYY-MM-DD."""
    return (datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)).date().isoformat()


def weekday(day: int) -> int:
    """1-7, Monday 1."""
    return (day - 1) % 7 + 1


def bucket(state: Learner, day: int) -> Day | None:
    """The bucket of `day`, made where it is missing; None where the 90 days no longer reach."""
    days = state.days
    if days:
        last = days[-1]
        if last.day == day:
            return last
        if day <= last.day - DAYS_MAX:
            return None
    made = Day(day)
    if not days or day > days[-1].day:
        days.append(made)
        _forget_old(state)
        return made
    return _insert(days, made)


def find(state: Learner, day: int) -> Day | None:
    """The bucket of `day`, or None where nothing is known of it."""
    for known in reversed(state.days):
        if known.day <= day:
            return known if known.day == day else None
    return None


def _insert(days: list[Day], made: Day) -> Day:
    for index in range(len(days) - 1, -1, -1):
        known = days[index]
        if known.day == made.day:
            return known
        if known.day < made.day:
            days.insert(index + 1, made)
            return made
    days.insert(0, made)
    return made


def _forget_old(state: Learner) -> None:
    oldest = state.days[-1].day - DAYS_MAX
    while state.days[0].day <= oldest:
        del state.days[0]


def extend_streak(state: Learner, today: Day, at: int) -> bool:
    """Count the first work of a local day in the streak; True where the open streak grew.

    Streaks are runs of consecutive local dates with work; dates that differ by two or more still
    follow on each other where no more than 36 hours lie between (a flight over the date line).
    """
    streak = state.streak
    day = today.day
    if streak.length == 0:
        streak.first_day = streak.last_day = day
        streak.length = streak.longest = 1
        streak.last_at = at
        return True
    if day <= streak.last_day:
        return _fill_gap(state, day)
    follows = day - streak.last_day == 1
    today.bridged = not follows and at - streak.last_at <= BRIDGE_SECONDS
    if follows or today.bridged:
        streak.length += 1
    else:
        streak.first_day, streak.length = day, 1
    streak.last_day = day
    streak.longest = max(streak.longest, streak.length)
    return True


def _fill_gap(state: Learner, day: int) -> bool:
    """A late event on a day that had none: it may join runs of days."""
    streak = state.streak
    if streak.first_day < day < streak.last_day:  # a date that was bridged
        streak.length += 1
        streak.longest = max(streak.longest, streak.length)
        return True
    active = {known.day for known in state.days if known.activities}
    first, last = day, day
    while first - 1 in active:
        first -= 1
    while last + 1 in active:
        last += 1
    if last >= streak.first_day - 1 and first < streak.first_day:
        streak.length += streak.first_day - first
        streak.first_day = first
        streak.longest = max(streak.longest, streak.length)
        return True
    streak.longest = max(streak.longest, last - first + 1)
    return False
