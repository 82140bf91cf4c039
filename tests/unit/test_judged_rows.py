"""From lessons to rows, what the folder tells in hindsight, and what a run's file holds."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.models.hindsight import Hindsight, Stay
from benchmarks.models.recorded import (
    AlertsKnown,
    Raised,
    Recorded,
    append,
    raised_by_models,
    read,
)
from benchmarks.models.rows import two_way
from domain.course_facts import DAY
from domain.examples import Order
from tests.hindsight import course, day, example, known_of, lesson, outcome, rows_of
from tests.sinking import a_transition


def told(known: Hindsight, user: int, number: int, kind: str, **fields: Any) -> None:
    when = f"2014-02-{1 + number:02}T12:00:00Z"
    own = {"user_id": user, "type": kind, "course_id": "AAA-2014B", "occurred_at": when}
    known.take([json.dumps(own | fields).encode()])


def test_hindsight_knows_stays_work_first_submissions_clicks_and_groups() -> None:
    known = Hindsight({"AAA-2014B": course()})
    told(known, 1, 1, "enrolled", groups={"gender": "F"})
    told(known, 1, 3, "content_viewed", content_id="x")
    told(known, 1, 3, "content_viewed", content_id="y")
    told(known, 1, 6, "assessment_submitted", assessment_id="AAA20")
    told(known, 1, 5, "assessment_submitted", assessment_id="AAA20")
    told(known, 1, 9, "unenrolled")
    member = ("1", "AAA-2014B")
    first = day(0) // DAY
    assert known.stays[member] == Stay(day(1), day(9))
    assert known.worked[member] == [first + 3, first + 5, first + 6]
    assert known.submitted[member] == {"AAA20": day(5)}
    assert known.clicked_until == {"AAA-2014B": first + 3}
    assert known.groups[member] == {"gender": "F"}
    assert known.newest == 2014


def test_a_learner_is_in_the_course_that_began_first_from_the_entry_until_leaving() -> None:
    known = known_of(course("BBB"), course("AAA", 2013), users=("1",))
    known.stays["1", "BBB-2014B"] = Stay(day(5), day(9))
    asked = (day(4), day(5), day(8), day(9))
    assert [known.course_at("1", at) for at in asked] == ["", "BBB-2014B", "BBB-2014B", ""]
    assert known.course_at("1", day(5, 2013)) == "AAA-2013B"
    assert known.course_at("nobody", day(5)) == ""


def test_an_example_of_silence_is_of_the_course_that_the_learner_was_in() -> None:
    known = known_of(course(), users=("1",))
    made = example("inactivity_7", 2, 300, 1)
    (row,) = rows_of(known, "inactivity_7", lesson("1", None, day(21), made))
    assert (row.course_id, row.module, row.year, row.week) == ("AAA-2014B", "AAA", 2014, 2)
    (row,) = rows_of(known, "inactivity_7", lesson("9", None, day(21), made))
    assert (row.course_id, row.module, row.year, row.week) == ("", "", 0, 0)


def test_a_table_says_the_rate_of_its_cell_from_labels_of_the_days_before() -> None:
    known = known_of(course())
    rows = rows_of(
        known,
        "next_missing",
        lesson("1", "AAA-2014B", day(28), example("next_missing", 1, 500, 1)),
        lesson("2", "AAA-2014B", day(28), example("next_missing", 1, 500, 1, missed_in_row=1)),
        lesson("3", "AAA-2014B", day(63), example("next_missing", 4, 500, 0)),
        lesson("4", "AAA-2014B", day(63), example("next_missing", 5, 500, 0, missed_in_row=1)),
        lesson("4", "AAA-2014B", day(63), example("next_missing", 5, 500, 0, missed_in_row=3)),
    )
    # On day 28 the label of that day is not known yet; on day 35 both are, and both are 1.
    assert [row.two_way for row in rows] == [0.5, 0.5, 0.5, 1.0, 1.0]
    later = lesson("5", "AAA-2014B", day(70), example("next_missing", 10, 500, 0, missed_in_row=1))
    rows = rows_of(known, "next_missing", *[lesson("1", "AAA-2014B", day(8), *_two()), later])
    # One 1 in this cell, one 0 elsewhere: (1 + 5 * 0.5) / (1 + 5).
    assert rows[-1].two_way == pytest.approx(3.5 / 6)
    assert two_way([], lambda _: ()) == []


def _two() -> tuple[Any, Any]:
    one = example("next_missing", 0, 500, 1, missed_in_row=1)
    return one, example("next_missing", 0, 500, 0, missed_in_row=2)


def test_a_file_of_a_run_holds_its_lessons_and_alerts(tmp_path: Path) -> None:
    path = tmp_path / "lessons.jsonl.gz"
    known = known_of(course())
    lessons = [outcome("1", known, 1, 500, None), outcome("2", known, 0)]
    raised = [Raised("next_missing", "1", "AAA-2014B", day(3), "AAA20")]
    append(path, [AlertsKnown(), lessons[0]])
    append(path, [*raised, lessons[1], Order(order="learn", at=day(4))])
    found = read(path)
    assert (found.lessons, found.raised) == (lessons, raised)
    other = Recorded("pure", 0, lessons[::-1], raised)
    assert (found.digest, found.digest_of_alerts) == (other.digest, other.digest_of_alerts)
    assert Recorded("pure", 0, lessons[:1]).digest != found.digest


def test_a_file_without_alerts_does_not_say_that_none_were_raised(tmp_path: Path) -> None:
    path = tmp_path / "lessons.jsonl.gz"
    append(path, [outcome("1", known_of(course()), 1)])
    found = read(path)
    assert found.raised is None
    assert found.digest_of_alerts is None


def test_a_file_that_is_still_written_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "lessons.jsonl.gz"
    append(path, [outcome(str(user), known_of(course()), 1) for user in range(3)])
    whole = path.read_bytes()
    path.write_bytes(whole + gzip.compress(b"x" * 1000)[:15])
    assert len(read(path).lessons) == 3


def test_only_what_models_raised_about_a_learner_is_recorded() -> None:
    at_risk = a_transition("7", "an-alert", category="at_risk", kind="raised", course_id="c")
    changed = a_transition("7", "an-alert", category="at_risk", kind="updated", course_id="c")
    other = a_transition("7", "an-alert", category="low_score", kind="raised", course_id="c")
    (found,) = raised_by_models([at_risk, changed, other])
    assert found == Raised("at_risk", at_risk.user_id, "c", at_risk.raised_at)
