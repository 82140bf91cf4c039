"""The features of silence: how a learner has worked lately, and what is asked soon.

Bins as measured on OULAD; `domain.predicting.features.SILENCE` has their order.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from domain.course_facts import DAY, CourseFacts
from domain.keepers.days import find, local_day
from domain.predicting.running import Running
from domain.state.learner import (
    Day,
    Learner,
)
from domain.state.limits import NEVER

DAYS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 21, 28)
ACTIVE_28: Final = (1, 2, 3, 5, 8, 12, 16, 21)
GAPS: Final = (1.3, 1.7, 2.2, 3, 4, 5.5, 8, 12)
RATIOS: Final = (0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5)
ACTIVITIES: Final = (1, 2, 4, 8, 16, 32, 64)
DUE: Final = (1, 3, 5, 8, 15, 29)
SUBMITTED: Final = (1, 3, 7, 14, 28)
NOTHING_DUE: Final = 7
_OVERDUE_MAX: Final = 3
_OVERDUE_DAYS: Final = 60
_STREAK_MAX: Final = 7
_DAYS_MAX: Final = 60
_NEVER_WORKED_DAYS: Final = 14
_PROGRESS_BINS: Final = 12
_WEEK: Final = 7
_MONTH: Final = 28
_GAP_START: Final = 3.0
_GAP_WEIGHT: Final = 0.15
_GAP_MAX: Final = 30
_LONG_GAP: Final = 5
_LONG_SHARE: Final = 0.9


class Lately(NamedTuple):
    """The learner's last days with work, seen from `today` (a local date)."""

    today: int
    since_work: int  # days since the last work; as if 14 days before the first event without any
    active_28: int  # days with work of the last 28


def lately(state: Learner, now: int, zone: str) -> Lately:
    """How the learner has worked up to `now`."""
    today = local_day(now, state.zone or zone)
    first = today - _MONTH + 1
    active = sum(first <= day.day <= today and day.activities > 0 for day in state.days[-_MONTH:])
    if state.last_work_at:
        since = max(0, now - state.last_work_at) // DAY
    else:
        since = max(0, now - state.first_event_at) // DAY + _NEVER_WORKED_DAYS
    return Lately(today, min(since, _DAYS_MAX), active)


def silence_features(
    state: Learner, running: Sequence[Running], seen: Lately, now: int
) -> list[int]:
    """The twelve features at `now`; `running` are the learner's courses that run then."""
    today, since, active = seen
    week = [day for day in state.days[-_WEEK:] if today - _WEEK < day.day <= today]
    mean, long = _gaps(state.days, today)
    due, overdue = _dues(running, now)
    newest = max((each.standing.submitted_at for each in running), default=NEVER)
    bucket = find(state, today)
    return [
        bisect_right(DAYS, since),
        sum(day.activities > 0 for day in week),
        bisect_right(ACTIVE_28, active),
        bisect_right(GAPS, mean),
        bisect_right(RATIOS, since / max(mean, 1)),
        bisect_right(RATIOS, since / max(long, 1)),
        bisect_right(ACTIVITIES, sum(day.activities for day in week)),
        NOTHING_DUE if due is None else bisect_right(DUE, due),
        min(overdue, _OVERDUE_MAX),
        bisect_right(SUBMITTED, (now - newest) // DAY) if newest else len(SUBMITTED),
        min(int(progress_of(running[0].facts, now) * _PROGRESS_BINS), _PROGRESS_BINS - 1),
        0 if bucket is None else min(_streak_until(state, bucket), _STREAK_MAX),
    ]


def progress_of(facts: CourseFacts | None, now: int) -> float:
    """The share of the course's time that has passed, 0 to 1; 0 where its dates are not known."""
    if facts is None or facts.starts_at is None or facts.ends_at is None:
        return 0.0
    return min(1.0, max(0.0, (now - facts.starts_at) / max(1, facts.ends_at - facts.starts_at)))


def _gaps(days: Sequence[Day], today: int) -> tuple[float, int]:
    """Days from one with work to the next: their moving mean, and the one that 90 % reach."""
    worked = [day.day for day in days if day.activities and day.day <= today]
    if len(worked) <= 1:
        return _GAP_START, _LONG_GAP
    gaps = [min(later - earlier, _GAP_MAX) for earlier, later in pairwise(worked)]
    mean = _GAP_START
    for gap in gaps:
        mean += _GAP_WEIGHT * (gap - mean)
    gaps.sort()
    return mean, gaps[math.ceil(_LONG_SHARE * len(gaps)) - 1]


def _dues(running: Iterable[Running], now: int) -> tuple[int | None, int]:
    """Days to the next heavy work that is open, and how many heavy ones are past due."""
    soonest, overdue = None, 0
    for each in running:
        for work in each.standing.heavy:
            if work.submitted_by(now):
                continue
            if work.due_at < now:
                overdue += now - work.due_at <= _OVERDUE_DAYS * DAY
            elif soonest is None or work.due_at < soonest:
                soonest = work.due_at
    return None if soonest is None else (soonest - now) // DAY, overdue


def _streak_until(state: Learner, today: Day) -> int:
    """Consecutive days with work up to today; 0 while there is none today."""
    streak = state.streak
    return streak.length if today.activities and streak.last_day == today.day else 0
