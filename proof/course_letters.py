"""Which bad records of `courses` should be in the dead letters; partition 0's owner writes them."""

from dataclasses import dataclass, field
from typing import Final

from contracts.course_facts import decode_course_facts
from contracts.topics import COURSES
from domain.events.decode import Record, Rejected
from domain.fold.effects import DeadLetter
from domain.stored.checkpoint import Checkpoint
from proof.found import Found, FoundLetter
from proof.logs import Logs
from proof.oracle import letter_digest

LETTERS_PARTITION: Final = 0
_COURSES_PARTITION: Final = 0


@dataclass(slots=True)
class CourseLetters:
    """The letters that `courses` comes to below `until`.

    The topic is compacted: what is `gone` from it cannot be looked at again, but for its letter.
    """

    letters: list[FoundLetter] = field(default_factory=list)
    until: int = 0
    gone: set[int] = field(default_factory=set)


def course_letters(logs: Logs, found: Found, checkpoint: Checkpoint | None) -> CourseLetters:
    """Decode what is left of `courses` as far as the checkpoint says it was looked at."""
    if checkpoint is None or found.partition != LETTERS_PARTITION:
        return CourseLetters()
    until = checkpoint.courses.get(_COURSES_PARTITION, 0)
    made = CourseLetters(until=until)
    topic = logs.name(COURSES)
    begin = logs.begin(COURSES, _COURSES_PARTITION)
    present: set[int] = set()
    for batch in logs.read(COURSES, _COURSES_PARTITION, begin, until):
        for item in batch:
            present.add(item.offset)
            verdict = decode_course_facts(item.key, item.value)
            if isinstance(verdict, Rejected):
                seen = Record(item.offset, item.timestamp, item.key, item.value)
                digest = letter_digest(DeadLetter(seen, *verdict))
                made.letters.append(
                    FoundLetter(topic, _COURSES_PARTITION, item.offset, verdict.reason, digest)
                )
    named = {each.offset for each in found.every_letter() if each.topic == topic}
    made.gone = {offset for offset in named if offset < until and offset not in present}
    return made
