"""Lines of a file as records: unchanged, with a key where one can be read."""

import gzip
import json
from pathlib import Path

import pytest

from contracts.lines import learner_key_of
from feeds.jsonl import FIRST_LINES, LINE_BYTES_MAX, Lines
from runtime.errors import UsageError
from tests.factories import START, seconds, viewed

NOW = seconds(START)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'{"user_id": 42}', b"42"),
        (b'{"user_id": "42", "x": [1, {"y": 2}]}', b"42"),
        ('{"user_id": "größer"}'.encode(), "größer".encode()),
        (b'{"user_id": true}', None),
        (b'{"user_id": null}', None),
        (b'{"type": "enrolled"}', None),
        (b'[{"user_id": 42}]', None),
        (b'{"user_id": "\xff"}', None),
        (b'{"user_id": "\\ud800"}', None),
        (b"not json", None),
        (b'{"user_id": 1, "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", None),
    ],
)
def test_the_key_is_the_learners_id_as_text(line: bytes, key: bytes | None) -> None:
    assert learner_key_of(line) == key


def test_lines_stay_as_they_are_and_blank_ones_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"user_id": 1}\r\n\n \nbad \xff\n{"user_id":2}')
    lines = Lines(path, NOW)
    assert [tuple(record) for record in lines.events()] == [
        (b"1", b'{"user_id": 1}\r', 0),
        (None, b"bad \xff", 0),
        (b"2", b'{"user_id":2}', 0),
    ]
    assert (lines.read, lines.made, lines.without_key) == (5, 3, 1)
    assert lines.skipped == {"blank": 2}


def test_a_line_that_no_broker_takes_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * (LINE_BYTES_MAX + 1) + b"\n{}\n"))
    lines = Lines(path, NOW)
    assert [record.value for record in lines.events()] == [b"{}"]
    assert lines.skipped.total() == 1


def test_facts_without_a_course_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "courses.jsonl"
    path.write_bytes(b'{"course_id": "c1"}\n{"title": "no id"}\n')
    lines = Lines(path, NOW)
    assert [record.key for record in lines.courses()] == [b"c1"]
    assert lines.skipped == {"no course_id": 1}


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        Lines(tmp_path / "none.jsonl", NOW)


def test_what_the_workers_will_reject_is_sent_and_counted_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    good = json.dumps(viewed())
    bad = ["no json"] * (FIRST_LINES + 2)
    path.write_text("\n".join([good, "", *bad, '{"user_id": 1}', good, "x" * 900_001]))
    lines = Lines(path, NOW)
    assert len(list(lines.events())) == FIRST_LINES + 5
    found = {reason: (each.lines, each.first) for reason, each in lines.refused.items()}
    assert found == {
        "not_json": (FIRST_LINES + 2, [3, 4, 5, 6, 7]),
        "missing_field": (1, [10]),
        "too_large": (1, [12]),
    }


def test_facts_that_are_refused_are_counted_whether_they_are_sent_or_not(tmp_path: Path) -> None:
    path = tmp_path / "courses.jsonl"
    path.write_text('{"course_id": "c1"}\n{"course_id": "c1", "pass_mark": 101}\n{"title": "t"}\n')
    lines = Lines(path, NOW)
    assert len(list(lines.courses())) == 2
    found = {reason: each.first for reason, each in lines.refused.items()}
    assert found == {"wrong_type": [2], "missing_field": [3]}
