"""How far a learner is in a course: by weight of modules, or of assessments without any.

Counts and percent are of the same units: what the course has and requires of this learner.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.course_facts import CourseFacts
from domain.keepers.coursework import assigned, is_excused, submitted
from domain.state.course import Course

Basis: TypeAlias = Literal["modules", "assessments", "none"]


class Progress(NamedTuple):
    """Weight done of the weight that is required; `percent` is None where nothing is known."""

    basis: Basis
    done: float
    total: float
    modules_completed: int
    total_modules: int | None

    @property
    def percent(self) -> float | None:
        """100 x done / total."""
        return percent_done(self.done, self.total)


class UnitDone(NamedTuple):
    """A required module was completed, or a required assessment submitted, or it was taken back.

    `weight` is negative where a module was reopened.
    """

    at: int
    day: int
    weight: float


def percent_done(done: float, total: float) -> float | None:
    """100 x done / total; None where nothing is required."""
    return 100.0 * done / total if total else None


def done_modules(course: Course) -> set[int]:
    """Short ids of the modules that are completed in this run."""
    done: dict[int, bool] = {}
    for fact in course.modules:
        if course.covers(fact.at):
            done[fact.short] = fact.done
    return {short for short, is_done in done.items() if is_done}


def course_progress(course: Course, facts: CourseFacts | None) -> Progress:
    """Where the learner stands in one course."""
    completed = done_modules(course)
    if facts is None:
        return Progress("none", 0.0, 0.0, len(completed), None)
    required = {s: m.weight for s, m in facts.module_by_short.items() if m.required}
    count = len(completed & required.keys())
    modules = len(required) if facts.modules else None
    total = facts.required_modules_weight
    if total:
        done = sum(required[short] for short in sorted(completed & required.keys()))
        return Progress("modules", done, total, count, modules)
    wanted = [each for each in assigned(course, facts) if each.required]
    total = sum(each.fact.weight for each in wanted)
    done = sum(e.fact.weight for e in wanted if submitted(course, e.work) is not None)
    return Progress("assessments" if total else "none", done, total, count, modules)


def required_weight(course: Course, facts: CourseFacts) -> float:
    """The weight of what is required: of modules, or of assessments without any."""
    if facts.required_modules_weight:
        return facts.required_modules_weight
    if not any(work.excuses for work in course.work):
        return facts.required_assessments_weight
    return sum(each.fact.weight for each in assigned(course, facts) if each.required)


def counting_units(course: Course, facts: CourseFacts | None) -> list[UnitDone]:
    """The units of this run that progress counts, in order of time: modules, else assessments.

    A module that was reopened stands there once more, with weight < 0. Without facts every
    assessment is one unit of weight 1.
    """
    own = _module_units if by_modules(facts) else _assessment_units
    return sorted(own(course, facts), key=_at)


def standing_units(course: Course, facts: CourseFacts | None) -> list[UnitDone]:
    """The required units that are done now, each when it was done; in order of time."""
    done = done_modules(course)
    newest = dict(_module_facts(course, facts))
    modules = (unit for short, unit in newest.items() if short in done)
    units = [*modules, *_assessment_units(course, facts)]
    units.sort(key=_at)
    return units


def peak_percent(course: Course, facts: CourseFacts | None) -> float:
    """The highest percent that the run came to, also where a module was reopened later."""
    if facts is None:
        return 0.0
    weights = (unit.weight for unit in counting_units(course, facts))
    peak = max(accumulate(weights), default=0.0)
    return percent_done(peak, required_weight(course, facts)) or 0.0


def by_modules(facts: CourseFacts | None) -> bool:
    """Whether progress is by modules: the course has required ones of some weight."""
    return facts is not None and facts.required_modules_weight > 0


_WEIGHT_UNKNOWN: Final = 1.0


def _module_units(course: Course, facts: CourseFacts | None) -> Iterable[UnitDone]:
    return (unit for _, unit in _module_facts(course, facts))


def _module_facts(course: Course, facts: CourseFacts | None) -> Iterator[tuple[int, UnitDone]]:
    """Each change of a required module, by its short id."""
    known = {} if facts is None else facts.module_by_short
    done: set[int] = set()
    for fact in course.modules:
        module = known.get(fact.short)
        if not course.covers(fact.at) or fact.done == (fact.short in done):
            continue
        if facts is not None and (module is None or not module.required):
            continue
        weight = _WEIGHT_UNKNOWN if module is None else module.weight
        yield (
            fact.short,
            UnitDone(fact.at, fact.day, weight if fact.done else -weight),
        )
        (done.add if fact.done else done.discard)(fact.short)


def _assessment_units(course: Course, facts: CourseFacts | None) -> Iterator[UnitDone]:
    if facts is None:
        for work in course.work:
            first = submitted(course, work)
            if first is not None:
                yield UnitDone(first.at, first.day, _WEIGHT_UNKNOWN)
        return
    done = {work.short: work for work in course.work}
    for short, fact in facts.assessment_by_short.items() if done else ():
        own = done.get(short)
        if own is None or not fact.required or is_excused(course, own):
            continue
        first = submitted(course, own)
        if first is not None:
            yield UnitDone(first.at, first.day, fact.weight)


def _at(unit: UnitDone) -> int:
    return unit.at
