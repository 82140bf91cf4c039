"""A simulated LMS: learners, their courses and their events, the same bytes for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from feeds.demo_courses import Course, demo_courses, instant
from feeds.faults import Faults, Made, Tally, deliveries
from feeds.feed import Delivery, Feed, run_feed
from feeds.learners import TEMPERAMENTS, Learner, a_learner, look_in
from feeds.records import Record, event_id
from runtime.errors import UsageError
from runtime.settings import Settings

# A local day begins at most this long before the UTC day of the same date (UTC+14).
_EARLIEST_ZONE_SECONDS: Final = 14 * 3_600
_NOT_THE_LEARNERS: Final = frozenset({"assessment_graded", "course_finished"})
_LATEST: Final = int(datetime(2900, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Simulation:
    """What to simulate: `until` is T in epoch seconds; nothing happens after it."""

    learners: int
    days: int
    seed: int
    until: int
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if self.learners < 1 or self.days < 1:
            raise UsageError(
                f"--learners is {self.learners} and --days is {self.days}; each must be 1 or more"
            )
        if not self.days * 86_400 < self.until < _LATEST:
            raise UsageError("--until must lie after 1970 by more than --days, and before 2900")

    @property
    def first(self) -> datetime:
        """The first simulated day."""
        return datetime.fromtimestamp(self.until, UTC) - timedelta(days=self.days)

    def courses(self) -> tuple[Course, ...]:
        """The courses, laid out around the simulated days."""
        return demo_courses(self.first, self.days)

    def facts(self) -> list[Record]:
        """The records of `courses`."""
        return [
            Record(course.id.encode(), msgspec.json.encode(course.facts()))
            for course in self.courses()
        ]

    def records(self, tally: Tally) -> Iterator[Record]:
        """The records of `activity`, in the order in which they arrive."""
        return deliveries(self.events(), self.faults, self.seed, self.until, tally)

    def events(self) -> Iterator[Made]:
        """Every valid event, ordered by `occurred_at` over all learners."""
        first, courses = self.first.date(), self.courses()
        learners = [
            a_learner(self.seed, index, courses, first, self.days) for index in range(self.learners)
        ]
        look_in(learners[0], self.until)
        voices = [_Voice(learner, f"{self.seed} {self.until} {self.days}") for learner in learners]
        ready: list[tuple[int, int, int, dict[str, Any]]] = []
        for day in _days(first - timedelta(days=1), self.until):
            ready.extend(
                (at, index, number, own)
                for index, learner in enumerate(learners)
                for number, (at, own) in enumerate(learner.day(day))
                if at <= self.until
            )
            ready.sort(key=_order)
            final = _first_after(ready, _begins(day + timedelta(days=1)))
            for at, index, _, own in ready[:final]:
                yield Made(at, voices[index].event(at, own))
            del ready[:final]
        for at, index, _, own in ready:
            yield Made(at, voices[index].event(at, own))


@dataclass(slots=True)
class _Voice:
    """How a learner's LMS writes its events; ids are numbered in the order of event time."""

    learner: Learner
    run: str
    written: int = 0

    def event(self, at: int, own: dict[str, Any]) -> dict[str, Any]:
        learner, kind = self.learner, own["type"]
        self.written += 1
        event: dict[str, Any] = {
            "event_id": event_id(f"{self.run} {learner.user_id} {self.written}"),
            "user_id": learner.user_id,
            "occurred_at": datetime.fromtimestamp(at, learner.zone).isoformat(),
            "v": 1,
            "source": "simulation",
            **own,
        }
        if learner.says_zone and kind not in _NOT_THE_LEARNERS:
            event["timezone"] = learner.zone.key
        for name in ("submitted_at", "due_at"):
            if name in event:
                event[name] = instant(event[name])
        return event


def simulate(settings: Settings, plan: Simulation, delivery: Delivery, now: int) -> dict[str, Any]:
    """Send a simulation to Kafka and report what was sent.

    One that was stopped continues where the same plan is given again.

    Raises UsageError where its end lies after `now`.
    """
    if plan.until > now:
        raise UsageError(
            f"--until is {instant(plan.until)}, after now ({instant(now)}): the workers would "
            "reject its last events as future_time. Only --out accepts it"
        )
    tally = Tally()
    feed = Feed(courses=plan.facts(), events=plan.records(tally), name=("simulate", repr(plan)))
    sent = run_feed(settings, feed, delivery)
    problems = []
    if sent.events + sent.already != tally.records:
        acknowledged = sent.events + sent.already
        problems.append(f"{tally.records} events made, {acknowledged} acknowledged")
    counts = {"sent": sent.events, "already_sent": sent.already}
    return {**summary(plan, tally), **counts, "problems": problems}


def write_simulation(plan: Simulation, out: Path) -> dict[str, Any]:
    """Write a simulation as JSON lines to `out` and its course facts to `out`.courses.

    Raises UsageError where they cannot be written.
    """
    tally = Tally()
    facts = out.with_name(f"{out.name}.courses")
    try:
        with out.open("wb") as file:
            for record in plan.records(tally):
                assert record.value is not None, "a file takes only what a line can express"
                file.write(record.value + b"\n")
        facts.write_bytes(b"".join((record.value or b"") + b"\n" for record in plan.facts()))
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror}") from error
    return {**summary(plan, tally), "out": str(out), "courses_out": str(facts), "problems": []}


def summary(plan: Simulation, tally: Tally) -> dict[str, Any]:
    """What was simulated; `first_learner` is one with a history worth looking at.

    `examples` are the first of each temperament.
    """
    courses = plan.courses()
    first: dict[str, int | str] = {}
    for index in range(plan.learners):
        learner = a_learner(plan.seed, index, courses, plan.first.date(), plan.days)
        first.setdefault(learner.temperament.name, learner.user_id)
        if len(first) == len(TEMPERAMENTS):
            break
    return {
        "learners": plan.learners,
        "events": tally.records,
        "first_learner": next(iter(first.values())),
        "examples": list(first.values()),
        "courses": len(courses),
        "from": instant(int(plan.first.timestamp())),
        "until": instant(plan.until),
        "valid": tally.valid,
        "by_type": dict(sorted(tally.by_type.items())),
        "duplicates": tally.duplicates,
        "late": tally.late,
        "bad": dict(sorted(tally.bad.items())),
    }


def _days(first: date, until: int) -> Iterator[date]:
    """Every local day that has begun somewhere by `until`."""
    day = first
    while _begins(day) <= until:
        yield day
        day += timedelta(days=1)


def _begins(day: date) -> int:
    """When the local day begins where it begins first."""
    utc = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(utc.timestamp()) - _EARLIEST_ZONE_SECONDS


def _order(moment: tuple[int, int, int, dict[str, Any]]) -> tuple[int, int, int]:
    return moment[:3]


def _first_after(moments: list[tuple[int, int, int, dict[str, Any]]], at: int) -> int:
    return next((index for index, moment in enumerate(moments) if moment[0] >= at), len(moments))
