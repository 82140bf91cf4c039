"""Local dates: zones, days as ordinals, and the buckets and streak that are kept by day."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.state.learner import (
    Day,
    Learner,
    ZoneStay,
)
from domain.state.limits import (
    DAYS_MAX,
    NEVER,
    ZONES_MAX,
)
from domain.zones import zone

BRIDGE_SECONDS: Final = 36 * 3600
_EPOCH_DAY: Final = 719_163  # date(1970, 1, 1).toordinal()
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

Change: TypeAlias = Literal["unchanged", "extended", "joined"]
"""What work does to the runs of days: nothing; the newest one has a day after all others more; any
run may be another now."""


@lru_cache(maxsize=65_536)
def _offset(minute: int, name: str) -> int:
    """Seconds east of UTC in a minute since the epoch: since 1990 no zone changes within one."""
    offset = datetime.fromtimestamp(minute * 60, zone(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def local_seconds(at: int, name: str) -> int:
    """`at` as if the local wall clock were UTC: its quotient by 86,400 counts local days."""
    return at + (0 if name == "UTC" else _offset(at // 60, name))


def local_day(at: int, name: str) -> int:
    """The proleptic ordinal of the local date at `at`."""
    return local_seconds(at, name) // 86_400 + _EPOCH_DAY


def local_hour(at: int, name: str) -> int:
    """The local hour, 0-23."""
    return local_seconds(at, name) % 86_400 // 3600


@lru_cache(maxsize=16_384)
def day_start(day: int, name: str) -> int:
    """When the local day begins, in epoch seconds (the first instant that has that date)."""
    midnight = datetime.fromordinal(day).replace(tzinfo=zone(name))
    return int(midnight.astimezone(UTC).timestamp())


@lru_cache(maxsize=4_096)
def iso_date(day: int) -> str:
    """YYYY-MM-DD."""
    return (datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)).date().isoformat()


def day_month(at: int, name: str) -> str:
    """The local date of an instant as a reader says it: 5 June."""
    return day_and_month(local_day(at, name))


def day_and_month(day: int) -> str:
    """A local day as a reader says it: 5 June."""
    date = datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)
    return f"{date.day} {_MONTHS[date.month - 1]}"


def weekday(day: int) -> int:
    """1-7, Monday 1."""
    return (day - 1) % 7 + 1


def zone_in_force(state: Learner, at: int, default: str) -> str:
    """The zone of the newest event up to `at` that carried one, else the default."""
    for stay in reversed(state.zones):
        if stay.at <= at:
            return stay.zone
    return default


def note_zone(state: Learner, name: str, at: int) -> None:
    """Remember that an event at `at` carried this zone."""
    stays = state.zones
    index = len(stays)
    while index and stays[index - 1].at > at:
        index -= 1
    here = stays[index - 1] if index else None
    behind = stays[index] if index < len(stays) else None
    if here is not None and here.zone == name:
        here.until = max(here.until, at)
    elif here is not None and at < here.until:
        state.overflow.zones += 1  # of that stay only its beginning and its end are known
        stays.insert(index, ZoneStay(here.until, here.until, here.zone))
        stays.insert(index, ZoneStay(at, at, name))
        here.until = here.at
    elif behind is not None and behind.zone == name:
        behind.at = at
    else:
        stays.insert(index, ZoneStay(at, at, name))
    while len(stays) > ZONES_MAX:
        del stays[0]
        state.overflow.zones += 1


def bucket(state: Learner, day: int) -> Day | None:
    """The bucket of `day`, made where it is missing; None where the 90 days no longer reach."""
    days = state.days
    if days and day <= days[-1].day - DAYS_MAX:
        return None
    index = len(days)
    while index and days[index - 1].day > day:
        index -= 1
    if index and days[index - 1].day == day:
        return days[index - 1]
    made = Day(day)
    days.insert(index, made)
    _forget_old(state)
    return made


def find(state: Learner, day: int) -> Day | None:
    """The bucket of `day`, or None where nothing is known of it."""
    for known in reversed(state.days):
        if known.day <= day:
            return known if known.day == day else None
    return None


def known_since(state: Learner) -> int:
    """The learner's first day with anything on it; 0 where there is none, or it is kept no more."""
    return 0 if state.streak.gone_length or not state.days else state.days[0].day


def _forget_old(state: Learner) -> None:
    oldest = state.days[-1].day - DAYS_MAX
    while state.days[0].day <= oldest:
        forget_first_day(state)


def forget_first_day(state: Learner) -> None:
    """Let the oldest bucket go; of its work the runs of days remain."""
    day, streak = state.days.pop(0), state.streak
    if not worked(day):
        return
    follows = streak.gone_length and _follows(streak.gone_day, streak.gone_at, day)
    streak.gone_first_day = streak.gone_first_day if follows else day.day
    streak.gone_length = streak.gone_length + 1 if follows else 1
    streak.gone_longest = max(streak.gone_longest, streak.gone_length)
    streak.gone_day, streak.gone_at = day.day, day.last_at


def worked(day: Day) -> bool:
    """Whether there was work on the day."""
    return day.activities > 0


def note_work(state: Learner, day: Day, at: int, *, added: bool) -> Change:
    """Take work of a local day, `added` where it is the first, into the streak.

    Streaks are runs of consecutive local dates with work; dates that differ by two or more still
    follow on each other where no more than 36 hours lie between (a flight over the date line).
    Whatever the order in which the work comes, the runs are the same.
    """
    streak, second = state.streak, at - _nominal_start(day.day)
    streak.last_at = max(streak.last_at, at)
    earlier, later = added or second < day.first_at, added or second > day.last_at
    day.first_at = second if earlier else day.first_at
    day.last_at = second if later else day.last_at
    if day.day > streak.last_day:
        _extend(state, day)
        return "extended"
    if earlier or (later and day.day < streak.last_day):
        _join_runs(state)
        return "joined"
    return "unchanged"


class Run(NamedTuple):
    """A run of days with work; `days` are those of it that the buckets hold."""

    first_day: int
    length: int
    days: list[Day]
    longest_before: int


def runs(state: Learner, until: int | None = None) -> list[Run]:
    """The runs of days with work up to the local day `until`, oldest first.

    Days that the buckets no longer hold are counted into the run they belong to.
    """
    streak, found = state.streak, list[Run]()
    length, longest = streak.gone_length, streak.gone_longest
    first_day = streak.gone_first_day
    before = (streak.gone_day, streak.gone_at) if length else None
    held: list[Day] = []
    for day in state.days:
        if not worked(day) or (until is not None and day.day > until):
            continue
        if before is None or not _follows(*before, day):
            if held:
                found.append(Run(first_day, length, held, longest))
                longest = max(longest, length)
            first_day, length, held = day.day, 0, []
        length += 1
        held.append(day)
        before = day.day, day.last_at
    if held:
        found.append(Run(first_day, length, held, longest))
    return found


def _extend(state: Learner, day: Day) -> None:
    """The first work of a day after all others."""
    streak = state.streak
    before = find(state, streak.last_day)
    if before is not None and _follows(before.day, before.last_at, day):
        streak.length += 1
    else:
        streak.first_day, streak.length = day.day, 1
    streak.last_day = day.day
    streak.longest = max(streak.longest, streak.length)


def _join_runs(state: Learner) -> None:
    """Look at all runs again, as late work may join some."""
    found, streak = runs(state), state.streak
    newest = found[-1]
    streak.first_day, streak.length = newest.first_day, newest.length
    streak.longest = max(streak.gone_longest, *(run.length for run in found))


def _follows(before_day: int, before_at: int, day: Day) -> bool:
    if day.day - before_day == 1:
        return True
    apart = (day.day - before_day) * 86_400 + day.first_at - before_at
    return apart <= BRIDGE_SECONDS


def silence_around(state: Learner, at: int, now: int) -> int:
    """Seconds without work, of the days that are kept, into which work at `at` falls by `now`."""
    before = NEVER
    for day in filter(worked, state.days):
        if day_began_at(day) > at:
            return day_began_at(day) - before
        before = day_ended_at(day)
        if before >= at:
            return 0
    return now - before


def day_ended_at(day: Day) -> int:
    """When the day's last work was, in epoch seconds."""
    return _nominal_start(day.day) + day.last_at


def day_began_at(day: Day) -> int:
    """When the day's first work was, in epoch seconds."""
    return _nominal_start(day.day) + day.first_at


def _nominal_start(day: int) -> int:
    """00:00 UTC of that date, in epoch seconds."""
    return (day - _EPOCH_DAY) * 86_400
