"""The records of `model.examples` and `model.snapshots`: what is taken, and what is said of it."""

from typing import Any

import msgspec
import pytest

from contracts.lessons import TIME_MAX, decode_lesson, encode_lesson, encode_order
from contracts.snapshots import (
    TRAINER_VERSION,
    Serving,
    Trainer,
    UnknownTrainerError,
    decode_serving,
    decode_trainer,
    encode_serving,
    encode_trainer,
    learning_key,
    learning_part,
    snapshot_key,
    snapshot_number,
)
from contracts.state_keys import TAKEN_KEY
from domain.events.decode import Rejected
from domain.examples import Lesson, Order
from tests.training import lessons


def reason(key: bytes | None, value: bytes | None) -> str:
    found = decode_lesson(key, value)
    assert isinstance(found, Rejected), found
    return found.reason


def test_a_lesson_and_an_order_are_taken_as_they_were_written() -> None:
    (lesson,) = lessons(1)
    assert decode_lesson(b"0", encode_lesson(lesson)) == lesson
    order = Order(order="pin", snapshot=3)
    assert decode_lesson(None, encode_order(order)) == order


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null_value"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[" * 100_000, "too_deep"),
        (b"\xff", "not_utf8"),
        (b"[]", "not_object"),
        (b'{"user_id":"7","at":NaN}', "not_finite"),
        (b'{"user_id":"7"}', "missing_field"),
        (b'{"user_id":7,"at":1}', "wrong_type"),
        (b'{"user_id":"7","at":1.5}', "wrong_type"),
        (b'{"user_id":"7","at":1,"outcome":2}', "wrong_type"),
        (b'{"user_id":"7","at":1,"examples":[["mood",null,null,0,1,0,[],1]]}', "wrong_type"),
        (b'{"user_id":"7","at":-1}', "bad_time"),
        (b'{"user_id":"7","at":%d}' % (TIME_MAX + 1), "bad_time"),
        (b'{"user_id":"8","at":1}', "key_mismatch"),
        (b'{"user_id":"","at":1}', "bad_id"),
        (b'{"user_id":"%s","at":1}' % (b"7" * 129), "bad_id"),
        (b'{"order":"learn"}', "key_mismatch"),
    ],
)
def test_what_is_no_lesson_is_rejected_for_its_reason(value: bytes | None, expected: str) -> None:
    assert reason(b"7", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"order":"dance"}', "wrong_type"),
        (b'{"order":null}', "wrong_type"),
        (b'{"order":"learn","at":-1}', "bad_time"),
        (b'{"order":"learn","at":%d}' % (TIME_MAX + 1), "bad_time"),
        (b'{"order":"pin","snapshot":-1}', "wrong_type"),
        (b'{"user_id":"7","at":1}', "no_key"),
    ],
)
def test_what_has_no_key_is_an_order_or_is_rejected(value: bytes, expected: str) -> None:
    assert reason(None, value) == expected


def test_a_time_at_its_bounds_is_one() -> None:
    for at in (0, TIME_MAX):
        value = b'{"user_id":"7","at":%d}' % at
        assert decode_lesson(b"7", value) == Lesson(user_id="7", at=at)
        assert decode_lesson(None, b'{"order":"learn","at":%d}' % at) == Order(order="learn", at=at)


def test_nothing_of_a_records_content_is_said() -> None:
    for value in (b'{"user_id":"secret","at":1}', b'{"order":"secret"}', b'{"user_id":"secret"}'):
        found = decode_lesson(b"7", value)
        assert isinstance(found, Rejected)
        assert "secret" not in found.detail


def test_keys_are_told_apart() -> None:
    assert [snapshot_number(snapshot_key(n)) for n in (1, 12, 10**15 - 1)] == [1, 12, 10**15 - 1]
    for other in (b"snapshot:0", b"snapshot:01", b"snapshot:", b"snapshot:%d" % 10**15, b"serving"):
        assert snapshot_number(other) is None, other
    assert learning_part(learning_key("model:score")) == "model:score"
    assert learning_part(TAKEN_KEY) is None


def test_what_serves_and_where_the_trainer_stands_are_read_as_they_were_written() -> None:
    serving = Serving(number=3, newest=5, pinned=True, at=7)
    assert decode_serving(encode_serving(serving)) == serving
    trainer = Trainer(
        version=TRAINER_VERSION, topic_id="t", partitions=1, next=9, serving=serving, gathering=True
    )
    assert decode_trainer(encode_trainer(trainer)) == trainer


@pytest.mark.parametrize("version", [TRAINER_VERSION - 1, TRAINER_VERSION + 1])
def test_a_trainers_record_of_another_version_is_refused(version: int) -> None:
    with pytest.raises(UnknownTrainerError, match=f"version {version}"):
        decode_trainer(msgspec.json.encode({"version": version}))


@pytest.mark.parametrize("value", [b"", b"{}", b'{"version":1}'])
def test_what_is_no_trainers_record_says_so(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_trainer(value)


def test_a_serving_record_that_is_none_says_so() -> None:
    wrong: list[Any] = [b"", b"[]", b'{"number":"1"}']
    for value in wrong:
        with pytest.raises(msgspec.DecodeError):
            decode_serving(value)
