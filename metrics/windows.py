"""Sums over the buckets of some local days, and which days the buckets reach."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from domain.keepers.days import day_ended_at, runs
from domain.state.learner import Day
from domain.state.limits import DAYS_MAX
from metrics.figures import minutes
from metrics.view import View, once

WEEK: Final = 7


@dataclass(slots=True)
class Window:
    """What was done from one local day to another, both included."""

    first: int
    last: int
    activities: int = 0
    active_days: int = 0
    timed: int = 0
    seconds: int = 0
    sessions: int = 0
    modules: int = 0
    posts: int = 0
    submitted: set[int] = field(default_factory=set)  # short ids

    @property
    def assessments(self) -> int:
        """How many distinct ones were submitted."""
        return len(self.submitted)

    def minutes(self, view: View) -> int | None:
        """Whole minutes; None where no time of day is known of what was done."""
        return known_minutes(view, self.activities, self.timed, self.seconds)


def _day_of(day: Day) -> int:
    return day.day


@once
def window(view: View, first: int, last: int) -> Window:
    """Sum the buckets of the days `first` to `last`."""
    made = Window(first, last)
    days = view.state.days
    for place in range(bisect_left(days, first, key=_day_of), len(days)):
        day = days[place]
        if day.day > last:
            break
        made.activities += day.activities
        made.active_days += day.activities > 0
        made.timed += day.timed
        made.seconds += day.seconds
        made.sessions += day.sessions
        made.modules += day.modules
        made.posts += day.posts
        made.submitted.update(day.submitted)
    return made


def this_week(view: View) -> Window:
    """Today and the six local days before."""
    return window(view, view.today - WEEK + 1, view.today)


class NewestRun(NamedTuple):
    """The newest run of days with work: its length, its last day, its last work."""

    length: int
    last_day: int
    last_at: int


def newest_run(view: View) -> NewestRun | None:
    """The newest run of days up to today; None where there was no work."""
    streak = view.state.streak
    if streak.last_day <= view.today:
        return NewestRun(streak.length, streak.last_day, streak.last_at) if streak.length else None
    found = runs(view.state, view.today)
    if not found:
        return None
    last = found[-1].days[-1]
    return NewestRun(found[-1].length, last.day, day_ended_at(last))


def longest_run(view: View) -> int:
    """The longest run of days with work up to today."""
    streak = view.state.streak
    if streak.last_day <= view.today:
        return streak.longest
    found = runs(view.state, view.today)
    return max([streak.gone_longest, *(run.length for run in found)])


def days_inactive(view: View) -> int | None:
    """Local days since the newest day with work, up to today; None where there was none."""
    run = newest_run(view)
    return None if run is None else view.today - run.last_day


def known_minutes(view: View, activities: int, timed: int, seconds: int) -> int | None:
    """Minutes of a window or day: None where activities have no time of day, or never had."""
    if activities and not timed and not seconds:
        return None
    if not activities and not seconds and not view.ever_timed:
        return None
    return minutes(seconds)


def day_minutes(view: View, day: Day | None) -> int | None:
    """Minutes of one local day."""
    if day is None:
        return known_minutes(view, 0, 0, 0)
    return known_minutes(view, day.activities, day.timed, day.seconds)


class DayFigures(NamedTuple):
    """What was done on one local day."""

    day: int
    activities: int = 0
    minutes: int | None = None
    modules: int = 0
    assessments: int = 0


@once
def days_since(view: View, first: int) -> list[DayFigures]:
    """Every day from `first` to today, also those on which nothing happened."""
    nothing = day_minutes(view, None)
    buckets = view.buckets
    rows = []
    for day in range(first, view.today + 1):
        at = buckets.get(day)
        if at is None:
            rows.append(DayFigures(day, minutes=nothing))
            continue
        known = day_minutes(view, at)
        rows.append(DayFigures(day, at.activities, known, at.modules, len(at.submitted)))
    return rows


def bucket_of(view: View, day: int) -> Day:
    """The bucket of a local day; an empty one where nothing happened."""
    return view.buckets.get(day) or Day(day)


def reaches(view: View, first: int, last: int) -> bool:
    """Whether the buckets cover all of these days, and the learner was there on any of them."""
    state = view.state
    if view.first_day is None or last < view.first_day:
        return False
    oldest = state.days[-1].day - DAYS_MAX + 1 if state.days else view.first_day
    if state.overflow.days:
        oldest = state.days[0].day
    return first >= oldest or view.first_day >= oldest


@once
def weeks(view: View, period: int) -> list[Window]:
    """The whole weeks of the period, oldest first, the last one ending today."""
    ends = (view.today - WEEK * back for back in range(period // WEEK - 1, -1, -1))
    return [window(view, end - WEEK + 1, end) for end in ends]


def lived_weeks(view: View, period: int) -> list[Window]:
    """Of the period's whole weeks, those that began with or after the learner's first event."""
    first = view.first_day
    return [] if first is None else [week for week in weeks(view, period) if week.first >= first]
