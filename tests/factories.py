"""Factories of the tests: events as a producer writes them, course facts, and a fold in memory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from typing_extensions import override

from domain.configuration import Configuration
from domain.course_facts import Assessment, CourseFacts, Module
from domain.events.decode import Record
from domain.examples import Lesson
from domain.fold.effects import Effects
from domain.fold.inputs import Input
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import Snapshots, no_snapshots
from domain.state.learner import (
    Header,
    Learner,
)
from domain.stored import codec
from domain.stored.checkpoint import ClockMode
from tests.defects import Defect, folding_with

START = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)  # a Monday
USER = "7"
COURSE = "c1"


def at(days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
    """A moment after the start of the tests' time."""
    return START + timedelta(days=days, hours=hours, minutes=minutes)


def seconds(when: datetime) -> int:
    return int(when.timestamp())


def event(
    kind: str, /, when: datetime = START, user: str | int = USER, **fields: Any
) -> dict[str, Any]:
    """An activity event with an id that follows from its content."""
    base: dict[str, Any] = {"user_id": user, "type": kind, "occurred_at": when.isoformat()}
    if kind not in {"session_started", "session_ended", "goal_set", "goal_removed"}:
        base["course_id"] = COURSE
    base |= fields
    base.setdefault("event_id", f"{kind}-{user}-{when.isoformat()}-{sorted(fields.items())}"[:250])
    return base


def viewed(when: datetime = START, content: str = "page-1", **fields: Any) -> dict[str, Any]:
    return event("content_viewed", when, content_id=content, content_kind="page", **fields)


def submitted(when: datetime = START, assessment: str = "a1", **fields: Any) -> dict[str, Any]:
    return event("assessment_submitted", when, assessment_id=assessment, **fields)


def graded(
    when: datetime, score: float | None, assessment: str = "a1", **fields: Any
) -> dict[str, Any]:
    fields = {"max_score": 100, **fields}
    return event("assessment_graded", when, assessment_id=assessment, score=score, **fields)


def completed(when: datetime = START, module: str = "m1", **fields: Any) -> dict[str, Any]:
    return event("module_completed", when, module_id=module, **fields)


def enrolled(when: datetime = START, **fields: Any) -> dict[str, Any]:
    return event("enrolled", when, **fields)


def record(
    value: Mapping[str, Any] | bytes | None,
    offset: int = 0,
    *,
    key: bytes | None = USER.encode(),
    arrived: datetime | None = None,
) -> Record:
    """A record of `activity`; it arrives when it occurred unless said otherwise."""
    if isinstance(value, Mapping):
        key = str(value["user_id"]).encode() if key == USER.encode() else key
        moment = arrived or datetime.fromisoformat(value["occurred_at"])
        data: bytes | None = json.dumps(value).encode()
    else:
        moment, data = arrived or START, value
    return Record(offset, int(moment.timestamp() * 1000), key, data)


def course(
    modules: int = 20,
    assessments: Mapping[str, datetime] | None = None,
    **fields: Any,
) -> CourseFacts:
    """Course facts with equal modules and required assessments that are due at the given times."""
    return CourseFacts(
        course_id=fields.pop("course_id", COURSE),
        modules=tuple(Module(id=f"m{n + 1}") for n in range(modules)),
        assessments=tuple(
            Assessment(id=name, title=name.upper(), due_at=seconds(due))
            for name, due in (assessments or {}).items()
        ),
        **fields,
    )


@dataclass
class MemoryStore:
    """A store that holds what is committed as bytes, as the worker's table does."""

    committed: dict[str, bytes] = field(default_factory=dict)

    def get(self, user_id: str) -> Learner | None:
        data = self.committed.get(user_id)
        return None if data is None else codec.decode_learner(data)

    reload = get

    def headers(self) -> Iterator[Header]:
        return iter([codec.decode_header(data) for data in self.committed.values()])


class DefectiveFold(PartitionFold):
    """The fold of a partition with a defect of ours, or with none."""

    def __init__(self, defect: Defect | None, *given: Any) -> None:
        super().__init__(*given)
        self._defect = defect

    @override
    def fold(self, records: Sequence[Record], effects: Effects) -> None:
        with folding_with(self._defect):
            super().fold(records, effects)

    @override
    def adopt(self, value: Input, effects: Effects) -> None:
        with folding_with(self._defect):
            super().adopt(value, effects)


class Bench:
    """One partition's fold with its store: events go in, states and alerts come out."""

    def __init__(
        self,
        *,
        clock: ClockMode = "wall",
        facts: CourseFacts | None = None,
        configuration: Configuration | None = None,
        defect: Defect | None = None,
        snapshots: Snapshots = no_snapshots,
    ) -> None:
        self.store = MemoryStore()
        self.published: list[Any] = []
        self.about_data: list[Any] = []
        self.told: list[Any] = []
        """Both, in the order in which they came."""
        self.letters: list[Any] = []
        self.inputs: list[Any] = []
        self.lessons: list[Lesson] = []
        self.responses: list[Any] = []
        self.fold = DefectiveFold(
            defect,
            new_checkpoint(0, 1, "topic-id", clock),
            configuration or Configuration(),
            {},
            self.store,
            snapshots,
        )
        if facts is not None:
            self.adopt("course", facts)

    def send(self, *events: Mapping[str, Any] | Record) -> "Bench":
        """Fold events in one batch and commit it."""
        effects = self.fold.begin()
        self.folded_into(effects, *events)
        return self._commit(effects)

    def folded_into(self, effects: Effects, *events: Mapping[str, Any] | Record) -> None:
        """Fold events of a batch that is not committed yet."""
        offset = self.fold.checkpoint.next
        records = [
            item._replace(offset=offset + n)
            if isinstance(item, Record)
            else record(item, offset + n)
            for n, item in enumerate(events)
        ]
        self.fold.fold(records, effects)

    def adopt(self, kind: str, payload: object) -> "Bench":
        effects = self.fold.begin()
        self.fold.adopt(self.fold.next_input(kind, payload), effects)
        return self._commit(effects)

    def tick(self, when: datetime) -> "Bench":
        return self.adopt("tick", {"at": seconds(when)})

    def learner(self, user: str = USER) -> Learner:
        state = self.store.get(user)
        assert state is not None, f"nothing is known of {user}"
        return state

    def alerts(self) -> list[tuple[str, str, str]]:
        return [(t.category, t.kind, t.severity) for t in self.published]

    def _commit(self, effects: Effects) -> "Bench":
        for user_id, state in effects.changed.items():
            self.store.committed[user_id] = codec.encode_learner(state)
        self.published += [each for each in effects.transitions if each.in_history]
        self.about_data += [each for each in effects.transitions if not each.in_history]
        self.told += effects.transitions
        self.letters += effects.dead_letters
        self.inputs += effects.inputs
        self.lessons += effects.lessons
        self.responses += [said for _, said in effects.responses]
        return self


def started_again(bench: Bench) -> Bench:
    """Another process takes over: it has only what is stored."""
    own = bench.fold
    checkpoint = codec.decode_checkpoint(codec.encode_checkpoint(own.checkpoint))
    bench.fold = DefectiveFold(
        None, checkpoint, own.configuration, own.facts, bench.store, no_snapshots
    )
    return bench
