"""The mapping of OULAD, on small files with every oddity of the real ones."""

import gzip
import json
from pathlib import Path
from uuid import uuid5

import pytest

from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from domain.events.decode import Accepted, decode
from domain.events.decode import Record as Stored
from domain.ids import partition_of
from feeds.feed import Sent
from feeds.oulad import Oulad, OuladOptions, read_oulad, report
from feeds.records import NAMESPACE, event_id
from runtime.errors import UsageError

NOW_MILLISECONDS = 1_790_000_000_000
FILES = {
    "courses": """code_module,code_presentation,module_presentation_length
AAA,2013J,268
BBB,2014B,234
""",
    "assessments": """code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,1752,TMA,19,12.5
AAA,2013J,1757,Exam,?,100
AAA,2013J,1758,CMA,30,0
BBB,2014B,2000,TMA,10,50
""",
    "vle": """id_site,code_module,code_presentation,activity_type,week_from,week_to
546652,AAA,2013J,forumng,?,?
546653,BBB,2014B,homepage,?,?
""",
    "studentInfo": (
        "code_module,code_presentation,id_student,gender,region,highest_education,imd_band,"
        "age_band,num_of_prev_attempts,studied_credits,disability,final_result\n"
        'AAA,2013J,11391,M,"East, Anglia",HE Qualification,90-100%,55<=,0,240,N,Pass\n'
        "AAA,2013J,28400,F,Scotland,HE Qualification,20-30%,35-55,0,60,Y,Withdrawn\n"
        "BBB,2014B,28400,F,Scotland,HE Qualification,20-30%,35-55,0,60,Y,Distinction\n"
        "BBB,2014B,30000,F,Scotland,HE Qualification,20-30%,35-55,0,60,Y,Eaten\n"
    ),
    "studentRegistration": (
        "code_module,code_presentation,id_student,date_registration,date_unregistration\n"
        "AAA,2013J,11391,-159,?\n"
        "AAA,2013J,28400,?,12\n"
        "BBB,2014B,28400,0,\n"
        "BBB,2014B,30000,3\n"
    ),
    "studentVle": """code_module,code_presentation,id_student,id_site,date,sum_click
AAA,2013J,28400,546652,-10,4
AAA,2013J,28400,546652,-10,4
AAA,2013J,11391,546652,18,1
AAA,2013J,11391,999999,18,1
AAA,2013J,11391,546652,18,many
AAA,2013J,11391,546652,18,-3
BBB,2014B,28400,546653,0,2
""",
    "studentAssessment": """id_assessment,id_student,date_submitted,is_banked,score
1752,11391,18,0,78
1752,28400,22,0,?
1758,11391,-1,1,61.5
2000,28400,9,0,0
7777,28400,9,0,50
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index, (name, text) in enumerate(FILES.items()):
        if index % 2:
            (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def changed(folder: Path, name: str, *lines: str) -> Oulad:
    """The folder with more lines in one table, read again."""
    for path in folder.glob(f"{name}.csv*"):
        path.unlink()
    (folder / f"{name}.csv").write_text(FILES[name] + "".join(f"{line}\n" for line in lines))
    return read_oulad(OuladOptions(folder))


def assessments_of(oulad: Oulad, course: int) -> list[tuple[str, str, float, bool]]:
    facts = json.loads(oulad.courses()[course].value or b"")
    return [(a["id"], a["kind"], a["weight"], a["required"]) for a in facts["assessments"]]


def events_of(oulad: Oulad) -> list[dict[str, object]]:
    return [json.loads(record.value or b"") for record in oulad.events()]


def reported(oulad: Oulad) -> dict[str, object]:
    made = sum(1 for _ in oulad.events())
    return report(oulad, Sent(courses=len(oulad.facts), events=made, already=0))


def test_every_row_becomes_its_events_in_order_of_day_table_and_line(folder: Path) -> None:
    told = [
        (e["occurred_at"], e["type"], e["user_id"], e["course_id"])
        for e in events_of(read_oulad(OuladOptions(folder)))
    ]
    a, b = "AAA-2013J", "BBB-2014B"
    assert told == [
        ("2013-04-25T12:00:00Z", "enrolled", 11391, a),
        ("2013-09-21T12:00:00Z", "content_viewed", 28400, a),
        ("2013-09-21T12:00:00Z", "content_viewed", 28400, a),
        ("2013-09-30T12:00:00Z", "assessment_submitted", 11391, a),
        ("2013-09-30T12:00:00Z", "assessment_graded", 11391, a),
        ("2013-10-01T12:00:00Z", "enrolled", 28400, a),
        ("2013-10-13T12:00:00Z", "unenrolled", 28400, a),
        ("2013-10-19T12:00:00Z", "content_viewed", 11391, a),
        ("2013-10-19T12:00:00Z", "assessment_submitted", 11391, a),
        ("2013-10-19T12:00:00Z", "assessment_graded", 11391, a),
        ("2013-10-23T12:00:00Z", "assessment_submitted", 28400, a),
        ("2014-02-01T12:00:00Z", "enrolled", 28400, b),
        ("2014-02-01T12:00:00Z", "content_viewed", 28400, b),
        ("2014-02-10T12:00:00Z", "assessment_submitted", 28400, b),
        ("2014-02-10T12:00:00Z", "assessment_graded", 28400, b),
        ("2014-07-26T12:00:00Z", "course_finished", 11391, a),
        ("2014-07-26T12:00:00Z", "course_finished", 28400, a),
        ("2014-10-23T12:00:00Z", "course_finished", 28400, b),
    ]


def test_events_carry_the_fields_of_the_contract(folder: Path) -> None:
    events = events_of(read_oulad(OuladOptions(folder)))
    view = next(e for e in events if e["type"] == "content_viewed")
    assert view == {
        "event_id": str(uuid5(NAMESPACE, "studentVle.csv:2:content_viewed")),
        "user_id": 28400,
        "type": "content_viewed",
        "occurred_at": "2013-09-21T12:00:00Z",
        "precision": "day",
        "course_id": "AAA-2013J",
        "content_id": "546652",
        "content_kind": "forumng",
        "count": 4,
    }
    grades = [e for e in events if e["type"] == "assessment_graded"]
    own = [(g["assessment_id"], g["score"], g["max_score"], g["banked"]) for g in grades]
    assert own == [("1758", 61.5, 100, True), ("1752", 78, 100, False), ("2000", 0, 100, False)]
    outcomes = [e["outcome"] for e in events if e["type"] == "course_finished"]
    assert outcomes == ["passed", "withdrawn", "passed"]


def test_identical_rows_have_ids_of_their_own(folder: Path) -> None:
    ids = [e["event_id"] for e in events_of(read_oulad(OuladOptions(folder)))]
    assert len(set(ids)) == len(ids)


def test_ids_do_not_depend_on_compression(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("plain")
    for name, text in FILES.items():
        (other / f"{name}.csv").write_text(text)
    assert list(read_oulad(OuladOptions(folder)).events()) == list(
        read_oulad(OuladOptions(other)).events()
    )


def test_every_event_is_accepted_and_every_fact_understood(folder: Path) -> None:
    oulad = read_oulad(OuladOptions(folder, groups=True))
    for record in oulad.events():
        partition = partition_of(record.key or b"", 4)
        verdict = decode(Stored(0, NOW_MILLISECONDS, record.key, record.value), partition, 4)
        assert isinstance(verdict, Accepted), verdict
    facts = [decode_course_facts(record.key, record.value) for record in oulad.courses()]
    first = facts[0]
    assert isinstance(first, CourseFacts)
    assert (first.course_id, first.pass_mark) == ("AAA-2013J", 40)
    assert [(a.id, a.weight, a.due_at is None, a.required) for a in first.assessments] == [
        ("1752", 12.5, False, True),
        ("1758", 0, False, False),
    ]
    assert first.ends_at is not None
    assert first.starts_at is not None
    assert first.ends_at - first.starts_at == 268 * 86_400


def test_facts_hold_the_assessments_that_anybody_sat(folder: Path) -> None:
    oulad = read_oulad(OuladOptions(folder))
    assert [a[0] for a in assessments_of(oulad, 0)] == ["1752", "1758"]
    told = reported(oulad)
    assert (told["assessments_never_sat"], told["problems"]) == (1, [])


def test_an_exam_that_somebody_sat_is_required(folder: Path) -> None:
    """Also where the only row of it has no score, or one of an earlier run."""
    for row in ("1757,11391,260,0,?", "1757,11391,-1,1,55"):
        exam = assessments_of(changed(folder, "studentAssessment", row), 0)[1]
        assert exam == ("1757", "Exam", 100, True)


def test_a_row_that_cannot_be_read_is_nobodys(folder: Path) -> None:
    oulad = changed(folder, "studentAssessment", "1757,11391,260,0,well")
    assert "1757" not in {a[0] for a in assessments_of(oulad, 0)}


def test_where_no_weight_remains_all_weigh_the_same_and_are_required(folder: Path) -> None:
    text = FILES["assessments"].replace("1752,TMA,19,12.5", "1752,TMA,19,0")
    (folder / "assessments.csv.gz").write_bytes(gzip.compress(text.encode()))
    oulad = read_oulad(OuladOptions(folder))
    assert assessments_of(oulad, 0) == [("1752", "TMA", 1, True), ("1758", "CMA", 1, True)]


@pytest.mark.parametrize(
    ("left", "days"),
    [
        ("?", [("enrolled", "2013-10-01")]),
        ("12", [("enrolled", "2013-10-01"), ("unenrolled", "2013-10-13")]),
        ("0", [("enrolled", "2013-10-01"), ("unenrolled", "2013-10-01")]),
        ("-20", [("enrolled", "2013-09-11"), ("unenrolled", "2013-09-11")]),
    ],
)
def test_without_a_registration_date_nobody_enrols_after_leaving(
    folder: Path, left: str, days: list[tuple[str, str]]
) -> None:
    oulad = changed(folder, "studentRegistration", f"AAA,2013J,555,?,{left}")
    found = [e for e in events_of(oulad) if e["user_id"] == 555]
    assert [(e["type"], str(e["occurred_at"])[:10]) for e in found] == days


def test_work_on_the_due_day_is_in_time(folder: Path) -> None:
    facts = json.loads(read_oulad(OuladOptions(folder)).courses()[0].value or b"")
    assert facts["assessments"][0]["due_at"] == "2013-10-20T12:00:00Z"


def test_what_cannot_be_used_is_counted_with_its_reason(folder: Path) -> None:
    counts = reported(read_oulad(OuladOptions(folder)))
    files = counts["files"]
    assert isinstance(files, dict)
    assert files["studentVle.csv"]["skipped"] == {"site is not in vle.csv": 1, "malformed": 2}
    assert files["studentAssessment.csv"]["skipped"] == {"assessment is not in assessments.csv": 1}
    assert files["studentInfo.csv"]["skipped"] == {"unknown final_result": 1}
    assert files["studentRegistration.csv"]["skipped"] == {"malformed": 1}
    assert files["studentVle.csv"]["rows"] == files["studentVle.csv"]["lines"] == 7
    assert counts["problems"] == []


def test_counts_that_do_not_add_up_are_said(folder: Path) -> None:
    oulad = read_oulad(OuladOptions(folder))
    made = sum(1 for _ in oulad.events())
    problems = report(oulad, Sent(courses=2, events=made - 1, already=0))["problems"]
    assert problems == [f"{made} events made, {made - 1} acknowledged"]


@pytest.mark.parametrize("wanted", ["2014B", "BBB-2014B"])
def test_presentations_limit_what_is_read(folder: Path, wanted: str) -> None:
    oulad = read_oulad(OuladOptions(folder, frozenset({wanted})))
    assert {e["course_id"] for e in events_of(oulad)} == {"BBB-2014B"}
    assert reported(read_oulad(OuladOptions(folder, frozenset({wanted}))))["problems"] == []


def test_grades_come_later_where_marking_takes_days(folder: Path) -> None:
    events = events_of(read_oulad(OuladOptions(folder, marking_days=14)))
    when = {e["type"]: e["occurred_at"] for e in events if e.get("assessment_id") == "1752"}
    assert when["assessment_graded"] == "2013-11-02T12:00:00Z"


def test_groups_are_sent_only_where_asked_for(folder: Path) -> None:
    without = [e for e in events_of(read_oulad(OuladOptions(folder))) if e["type"] == "enrolled"]
    asked = events_of(read_oulad(OuladOptions(folder, groups=True)))
    assert all("groups" not in e for e in without)
    assert next(e["groups"] for e in asked if e["type"] == "enrolled") == {
        "gender": "M",
        "age_band": "55<=",
        "disability": "N",
    }


def test_another_layout_and_unknown_presentations_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="2099J"):
        read_oulad(OuladOptions(folder, frozenset({"2099J"})))
    (folder / "vle.csv").unlink()
    with pytest.raises(UsageError, match=r"vle\.csv missing"):
        read_oulad(OuladOptions(folder))


def test_a_missing_column_is_named(folder: Path) -> None:
    (folder / "vle.csv").write_text("id_site,code_module\n")
    with pytest.raises(UsageError, match="code_presentation, activity_type"):
        read_oulad(OuladOptions(folder))


def test_fast_ids_are_uuid5() -> None:
    for name in ("", "studentVle.csv:2", "größer"):
        assert event_id(name) == str(uuid5(NAMESPACE, name))
