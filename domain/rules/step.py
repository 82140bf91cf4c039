"""What a rule sees while one event or tick is folded."""

from dataclasses import dataclass, field

from domain.alerts import Transition
from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.scoring import Scorer


@dataclass(slots=True)
class Step:
    """One turn of the fold: the time that counts, what is known, and what is told.

    `at` is the event's time or the time a timer was due; `event_id` is empty for timers; what is
    raised for a time before `stale_before` is suppressed.
    """

    at: int
    stale_before: int
    configuration: Configuration
    facts: dict[str, CourseFacts]
    scorer: Scorer
    event_id: str = ""
    told: list[Transition] = field(default_factory=list)
