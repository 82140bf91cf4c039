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


def note_work(state: Learner, day: Day, at: int) -> bool:
    """Take work of a local day, counted there already, into the streak; True where that grew.

    Streaks are runs of consecutive local dates with work; dates that differ by two or more still
    follow on each other where no more than 36 hours lie between (a flight over the date line).
    Whatever the order in which the work comes, the runs are the same.
    """
    streak, second = state.streak, at - _nominal_start(day.day)
    streak.last_at = max(streak.last_at, at)
    added = day.activities == 1
    earlier, later = added or second < day.first_at, added or second > day.last_at
    day.first_at = second if earlier else day.first_at
    day.last_at = second if later else day.last_at
    if day.day > streak.last_day:
        _go_on(state, day)
        return True
    if earlier or (later and day.day < streak.last_day):
        return _join_runs(state, added=added)
    return False


def _go_on(state: Learner, day: Day) -> None:
    """The first work of a day after all others."""
    streak = state.streak
    before = find(state, streak.last_day)
    if before is not None and _follows(before, day):
        streak.length += 1
    else:
        streak.first_day, streak.length = day.day, 1
    streak.last_day = day.day
    streak.longest = max(streak.longest, streak.length)


def _join_runs(state: Learner, *, added: bool) -> bool:
    """Look at all runs again, as late work may join some; True where the open one grew."""
    streak = state.streak
    first_day = length = longest = runs = 0
    before: Day | None = None
    for known in state.days:
        if not known.activities:
            continue
        if before is None or not _follows(before, known):
            first_day, length, runs = known.day, 0, runs + 1
        length += 1
        longest = max(longest, length)
        before = known
    if runs == 1 and streak.first_day < first_day:  # it began before the days that are kept
        first_day, length = streak.first_day, streak.length + added
    grew = length > streak.length
    streak.first_day, streak.length = first_day, length
    streak.longest = max(streak.longest, longest, length)
    return grew


def _follows(before: Day, day: Day) -> bool:
    if day.day - before.day == 1:
        return True
    apart = (day.day - before.day) * 86_400 + day.first_at - before.last_at
    return apart <= BRIDGE_SECONDS


def _nominal_start(day: int) -> int:
    """00:00 UTC of that date, in epoch seconds."""
    return (day - _EPOCH_DAY) * 86_400
