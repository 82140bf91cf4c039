"""`learnstream check`: every line meets the fate that it would meet on the stream."""

import gzip
import io
import json
from pathlib import Path

import pytest

from cli.main import main
from operations.check import Summary, check_courses, check_events, told
from tests.factories import START, at, graded, seconds, viewed

NOW = seconds(at(1))


def lines(*events: object) -> list[bytes]:
    return [
        each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in events
    ]


def test_each_line_is_told_with_its_number_and_reason() -> None:
    late = viewed(at(2))
    found = check_events(
        lines(viewed(), b"\n", b"no json\n", viewed(user=True), viewed(user="a" * 129), late), NOW
    )
    assert [(each.line, each.outcome, each.reason) for each in found] == [
        (1, "accepted", None),
        (3, "rejected", "not_json"),
        (4, "rejected", "bad_id"),
        (5, "rejected", "bad_id"),
        (6, "rejected", "future_time"),
    ]


def test_a_number_and_a_text_as_user_id_are_both_given_their_key() -> None:
    found = check_events(lines(viewed(user=12), viewed(user="é")), NOW)
    assert [each.outcome for each in found] == ["accepted", "accepted"]


def test_a_line_without_a_learner_says_what_is_missing_and_not_that_it_has_no_key() -> None:
    event = viewed()
    del event["user_id"]
    (verdict,) = check_events(lines(event), NOW)
    assert verdict.reason == "missing_field"


def test_a_repeated_event_is_told_with_the_line_that_it_repeats() -> None:
    found = list(check_events(lines(viewed(), viewed(), viewed(user="8", event_id="x")), NOW))
    assert [each.outcome for each in found] == ["accepted", "duplicate", "accepted"]
    assert found[1].detail == "line 1 has this event_id"


def test_the_same_event_may_be_spelled_otherwise() -> None:
    plain = viewed(user="7", event_id="e")
    other = plain | {"user_id": 7, "occurred_at": "2024-03-04T10:00:00.0+01:00", "v": 1}
    found = check_events(lines(plain, other | {"precision": None, "note": 1}), NOW)
    assert [each.outcome for each in found] == ["accepted", "duplicate"]


def test_an_event_id_with_other_content_is_rejected_as_reused() -> None:
    grade = graded(START, 40, event_id="row-17")
    changed = grade | {"score": 75}
    found = list(check_events(lines(grade, changed, grade, changed | {"user_id": "8"}), NOW))
    assert [each.reason for each in found] == [None, "id_reused", None, None]
    assert [each.outcome for each in found] == ["accepted", "rejected", "duplicate", "accepted"]
    assert found[1].detail == "line 1 has this event_id, with other content"


def test_an_event_id_is_remembered_for_sixty_four_accepted_events() -> None:
    first = viewed(event_id="first")
    between = [viewed(content=f"p{n}", event_id=f"e{n}") for n in range(64)]
    repeated, rejected = between[:1] * 3, [b"[]"] * 3
    for count, outcome in ((63, "duplicate"), (64, "accepted")):
        sample = lines(first, *between[:count], *repeated, *rejected, first)
        *_, last = check_events(sample, NOW)
        assert last.outcome == outcome
        assert "line 1" in last.detail


def test_course_facts_are_checked_as_such() -> None:
    good = {"course_id": "c1", "starts_at": "2024-03-04T09:00:00Z"}
    naive = {"course_id": "c1", "starts_at": "2024-03-04T09:00:00"}
    found = check_courses(lines(good, naive, {}))
    assert [each.reason for each in found] == [None, "naive_time", "missing_field"]


def test_what_is_told_is_counted_though_only_the_rejected_are_printed() -> None:
    summary = Summary()
    found = check_events(lines(viewed(), b"[]"), NOW)
    (line,) = told(found, summary, as_json=True, only_rejected=True)
    assert json.loads(line)["reason"] == "not_object"
    assert summary.outcomes == {"accepted": 1, "rejected": 1}


@pytest.mark.parametrize("kind", ["plain", "gz", "-"])
def test_the_command_ends_with_1_where_any_line_would_be_rejected(
    tmp_path: Path,
    kind: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = b"".join(lines(viewed(), {"type": "dance"}))
    path = tmp_path / ("sample.gz" if kind == "gz" else "sample.jsonl")
    path.write_bytes(gzip.compress(data) if kind == "gz" else data)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    argument = "-" if kind == "-" else str(path)
    monkeypatch.setattr("sys.argv", ["learnstream", "check", argument, "--json"])
    assert main() == 1
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each.get("reason") for each in printed[:2]] == [None, "unknown_type"]
    assert printed[2] == {
        "outcomes": {"accepted": 1, "rejected": 1},
        "reasons": {"unknown_type": 1},
    }


def test_a_file_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["learnstream", "check", "nowhere.jsonl"])
    assert main() == 2
    assert "nowhere.jsonl" in capsys.readouterr().err
