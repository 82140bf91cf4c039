"""What is said of deadlines that weigh: missed, near, next, or all met."""

from collections.abc import Iterator, Sequence
from typing import Final

from domain.course_facts import DAY
from metrics.assessments import Heavy, heavy_work
from metrics.insights_making import figure, insight
from metrics.pressing import name_of_heavy, runs
from metrics.shapes import Evidence, Insight
from metrics.view import View
from metrics.windows import days_inactive

GRACE_SECONDS: Final = 2 * DAY
"""So long after its due time, open work is missed."""
NEAR_SECONDS: Final = 3 * DAY
NEXT_SECONDS: Final = 28 * DAY
NEAR_WARNS_FROM: Final = 5  # local days without work
ALL_IN_MIN: Final = 2  # so many have to be due before "all" is said of them
ALL_IN_SECONDS: Final = DAY  # how late what is praised may be
SILENT_DAYS: Final = 10
_HOUR: Final = 3600


def deadline_insights(view: View) -> Iterator[Insight]:
    """One at most: missed work, the nearest deadline, the next one; praise beside the last."""
    heavy = [each for each in heavy_work(view) if runs(view, each.course.course_id)]
    pressing = _missed(view, heavy) or _near(view, heavy)
    if pressing is not None:
        yield pressing
        return
    upcoming = _next(view, heavy)
    if upcoming is not None:
        yield upcoming
    praise = _all_submitted(view, heavy)
    if praise is not None:
        yield praise


def _missed(view: View, heavy: Sequence[Heavy]) -> Insight | None:
    """What has been overdue for 48 hours; two in a row where the last two of a course are open."""
    several = [pair for pair in _last_pairs(view, heavy) if all(_is_missed(view, p) for p in pair)]
    if several:
        before, last = max(several, key=lambda pair: pair[1].due_at)
        return insight(
            "insight.deadline_overdue_several",
            {"previous": name_of_heavy(view, before), "assessment": name_of_heavy(view, last)},
            area="deadline",
            tone="warning",
            evidence=_days_past(view, last),
        )
    missed = [each for each in heavy if _is_missed(view, each)]
    if not missed:
        return None
    return insight(
        "insight.deadline_overdue",
        {"assessment": name_of_heavy(view, missed[-1])},
        area="deadline",
        tone="warning",
        evidence=_days_past(view, missed[-1]),
    )


def _last_pairs(view: View, heavy: Sequence[Heavy]) -> Iterator[tuple[Heavy, Heavy]]:
    """Of each course the last two that were due 48 hours ago or earlier."""
    by_course: dict[str, list[Heavy]] = {}
    for each in heavy:
        if each.due_at + GRACE_SECONDS <= view.now:
            by_course.setdefault(each.course.course_id, []).append(each)
    for due in by_course.values():
        if len(due) > 1:
            yield due[-2], due[-1]


def _is_missed(view: View, heavy: Heavy) -> bool:
    return heavy.is_overdue(view.now, GRACE_SECONDS)


def _days_past(view: View, heavy: Heavy) -> Evidence:
    days = (view.now - heavy.due_at) // DAY
    return figure("days_past_due", days, "days", threshold=GRACE_SECONDS // DAY, up=True)


def _near(view: View, heavy: Sequence[Heavy]) -> Insight | None:
    """The first that is due within 3 days; a warning only after 5 days without work."""
    ahead = _first_open(view, heavy)
    if ahead is None or ahead.due_at - view.now > NEAR_SECONDS:
        return None
    left = ahead.due_at - view.now
    silent = days_inactive(view)
    return insight(
        "insight.deadline_near",
        {"assessment": name_of_heavy(view, ahead), "hours": max(1, left // _HOUR)},
        area="deadline",
        tone="warning" if silent is not None and silent >= NEAR_WARNS_FROM else "neutral",
        evidence=figure("days_to_deadline", left / DAY, "days", threshold=3, up=False),
    )


def _next(view: View, heavy: Sequence[Heavy]) -> Insight | None:
    """The first that is due within 28 days."""
    ahead = _first_open(view, heavy)
    if ahead is None or ahead.due_at - view.now > NEXT_SECONDS:
        return None
    left = (ahead.due_at - view.now) / DAY
    return insight(
        "insight.deadline_next",
        {"assessment": name_of_heavy(view, ahead)},
        area="deadline",
        tone="neutral",
        evidence=figure("days_to_deadline", left, "days", threshold=28, up=False),
    )


def _first_open(view: View, heavy: Sequence[Heavy]) -> Heavy | None:
    return next((e for e in heavy if e.due_at > view.now and e.is_open(view.now)), None)


def _all_submitted(view: View, heavy: Sequence[Heavy]) -> Insight | None:
    """Two or more were due, and all are in within a day of it; not after 10 days without work."""
    due = [each for each in heavy if each.due_at <= view.now]
    silent = days_inactive(view)
    if len(due) < ALL_IN_MIN or silent is None or silent >= SILENT_DAYS:
        return None
    if not all(each.work.submitted_by(each.due_at + ALL_IN_SECONDS) for each in due):
        return None
    return insight(
        "insight.all_submitted",
        {"count": len(due)},
        area="deadline",
        tone="praise",
        evidence=figure("share_submitted", 100, "percent", threshold=100, up=True),
    )
