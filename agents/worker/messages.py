"""What a batch of the worker writes, record by record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agents.partition_owner.job import Message
from contracts.alert_event import HEADERS, encode_alert_event, encode_transition
from contracts.dead_letter import dead_letter_headers, dead_letter_key, dead_letter_value
from contracts.inputs import encode_input
from contracts.lessons import encode_lesson
from contracts.state_keys import PARTITION_KEY, course_key
from contracts.topics import (
    ACTIVITY,
    ALERTS,
    COURSES,
    DEAD_LETTERS,
    EXAMPLES,
    INPUTS,
    TRANSITIONS,
    Topic,
)
from domain.fold.effects import DeadLetter, Effects
from domain.state.learner import Learner
from domain.stored.codec import encode_facts
from runtime.settings import Settings


class Encoded(NamedTuple):
    """A changed learner and the bytes that are sent, and then kept."""

    user_id: str
    data: bytes
    state: Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What goes to the topics beside the states; letters of `courses` come with partition 0."""

    settings: Settings
    partition: int
    alert_source: str
    effects: Effects
    letters_of_courses: Sequence[tuple[int, DeadLetter]]

    def by_topic(self) -> list[tuple[Topic, Iterable[Message]]]:
        """In the order in which they are sent."""
        return [
            (TRANSITIONS, self.transitions()),
            (ALERTS, self.alerts()),
            (DEAD_LETTERS, self.dead_letters()),
            (INPUTS, self.inputs()),
            (EXAMPLES, self.lessons()),
        ]

    def transitions(self) -> Iterable[Message]:
        """Every transition of a learner's alert, delivered or not, and what was said about it."""
        for published in self.effects.published():
            yield Message(published.user_id.encode(), encode_transition(published))

    def alerts(self) -> Iterable[Message]:
        """What is published, as CloudEvents."""
        for transition in self.effects.transitions:
            if transition.delivered:
                event = encode_alert_event(transition, self.alert_source)
                yield Message(transition.about.encode(), event, HEADERS)

    def inputs(self) -> Iterable[Message]:
        """What was adopted beside events."""
        for value in self.effects.inputs:
            yield Message(None, encode_input(value))

    def lessons(self) -> Iterable[Message]:
        """What models learn from: predictions whose label the batch told."""
        for lesson in self.effects.lessons:
            yield Message(lesson.user_id.encode(), encode_lesson(lesson))

    def dead_letters(self) -> Iterable[Message]:
        """Rejected records, with where they stood and why."""
        of_activity = [(self.partition, letter) for letter in self.effects.dead_letters]
        for source, letters in ((ACTIVITY, of_activity), (COURSES, self.letters_of_courses)):
            topic = self.settings.topic(source.name)
            for partition, letter in letters:
                yield Message(
                    dead_letter_key(letter),
                    dead_letter_value(letter),
                    dead_letter_headers(letter, topic, partition),
                )


def states(encoded: Iterable[Encoded], effects: Effects, checkpoint: bytes) -> Iterable[Message]:
    """Learners, course facts as adopted, and always the partition's checkpoint, last."""
    for user_id, data, _ in encoded:
        yield Message(user_id.encode(), data)
    for course_id, facts in effects.facts.items():
        yield Message(course_key(course_id), encode_facts(facts))
    yield Message(PARTITION_KEY, checkpoint)
