"""What came of the learners: outcomes, weeks in a course, and the scores that came next."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Final, NamedTuple

import msgspec

from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from domain.events.decode import Rejected
from domain.ids import short_id
from domain.keepers.days import local_day
from feeds.oulad import Oulad

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
    courses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    scores: dict[str, list[Score]] = field(default_factory=lambda: defaultdict(list))
    clicked_until: dict[str, int] = field(default_factory=dict)
    """A course's last day with clicks, as an ordinal; one without any is not in it."""
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
                self.courses[user].append(course)
            case "content_viewed":
                self.clicked_until[course] = max(self.clicked_until.get(course, day), day)
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

    def present(self, course_id: str, day: int) -> set[str]:
        """Who was in the course on that day: entered, and not left by its end."""
        found = self._present.get((course_id, day))
        if found is None:
            stays = ((user, self.stays[course_id, user]) for user in self.members[course_id])
            found = self._present[course_id, day] = {
                user
                for user, stay in stays
                if stay.entered <= day and (stay.left is None or stay.left > day)
            }
        return found

    def with_scores(self, users: set[str], least: int, day: int) -> set[str]:
        """Those of these learners who have so many counted scores by the end of that day."""
        if not least:
            return users
        return {user for user in users if self._scores_by(user, day) >= least}

    def courses_of(self, user: str, day: int) -> list[str]:
        """The learner's courses that ran on that day."""
        return [course for course in self.courses[user] if self._runs(course, day)]

    def population(self, course_id: str) -> set[str]:
        """Who counts: was in the course when a week of it was over, or entered later."""
        first, last = self.span(course_id)
        found = set()
        for user in self.members[course_id]:
            stay = self.stays[course_id, user]
            from_day = max(stay.entered, first + _DAYS_A_WEEK)
            if from_day <= last and (stay.left is None or stay.left > from_day):
                found.add(user)
        return found

    def ended(self, course_id: str, user: str) -> int:
        """The day on which the learner left the course or it ended."""
        last, left = self.span(course_id)[1], self.stays[course_id, user].left
        return last if left is None else min(left, last)

    def weeks(self, course_id: str, until: int | None = None) -> float:
        """Learner-weeks of a course: from max(enrolment, start) to min(unenrolment, end, until)."""
        first, last = self.span(course_id)
        last = last if until is None else min(last, until)
        days = 0
        for user in self.members[course_id]:
            entered = self.stays[course_id, user].entered
            days += max(0, min(self.ended(course_id, user), last) - max(entered, first))
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

    def _scores_by(self, user: str, day: int) -> int:
        known = self.scores.get(user, [])
        return bisect_right(known, day, key=lambda score: score.day)

    def _counts(self, seen: Seen) -> bool:
        fact = self.facts[seen.course_id].assessment_by_short.get(short_id(seen.assessment_id))
        return not seen.banked and (fact is None or fact.weight > 0)

    def _runs(self, course_id: str, day: int) -> bool:
        first, last = self.span(course_id)
        return first <= day <= last


def day_of(at: int) -> int:
    """The day of an instant, as an ordinal."""
    return local_day(at, "UTC")


def truth_of(oulad: Oulad) -> Truth:
    """All that a folder tells in hindsight."""
    facts = {}
    for item in oulad.courses():
        found = decode_course_facts(item.key, item.value)
        assert not isinstance(found, Rejected)
        facts[found.course_id] = found
    known = Truth(facts)
    for event in oulad.events():
        assert event.value is not None
        known.take(event.value)
    return known
