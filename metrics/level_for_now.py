"""The level against what is due by now; a course is not at its end to everybody all the time.

As the level itself it depends on those before it, so it is found by going through due times,
submissions and scores in order of event time.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

from domain.keepers.progress import done_modules
from domain.state.course import Course
from metrics.assessments import dues
from metrics.levels import Level, level_now
from metrics.schedule import due_by
from metrics.view import View, once

_Basis: TypeAlias = Literal["modules", "assessments"]


class _Change(NamedTuple):
    """At a moment a pool of courses has more weight due, or more of it done, or a score came."""

    at: int
    pool: int
    due: float = 0.0
    done: float = 0.0
    score: float | None = None


@once
def level_for_now(view: View) -> Level | None:
    """The level over all active courses, by the weight due and done; None before anything is due.

    Of each course its required modules count, where it is known when they are due; else its
    required assessments. Courses of one basis are pooled by weight; weights of different bases
    have no common unit, so that there each course is a pool of its own.
    """
    pools = len(view.courses) if len({_basis(view, each) for each in view.courses}) > 1 else 1
    changes = [
        c for n, course in enumerate(view.courses) for c in _changes(view, course, n % pools)
    ]
    changes.sort(key=_at)
    due, done = [0.0] * pools, [0.0] * pools
    total, count, found = 0.0, 0, None
    for _, together in groupby(changes, key=_at):
        for change in together:
            due[change.pool] += change.due
            done[change.pool] += change.done
            if change.score is not None:
                total, count = total + change.score, count + 1
        average = total / count if count else None
        found = level_now(_percent(due, done), average, found) or found
    return found


def _percent(due: list[float], done: list[float]) -> float | None:
    """Percent done of what is due: the mean of the pools in which anything is."""
    known = [100 * of / weight for weight, of in zip(due, done, strict=True) if weight > 0]
    return sum(known) / len(known) if known else None


def _basis(view: View, course: Course) -> _Basis:
    return "modules" if due_by(view, course.course_id) else "assessments"


def _changes(view: View, course: Course, pool: int) -> Iterator[_Change]:
    own = _modules if _basis(view, course) == "modules" else _assessments
    yield from own(view, course, pool)
    for score in view.course_scores[course.course_id]:
        yield _Change(score.at, pool, score=score.percent)


def _assessments(view: View, course: Course, pool: int) -> Iterator[_Change]:
    """Each required assessment at its due time, and when it was done, if that was later."""
    for each in dues(view):
        if each.course is not course or each.due_at > view.now:
            continue
        weight = each.fact.weight
        yield _Change(each.due_at, pool, due=weight)
        if each.submitted_at is not None:
            yield _Change(max(each.submitted_at, each.due_at), pool, done=weight)


def _modules(view: View, course: Course, pool: int) -> Iterator[_Change]:
    """The same of modules, of which the newest completion counts."""
    facts = view.facts[course.course_id]
    done_at = _completed_at(course)
    for short, due_at in due_by(view, course.course_id).items():
        if not course.enrolled_at <= due_at <= view.now:
            continue
        weight = facts.module_by_short[short].weight
        yield _Change(due_at, pool, due=weight)
        if short in done_at:
            yield _Change(max(done_at[short], due_at), pool, done=weight)


def _completed_at(course: Course) -> dict[int, int]:
    """When each module that is done was completed; one that was reopened is not done."""
    done = done_modules(course)
    return {fact.short: fact.at for fact in course.modules if fact.short in done and fact.done}


def _at(change: _Change) -> int:
    return change.at
