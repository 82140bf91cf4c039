"""What came of the learners: outcomes, weeks in a course, and the scores that came next."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Final, NamedTuple

import msgspec

from domain.course_facts import CourseFacts
from domain.ids import short_id
from domain.keepers.days import local_day

_DAYS_A_WEEK: Final = 7


class Seen(msgspec.Struct):
    """The fields of an event that the judging looks at."""

    user_id: int
    type: str
    course_id: str
    occurred_at: datetime
    assessment_id: str = ""
    score: float = 0.0
    banked: bool = False
    outcome: str = ""


class Score(NamedTuple):
    """One counted score; `day` is an ordinal."""

    course_id: str
    assessment_id: str
    percent: float
    day: int


@dataclass(slots=True)
class Stay:
    """When a learner entered a course and left it, as ordinals."""

    entered: int
    left: int | None = None


@dataclass(slots=True)
class Truth:
    """All that is known in hindsight of the learners of these courses."""

    facts: dict[str, CourseFacts]
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    stays: dict[tuple[str, str], Stay] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    scores: dict[str, list[Score]] = field(default_factory=lambda: defaultdict(list))
    _decode: "msgspec.json.Decoder[Seen]" = field(
        default_factory=lambda: msgspec.json.Decoder(Seen)
    )
    _present: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    _expected: dict[str, float] = field(default_factory=dict)

    def take(self, value: bytes) -> int:
        """Note one event; returns its day."""
        seen = self._decode.decode(value)
        day = seen.occurred_at.toordinal()
        user, course = str(seen.user_id), seen.course_id
        match seen.type:
            case "enrolled":
                stay = self.stays.setdefault((course, user), Stay(day))
                stay.entered = min(stay.entered, day)
                self.members[course].add(user)
            case "unenrolled":
                self.stays.setdefault((course, user), Stay(day)).left = day
            case "course_finished":
                self.outcomes[course, user] = seen.outcome
            case "assessment_graded" if self._counts(seen):
                percent = max(0.0, min(seen.score, 100.0))
                self.scores[user].append(Score(course, seen.assessment_id, percent, day))
        return day

    def passed(self, course_id: str, user: str) -> bool:
        """Whether the learner passed the course."""
        return self.outcomes.get((course_id, user)) == "passed"

    def passing(self, course_id: str | None, user: str, day: int) -> float | None:
        """The same as 0 or 1; without a course, the share of those that ran on that day."""
        if course_id is not None:
            return float(self.passed(course_id, user))
        found = [
            float(self.passed(course, user))
            for course in self.members
            if user in self.members[course] and self._runs(course, day)
        ]
        return fmean(found) if found else None

    def others_passing(self, course_id: str, user: str, day: int) -> float | None:
        """The share that passes of all others in the course on that day; None: there are none."""
        if (course_id, day) not in self._present:
            stays = ((u, self.stays[course_id, u]) for u in self.members[course_id])
            self._present[course_id, day] = {
                u for u, s in stays if s.entered <= day and (s.left is None or s.left > day)
            }
        others = self._present[course_id, day] - {user}
        return fmean(self.passed(course_id, u) for u in others) if others else None

    def weeks(self, course_id: str) -> float:
        """Learner-weeks of a course: from max(enrolment, start) to min(unenrolment, end)."""
        first, last = self.span(course_id)
        days = 0
        for user in self.members[course_id]:
            stay = self.stays[course_id, user]
            until = last if stay.left is None else min(stay.left, last)
            days += max(0, until - max(stay.entered, first))
        return days / _DAYS_A_WEEK

    def span(self, course_id: str) -> tuple[int, int]:
        """A course's first and last day, as ordinals."""
        facts = self.facts[course_id]
        assert facts.starts_at is not None
        assert facts.ends_at is not None
        return day_of(facts.starts_at), day_of(facts.ends_at)

    def next_score(self, user: str, courses: set[str], day: int) -> Score | None:
        """The first counted score in these courses after that day; None where none came."""
        later = (s for s in self.scores[user] if s.day > day and s.course_id in courses)
        return next(later, None)

    def residual(self, score: Score) -> float:
        """A score less the mean of all scores of its assessment."""
        if not self._expected:
            sums: dict[str, list[float]] = defaultdict(list)
            for each in self.scores.values():
                for one in each:
                    sums[one.assessment_id].append(one.percent)
            self._expected.update({name: fmean(found) for name, found in sums.items()})
        return score.percent - self._expected[score.assessment_id]

    def _counts(self, seen: Seen) -> bool:
        fact = self.facts[seen.course_id].assessment_by_short.get(short_id(seen.assessment_id))
        return not seen.banked and (fact is None or fact.weight > 0)

    def _runs(self, course_id: str, day: int) -> bool:
        first, last = self.span(course_id)
        return first <= day <= last


def day_of(at: int) -> int:
    """The day of an instant, as an ordinal."""
    return local_day(at, "UTC")
