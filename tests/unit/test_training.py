"""What the trainer makes of each record: when something is learned, and when published."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from contracts.lessons import encode_lesson, encode_order
from contracts.snapshots import TRAINER_VERSION, Serving, Trainer
from domain.examples import Lesson, Order
from models import training
from models.learning import Learning
from models.snapshot import decode_snapshot
from models.training import EXAMPLES_MIN, SECONDS_MAX, Training
from tests.training import lessons

HOUR = 3_600


class Written(NamedTuple):
    """A record of `model.examples`."""

    offset: int
    key: bytes | None
    value: bytes | None


def trainer(**changes: Any) -> Trainer:
    return Trainer(version=TRAINER_VERSION, topic_id="t", partitions=1, next=0, **changes)


def new() -> tuple[Training, Learning]:
    learning = Learning()
    return Training(learning, trainer()), learning


def take(made: Training, *told: Lesson | Order, start: int = 0) -> list[Any]:
    """What is said of each record, from an offset on."""
    return [made.take(each) for each in records(told, start)]


def records(told: Iterable[Lesson | Order], start: int = 0) -> list[Written]:
    return [
        Written(offset, None, encode_order(each))
        if isinstance(each, Order)
        else Written(offset, each.user_id.encode(), encode_lesson(each))
        for offset, each in enumerate(told, start)
    ]


def examples(learning: Learning) -> int:
    return sum(learning.examples.values())


def snapshots(made: Training) -> list[tuple[int, int, int]]:
    """Number, offset and examples of each that was published."""
    found = [decode_snapshot(each.data) for each in made.published]
    return [(each.number, each.learned, sum(each.examples.values())) for each in found]


def test_a_lesson_is_learned_as_it_comes_and_the_position_follows() -> None:
    made, learning = new()
    assert take(made, *lessons(3)) == [None] * 3
    assert (examples(learning), made.trainer.learned, made.trainer.next) == (6, 6, 3)
    assert made.published == []


def test_what_is_no_lesson_is_counted_and_passed() -> None:
    made, learning = new()
    problem = made.take(Written(4, b"7", b"{"))
    assert problem is not None
    assert problem.reason == "not_json"
    assert (made.trainer.rejected, made.trainer.next, examples(learning)) == (1, 5, 0)


@pytest.mark.parametrize(
    ("learned", "published", "due"),
    [
        (0, 0, False),
        (EXAMPLES_MIN - 1, 0, False),
        (EXAMPLES_MIN, 0, True),
        (100_000, 99_001, False),
        (100_000, 99_000, True),
        (100_001, 99_001, False),
        (100_001, 99_000, True),
    ],
)
def test_a_snapshot_is_due_after_200_examples_and_one_in_a_hundred(
    learned: int, published: int, *, due: bool
) -> None:
    made = Training(Learning(), trainer(learned=learned, published_learned=published))
    assert made.is_due(now=0) is due


def test_a_snapshot_is_due_after_an_hour_if_anything_was_learned() -> None:
    made = Training(Learning(), trainer(published_at=1_000))
    assert not made.is_due(1_000 + SECONDS_MAX)
    take(made, *lessons(1))
    assert not made.is_due(999 + SECONDS_MAX)
    assert made.is_due(1_000 + SECONDS_MAX)
    take(made, Order(order="gather"), start=1)
    assert not made.is_due(1_000 + SECONDS_MAX)


def test_a_snapshot_knows_its_number_and_its_position_and_serves() -> None:
    made, _ = new()
    take(made, *lessons(2))
    made.publish()
    take(made, *lessons(1, first=2), start=2)
    made.publish()
    assert snapshots(made) == [(1, 2, 4), (2, 3, 6)]
    assert made.trainer.serving == Serving(number=2, newest=2)
    assert not made.is_due(made.trainer.published_at)


def test_while_a_day_is_gathered_nothing_is_learned_and_no_position_moves() -> None:
    made, learning = new()
    assert not made.gathers
    take(made, Order(order="gather"), *lessons(3), Order(order="gather"))
    assert (examples(learning), made.trainer.next, made.trainer.gathering) == (0, 1, True)
    assert take(made, Order(order="pin", snapshot=9), start=5)[0].reason == "wrong_type"
    assert made.trainer.next == 1
    take(made, Order(order="learn", at=86_400), start=6)
    assert (examples(learning), made.trainer.next) == (6, 7)
    assert snapshots(made) == [(1, 7, 6)]
    assert made.trainer.serving == Serving(number=1, newest=1, at=86_400)


def test_each_order_to_learn_gives_one_snapshot_even_of_nothing() -> None:
    made, _ = new()
    learn = Order(order="learn", at=5)
    take(made, Order(order="gather"), learn, learn)
    assert snapshots(made) == [(1, 2, 0), (2, 3, 0)]


def test_a_days_order_does_not_matter() -> None:
    day = lessons(40)
    gather, learn = Order(order="gather"), Order(order="learn", at=5)
    made = []
    for told in (day, day[::-1]):
        one, _ = new()
        take(one, gather, *told, learn)
        made.append(one.published)
    assert made[0] == made[1]


def test_free_learns_what_is_left_and_ends_the_lockstep() -> None:
    made, learning = new()
    take(made, Order(order="gather"), Order(order="learn", at=5), *lessons(2), Order(order="free"))
    assert (examples(learning), made.trainer.gathering, made.trainer.serving.at) == (4, False, 0)
    assert made.trainer.next == 5
    take(made, *lessons(1), start=5)
    assert examples(learning) == 6


def test_more_than_can_be_gathered_is_learned_without_an_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "GATHERED_MAX", 8)
    made, learning = new()
    take(made, Order(order="gather"), *lessons(3))
    assert examples(learning) == 0
    take(made, *lessons(2, first=3), start=4)
    assert (examples(learning), made.trainer.next, made.gathers) == (8, 5, True)
    assert (made.trainer.gathering, made.published) == (True, [])


def test_a_pinned_snapshot_serves_until_it_is_unpinned() -> None:
    made, _ = new()
    learn = Order(order="learn")
    take(made, learn, learn, Order(order="pin", snapshot=1), learn)
    assert made.trainer.serving == Serving(number=1, newest=3, pinned=True)
    take(made, Order(order="unpin"), start=4)
    assert made.trainer.serving == Serving(number=3, newest=3)


@pytest.mark.parametrize("number", [0, 2])
def test_a_snapshot_that_is_not_there_is_not_pinned(number: int) -> None:
    made, _ = new()
    take(made, Order(order="learn"))
    before = made.trainer
    (problem,) = take(made, Order(order="pin", snapshot=number), start=1)
    assert problem.detail == f"snapshot {number} is not there; the newest is 1"
    assert made.trainer == replace(before, rejected=1, next=2)


def test_what_comes_while_frozen_is_passed_over_for_good() -> None:
    made, learning = new()
    take(made, Order(order="freeze"), *lessons(2))
    assert made.trainer.serving.frozen
    assert (examples(learning), made.trainer.passed_over, made.trainer.next) == (0, 4, 3)
    take(made, Order(order="gather"), *lessons(1), Order(order="learn"), start=3)
    assert (examples(learning), made.trainer.passed_over) == (0, 6)
    assert snapshots(made) == [(1, 6, 0)]
    take(made, Order(order="free"), Order(order="thaw"), *lessons(1), start=6)
    assert (examples(learning), made.trainer.serving.frozen) == (2, False)


def test_a_trainer_that_continues_from_what_was_kept_makes_the_same_snapshots() -> None:
    told: Sequence[Lesson | Order] = [*lessons(30), Order(order="learn"), *lessons(30, first=30)]
    whole, _ = new()
    take(whole, *told)
    whole.publish()
    half, learning = new()
    take(half, *told[:31])
    again = Training(Learning.restore(learning.parts()), half.trainer)
    take(again, *told[31:], start=31)
    again.publish()
    assert [*half.published, *again.published] == whole.published
