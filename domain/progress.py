"""How far a learner is in a course: by weight of modules, or of assessments without any."""

from typing import Literal, NamedTuple, TypeAlias

from domain.course_facts import CourseFacts
from domain.state import Course, Work

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
        return 100 * self.done / self.total if self.total else None


def course_progress(course: Course, facts: CourseFacts | None) -> Progress:
    """Where the learner stands in one open course."""
    completed = len(course.modules)
    if facts is None:
        return Progress("none", 0.0, 0.0, completed, None)
    total = sum(module.weight for module in facts.modules if module.required)
    if total:
        modules = facts.module_by_short
        done = sum(
            modules[short].weight
            for short in course.modules
            if short in modules and modules[short].required
        )
        return Progress("modules", done, total, completed, len(facts.modules))
    return _by_assessments(course, facts, completed)


def is_submitted(work: Work) -> bool:
    """Whether anything was handed in: a submission, or a grade whose submission was never seen."""
    return bool(work.submitted_first or work.grades)


def _by_assessments(course: Course, facts: CourseFacts, completed: int) -> Progress:
    total = sum(a.weight for a in facts.assessments if a.required)
    modules = len(facts.modules) if facts.modules else None
    if not total:
        return Progress("none", 0.0, 0.0, completed, modules)
    submitted = {work.short for work in course.work if is_submitted(work)}
    done = sum(
        fact.weight
        for short, fact in facts.assessment_by_short.items()
        if fact.required and short in submitted
    )
    return Progress("assessments", done, total, completed, modules)
