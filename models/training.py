"""The fold of `model.examples`: what is learned of each record, and when there is a snapshot.

One pure function of the log and of the offsets at which snapshots were asked for: the trainer calls
it, and `verify` calls it again.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from msgspec.structs import replace

from contracts.lessons import decode_lesson
from contracts.snapshots import Trainer
from domain.events.decode import Rejected
from domain.examples import Lesson, Order

EXAMPLES_MIN: Final = 200
"""So many examples are learned before a snapshot is worth its bytes."""
SHARE_MIN: Final = 100
"""And one of so many of all that were ever learned: the models hardly move for fewer."""
SECONDS_MAX: Final = 3_600
"""After so long there is one all the same, if anything was learned."""
GATHERED_MAX: Final = 500_000
"""So many examples are gathered at most; then they are learned without an order."""


class Record(Protocol):
    """What is read of a Kafka record."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102


class Learns(Protocol):
    """All that was learned; `models.learning` has it."""

    def learn(self, lessons: Sequence[Lesson]) -> None:
        """Learn the examples of these lessons as they stand."""
        ...

    def learn_in_order(self, lessons: Sequence[Lesson]) -> None:
        """The same in an order that follows from what they are."""
        ...

    def snapshot(self, number: int, learned: int) -> bytes:
        """The bytes of a snapshot of everything before the offset `learned`."""
        ...


class Published(NamedTuple):
    """A snapshot: its number, and its bytes."""

    number: int
    data: bytes


class Training:
    """Takes records one after the other; `trainer` says up to where, and what is to serve.

    Invariants:
        I4: `trainer.next` is behind what was learned or passed over, and before what is gathered.
        A snapshot is made of a `learning` that has learned everything before `trainer.next`.
    """

    def __init__(self, learning: Learns, trainer: Trainer) -> None:
        self.trainer = trainer
        self.published: list[Published] = []
        """Snapshots that were made and not fetched yet, oldest first."""
        self._learning = learning
        self._gathered: list[Lesson] = []
        self._examples = 0

    @property
    def gathers(self) -> bool:
        """Whether something was taken that is not learned yet."""
        return bool(self._gathered)

    def take(self, record: Record) -> Rejected | None:
        """Fold one record; what is wrong with it, where it is neither a lesson nor an order."""
        verdict = decode_lesson(record.key, record.value)
        following = record.offset + 1
        if isinstance(verdict, Lesson):
            self._take_lesson(verdict, following)
            return None
        problem = self._carry_out(verdict, following) if isinstance(verdict, Order) else verdict
        if problem is not None:
            self.trainer = replace(self.trainer, rejected=self.trainer.rejected + 1)
        if not self._gathered:
            self.trainer = replace(self.trainer, next=following)
        return problem

    def is_due(self, now: int) -> bool:
        """Whether enough was learned, or long enough ago, for a snapshot at `now`."""
        trainer = self.trainer
        fresh = trainer.learned - trainer.published_learned
        if fresh == 0 or trainer.gathering:
            return False
        enough = max(EXAMPLES_MIN, -(-trainer.learned // SHARE_MIN))
        return fresh >= enough or now - trainer.published_at >= SECONDS_MAX

    def publish(self, at: int = 0) -> None:
        """Make a snapshot of all that was learned; `at` is the lockstep replay's time."""
        trainer = self.trainer
        number = trainer.serving.newest + 1
        self.published.append(Published(number, self._learning.snapshot(number, trainer.next)))
        serving = replace(trainer.serving, newest=number, at=at)
        if not serving.pinned:
            serving = replace(serving, number=number)
        self.trainer = replace(trainer, serving=serving, published_learned=trainer.learned)

    # -- lessons ---------------------------------------------------------------------------------

    def _take_lesson(self, lesson: Lesson, following: int) -> None:
        if self.trainer.gathering:
            self._gathered.append(lesson)
            self._examples += len(lesson.examples)
            if self._examples >= GATHERED_MAX:
                self._learn_gathered(following)
            return
        if not self.trainer.serving.frozen:
            self._learning.learn([lesson])
        self._count(len(lesson.examples), following)

    def _learn_gathered(self, following: int) -> None:
        if not self.trainer.serving.frozen:
            self._learning.learn_in_order(self._gathered)
        self._count(self._examples, following)
        self._gathered, self._examples = [], 0

    def _count(self, examples: int, following: int) -> None:
        trainer = self.trainer
        if trainer.serving.frozen:
            passed_over = trainer.passed_over + examples
            self.trainer = replace(trainer, passed_over=passed_over, next=following)
        else:
            self.trainer = replace(trainer, learned=trainer.learned + examples, next=following)

    # -- orders ----------------------------------------------------------------------------------

    def _carry_out(self, order: Order, following: int) -> Rejected | None:
        match order.order:
            case "gather":
                self.trainer = replace(self.trainer, gathering=True)
            case "learn":
                self._learn_gathered(following)
                self.publish(order.at)
            case "free":
                self._learn_gathered(following)
                serving = replace(self.trainer.serving, at=0)
                self.trainer = replace(self.trainer, gathering=False, serving=serving)
            case "pin" | "unpin":
                return self._pin(order)
            case "freeze" | "thaw":
                serving = replace(self.trainer.serving, frozen=order.order == "freeze")
                self.trainer = replace(self.trainer, serving=serving)
        return None

    def _pin(self, order: Order) -> Rejected | None:
        serving = self.trainer.serving
        pinned = order.order == "pin"
        number = order.snapshot if pinned else serving.newest
        if pinned and not 1 <= number <= serving.newest:
            detail = f"snapshot {number} is not there; the newest is {serving.newest}"
            return Rejected("wrong_type", detail)
        serving = replace(serving, number=number, pinned=pinned)
        self.trainer = replace(self.trainer, serving=serving)
        return None
