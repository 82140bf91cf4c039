"""An independent recount: json and dictionaries over raw records, with no code of the fold.

What is counted here is written down a second time, in the plainest way, so that a mistake in the
fold's code cannot hide behind itself. Only a few hundred learners are recounted.
"""

import json
import re
from bisect import bisect_right, insort_right
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from proof.recounted_scores import mean_score

RECENT_DAYS: Final = 60
"""Days with work are compared over these before the newest event: buckets of 90 days hold them."""
_REMEMBERED_IDS: Final = 64
_REMEMBERED_DAYS: Final = 90
_VIEWS_MAX: Final = 256
_VIEWS_MIN: Final = 16
_VIEW_HOURS: Final = 72
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_BRIDGE_SECONDS: Final = 36 * 3600
_ROUNDED_UP: Final = 9_999_995  # ten-millionths of a second
_WORK: Final = {
    "module_completed",
    "assessment_submitted",
    "question_answered",
    "discussion_posted",
}
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))"
)

Event = dict[str, Any]


class Figures(NamedTuple):
    """What is recounted of one learner; `score` is the mean of the grades that count."""

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
        since = recent_since(max((event["at"] for event in events), default=0))
        recent = [count for day, count in counts.items() if day >= since]
        streak, longest = _streaks(sorted(counts), first_at, last_at)
        return Figures(sum(recent), len(recent), mean_score(events, facts), streak, longest)

    def _events(self, learner: bytes) -> list[Event]:
        """What was sent, each event once, with its time in seconds and its local day."""
        ids: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        zones: list[tuple[int, str]] = []  # in order of time, at equal times of arrival
        events = []
        for offset, value in self.raw[learner]:
            event = parsed(value)
            if event["event_id"] in ids:
                continue
            ids.append(event["event_id"])
            at = event["at"]
            named = event.get("timezone")
            if named is not None:
                insort_right(zones, (at, named), key=_first)
            earlier = zones[: bisect_right(zones, at, key=_first)]
            zone = named or (earlier[-1][1] if earlier else self._default_zone(offset))
            by_date = event.get("precision") == "day"
            local = event["date"] if by_date else _local_date(at, zone)
            event["day"] = local.toordinal()
            events.append(event)
        return events

    def _default_zone(self, offset: int) -> str:
        return (["UTC"] + [zone for after, zone in self.zones if after <= offset])[-1]


def _first(pair: tuple[int, Any]) -> int:
    return pair[0]


def recent_since(last_event_at: int) -> int:
    """The first day that is compared, where that is the time of the newest event."""
    return last_event_at // 86_400 + _EPOCH_DAY - RECENT_DAYS


# -- one event -----------------------------------------------------------------------------------


def parsed(value: bytes) -> Event:
    """An accepted event, with `at` in epoch seconds and the `date` that is written.

    All numbers are read as floats: Python does not read integers of thousands of digits.
    """
    event: Event = json.loads(value.decode(), parse_int=float)
    event["at"], event["date"] = _moment(event["occurred_at"])
    return event


def _moment(text: str) -> tuple[int, date]:
    """Epoch seconds, rounded down, and the date as it is written in its own offset."""
    found = _RFC3339.fullmatch(text)
    assert found is not None, "no time of an accepted event"
    day, minute, second, fraction, sign, hours, minutes = found.groups()
    written = datetime.fromisoformat(f"{day}T{minute}:00").replace(tzinfo=UTC)
    if second == "60":  # a leap second is the start of the second after it
        fraction = None
    written += timedelta(seconds=int(second))
    if fraction and _rounds_up(fraction):
        written += timedelta(seconds=1)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    since = written - datetime(1970, 1, 1, tzinfo=UTC) + (offset if sign == "-" else -offset)
    return since.days * 86_400 + since.seconds, written.date()


def _rounds_up(fraction: str) -> bool:
    """Whether a fraction of a second comes to a whole one when it is rounded to microseconds."""
    return int(fraction[:7].ljust(7, "0")) >= _ROUNDED_UP


def _local_date(at: int, zone: str) -> date:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).date()


# -- days and streaks ----------------------------------------------------------------------------


def _work_by_day(events: Iterable[Event]) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """By local day: its first work, its last, and how much (a content once an hour and course)."""
    first_at: dict[int, int] = {}
    last_at: dict[int, int] = {}
    counts: dict[int, int] = {}
    views: list[tuple[int, tuple[str, str, bool]]] = []
    for event in events:
        if not _is_work(event):
            continue
        counted = event["type"] != "content_viewed" or _is_first_view(views, event)
        at, day = event["at"], event["day"]
        if day <= max(first_at, default=0) - _REMEMBERED_DAYS:
            continue
        first_at[day] = min(at, first_at.get(day, at))
        last_at[day] = max(at, last_at.get(day, at))
        if counted:
            counts[day] = counts.get(day, 0) + 1
    return first_at, last_at, counts


def _is_work(event: Event) -> bool:
    if event["type"] == "content_viewed":
        return event["content_kind"].lower() not in {"homepage", "login"}
    return event["type"] in _WORK


def _is_first_view(views: list[tuple[int, tuple[str, str, bool]]], event: Event) -> bool:
    """Whether the content was not yet seen in this hour (UTC); `views` are in order of the hour."""
    hour = event["at"] // 3600
    timed = event.get("precision") != "day"
    view = hour, (event["course_id"], event["content_id"], timed)
    if view in views:
        return False
    insort_right(views, view, key=_first)
    while len(views) > _VIEWS_MAX or (
        len(views) > _VIEWS_MIN and views[0][0] < views[-1][0] - _VIEW_HOURS
    ):
        del views[0]
    return True


def _streaks(
    days: Sequence[int], first_at: Mapping[int, int], last_at: Mapping[int, int]
) -> tuple[int, int]:
    """The length of the last run of days and of the longest one."""
    length = longest = 0
    before = None
    for day in days:
        follows = before is not None and (
            day - before == 1 or first_at[day] - last_at[before] <= _BRIDGE_SECONDS
        )
        length = length + 1 if follows else 1
        longest = max(longest, length)
        before = day
    return length, longest
