"""Ids, partitions and the bytes of a state."""

import pytest
from kafka.partitioner.default import murmur2

from domain.fold.partition import new_checkpoint
from domain.ids import partition_of, shown_id
from domain.keepers.recent import newest
from domain.state.learner import (
    Day,
    new_learner,
)
from domain.state.limits import STATE_BYTES_MAX
from domain.stored import codec
from domain.stored.codec import UnknownVersionError
from tests.factories import USER, Bench, at, viewed


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_the_partition_is_the_java_clients(partitions: int) -> None:
    keys = [str(n).encode() for n in range(300)] + ["é学".encode() * n for n in range(1, 9)]
    for key in keys:
        assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize(
    ("user_id", "shown"),
    [
        ("7", 7),
        ("0", 0),
        ("007", "007"),
        ("9" * 15, 999999999999999),
        ("9" * 16, "9" * 16),
        ("-5", "-5"),
        ("abc", "abc"),
        ("٣", "٣"),
    ],
)
def test_a_canonical_decimal_is_shown_as_an_integer(user_id: str, shown: int | str) -> None:
    assert shown_id(user_id) == shown


def test_a_state_survives_its_bytes() -> None:
    bench = Bench().send(*[viewed(at(day), f"p{day}", duration_seconds=60) for day in range(20)])
    data = bench.store.committed[USER]
    assert codec.encode_learner(codec.decode_learner(data)) == data
    header = codec.decode_header(data)
    assert (header.user_id, header.steps, header.course_ids) == (USER, 20, ["c1"])


def test_another_version_is_refused() -> None:
    state = new_learner(USER)
    state.version = 99
    with pytest.raises(UnknownVersionError, match="99"):
        codec.decode_learner(codec.encode_learner(state))
    with pytest.raises(UnknownVersionError, match="99"):
        codec.decode_header(codec.encode_learner(state))
    checkpoint = new_checkpoint(0, 1, "t", "wall")
    checkpoint.version = 99
    with pytest.raises(UnknownVersionError, match="99"):
        codec.decode_checkpoint(codec.encode_checkpoint(checkpoint))


def test_i7_over_sixteen_kilobytes_the_oldest_days_go() -> None:
    state = new_learner(USER)
    state.days = [Day(day, submitted=list(range(100_000, 100_040))) for day in range(1, 91)]
    codec.shrink(state)
    assert len(codec.encode_learner(state)) <= STATE_BYTES_MAX
    assert state.days[-1].day == 90
    assert state.overflow.days == 90 - len(state.days) > 0


@pytest.mark.parametrize(
    "event_id",
    [
        "e1",
        "6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b11",
        "6F6F3C0E-5D1E-5D2E-9A53-0B6C1F1F7B11",
        "6f6f3c0e5d1e-5d2e-9a53-0b6c1f1f7b11-",
        "zf6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b11",
        "学" * 36,
        "6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b1 ",
    ],
)
def test_an_event_id_comes_back_as_it_was(event_id: str) -> None:
    (listed,) = newest(Bench().send(viewed(at(), event_id=event_id)).learner())
    assert listed.event_id == event_id
