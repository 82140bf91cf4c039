"""Sums over the buckets of some local days, and which days the buckets reach."""

from dataclasses import dataclass
from typing import Final

from domain.measures.figures import minutes
from domain.measures.view import View
from domain.state import DAYS_MAX, Day

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
    assessments: int = 0  # distinct ones handed in

    def minutes(self, view: View) -> int | None:
        """Whole minutes; None where no time of day is known of what was done."""
        return known_minutes(view, self.activities, self.timed, self.seconds)


def window(view: View, first: int, last: int) -> Window:
    """Sum the buckets of the days `first` to `last`."""
    made = Window(first, last)
    submitted: set[int] = set()
    for day in reversed(view.state.days):
        if day.day > last:
            continue
        if day.day < first:
            break
        made.activities += day.activities
        made.active_days += day.activities > 0
        made.timed += day.timed
        made.seconds += day.seconds
        made.sessions += day.sessions
        made.modules += day.modules
        made.posts += day.posts
        submitted.update(day.submitted)
    made.assessments = len(submitted)
    return made


def this_week(view: View) -> Window:
    """Today and the six local days before."""
    return window(view, view.today - WEEK + 1, view.today)


def days_inactive(view: View) -> int | None:
    """Local days since the newest day with work; None where there was none."""
    streak = view.state.streak
    return max(0, view.today - streak.last_day) if streak.length else None


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


def bucket_of(view: View, day: int) -> Day:
    """The bucket of a local day; an empty one where nothing happened."""
    return view.buckets.get(day) or Day(day)


def reaches(view: View, first: int, last: int) -> bool:
    """Whether the buckets tell all of these days, and the learner was there on any of them."""
    state = view.state
    if view.first_day is None or last < view.first_day:
        return False
    oldest = state.days[-1].day - DAYS_MAX + 1 if state.days else view.first_day
    if state.overflow.days:
        oldest = state.days[0].day
    return first >= oldest or view.first_day >= oldest


def weeks(view: View, period: int) -> list[Window]:
    """The whole weeks of the period, oldest first, the last one ending today."""
    ends = (view.today - WEEK * back for back in range(period // WEEK - 1, -1, -1))
    return [window(view, end - WEEK + 1, end) for end in ends]


def lived_weeks(view: View, period: int) -> list[Window]:
    """Of the period's whole weeks, those that began with or after the learner's first event."""
    first = view.first_day
    return [] if first is None else [week for week in weeks(view, period) if week.first >= first]
