"""What models learn from: features as they were frozen, what was shown, and what came of it."""

import zlib
from typing import Literal

from msgspec import Struct

from domain.course_facts import DAY
from domain.predictions import Figure, Target


class Example(Struct, frozen=True, array_like=True, gc=False):
    """One prediction with its label.

    `label` is in the units of `Figure.value` for scores, submissions and forecasts, and 0 or 1 for
    a probability (1: what is predicted came true). `kind` is the assessment's, in lower case, and
    `slot` its place among the course's by due time, from 1 on; 0 where it is not known.
    """

    target: Target
    assessment: str | None
    kind: str | None
    slot: int
    made_at: int
    model: int
    features: list[int]
    label: int
    shown: Figure | None = None


class Lesson(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The examples of one learner and course whose labels one event or moment told.

    It is one record of `model.examples`. `series` names what the course is a run of. `outcome` is
    set where a course was finished: 1 not passed, 0 passed, counted once for the base rates.
    """

    user_id: str
    at: int
    course_id: str | None = None
    series: str | None = None
    groups: dict[str, str] | None = None
    outcome: int | None = None
    examples: tuple[Example, ...] = ()


class Order(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What steers the trainer, on the same topic.

    `gather` begins a lockstep replay: from here on nothing is learned before a `learn`, which has
    the time up to which events were folded; `free` ends it. `pin` serves an older snapshot,
    `unpin` the newest again; `freeze` stops learning, `thaw` continues it.
    """

    order: Literal["gather", "learn", "free", "pin", "unpin", "freeze", "thaw"]
    at: int = 0
    snapshot: int = 0


def shuffled(lesson: Lesson, example: Example) -> tuple[int, int, str, str, int]:
    """The order in which a day's examples are learned: the same whatever the partitions.

    By the day on which the label was known, then as a hash has it, so that the many examples of
    one learner do not stand in a row.
    """
    course = lesson.course_id or ""
    text = f"{lesson.user_id}\x1f{course}\x1f{example.target}\x1f{example.made_at}"
    text += f"\x1f{example.assessment or ''}"
    return lesson.at // DAY, zlib.crc32(text.encode()), lesson.user_id, course, example.made_at
