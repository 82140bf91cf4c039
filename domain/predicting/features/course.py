"""The features of a learner in a course: deadlines, scores, lateness, and how the learner works.

Bins as measured on OULAD, in the order of `COURSE`. Nothing of who the learner is
(`groups`) is among them.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.course_facts import DAY, CourseFacts
from domain.exact import EPSILON
from domain.keepers.scores import Scored, counted_scores
from domain.keepers.standing import HeavyWork, Lateness, Standing
from domain.predicting.features import COURSE
from domain.predicting.features.silence import ACTIVE_28, DAYS, Lately, progress_of
from domain.state.course import Course

AVERAGES: Final = (30, 40, 50, 60, 65, 70, 75, 80, 85, 90)
LASTS: Final = (20, 30, 40, 50, 60, 70, 80, 90)
LOWESTS: Final = (20, 40, 50, 60, 70, 80)
LEVELS: Final = (-20, -15, -10, -6, -3, 0, 3, 6, 10)
LATENESS: Final = (-14, -7, -3, -1, 1, 3, 7)
ENTERED: Final = (-200, -140, -100, -60, -30, -10, 0)
DUE: Final = (2, 5, 8, 15, 22, 36)
NOTHING_DUE: Final = 7
_WEEK: Final = 7 * DAY
_LEVEL_SCORES: Final = 8
_LEVEL_SHRINK: Final = 1.3
_TENTHS: Final = 10
_NOTHING_WAS_DUE: Final = 11
_PLACES: Final = {feature.name: place for place, feature in enumerate(COURSE)}
_LARGEST: Final = tuple(feature.bins - 1 for feature in COURSE)
NEXT_DUE: Final = _PLACES["next_due"]


def course_features(
    course: Course,
    facts: CourseFacts,
    stands: Standing,
    seen: Lately,
    base_rate: float | None,
    now: int,
) -> list[int]:
    """The features of one course at `now`; `base_rate` is the share that did not pass before."""
    heavy = [each for each in stands.heavy if each.due_at >= course.entered_at]
    values = [
        *_deadlines(heavy, now),
        *_scores(counted_scores(course, facts)),
        *_lateness(stands.lateness),
        _entered(course, facts),
        sum(bool(work.grades) and work.grades[-1].banked for work in course.work),
        days_to_due(next((e.due_at for e in heavy if e.is_next(now)), None), now),
        *_shares(heavy, now),
        bisect_right(DAYS, seen.since_work),
        bisect_right(ACTIVE_28, seen.active_28),
        int(progress_of(facts, now) * COURSE[_PLACES["progress"]].bins),
        0 if base_rate is None else 1 + min(_TENTHS, int(_TENTHS * base_rate)),
    ]
    return list(map(min, values, _LARGEST))


def days_to_due(due_at: int | None, now: int) -> int:
    """The bin of `next_due`."""
    return NOTHING_DUE if due_at is None else bisect_right(DUE, (due_at - now) // DAY)


class _Deadlines(NamedTuple):
    overdue: int
    missed_in_row: int
    overdue_weight: int


def _deadlines(heavy: Sequence[HeavyWork], now: int) -> _Deadlines:
    overdue = in_row = 0
    share = 0.0
    for each in heavy:
        if each.due_at >= now:
            break
        if each.submitted_by(now):
            in_row = 0
        else:
            overdue, in_row, share = overdue + 1, in_row + 1, share + each.share
    return _Deadlines(overdue, in_row, int(_TENTHS * share + EPSILON))


def _shares(heavy: Sequence[HeavyWork], now: int) -> tuple[int, int, int]:
    """How many are open for a week, how many were due, and tenths of those that are submitted."""
    due = [each for each in heavy if each.due_at <= now]
    done = sum(each.submitted_by(now) for each in due)
    week = sum(each.due_at + _WEEK <= now and not each.submitted_by(now) for each in due)
    return week, len(due), _TENTHS * done // len(due) if due else _NOTHING_WAS_DUE


def _scores(scores: Sequence[Scored]) -> tuple[int, int, int, int]:
    """Bins of the mean, the last and the lowest score, and of the level; 0 without any."""
    if not scores:
        return 0, 0, 0, 0
    percents = [score.percent for score in scores]
    residuals = [s.percent - s.expected for s in scores if s.expected is not None]
    newest = residuals[-_LEVEL_SCORES:]
    level = sum(newest) / (len(newest) + _LEVEL_SHRINK)
    return (
        1 + bisect_right(AVERAGES, sum(percents) / len(percents)),
        1 + bisect_right(LASTS, percents[-1]),
        1 + bisect_right(LOWESTS, min(percents)),
        1 + bisect_right(LEVELS, level) if newest else 0,
    )


def _lateness(submitted: Sequence[Lateness]) -> tuple[int, int]:
    """Bins of the mean days from the due time, and of the last ones; 0 without any."""
    days = [(each.at - each.due_at) / DAY for each in submitted]
    if not days:
        return 0, 0
    mean = sum(days) / len(days)
    return 1 + bisect_right(LATENESS, mean), 1 + bisect_right(LATENESS, days[-1])


def _entered(course: Course, facts: CourseFacts) -> int:
    if facts.starts_at is None:
        return len(ENTERED)
    return bisect_right(ENTERED, (course.entered_at - facts.starts_at) // DAY)
