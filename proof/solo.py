"""One learner's fold alone, exactly: what was folded when each transition of an alert came."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from domain.alerts import Transition
from domain.course_facts import CourseFacts
from domain.events.activity import AnyEvent, is_work
from domain.events.decode import Accepted, Record, decode
from domain.fold.effects import Effects
from domain.fold.inputs import Input
from domain.scoring import Snapshots
from domain.stored.codec import decode_learner
from proof.figures import figures
from proof.refold import Cut, Refold, merged

_MEMBERSHIP: Final = frozenset({"enrolled", "unenrolled", "course_finished"})


class Own(NamedTuple):
    """An event of the learner that was folded."""

    record: Record
    event: AnyEvent

    @property
    def type(self) -> str:
        """The event's type."""
        return str(self.event.__struct_config__.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was folded when a transition came: an event of the learner, an input, or time alone.

    Attributes:
        transition: as this fold publishes it.
        folded: the event or the input; None: another learner's event moved the stream's clock.
        clock: the partition's clock then, in epoch seconds.
        thresholds: of the rule, as they were adopted.
        configured: the number of the input with the configuration; None: the defaults.
        snapshot: the number of the models' snapshot that was adopted; 0: none.
        facts: of the alert's course, as they were adopted.
        events: the learner's own, up to here.
        before: the figures of the state before it; empty for a new learner.
        after: those after it.
    """

    transition: Transition
    folded: Own | Input | None
    clock: int
    thresholds: dict[str, Any]
    configured: int | None
    snapshot: int
    facts: CourseFacts | None
    events: Sequence[Own]
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class Solo:
    """The fold of a partition in which the events of one learner alone are folded.

    Learners of a partition share its time and its inputs, and nothing else, so that gives the same.
    """

    cut: Cut
    user_id: str
    alert_id: str
    refold: Refold
    _events: list[Own] = field(default_factory=list)
    _configured: int | None = None

    @classmethod
    def of(cls, cut: Cut, user_id: str, alert_id: str, snapshots: Snapshots) -> "Solo":
        """The fold of which nothing is folded yet."""
        return cls(cut, user_id, alert_id, Refold.begun(cut, snapshots))

    def moments(self, batches: Iterable[Sequence[Record]]) -> Iterator[Moment]:
        """When each transition of the alert came, in order."""
        key = self.user_id.encode()
        for part in merged(self.cut.inputs, batches):
            if isinstance(part, Input):
                if part.kind == "configuration":
                    self._configured = part.seq
                yield from self._step(part)
                continue
            for record in part:
                if record.key == key:
                    yield from self._step(record)
                else:
                    yield from self._step(None, record)

    def _step(self, item: Record | Input | None, other: Record | None = None) -> Iterator[Moment]:
        """Fold one thing; `other` is another learner's record, which only moves time."""
        before = self.refold.store.bytes.get(self.user_id)
        folded: Own | Input | None = None
        if isinstance(item, Input):
            folded, effects = item, self.refold.adopt(item)
        elif isinstance(item, Record):
            duplicates = self.refold.fold.checkpoint.counters.duplicates
            effects = self.refold.take([item])
            if self.refold.fold.checkpoint.counters.duplicates == duplicates:
                folded = self._own(item, effects)
        else:
            assert other is not None, "there is something to fold"
            effects = self.refold.pass_by(other)
        for transition in effects.transitions:
            if transition.alert_id == self.alert_id:
                yield self._moment(transition, folded, before)

    def _own(self, record: Record, effects: Effects) -> Own | None:
        """The event in the learner's own record; None where that was rejected."""
        own = self.refold.fold.checkpoint
        verdict = decode(record, own.partition, own.partitions)
        if not isinstance(verdict, Accepted) or effects.dead_letters:
            return None
        folded = Own(record, verdict.event)
        self._events.append(folded)
        return folded

    def _moment(
        self, transition: Transition, folded: Own | Input | None, before: bytes | None
    ) -> Moment:
        fold = self.refold.fold
        category, course_id = transition.category, transition.course_id or ""
        adopted = fold.configuration
        own = getattr(adopted.courses.get(course_id), category, None)
        return Moment(
            transition=transition,
            folded=folded,
            clock=fold.checkpoint.clock,
            thresholds=msgspec.to_builtins(own or getattr(adopted.rules, category)),
            configured=self._configured,
            snapshot=fold.checkpoint.model,
            facts=fold.facts.get(transition.course_id or ""),
            events=tuple(self._events),
            before=figures(None if before is None else decode_learner(before)),
            after=figures(decode_learner(self.refold.store.bytes[self.user_id])),
        )


def concerns(own: Own, transition: Transition) -> bool:
    """Whether an alert may rest on an event, by what both are about.

    Of an alert about an assessment: what was done on it, and enrolments in its course. About a
    course: all of the course. About a streak: work since the day before its first day. About
    none: the grades for a performance alert, otherwise everything. Preferences concern every alert.
    """
    if own.type == "preferences_set":
        return True
    event, subject = own.event, transition.subject
    course = getattr(event, "course_id", None)
    if transition.course_id is not None and course != transition.course_id:
        return False
    match subject.kind:
        case "assessment":
            about = getattr(event, "assessment_id", None)
            return own.type in _MEMBERSHIP or about == subject.id
        case "streak":
            since = date.fromisoformat(str(subject.id)) - timedelta(days=1)
            return is_work(event) and event.occurred_at.date() >= since
        case "none" if transition.type == "performance":
            return own.type == "assessment_graded"
        case _:
            return True
