"""Every topic in one table: its key, its cleanup, who writes and who reads it."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Cleanup: TypeAlias = Literal["keep", "compact", "delete"]
Partitioning: TypeAlias = Literal["activity", "single"]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic is declared with.

    `partitioning` is "activity" where the topic has as many partitions as `activity` and the same
    number means the same learners, "single" where it has one.
    """

    name: str
    key: str
    written_by: str
    read_by: str
    cleanup: Cleanup
    partitioning: Partitioning = "activity"
    log_append_time: bool = False


ACTIVITY: Final = Topic(
    "activity",
    "learner",
    "LMS, feeds, API",
    "worker, verify",
    "keep",
    log_append_time=True,
)
DEAD_LETTERS: Final = Topic(
    "activity.dead-letter", "as it came", "worker", "operators, verify", "keep"
)
STATE: Final = Topic(
    "progress.state",
    "learner; reserved keys: the partition, each course's facts as adopted",
    "worker",
    "worker (take-over), sink, verify",
    "compact",
)
INPUTS: Final = Topic("progress.inputs", "none", "worker", "verify", "keep")
TRANSITIONS: Final = Topic("progress.alerts", "learner", "worker", "sink, verify", "keep")
ALERTS: Final = Topic(
    "alerts",
    "learner; or `model:` and its name, in partition 0; or `partition:` and its number",
    "worker, trainer",
    "notification services, verify",
    "keep",
)
COURSES: Final = Topic("courses", "course", "LMS, feeds", "worker", "compact", "single")
EXAMPLES: Final = Topic(
    "model.examples",
    "learner; orders: none",
    "worker, operators, lockstep replays",
    "trainer, verify",
    "keep",
    "single",
)
SNAPSHOTS: Final = Topic(
    "model.snapshots",
    "a snapshot's number; reserved keys: the trainer, each part of what it has learned",
    "trainer",
    "trainer (take-over), worker, sink, verify",
    "compact",
    "single",
)

TOPICS: Final = (
    ACTIVITY,
    DEAD_LETTERS,
    STATE,
    INPUTS,
    TRANSITIONS,
    ALERTS,
    COURSES,
    EXAMPLES,
    SNAPSHOTS,
)


def partition_counts(activity: int) -> dict[str, int]:
    """How many partitions each topic has, by its name, where `activity` has so many."""
    return {topic.name: activity if topic.partitioning == "activity" else 1 for topic in TOPICS}
