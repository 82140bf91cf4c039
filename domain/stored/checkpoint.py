"""The partition's checkpoint: where its fold stands, written in every transaction."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

from domain.state.quality import Quality

CHECKPOINT_VERSION: Final = 4
FOLD_VERSION: Final = 6
"""The version of the fold's code: raised when the same log would give other states or alerts."""

WINDOW_BLOCKS: Final = 100
BLOCK_RECORDS: Final = 100

ClockMode: TypeAlias = Literal["wall", "stream"]


class Halted(Struct, array_like=True, gc=False):
    """Why a partition takes no more events until somebody resumes it."""

    code: int
    reason: str


class Counters(Struct, array_like=True, gc=False):
    """What was folded so far."""

    events: int = 0
    rejected: int = 0
    duplicates: int = 0
    defects: int = 0
    late_unchecked: int = 0
    late_days: int = 0
    learners: int = 0
    raised: int = 0


class Checkpoint(Struct, array_like=True):
    """Where one partition of `activity` stands. `next` is the first offset not yet folded (I4)."""

    version: int
    partition: int
    partitions: int
    topic_id: str
    clock_mode: ClockMode
    next: int = 0
    clock: int = 0  # epoch seconds; never goes back (I8)
    inputs: int = 0  # how many inputs were adopted: the next sequence number
    fold_version: int = 0  # 0: none adopted yet
    configuration: str = ""  # the adopted one as canonical JSON; empty: none adopted yet
    counters: Counters = field(default_factory=Counters)
    window: list[int] = field(default_factory=list)  # rejected of each 100 records, oldest first
    window_seen: int = 0  # records in the newest block
    rejected_in_a_row: int = 0
    halted: Halted | None = None
    courses: dict[int, int] = field(default_factory=dict)  # offsets of `courses` looked at
    ticked: int = 0  # the newest tick, in epoch seconds: timers due before it have fired
    model: int = 0  # the number of the adopted snapshot of the models; 0: none
    quality: Quality = field(default_factory=Quality)
