"""What a rule sees while one event, tick or input is folded."""

from dataclasses import dataclass, field

from domain.alerts import Transition
from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.scoring import Scorer


@dataclass(slots=True)
class Step:
    """One step of the fold: the time that counts, what is known, and what is published.

    `at` is the event's time or the time at which a timer was due. `now` is how far time has come
    for this learner: timers due before it have fired, alerts that expire by it are over. It is
    later than `at` where an event arrives late. What is raised for a time before `stale_before` is
    suppressed.
    """

    at: int
    now: int
    stale_before: int
    configuration: Configuration
    facts: dict[str, CourseFacts]
    scorer: Scorer
    day: int = 0  # of an event: its local date
    timed: bool = True  # of an event: whether its time of day is known
    published: list[Transition] = field(default_factory=list)

    @property
    def zone(self) -> str:
        """The zone of learners whose events carry none."""
        return self.configuration.timezone
