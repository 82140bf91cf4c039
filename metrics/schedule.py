"""Whether what was due is done: by the heavy work, and by modules where their release is known."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.course_facts import DAY
from domain.exact import reaches
from domain.keepers.progress import done_modules
from domain.state.course import Course
from metrics.assessments import Heavy, heavy_work
from metrics.view import View, once

Schedule: TypeAlias = Literal["ahead", "on_track", "behind", "unknown"]

GRACE_SECONDS: Final = 2 * DAY
"""So long after its due time, open work puts a learner behind."""
EARLY_SECONDS: Final = 7 * DAY
MODULES_SHARE: Final = 0.9  # of the weight of the modules that are due


class DueModules(NamedTuple):
    """The weight of a course's required modules that are due, and of those of them done."""

    due: float
    done: float


def schedule(view: View, course: Course | None) -> Schedule:
    """Where the learner stands in a course, or in all open ones together where it is None.

    Behind: heavy work is open 48 hours after its due time, or under 90 % of the due modules are
    done. Ahead: heavy work that is due in 7 days or more is in, and nothing is overdue. On track:
    something was due, and it is neither. Unknown before anything is due.
    """
    courses = view.courses if course is None else [course]
    heavy = [each for each in heavy_work(view) if each.course in courses]
    modules = [due_modules(view, each) for each in courses]
    open_due = [each for each in heavy if each.is_overdue(view.now)]
    lagging = any(not reaches(each.done, MODULES_SHARE * each.due) for each in modules)
    if lagging or any(each.is_overdue(view.now, GRACE_SECONDS) for each in open_due):
        return "behind"
    if not open_due and _is_early(view, heavy):
        return "ahead"
    was_due = any(each.due_at <= view.now for each in heavy) or any(each.due for each in modules)
    return "on_track" if was_due else "unknown"


@once
def due_by(view: View, course_id: str) -> dict[int, int]:
    """When each required module of a course is due, by its short id; only of those known.

    Modules have no due time of their own: one that was released is due when the next one is
    released, and the last ones at the course's end.
    """
    facts = view.facts.get(course_id)
    if facts is None or not facts.required_modules_weight:
        return {}
    released = {
        short: module.release_at
        for short, module in facts.module_by_short.items()
        if module.required and module.release_at is not None
    }
    times = sorted(set(released.values()))
    following: dict[int, int | None] = dict(pairwise(times))
    found = {}
    for short, released_at in released.items():
        due_at = following.get(released_at, facts.ends_at)
        if due_at is not None:
            found[short] = due_at
    return found


def due_modules(view: View, course: Course) -> DueModules:
    """The modules that are due by now, without those due before the enrolment."""
    facts = view.facts.get(course.course_id)
    due = _due_now(view, course)
    if facts is None or not due:
        return DueModules(0.0, 0.0)
    done = done_modules(course)
    weights = {short: facts.module_by_short[short].weight for short in due}
    return DueModules(
        sum(weights.values()), sum(w for short, w in weights.items() if short in done)
    )


def _due_now(view: View, course: Course) -> list[int]:
    known = due_by(view, course.course_id)
    return [short for short, at in known.items() if course.enrolled_at <= at <= view.now]


def _is_early(view: View, heavy: Sequence[Heavy]) -> bool:
    """Whether something is in that is due in 7 days or more."""
    return any(
        each.due_at >= view.now + EARLY_SECONDS and not each.is_open(view.now) for each in heavy
    )
