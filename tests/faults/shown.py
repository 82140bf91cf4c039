"""The learner whose page is open through all faults: whatever is shown of one only grows.

Each event completes one more module, an hour after the one before. So two numbers of the page must
never go back: how much of the course is done, and the longest row of days. All others may: the
week's figures, as days pass, and those of today.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from feeds.records import Record, event_id, learner_key

SHOWN: Final = "shown"
COURSE: Final = "shown-course"
MODULES: Final = 250
"""As many as a state holds, nearly; no share of them is halfway between two percents."""


def shown_facts() -> Record:
    """The course: nothing but its modules."""
    modules = [{"id": f"module-{number}"} for number in range(1, MODULES + 1)]
    return Record(learner_key(COURSE), _json({"course_id": COURSE, "modules": modules}))


def shown_events(first: datetime) -> Iterator[Record]:
    """The learner enrols on the first day, and completes one module after another."""
    for number in range(MODULES + 1):
        own = {"type": "module_completed", "module_id": f"module-{number}"}
        event = {
            "event_id": event_id(f"{SHOWN} {first.isoformat()} {number}"),
            "user_id": SHOWN,
            "occurred_at": (first + timedelta(hours=number)).isoformat(),
            "course_id": COURSE,
            **(own if number else {"type": "enrolled"}),
        }
        yield Record(learner_key(SHOWN), _json(event))


def done_after(events: int) -> int:
    """The percent that the page shows of the course once so many of its events are through."""
    return round(100 * max(events - 1, 0) / MODULES)


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
