"""Schedules: what happens to one partition, drawn from a seed, as plain data that can be cut down.

Every operation is a tuple; a schedule from which some are left out is still a schedule.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from domain.configuration import Configuration, Halting, Rules
from domain.course_facts import Assessment, CourseFacts, Module
from domain.events.decode import Reason
from domain.rules.data_quality import DataQuality
from domain.rules.low_score import LowScore
from domain.rules.missed_deadline import MissedDeadline
from domain.stored.checkpoint import ClockMode
from tests.factories import START, seconds
from tests.simulation.model_log import a_share
from tests.simulation.model_owner import DEFECT

Operation: TypeAlias = tuple[Any, ...]

BASE: Final = seconds(START)
DAY: Final = 86_400
USERS: Final = 3
PROCESSES: Final = 2
LENGTH_MAX: Final = 26
_MODULES: Final = 5
_encoder: Final = msgspec.json.Encoder()


class Sent(NamedTuple):
    """One record of `activity`; `reason` says why it is to be rejected, `bit` is for its clicks."""

    key: bytes | None
    value: bytes | None
    event_id: str | None
    user: str
    reason: Reason | None = None
    bit: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One partition's life."""

    seed: int
    clock_mode: ClockMode
    operations: list[Operation]


def a_course(name: str, due_days: tuple[int | None, ...]) -> CourseFacts:
    """Facts of a course: some modules, and assessments due so many days after the start."""
    return CourseFacts(
        course_id=name,
        pass_mark=50.0,
        modules=tuple(Module(id=f"m{n}") for n in range(_MODULES)),
        assessments=tuple(
            Assessment(id=f"a{n}", due_at=None if days is None else BASE + days * DAY)
            for n, days in enumerate(due_days)
        ),
    )


COURSES: Final = (
    ("c0", (1, 2, 4, None)),
    ("c0", (1, 3, 4, None)),
    ("c0", (2, 3, 5, 6)),
    ("c1", (1, 1, None, 9)),
    ("c1", (2, 1, None, None)),
)
_IMPATIENT: Final = Rules(missed_deadline=MissedDeadline(low_after_hours=24, medium_after_hours=48))
_ANXIOUS: Final = DataQuality(
    silent_hours=24, days_known=1, records=5, rejected_percent=30.0, rejected_percent_until=20.0
)
_STRICT: Final = Rules(
    low_score=LowScore(default_pass_mark=80.0),
    missed_deadline=MissedDeadline(low_after_hours=24),
    data_quality=_ANXIOUS,
)
CONFIGURATIONS: Final = (
    Configuration(rules=_IMPATIENT, halting=Halting(in_a_row=3)),
    Configuration(
        timezone="Asia/Tokyo", rules=Rules(data_quality=_ANXIOUS), halting=Halting(in_a_row=4)
    ),
    Configuration(rules=_STRICT, halting=Halting(in_a_row=3)),
)


def draw(seed: int) -> Schedule:
    """The schedule of a seed."""
    rng = random.Random(seed)
    clock_mode: ClockMode = "stream" if rng.random() < 0.25 else "wall"
    operations: list[Operation] = [("configure", 0), ("course", rng.randrange(len(COURSES)))]
    kinds, weights = zip(*_WEIGHTS.items(), strict=True)
    current = 0
    for kind in rng.choices(kinds, weights, k=rng.randint(8, LENGTH_MAX)):
        if kind == "switch":
            current = 1 - current
        else:
            operations.append(_OPERATIONS[kind](rng, current))
    return Schedule(seed, clock_mode, operations)


# -- operations, as data -------------------------------------------------------------------------


def _send(rng: random.Random, _current: int) -> Operation:
    return ("send", tuple(_spec(rng) for _ in range(rng.randint(1, 5))))


def _foreign(rng: random.Random, _current: int) -> Operation:
    specs = tuple(_spec(rng) for _ in range(rng.randint(0, 2)))
    return ("foreign", specs, rng.choice(("commit", "commit", "abort", "leave open")))


def _step(rng: random.Random, current: int) -> Operation:
    process = current if rng.random() < 0.85 else 1 - current
    return ("step", process, rng.randint(1, 14), rng.choice((1, 2, 3, 100)))


_WEIGHTS: Final = {
    "send": 26,
    "send bad": 2,
    "foreign": 5,
    "step": 38,
    "switch": 6,
    "crash": 6,
    "revoke": 5,
    "wait": 16,
    "course": 5,
    "configure": 3,
    "resume": 3,
    "compact": 5,
    "expire": 2,
    "restart": 3,
}
_OPERATIONS: Final[dict[str, Callable[[random.Random, int], Operation]]] = {
    "send": _send,
    "send bad": lambda rng, _: ("send", (("bad", rng.randrange(len(_BAD))),) * rng.randint(2, 5)),
    "foreign": _foreign,
    "step": _step,
    "crash": lambda rng, _: ("crash", rng.randrange(PROCESSES)),
    "revoke": lambda _, current: ("revoke", current),
    "wait": lambda rng, _: ("wait", rng.choice((1, 61, 3600, DAY, 3 * DAY, 8 * DAY))),
    "course": lambda rng, _: ("course", rng.randrange(len(COURSES))),
    "configure": lambda rng, _: ("configure", rng.randrange(len(CONFIGURATIONS))),
    "resume": lambda *_: ("resume",),
    "compact": lambda rng, _: ("compact", a_share(rng)),
    "expire": lambda *_: ("expire",),
    "restart": lambda rng, _: ("restart", rng.randint(1, 20)),
}

# -- events --------------------------------------------------------------------------------------

_KINDS: Final = {
    "content_viewed": 6,
    "module_completed": 3,
    "module_reopened": 1,
    "assessment_submitted": 3,
    "assessment_graded": 5,
    "enrolled": 3,
    "unenrolled": 1,
    "course_finished": 1,
    "question_answered": 1,
    "session_started": 1,
    "session_ended": 1,
    "goal_set": 1,
}
_LATE: Final = (0, 0, 0, 0, 0, 0, 600, 7200, DAY, 3 * DAY, 10 * DAY)
_BAD: Final[tuple[tuple[Reason, bytes | None], ...]] = (
    ("not_json", b"{"),
    ("null_value", None),
    ("not_object", b"[]"),
    ("unknown_type", b'{"type":"x"}'),
    ("missing_field", b'{"type":"enrolled"}'),
)


def _spec(rng: random.Random) -> Operation:
    """One record to be sent: ("event", ...), ("again", which) or ("bad", which)."""
    drawn = rng.random()
    if drawn < 0.12:
        return ("again", rng.randrange(30))
    if drawn < 0.22:
        return ("bad", rng.randrange(len(_BAD) + 2))
    kind = rng.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
    late = rng.choice(_LATE)
    defect = rng.random() < 0.06
    return ("event", kind, rng.randrange(USERS), late, rng.randrange(100), defect)


class Sender:
    """Makes records of specifications; the numbers of events follow from how many were made."""

    def __init__(self) -> None:
        self.made: list[Sent] = []
        self._views = [0] * USERS

    def make(self, spec: Operation, now: int) -> Sent:
        match spec[0]:
            case "event":
                made = self._event(spec, now)
                self.made.append(made)
                return made
            case "again" if self.made:
                again: Sent = self.made[spec[1] % len(self.made)]
                return again
            case "bad" if spec[1] < len(_BAD):
                reason, value = _BAD[spec[1]]
                return Sent(b"0", value, None, "0", reason)
            case "bad":
                return self._misplaced(late=spec[1] == len(_BAD), now=now)
            case _:
                return Sent(None, b"", None, "0", "not_json")

    def _event(self, spec: Operation, now: int) -> Sent:
        _, kind, user, late, which, defect = spec
        event_id = f"{DEFECT if defect else 'e'}{len(self.made)}"
        fields = _fields(kind, which)
        bit = 0
        if fields.get("content_kind") == "page" and not defect:
            bit = 1 << self._views[user]
            self._views[user] += 1
        event = {
            "event_id": event_id,
            "user_id": user,
            "type": kind,
            "occurred_at": datetime.fromtimestamp(now - late, UTC),
            **fields,
        }
        if bit:
            event["count"] = bit
        key = str(user).encode()
        return Sent(
            key, _encoder.encode(event), event_id, str(user), "defect" if defect else None, bit
        )

    @staticmethod
    def _misplaced(*, late: bool, now: int) -> Sent:
        """An event from the future, or one under another learner's key."""
        event = {
            "event_id": "misplaced",
            "user_id": 0,
            "type": "enrolled",
            "course_id": "c0",
            "occurred_at": datetime.fromtimestamp(now + 3600 * late, UTC),
        }
        key, reason = (b"0", "future_time") if late else (b"1", "key_mismatch")
        return Sent(key, _encoder.encode(event), None, "0", reason)  # type: ignore[arg-type]


def _fields(kind: str, which: int) -> dict[str, Any]:
    course, assessment = {"course_id": f"c{which % 2}"}, {"assessment_id": f"a{which % 4}"}
    fields: dict[str, dict[str, Any]] = {
        "content_viewed": {
            "content_id": f"p{which % 5}",
            "content_kind": "page" if which % 7 else "login",
            "duration_seconds": which * 30,
        },
        "module_completed": {"module_id": f"m{which % _MODULES}"},
        "module_reopened": {"module_id": f"m{which % _MODULES}"},
        "assessment_submitted": assessment,
        "assessment_graded": assessment | {"score": which if which % 11 else None, "max_score": 99},
        "question_answered": {"question_id": "q", "correct": which % 2 == 0, "skills": ["s"]},
        "course_finished": {"outcome": "passed"},
        "goal_set": {"goal_id": f"g{which % 3}", "metric": "weekly_minutes", "target": which},
    }
    return course | fields.get(kind, {})
