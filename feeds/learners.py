"""Believable learners: four temperaments, each learner's days drawn from a seed of its own."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from feeds.demo_courses import MODULES, Assignment, Course

DAY: Final = 86_400
MODULE_VIEWS_A_DAY: Final = 0.28  # so that a steady learner of one course is done near the end
MODULE_VIEWS_MIN: Final = 2
SUBMISSIONS_MAX: Final = 2
POSTS_OF_FORUM_VISITS: Final = 0.5
MODULES_REOPENED: Final = 0.01
TRIES_AGAIN: Final = 0.5
HAS_GOALS: Final = 0.5
GIVES_UP_GOAL: Final = 0.3
_TEXT_ID, _WITHOUT_ZONE, _WITHOUT_SESSIONS = 9, 7, 2  # remainders: sources differ in what they say
_ZONES: Final = (
    "Europe/London",
    "America/New_York",
    "Asia/Tokyo",
    "Europe/Berlin",
    "Australia/Sydney",
    "America/Los_Angeles",
    "Asia/Kolkata",
)
_KINDS: Final = ("video", "page", "page", "quiz", "file", "forum")
_GOALS: Final = (
    ("weekly_minutes", 180),
    ("weekly_activities", 25),
    ("average_score", 75),
    ("streak_days", 7),
    ("course_progress", 100),
)

# An event before it has its learner, id and encoding: its time and its own fields.
Moment: TypeAlias = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """How a learner works; rates per day, scores in percent."""

    name: str
    active_first: float  # chance to work on a day at the beginning
    active_last: float  # and at the end
    cramming: float  # how much a deadline within three days adds to that chance
    minutes: float  # median length of a session
    score: float  # mean score at the beginning
    score_change: float  # points gained or lost until the end
    skips: float  # chance to leave an assessment out
    lead_days: float  # how long before the due time work is submitted; under 0 is late


TEMPERAMENTS: Final = (
    Temperament(
        name="steady", active_first=0.75, active_last=0.72, cramming=0.15, minutes=38, score=74,
        score_change=8, skips=0.02, lead_days=1.5,
    ),
    Temperament(
        name="cramming", active_first=0.22, active_last=0.25, cramming=0.7, minutes=75, score=66,
        score_change=0, skips=0.08, lead_days=0.1,
    ),
    Temperament(
        name="fading", active_first=0.7, active_last=0.04, cramming=0.1, minutes=32, score=70,
        score_change=-18, skips=0.3, lead_days=0.5,
    ),
    Temperament(
        name="failing", active_first=0.4, active_last=0.3, cramming=0.25, minutes=22, score=46,
        score_change=-16, skips=0.2, lead_days=-0.6,
    ),
)  # fmt: skip


@dataclass(slots=True)
class Study:
    """A learner in one course."""

    course: Course
    entered_at: int
    left_at: int | None = None
    views: int = 0
    done: int = 0
    scores: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Learner:
    """One learner; `day` gives its events of a local day, in no order."""

    user_id: int | str
    temperament: Temperament
    zone: ZoneInfo
    says_zone: bool
    says_sessions: bool
    habit_hour: float
    studies: list[Study]
    chance: random.Random
    weekday_factor: tuple[float, ...]
    days: int
    first: date
    planned: dict[date, list[Moment]] = field(default_factory=dict)
    sessions: int = 0
    numbered: int = 0

    def day(self, day: date) -> Iterator[Moment]:
        """What the learner does on a local day."""
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp())
        open_now = [study for study in self.studies if _open(study, midnight)]
        if open_now and self._works(day, midnight, open_now):
            yield from self._session(midnight, open_now)
        yield from self.planned.pop(day, ())

    def plan(self, moment: Moment) -> None:
        """Let it happen on its own local day."""
        self.planned.setdefault(datetime.fromtimestamp(moment[0], self.zone).date(), []).append(
            moment
        )

    def progress(self, at: date) -> float:
        """0 at the first simulated day, 1 at the last."""
        return min(1.0, max(0.0, (at - self.first).days / max(1, self.days)))

    @property
    def views_per_module(self) -> int:
        """How much there is to look at in a module."""
        return max(MODULE_VIEWS_MIN, round(self.days * MODULE_VIEWS_A_DAY))

    def _works(self, day: date, midnight: int, open_now: list[Study]) -> bool:
        how = self.temperament
        part = self.progress(day)
        likely = how.active_first + (how.active_last - how.active_first) * part
        likely *= self.weekday_factor[day.weekday()]
        if any(_due_within(study.course, midnight, 3 * DAY) for study in open_now):
            likely += how.cramming
        return self.chance.random() < likely

    def _session(self, midnight: int, open_now: list[Study]) -> Iterator[Moment]:
        chance = self.chance
        study = chance.choice(open_now)
        hour = min(23.0, max(0.0, chance.gauss(self.habit_hour, 1.6)))
        at = max(midnight + int(hour * 3600) + chance.randrange(60), study.entered_at + 60)
        until = at + int(60 * min(240, self.temperament.minutes * math.exp(chance.gauss(0, 0.45))))
        own: dict[str, Any] = {}
        if self.says_sessions:
            self.sessions += 1
            own["session_id"] = f"{self.user_id}-s{self.sessions}"
            yield at, {"type": "session_started", **own}
            at += chance.randrange(2, 20)
        while at < until:
            for moment in self._step(study, at):
                moment[1].update(own)
                yield moment
                at = max(at, moment[0] + int(moment[1].get("duration_seconds", 0)))
            at += chance.randrange(5, 90)
        if self.says_sessions:
            yield at, {"type": "session_ended", **own}

    def _step(self, study: Study, at: int) -> Iterator[Moment]:
        chance, course = self.chance, study.course
        module = min(study.done, MODULES - 1)
        kind = chance.choice(_KINDS)
        spent = min(3_600, int(240 * math.exp(chance.gauss(0, 0.8))) + 15)
        number = study.views % self.views_per_module
        study.views += 1
        yield (
            at,
            {
                "type": "content_viewed",
                "course_id": course.id,
                "module_id": course.module(module),
                "content_id": f"{course.module(module)}-{kind}-{number}",
                "content_kind": kind,
                "duration_seconds": spent,
            },
        )
        at += spent + chance.randrange(1, 8)
        if kind == "quiz":
            yield from self._answers(study, module, at)
        elif kind == "forum" and chance.random() < POSTS_OF_FORUM_VISITS:
            self.numbered += 1
            post = f"{self.user_id}-p{self.numbered}"
            yield at, {"type": "discussion_posted", "course_id": course.id, "post_id": post}
        if number == self.views_per_module - 1 and study.done < MODULES:
            own = {"course_id": course.id, "module_id": course.module(study.done)}
            yield at + 60, {"type": "module_completed", **own}
            study.done += 1
            if chance.random() < MODULES_REOPENED:
                yield at + 90, {"type": "module_reopened", **own}
                yield at + 150, {"type": "module_completed", **own}

    def _answers(self, study: Study, module: int, at: int) -> Iterator[Moment]:
        course = study.course
        likely = min(0.97, max(0.2, self.temperament.score / 100))
        for question in range(self.chance.randrange(2, 6)):
            yield (
                at,
                {
                    "type": "question_answered",
                    "course_id": course.id,
                    "question_id": f"{course.module(module)}-q{question + 1}",
                    "skills": [course.skills[module % len(course.skills)]],
                    "correct": self.chance.random() < likely,
                },
            )
            at += self.chance.randrange(12, 60)


def a_learner(
    seed: int, index: int, courses: tuple[Course, ...], first: date, days: int
) -> Learner:
    """The learner with this number, the same however many others there are."""
    chance = random.Random(f"learnstream {seed} learner {index}")  # noqa: S311 - not for secrets
    # The first one is there for demonstrations: a history worth looking at, at any seed.
    how = TEMPERAMENTS[0] if index == 0 else chance.choices(TEMPERAMENTS, (45, 20, 20, 15))[0]
    number = 1_000 + index
    learner = Learner(
        user_id=f"learner-{number}" if index % 10 == _TEXT_ID else number,
        temperament=how,
        zone=ZoneInfo(_ZONES[index % len(_ZONES)]),
        says_zone=index % 8 != _WITHOUT_ZONE,
        says_sessions=index % 3 != _WITHOUT_SESSIONS,
        habit_hour=chance.choice((8.5, 13.0, 18.5, 20.5)),
        studies=[],
        chance=chance,
        weekday_factor=tuple(chance.uniform(0.75, 1.2) for _ in range(7)),
        days=days,
        first=first,
    )
    taken = courses[:2] if index == 0 else chance.sample(courses, chance.choice((1, 1, 2, 2, 3)))
    for course in taken:
        _enter(learner, course)
    if index == 0 or chance.random() < HAS_GOALS:
        _aim(learner)
    return learner


def look_in(learner: Learner, until: int) -> None:
    """Let the learner have worked shortly before `until`, so that a demonstration shows today."""
    course, zone = learner.studies[0].course, learner.zone
    today = datetime.fromtimestamp(until, zone)
    midnight = int(today.replace(hour=0, minute=0, second=0).timestamp())
    own = {"course_id": course.id}
    first = max(midnight, until - 1_500)
    view = {**own, "content_id": f"{course.id}-summary", "content_kind": "page"}
    learner.plan((first, {"type": "content_viewed", **view, "duration_seconds": 420}))
    for number in range(3):
        answer = {**own, "question_id": f"{course.id}-review-q{number + 1}", "correct": True}
        answer["skills"] = [course.skills[0]]
        learner.plan(
            (max(first, until - 900 + 40 * number), {"type": "question_answered", **answer})
        )


def _enter(learner: Learner, course: Course) -> None:
    chance = learner.chance
    entered = course.starts_at + chance.randrange(DAY)
    study = Study(course, entered)
    learner.studies.append(study)
    learner.plan((entered, {"type": "enrolled", "course_id": course.id}))
    leaves = {"fading": 0.3, "failing": 0.15}.get(learner.temperament.name, 0.0)
    last = course.ends_at
    if chance.random() < leaves:
        study.left_at = last = entered + int(learner.days * DAY * chance.uniform(0.5, 0.95))
        learner.plan((last, {"type": "unenrolled", "course_id": course.id}))
    for assignment in course.assignments:
        _sit(learner, study, assignment, last)
    if study.left_at is None:
        mean = sum(study.scores) / len(study.scores) if study.scores else 0.0
        outcome = "passed" if mean >= course.pass_mark else "failed"
        own = {"type": "course_finished", "course_id": course.id, "outcome": outcome}
        learner.plan((last + 2 * DAY + chance.randrange(DAY), own))


def _sit(learner: Learner, study: Study, assignment: Assignment, last: int) -> None:
    chance, how = learner.chance, learner.temperament
    if chance.random() < how.skips:
        return
    handed_in = assignment.due_at - int(DAY * chance.gauss(how.lead_days, 0.5)) - 3_600
    common = {"course_id": study.course.id, "assessment_id": assignment.id}
    for attempt in range(1, SUBMISSIONS_MAX + 1):
        handed_in = max(handed_in, study.entered_at + 3_600)
        if handed_in >= last:
            return
        part = learner.progress(datetime.fromtimestamp(handed_in, learner.zone).date())
        mean = how.score + how.score_change * part + 6 * (attempt - 1)
        percent = min(100.0, max(0.0, chance.gauss(mean, 9)))
        own = {**common, "attempt": attempt}
        learner.plan((handed_in, {"type": "assessment_submitted", **own}))
        released = handed_in + (60 if assignment.kind == "quiz" else chance.randrange(DAY, 4 * DAY))
        learner.plan((released, _grade(own, study, assignment, percent, handed_in)))
        study.scores.append(percent)
        if percent >= study.course.pass_mark or chance.random() < TRIES_AGAIN:
            return
        handed_in = released + chance.randrange(DAY, 2 * DAY)


def _grade(
    own: dict[str, Any], study: Study, assignment: Assignment, percent: float, handed_in: int
) -> dict[str, Any]:
    return {
        "type": "assessment_graded",
        **own,
        "score": round(percent * assignment.max_score / 100, 1),
        "max_score": assignment.max_score,
        "passed": percent >= study.course.pass_mark,
        "submitted_at": handed_in,  # made an instant when the event is written
        "skills": list(assignment.skills),
    }


def _aim(learner: Learner) -> None:
    chance, study = learner.chance, learner.studies[0]
    at = study.entered_at + chance.randrange(3_600, DAY)
    for number, (metric, target) in enumerate(chance.sample(_GOALS, 2), 1):
        goal = f"{learner.user_id}-g{number}"
        own: dict[str, Any] = {"goal_id": goal, "metric": metric, "target": target}
        if metric == "course_progress":
            own["course_id"] = study.course.id
            own["due_at"] = study.course.ends_at
        learner.plan((at, {"type": "goal_set", **own}))
        if number > 1 and chance.random() < GIVES_UP_GOAL:
            learner.plan((at + 5 * DAY, {"type": "goal_removed", "goal_id": goal}))
        at += 300


def _open(study: Study, at: int) -> bool:
    course = study.course
    last = study.left_at or course.ends_at
    return study.entered_at < at + DAY <= last


def _due_within(course: Course, at: int, seconds: int) -> bool:
    return any(at <= item.due_at <= at + seconds for item in course.assignments)
