"""What one batch changes and publishes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.alerts import Published, Response, Transition
from domain.course_facts import CourseFacts
from domain.events.decode import Reason, Record
from domain.examples import Lesson
from domain.fold.inputs import Input
from domain.state.learner import Learner


class DeadLetter(NamedTuple):
    """A record that is not folded, and why."""

    record: Record
    reason: Reason
    detail: str


@dataclass(slots=True)
class Effects:
    """All that one batch changes and publishes: what the owner writes in one transaction."""

    changed: dict[str, Learner] = field(default_factory=dict)
    facts: dict[str, CourseFacts] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    lessons: list[Lesson] = field(default_factory=list)
    responses: list[tuple[int, Response]] = field(default_factory=list)
    """What learners said about alerts, each behind so many of the transitions."""
    backfill: bool = False
    """Whether an event was folded that is too old to notify of."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write but the partition's checkpoint."""
        return not (self.changed or self.inputs or self.transitions or self.dead_letters)

    def published(self) -> Iterator[Published]:
        """What goes to `progress.alerts`, in the order in which it came."""
        return (each for each in self.every() if each.in_history)

    def every(self) -> Iterator[Published]:
        """The same with what goes to `alerts` alone."""
        begin = 0
        for place, said in self.responses:
            yield from self.transitions[begin:place]
            yield said
            begin = place
        yield from self.transitions[begin:]

    def mark(self) -> tuple[int, int, int]:
        """How much is published so far."""
        return len(self.transitions), len(self.lessons), len(self.responses)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Take back what was published since then."""
        transitions, lessons, responses = mark
        del self.transitions[transitions:]
        del self.lessons[lessons:]
        del self.responses[responses:]
