"""What is known of a course: dates, marks, modules, assessments, as the stream adopted it."""

from functools import cached_property
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from domain.exact import reaches
from domain.ids import short_id
from domain.scoring import Slot

HEAVY_SHARE: Final = 0.05
_EXAM: Final = "exam"

DAY: Final = 86_400
SETTLING_SECONDS: Final = 7 * DAY
"""Engagement rules say nothing of a learner's first week."""

AttemptRule: TypeAlias = Literal["latest", "best"]


class WeeklyTargets(Struct, frozen=True, kw_only=True):
    """What the course asks for in a week; null where it does not say."""

    active_days: float | None = None
    minutes: float | None = None
    activities: float | None = None


class Module(Struct, frozen=True, kw_only=True):
    """A module; `weight` is relative to the other modules, `release_at` in epoch seconds."""

    id: str
    title: str | None = None
    weight: float = 1.0
    required: bool = True
    release_at: int | None = None


class Assessment(Struct, frozen=True, kw_only=True):
    """An assessment; `weight` is relative to the others, `due_at` in epoch seconds."""

    id: str
    title: str | None = None
    kind: str | None = None
    weight: float = 1.0
    max_score: float | None = None
    due_at: int | None = None
    required: bool = True


class CourseFacts(Struct, frozen=True, kw_only=True, dict=True):
    """All but the id may be missing; what depends on it is then null or has another basis."""

    course_id: str
    series: str | None = None  # what the course is a run of
    title: str | None = None
    starts_at: int | None = None
    ends_at: int | None = None
    breaks: tuple[tuple[int, int], ...] = ()
    timezone: str | None = None
    pass_mark: float | None = None
    attempt_rule: AttemptRule = "latest"
    weekly_targets: WeeklyTargets | None = None
    modules: tuple[Module, ...] = ()
    assessments: tuple[Assessment, ...] = ()

    def running_from(self, at: int, entered_at: int) -> int | None:
        """The first moment from `at` on at which engagement rules run for who entered then.

        They run from day 7 after the start (or the entering, if later) to the end, minus breaks.
        None where that moment never comes.
        """
        settled = max(entered_at, self.starts_at or 0) + SETTLING_SECONDS
        moment = max(at, settled)
        for start, end in self.breaks_in_order:
            if start <= moment < end:
                moment = end
        return None if self.ends_at is not None and moment > self.ends_at else moment

    def later(self, since: int, seconds: int) -> int:
        """The moment at which so many seconds outside the breaks have passed since then."""
        moment, counted = since + seconds, since
        for start, end in self.breaks_in_order:
            begins = max(start, counted)
            if begins < moment and begins < end:
                moment += end - begins
                counted = end
        return moment

    @cached_property
    def breaks_in_order(self) -> list[tuple[int, int]]:
        """The breaks, the earliest first."""
        return sorted(self.breaks)

    @cached_property
    def module_by_short(self) -> dict[int, Module]:
        """Modules by their 32-bit id."""
        return {short_id(module.id): module for module in self.modules}

    @cached_property
    def required_modules_weight(self) -> float:
        """The weight of all required modules."""
        return sum(module.weight for module in self.modules if module.required)

    @cached_property
    def required_assessments_weight(self) -> float:
        """The weight of all required assessments, before any is excused."""
        return sum(fact.weight for fact in self.assessment_by_short.values() if fact.required)

    @cached_property
    def assessment_by_short(self) -> dict[int, Assessment]:
        """Assessments by their 32-bit id."""
        return {short_id(assessment.id): assessment for assessment in self.assessments}

    @cached_property
    def deadlines(self) -> tuple[tuple[int, Assessment, int], ...]:
        """(32-bit id, assessment, due time) of what is required and has a due time."""
        return tuple(
            (short, assessment, assessment.due_at)
            for short, assessment in self.assessment_by_short.items()
            if assessment.required and assessment.due_at is not None
        )

    @property
    def run_of(self) -> str:
        """What the course is a run of; of one that does not say, itself."""
        return self.series or self.course_id

    @cached_property
    def slots(self) -> dict[int, Slot]:
        """Each assessment by its 32-bit id, as the priors of models know it."""
        times = sorted({each.due_at for each in self.assessments if each.due_at is not None})
        numbers = {at: place for place, at in enumerate(times, 1)}
        return {
            short: Slot(
                self.course_id,
                each.id,
                self.run_of,
                None if each.kind is None else each.kind.lower(),
                0 if each.due_at is None else numbers[each.due_at],
            )
            for short, each in self.assessment_by_short.items()
        }

    @cached_property
    def heavy_shares(self) -> dict[int, float]:
        """What weighs, by 32-bit id, with its share of the weight that is required, 0 to 1.

        That is: required, and 5 % or more of the course's weight without its exams. Where all that
        is required weighs the same, weights say nothing: every one of it.
        """
        required = {s: a for s, a in self.assessment_by_short.items() if a.required}
        if len({each.weight for each in required.values()}) <= 1:
            return dict.fromkeys(required, 1 / max(1, len(required)))
        total = sum(a.weight for a in self.assessments if not _is_exam(a))
        return {
            short: each.weight / total
            for short, each in required.items()
            if not _is_exam(each) and total and reaches(each.weight, HEAVY_SHARE * total)
        }

    @cached_property
    def heavy_dues(self) -> tuple[tuple[int, int, Assessment, float], ...]:
        """(due time, 32-bit id, assessment, share) of what weighs and is due, in order of time."""
        return tuple(
            sorted(
                (
                    (fact.due_at, short, fact, share)
                    for short, share in self.heavy_shares.items()
                    if (fact := self.assessment_by_short[short]).due_at is not None
                ),
                key=lambda item: item[:2],
            )
        )


def _is_exam(assessment: Assessment) -> bool:
    return (assessment.kind or "").lower() == _EXAM
