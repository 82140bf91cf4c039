"""An independent recount: json and dictionaries over raw records, with no code of the fold.

What is counted here is written down a second time, in the plainest way, so that a mistake in the
fold's code cannot hide behind itself. Only a few hundred learners are recounted.
"""

import json
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

RECENT_DAYS: Final = 60
"""Days with work are compared over these: none of them is dropped, no event too late for them."""
_REMEMBERED_IDS: Final = 64
_REMEMBERED_CONTENTS: Final = 64
_REMEMBERED_DAYS: Final = 90
_BRIDGE_SECONDS: Final = 36 * 3600
_ALWAYS_WORK: Final = {
    "module_completed",
    "assessment_submitted",
    "question_answered",
    "discussion_posted",
}
_IN_COURSE: Final = _ALWAYS_WORK | {"content_viewed", "module_reopened", "assessment_graded"}

Event = dict[str, Any]


class Figures(NamedTuple):
    """What is recounted of one learner; `score` is the mean of the latest counted grades."""

    activities: int
    days: int
    score: float | None
    streak: int
    longest: int


@dataclass(slots=True)
class Recount:
    """The records of some learners of one partition, as they came.

    `rejected` are the offsets that stand in dead letters, `zones` the default zone from which
    offset on.
    """

    learners: Collection[bytes]
    rejected: Collection[int]
    zones: Iterable[tuple[int, str]] = ()
    records: int = 0
    raw: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))

    def take(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Look at one record of the log."""
        self.records += 1
        if key in self.learners and value is not None and offset not in self.rejected:
            assert key is not None
            self.raw[key].append((offset, value))

    def figures(self, learner: bytes, facts: Mapping[str, Mapping[str, Any]]) -> Figures:
        """Recount one learner; `facts` are the courses' as their JSON says."""
        events = self._events(learner)
        first_at, last_at, counts = _work_by_day(events)
        newest = max(counts, default=0)
        recent = [count for day, count in counts.items() if day > newest - RECENT_DAYS]
        streak, longest = _streaks(first_at, last_at)
        return Figures(sum(recent), len(recent), _mean_score(events, facts), streak, longest)

    def _events(self, learner: bytes) -> list[Event]:
        """What was sent, each event once, with its time in seconds and its local day."""
        ids: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        zone, zone_at = None, 0
        events = []
        for offset, value in self.raw[learner]:
            event = json.loads(value)
            if event["event_id"] in ids:
                continue
            ids.append(event["event_id"])
            when = datetime.fromisoformat(event["occurred_at"])
            event["at"] = at = int(when.timestamp() // 1)
            named = event.get("timezone")
            if named is not None and at >= zone_at:
                zone, zone_at = named, at
            local = when.astimezone(ZoneInfo(named or zone or self._default_zone(offset)))
            event["day"] = local.date().toordinal()
            events.append(event)
        return events

    def _default_zone(self, offset: int) -> str:
        return (["UTC"] + [zone for after, zone in self.zones if after <= offset])[-1]


def _work_by_day(events: Iterable[Event]) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """By local day: its first work, its last, and how much (a content once an hour)."""
    first_at: dict[int, int] = {}
    last_at: dict[int, int] = {}
    counts: dict[int, int] = {}
    newest_hour, contents = 0, set[str]()
    for event in events:
        at, day = event["at"], event["day"]
        if not _is_work(event):
            continue
        counted = True
        if event["type"] == "content_viewed":
            hour, content = at // 3600, event["content_id"]
            if hour > newest_hour:
                newest_hour, contents = hour, set()
            counted = hour < newest_hour or content not in contents
            if hour == newest_hour and len(contents) < _REMEMBERED_CONTENTS:
                contents.add(content)
        if counted and day > max(counts, default=0) - _REMEMBERED_DAYS:
            counts[day] = counts.get(day, 0) + 1
            first_at[day] = min(at, first_at.get(day, at))
            last_at[day] = max(at, last_at.get(day, at))
    return first_at, last_at, counts


def _is_work(event: Event) -> bool:
    if event["type"] == "content_viewed":
        return event["content_kind"] not in {"homepage", "login"}
    return event["type"] in _ALWAYS_WORK


def _streaks(first_at: Mapping[int, int], last_at: Mapping[int, int]) -> tuple[int, int]:
    """The length of the last run of days and of the longest one."""
    length = longest = 0
    before = None
    for day in sorted(first_at):
        follows = before is not None and (
            day - before == 1 or first_at[day] - last_at[before] <= _BRIDGE_SECONDS
        )
        length = length + 1 if follows else 1
        longest = max(longest, length)
        before = day
    return length, longest


def _mean_score(events: Iterable[Event], facts: Mapping[str, Mapping[str, Any]]) -> float | None:
    """The mean over the open courses' assessments of the grade that counts."""
    courses: dict[str, dict[str, dict[int, tuple[float, int]]]] = {}
    banked: dict[tuple[str, str], bool] = {}
    left, finished = set[str](), set[str]()
    for event in events:
        kind, course = event["type"], event.get("course_id") or ""
        if kind == "enrolled":
            courses.setdefault(course, {})
            left.discard(course)
        elif kind == "unenrolled" and course in courses:
            left.add(course)
        elif kind == "course_finished":
            courses.pop(course, None)
            left.discard(course)
            finished.add(course)
        elif kind in _IN_COURSE and (course in courses or course not in finished):
            works = courses.setdefault(course, {})
            if kind == "assessment_graded":
                banked[course, event["assessment_id"]] = event.get("banked", False)
                _grade(works.setdefault(event["assessment_id"], {}), event)
    scores = [
        score
        for course, works in courses.items()
        if course not in left
        for assessment, grades in works.items()
        if grades and not banked[course, assessment]
        for score in _counting(facts.get(course, {}), assessment, grades)
    ]
    return sum(scores) / len(scores) if scores else None


def _grade(grades: dict[int, tuple[float, int]], event: Event) -> None:
    """Put one grade in its attempt's place, or take one back."""
    if event["score"] is None:
        attempt = event.get("attempt")
        grades.pop(max(grades, default=0) if attempt is None else attempt, None)
    elif event["max_score"]:
        attempt = event.get("attempt") or 0
        if attempt not in grades or grades[attempt][1] <= event["at"]:
            grades[attempt] = (100 * event["score"] / event["max_score"], event["at"])


def _counting(
    facts: Mapping[str, Any], assessment: str, grades: Mapping[int, tuple[float, int]]
) -> list[float]:
    """The one score of an assessment that counts, or none where its weight is 0."""
    for known in facts.get("assessments", ()):
        if known["id"] == assessment and known["weight"] == 0:
            return []
    best = facts.get("attempt_rule") == "best"
    percent = max(grades.values())[0] if best else grades[max(grades)][0]
    return [min(percent, 100.0)]
