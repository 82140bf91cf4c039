"""The three courses of the simulated learners, laid out around the days that are simulated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MODULES: Final = 20
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An assessment with its due time (epoch seconds) and the skills that it asks for."""

    id: str
    title: str
    kind: str
    weight: int
    max_score: int
    due_at: int
    required: bool
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A course as its learners meet it; times in epoch seconds."""

    id: str
    title: str
    timezone: str
    starts_at: int
    ends_at: int
    pass_mark: int
    attempt_rule: str
    skills: tuple[str, ...]
    weights: tuple[int, ...]
    weekly_release: bool
    weekly_targets: dict[str, int] | None
    assignments: tuple[Assignment, ...]

    def module(self, index: int) -> str:
        """The id of a module, from 0."""
        return f"{self.id}-m{index + 1:02d}"

    def facts(self) -> dict[str, object]:
        """What goes to `courses`."""
        facts: dict[str, object] = {
            "course_id": self.id,
            "title": self.title,
            "starts_at": instant(self.starts_at),
            "ends_at": instant(self.ends_at),
            "timezone": self.timezone,
            "pass_mark": self.pass_mark,
            "attempt_rule": self.attempt_rule,
            "modules": [self._module(index) for index in range(MODULES)],
            "assessments": [_facts(assignment) for assignment in self.assignments],
        }
        if self.weekly_targets:
            facts["weekly_targets"] = self.weekly_targets
        return facts

    def _module(self, index: int) -> dict[str, object]:
        weight = self.weights[index % len(self.weights)]
        module: dict[str, object] = {
            "id": self.module(index),
            "title": f"{self.skills[index % len(self.skills)].capitalize()}, part {index + 1}",
            "weight": weight,
            "required": weight > 0,
        }
        if self.weekly_release:
            length = self.ends_at - self.starts_at
            module["release_at"] = instant(self.starts_at + length * index // (MODULES + 4))
        return module


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    id: str
    title: str
    timezone: str
    pass_mark: int
    attempt_rule: str
    skills: tuple[str, ...]
    weights: tuple[int, ...]
    weekly_release: bool
    weekly_targets: dict[str, int] | None
    kinds: Sequence[tuple[str, int, int]]  # kind, weight, max_score


_PLANS: Final = (
    _Plan(
        id="python-basics",
        title="Programming in Python",
        timezone="Europe/London",
        pass_mark=60,
        attempt_rule="best",
        skills=("variables", "loops", "functions", "files", "classes"),
        weights=(1,),
        weekly_release=False,
        weekly_targets=None,
        kinds=(("quiz", 10, 20), ("assignment", 15, 100), ("quiz", 10, 20), ("assignment", 15, 100))
        * 2,
    ),
    _Plan(
        id="statistics-1",
        title="Statistics I",
        timezone="America/New_York",
        pass_mark=50,
        attempt_rule="latest",
        skills=("probability", "sampling", "inference", "regression"),
        weights=(1, 1, 2, 1, 0),
        weekly_release=True,
        weekly_targets={"active_days": 4, "minutes": 150, "activities": 25},
        kinds=(("quiz", 10, 10), ("homework", 20, 40), ("midterm", 30, 100), ("homework", 40, 40)),
    ),
    _Plan(
        id="academic-writing",
        title="Academic Writing",
        timezone="Asia/Tokyo",
        pass_mark=40,
        attempt_rule="latest",
        skills=("structure", "sources", "style"),
        weights=(1, 2),
        weekly_release=False,
        weekly_targets=None,
        kinds=(("essay", 40, 100), ("peer review", 0, 10), ("essay", 60, 100)),
    ),
)


def demo_courses(first: datetime, days: int) -> tuple[Course, ...]:
    """Two courses that run on three weeks after the simulated days, and a short one that ends."""
    lengths = (days + 21, days + 21, max(5, days * 3 // 5))
    return tuple(_course(plan, first, length) for plan, length in zip(_PLANS, lengths, strict=True))


def instant(at: int) -> str:
    """Epoch seconds as RFC 3339, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime(_FORMAT)


def _course(plan: _Plan, first: datetime, length: int) -> Course:
    zone = ZoneInfo(plan.timezone)
    start = datetime(first.year, first.month, first.day, tzinfo=zone)
    assignments = tuple(_assignment(plan, index, start, length) for index in range(len(plan.kinds)))
    return Course(
        id=plan.id,
        title=plan.title,
        timezone=plan.timezone,
        starts_at=int(start.timestamp()),
        ends_at=int((start + timedelta(days=length)).timestamp()),
        pass_mark=plan.pass_mark,
        attempt_rule=plan.attempt_rule,
        skills=plan.skills,
        weights=plan.weights,
        weekly_release=plan.weekly_release,
        weekly_targets=plan.weekly_targets,
        assignments=assignments,
    )


def _assignment(plan: _Plan, index: int, start: datetime, length: int) -> Assignment:
    kind, weight, max_score = plan.kinds[index]
    day = length * (index + 1) // (len(plan.kinds) + 1)
    due = (start + timedelta(days=day)).replace(hour=23, minute=59)
    skill, following = (plan.skills[(index + step) % len(plan.skills)] for step in (0, 1))
    return Assignment(
        id=f"{plan.id}-a{index + 1}",
        title=f"{kind.capitalize()} {index + 1}",
        kind=kind,
        weight=weight,
        max_score=max_score,
        due_at=int(due.timestamp()),
        required=weight > 0,
        skills=(skill, following),
    )


def _facts(assignment: Assignment) -> dict[str, object]:
    return {
        "id": assignment.id,
        "title": assignment.title,
        "kind": assignment.kind,
        "weight": assignment.weight,
        "max_score": assignment.max_score,
        "due_at": instant(assignment.due_at),
        "required": assignment.required,
    }
