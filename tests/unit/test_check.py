"""`learnstream check`: every line meets the fate that it would meet on the stream."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from operations.check import Summary, check_courses, check_events, write_verdicts
from tests.factories import START, at, graded, seconds, viewed

NOW = seconds(at(1))


def lines(*events: object) -> list[bytes]:
    return [
        each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in events
    ]


def test_each_line_is_write_verdicts_with_its_number_and_reason() -> None:
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


def test_a_repeated_event_is_write_verdicts_with_the_line_that_it_repeats() -> None:
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


def warned(event: dict[str, object]) -> list[tuple[str, str]]:
    (verdict,) = check_events(lines(event), NOW)
    return [(kind, detail) for kind, detail in verdict.warnings]


def renamed(event: dict[str, object], name: str, other: str) -> dict[str, object]:
    return {other if each == name else each: value for each, value in event.items()}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("occurred_at", "occured_at"),
        ("occurred_at", "occurredAt"),
        ("occurred_at", "timestamp"),
        ("user_id", "userId"),
        ("user_id", "USER_ID"),
        ("user_id", "student_id"),
        ("event_id", "id"),
        ("content_kind", "kind"),
        ("content_id", "ContentID"),
        ("duration_seconds", "duration"),
        ("duration_seconds", "durationSeconds"),
        ("timezone", "tz"),
        ("module_id", "module"),
    ],
)
def test_a_name_that_is_nearly_ours_is_warned_of_whatever_the_verdict(
    name: str, other: str
) -> None:
    whole = viewed(duration_seconds=5, timezone="Europe/Berlin", module_id="m1")
    assert warned(whole) == []
    detail = f"{other} is ignored: is {name} meant?"
    assert warned(renamed(whole, name, other)) == [("near_name", detail)]


def test_a_name_of_another_type_is_nearly_ours_where_this_type_has_one_like_it() -> None:
    seen = {**viewed(), "type": "alert_acknowledged", "alert_ids": []}
    assert ("near_name", "alert_ids is ignored: is alert_id meant?") in warned(seen)
    assert ("unread_field", "alert_ids is not read in content_viewed") in warned(
        {**viewed(), "alert_ids": []}
    )


def test_an_ignored_name_is_no_warning_where_the_field_that_it_is_like_is_given() -> None:
    own: dict[str, Any] = {"timestamp": 1, "id": 5, "userId": 1, "note": 1, "v2": 3}
    assert warned(viewed(**own)) == []


def test_a_field_that_the_type_does_not_have_is_warned_of() -> None:
    assert warned(viewed(score=5)) == [("unread_field", "score is not read in content_viewed")]


@pytest.mark.parametrize("kind", ["contentViewed", "content-viewed", "ContentViewed", "viewed"])
def test_a_type_that_is_nearly_ours_is_warned_of(kind: str) -> None:
    event = {**viewed(), "type": kind}
    assert ("near_type", f"type {kind!r}: is content_viewed meant?") in warned(event)


def test_an_event_id_of_another_event_is_warned_of_whoever_the_learner_is() -> None:
    grade = graded(START, 40, event_id="row-17")
    found = list(check_events(lines(grade, grade | {"user_id": "8"}, grade), NOW))
    assert [each.outcome for each in found] == ["accepted", "accepted", "duplicate"]
    assert [[kind for kind, _ in each.warnings] for each in found] == [[], ["id_again"], []]


@pytest.mark.parametrize(
    ("line", "format_name"),
    [
        (b'{"specversion": "1.0", "source": "/lms", "type": "x", "id": "1"}', "a CloudEvents"),
        (b'{"actor": {}, "verb": {}, "object": {}}', "an xAPI statement"),
        (b'{"sensor": "s", "sendTime": "t", "data": []}', "a Caliper envelope"),
        (b'{"@context": "c", "actor": {}, "action": "Viewed"}', "a Caliper event"),
        (b'{"metadata": {}, "body": {}}', "a Canvas live event"),
        (b'{"event_type": "x", "event_source": "server", "context": {}}', "an Open edX"),
        (b'{"schema": {}, "payload": {}}', "a Kafka Connect envelope"),
        (b'\x00\x00\x00\x01\x02{"user_id": 1}', "a schema-registry frame (schema id 258)"),
        (b'\xef\xbb\xbf{"user_id": 1}', "text that begins with a byte order mark"),
        ('{"user_id": 1}'.encode("utf-16"), "UTF-16 text"),
        (b"Obj\x01\x04\x14avro.codec", "an Avro file"),
        (b"\x08\x96\x01\x12\x07testing", "binary data, such as Avro or Protobuf"),
        (b"event_id,user_id,type,occurred_at", "CSV"),
        (b"e1;7;content_viewed;2026-03-02", "CSV"),
        (b'[{"user_id": 1}]', "a JSON list"),
        (b"{", "one JSON document over several lines"),
    ],
)
def test_a_line_of_another_format_is_rejected_and_the_format_named(
    line: bytes, format_name: str
) -> None:
    (verdict,) = check_events([line + b"\n"], NOW)
    assert verdict.outcome == "rejected"
    assert f"this seems to be {format_name}" in verdict.detail
    assert "expected one JSON object a line, with event_id, user_id" in verdict.detail


def test_a_line_of_no_known_format_is_not_guessed_at() -> None:
    found = check_events(lines(b"hello\n", {"type": "dance"}, b'{"a": \n', b"{'a': 1}\n"), NOW)
    assert not [each for each in found if "seems" in each.detail]


WELL = {
    "course_id": "c1",
    "starts_at": "2024-03-04T09:00:00Z",
    "ends_at": "2024-06-04T09:00:00Z",
    "pass_mark": 60,
    "modules": [{"id": "m1", "weight": 2, "release_at": "2024-03-04T09:00:00Z"}],
    "assessments": [{"id": "a1", "due_at": "2024-06-04T09:00:00Z", "max_score": 10}],
    "breaks": [{"from": "2024-04-01T00:00:00Z", "to": "9999-01-01T00:00:00Z"}],
    "weekly_targets": {"active_days": 7},
}


@pytest.mark.parametrize(
    ("changed", "kind", "place"),
    [
        ({"assessments": [{"id": "a", "due_at": "2024-03-01T00:00:00Z"}]}, "outside_course", "due"),
        ({"assessments": [{"id": "a", "due_at": "2024-07-01T00:00:00Z"}]}, "outside_course", "due"),
        ({"modules": [{"id": "m", "release_at": "2023-01-01T00:00:00Z"}]}, "outside_course", "rel"),
        (
            {"breaks": [{"from": "2024-05-01T00:00:00Z", "to": "2024-07-01T00:00:00Z"}]},
            "outside_course",
            "breaks[0].to",
        ),
        ({"modules": [{"id": "m", "weight": 0}]}, "no_weight", "modules"),
        ({"modules": [{"id": "m", "required": False}]}, "nothing_required", "modules"),
        ({"assessments": [{"id": "a", "weight": 0}]}, "no_weight", "assessments"),
        ({"assessments": [{"id": "a", "max_score": 0}]}, "no_points", "assessments[0]"),
        ({"pass_mark": 0.6}, "share", "pass_mark is 0.6 percent"),
        ({"weekly_targets": {"active_days": 8}}, "target", "8 of 7 days"),
        ({"modules": [{"id": "m", "releaseAt": None}]}, "near_name", "modules[0].releaseAt"),
        ({"weekly_targets": {"activeDays": 3}}, "near_name", "weekly_targets.activeDays"),
    ],
)
def test_course_facts_that_contradict_themselves_are_accepted_with_a_warning(
    changed: dict[str, object], kind: str, place: str
) -> None:
    (plain,) = check_courses(lines(WELL))
    assert plain.warnings == ()
    (verdict,) = check_courses(lines(WELL | changed))
    (warning,) = verdict.warnings
    assert (verdict.outcome, warning.kind) == ("accepted", kind)
    assert place in warning.detail


def test_what_facts_contradict_so_that_they_are_rejected_is_named() -> None:
    backwards = WELL | {"starts_at": WELL["ends_at"], "ends_at": WELL["starts_at"]}
    twice = WELL | {"modules": [{"id": "m1"}, {"id": "m1"}]}
    found = list(check_courses(lines(backwards, twice, renamed(WELL, "course_id", "courseId"))))
    assert [(each.reason, each.detail) for each in found[:2]] == [
        ("wrong_type", "ends_at is before starts_at"),
        ("bad_id", "modules[1].id stands twice"),
    ]
    assert [warning.kind for warning in found[2].warnings] == ["near_name"]


def test_events_and_course_facts_in_each_others_place_are_warned_of() -> None:
    (facts,) = check_events(lines(WELL), NOW)
    (event,) = check_courses(lines(viewed()))
    assert [kind for kind, _ in facts.warnings] == ["other_topic"]
    assert [kind for kind, _ in event.warnings] == ["other_topic"]


def test_a_course_that_comes_again_in_the_file_is_warned_of() -> None:
    found = list(check_courses(lines(WELL, {"course_id": "c2"}, WELL)))
    assert [[kind for kind, _ in each.warnings] for each in found] == [[], [], ["course_again"]]
    assert "line 1 has this course" in found[2].warnings[0].detail


@pytest.mark.parametrize("as_json", [False, True])
def test_warnings_are_printed_and_change_no_exit_status(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    as_json: bool,
) -> None:
    path = tmp_path / "sample.jsonl"
    path.write_bytes(b"".join(lines(viewed(duration=5))))
    monkeypatch.setattr(
        "sys.argv", ["learnstream", "check", str(path), *(["--json"] if as_json else [])]
    )
    assert main() == 0
    printed = capsys.readouterr()
    if as_json:
        line, summary = (json.loads(each) for each in printed.out.splitlines())
        assert line["warnings"][0]["kind"] == "near_name"
        assert summary["warnings"] == {"near_name": 1}
    else:
        assert "1\twarning\tnear_name\tduration is ignored" in printed.out
        assert "Warnings are not errors" in printed.err


def test_course_facts_are_checked_as_such() -> None:
    good = {"course_id": "c1", "starts_at": "2024-03-04T09:00:00Z"}
    naive = {"course_id": "c1", "starts_at": "2024-03-04T09:00:00"}
    found = check_courses(lines(good, naive, {}))
    assert [each.reason for each in found] == [None, "naive_time", "missing_field"]


def test_what_is_write_verdicts_is_counted_though_only_the_rejected_are_printed() -> None:
    summary = Summary()
    found = check_events(lines(viewed(), b"[]"), NOW)
    (line,) = write_verdicts(found, summary, as_json=True, only_rejected=True)
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
        "warnings": {},
    }


def test_a_file_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["learnstream", "check", "nowhere.jsonl"])
    assert main() == 2
    assert "nowhere.jsonl" in capsys.readouterr().err
