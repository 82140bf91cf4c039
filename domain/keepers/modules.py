"""Modules: completed and reopened, each in a short history of its own."""

from itertools import pairwise

from domain.ids import short_id
from domain.keepers import days
from domain.state.course import (
    Course,
    ModuleFact,
)
from domain.state.history import insert
from domain.state.learner import Learner
from domain.state.limits import (
    MODULE_FACTS_MAX,
    MODULES_MAX,
)


def take(state: Learner, course: Course, module_id: str, day: int, at: int, *, done: bool) -> None:
    """Take a completion (`done`) or a reopening on a local day."""
    fact = ModuleFact(short_id(module_id), at, day, done)
    known = {each.short for each in course.modules}
    if fact.short not in known and len(known) >= MODULES_MAX:
        state.overflow.modules += 1
        return
    before = _completed_on(course, fact.short)
    insert(course.modules, fact)
    _trim(state, course, fact.short)
    after = _completed_on(course, fact.short)
    if before != after:
        _count(state, before, -1)
        _count(state, after, 1)


def _completed_on(course: Course, short: int) -> int:
    """The day of the completion that stands: the first one behind the newest reopening; 0: none."""
    day = 0
    for fact in course.modules:
        if fact.short == short:
            day = (day or fact.day) if fact.done else 0
    return day


def _trim(state: Learner, course: Course, short: int) -> None:
    """Keep four facts of a module, the newest always: what says least about the others goes first.

    That is a reopening before another one, then a completion behind another one, then the oldest.
    """
    facts = [fact for fact in course.modules if fact.short == short]
    if len(facts) <= MODULE_FACTS_MAX:
        return
    reopened = [fact for fact, behind in pairwise(facts) if not fact.done and not behind.done]
    completed = [fact for before, fact in pairwise(facts[:-1]) if before.done and fact.done]
    state.overflow.modules += not (reopened or completed)
    course.modules.remove([*reopened, *completed, facts[0]][0])


def _count(state: Learner, day: int, sign: int) -> None:
    bucket = days.find(state, day)
    if bucket is not None:
        bucket.modules += sign
