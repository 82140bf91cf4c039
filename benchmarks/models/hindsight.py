"""What the folder tells in hindsight: who was in which course, worked, submitted, and who it was.

Labels come from the lessons; this is for what lessons do not carry: populations, groups, and the
rules that models are compared with.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeAlias

import msgspec

from contracts.course_facts import decode_course_facts
from domain.course_facts import DAY, CourseFacts
from domain.events.decode import Rejected
from feeds.oulad import Oulad

Member: TypeAlias = tuple[str, str]
"""A learner's stay in a course: (user id, course id)."""
_WORK: Final = frozenset({"content_viewed", "assessment_submitted"})


class Stay(NamedTuple):
    """From when to when a learner was in a course, epoch seconds; `left` is None to its end."""

    entered: int
    left: int | None = None


class _Seen(msgspec.Struct):
    """The fields of an event that are looked at."""

    user_id: int
    type: str
    course_id: str
    occurred_at: datetime
    assessment_id: str = ""
    groups: dict[str, str] = {}


@dataclass(slots=True)
class Hindsight:
    """All of it; days are epoch days, ascending.

    `clicked_until` is a course's last day with clicks; one without any is not in it.
    """

    facts: Mapping[str, CourseFacts]
    stays: dict[Member, Stay] = field(default_factory=dict)
    courses_of: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    groups: dict[Member, dict[str, str]] = field(default_factory=dict)
    submitted: dict[Member, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    worked: dict[Member, list[int]] = field(default_factory=lambda: defaultdict(list))
    clicked_until: dict[str, int] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The year in which the newest courses began; 0 without any."""
        return max(map(year_of, self.facts.values()), default=0)

    def take(self, values: Iterable[bytes]) -> None:
        """Note events, in any order."""
        decode = msgspec.json.Decoder(_Seen).decode
        for value in values:
            self._take(decode(value))

    def _take(self, seen: _Seen) -> None:
        member = str(seen.user_id), seen.course_id
        at = int(seen.occurred_at.timestamp())
        if seen.type == "enrolled":
            known = self.stays.get(member)
            if known is None:
                self.courses_of[member[0]].append(seen.course_id)
            left = None if known is None else known.left
            self.stays[member] = Stay(at if known is None else min(at, known.entered), left)
            if seen.groups:
                self.groups[member] = seen.groups
        elif seen.type == "unenrolled" and member in self.stays:
            self.stays[member] = self.stays[member]._replace(left=at)
        elif seen.type in _WORK:
            self._work(member, at // DAY)
            if seen.type == "content_viewed":
                until = self.clicked_until.get(seen.course_id, 0)
                self.clicked_until[seen.course_id] = max(until, at // DAY)
            else:
                first = self.submitted[member].setdefault(seen.assessment_id, at)
                self.submitted[member][seen.assessment_id] = min(first, at)

    def _work(self, member: Member, day: int) -> None:
        days = self.worked[member]
        if not days or day > days[-1]:
            days.append(day)
        elif days[bisect_left(days, day)] != day:
            insort(days, day)

    def course_at(self, user_id: str, at: int) -> str:
        """The course that the learner was in then, the one that began first; "" in none."""
        found = []
        for course_id in self.courses_of.get(user_id, ()):
            stay, (start, end) = self.stays[user_id, course_id], span(self.facts[course_id])
            if max(start, stay.entered) <= at < min(end, stay.left or end):
                found.append((start, course_id))
        return min(found, default=(0, ""))[1]

    def seen_before(self, course_id: str) -> bool:
        """Whether an earlier run of the course has clicks."""
        facts = self.facts[course_id]
        return any(
            each != course_id and known.run_of == facts.run_of and span(known) < span(facts)
            for each, known in self.facts.items()
            if each in self.clicked_until
        )


def hindsight(oulad: Oulad) -> Hindsight:
    """What there is to know of a folder that was read."""
    facts = {}
    for item in oulad.courses():
        found = decode_course_facts(item.key, item.value)
        assert not isinstance(found, Rejected)
        facts[found.course_id] = found
    known = Hindsight(facts)
    known.take(item.value or b"" for item in oulad.events())
    return known


def span(facts: CourseFacts) -> tuple[int, int]:
    """When a course starts and ends, epoch seconds; every one of OULAD says so."""
    assert facts.starts_at is not None
    assert facts.ends_at is not None
    return facts.starts_at, facts.ends_at


def year_of(facts: CourseFacts) -> int:
    """The year in which a course began."""
    return datetime.fromtimestamp(span(facts)[0], UTC).year
