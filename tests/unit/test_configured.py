"""The rules' file: what it says, thresholds of a course, and every fault of it by name."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli.rules_file import read_rules
from domain.configuration import Configuration, adopted, canonical, configured
from domain.rules.inactive_days import InactiveDays
from domain.rules.missed_deadline import MissedDeadline
from runtime.errors import UsageError
from tests.factories import Bench, at, course, enrolled, graded, seconds, submitted, viewed


def read(text: str) -> Configuration:
    return configured(tomllib.loads(text))


def test_a_course_has_its_own_thresholds_and_else_those_of_all() -> None:
    found = read(
        "[missed_deadline]\nmedium_after_hours = 200\n"
        '[courses."c.1".missed_deadline]\nlow_after_hours = 24\n'
        '[courses.c2.inactive_days]\nprofile = "daily"\n'
        "[models]\nscore = false\n"
    )
    assert found.rules.missed_deadline == MissedDeadline(medium_after_hours=200)
    assert not found.models.score
    own = found.for_steps().by_course
    assert own["c.1"] == {
        MissedDeadline: MissedDeadline(low_after_hours=24, medium_after_hours=200)
    }
    assert own["c2"] == {InactiveDays: InactiveDays(profile="daily")}
    assert adopted(canonical(found)) == found


def test_what_an_adopted_course_has_from_another_version_is_left_out() -> None:
    text = (
        '{"courses":{"c1":{"missed_deadline":{"low_after_hours":24,"gone":1},"gone":{"a":1}},'
        '"c2":{"missed_deadline":null}}}'
    )
    own = adopted(text).for_steps().by_course
    assert own == {"c1": {MissedDeadline: MissedDeadline(low_after_hours=24)}, "c2": {}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[nope]\na = 1", "'nope' is unknown, expected one of low_score, declining_trend, "),
        (
            "[low_score]\nnope = 1",
            "low_score: 'nope' is unknown, expected one of default_pass_mark, hi",
        ),
        ('[low_score]\nhigh_under = "x"', "low_score.high_under: seen 'x', expected a number"),
        (
            "[low_score]\nhigh_under = 101",
            "low_score.high_under: seen 101, expected a number <= 100.0",
        ),
        (
            "[missed_deadline]\nlow_after_hours = 200",
            "missed_deadline: low_after_hours is 200, expected less than medium_af",
        ),
        (
            "[at_risk]\nhigh = 0.5",
            "at_risk: probability is 0.7, expected at most high, which is 0.5",
        ),
        ("[at_risk]\nleave_below = 0.8", "leave_below is 0.8, expected at most probability, which"),
        ("[next_missing]\nleave_below = 0.8", "leave_below is 0.8, expected at most probability, "),
        (
            "[declining_trend]\nfell_percent_until = 61",
            "fell_percent_until is 61, expected at most ",
        ),
        ("[declining_trend]\nbelow_until = 11", "below_until is 11, expected at most below, which"),
        ("[streak_milestone]\ndays = [7, 3]", "days are [7, 3], expected to rise from 1 on"),
        ("[streak_milestone]\ndays = [0, 3]", "days are [0, 3], expected to rise from 1 on"),
        (
            "[streak_milestone]\ndays = [7]",
            "first_time_only is [3], expected none but of days, [7]",
        ),
        ("[progress_milestone]\npercents = [25, 50, 50, 100]", "expected to rise within 1 to 100"),
        ("[progress_milestone]\npercents = [0, 50, 75, 100]", "expected to rise within 1 to 100"),
        ("[progress_milestone]\npercents = [25, 50, 75, 101]", "expected to rise within 1 to 100"),
        ("models = 3", "models: seen 3, expected a table"),
        ("courses = 3", "courses: seen 3, expected a table"),
        ("[courses]\nc1 = 3", "courses.c1: seen 3, expected a table"),
        ("[courses.c1]\nlow_score = 3", "courses.c1.low_score: seen 3, expected a table"),
        (
            "[low_score]\nhigh_under = nan",
            "low_score.high_under: seen nan, expected a number >= 0.0",
        ),
        ('[inactive_days]\nprofile = "weekly"', "seen 'weekly', expected one of standard, daily"),
        ("[inactive_days]\ndays = [1, 2]", "days: seen [1, 2], expected a list of length 3"),
        ("[inactive_days]\ndays = [1, 2, -5]", "inactive_days.days[2]: seen -5, expected a whole"),
        ("[inactive_days]\ndays = [9, 2, 5]", "days is [9, 2, 5], expected in rising order"),
        (
            "[models]\nscores = true",
            "models: 'scores' is unknown, expected one of score, submission",
        ),
        ('[low_score]\ndefault_pass_mark = "x"', "seen 'x', expected a number or nothing"),
        ("[courses.c1.nope]", "courses.c1.nope: expected one of low_score, progress_milestone, "),
        (
            "[courses.c1.streak_milestone]",
            "courses.c1.streak_milestone: that rule is about no course; expected one of low_sc",
        ),
        (
            "[courses.c1.data_quality]\nrecords = 30",
            "courses.c1.data_quality: that rule is about no course; expected one of low_score, ",
        ),
        (
            "[data_quality]\nsilent_hours = 23",
            "data_quality.silent_hours: seen 23, expected a whole number >= 24",
        ),
        (
            "[data_quality]\nsilent_hours = 673",
            "data_quality.silent_hours: seen 673, expected a whole number <= 672",
        ),
        (
            "[data_quality]\ndays_known = 0",
            "data_quality.days_known: seen 0, expected a whole number >= 1",
        ),
        (
            "[data_quality]\ndays_known = 29",
            "data_quality.days_known: seen 29, expected a whole number <= 28",
        ),
        (
            "[data_quality]\nrecords = 4",
            "data_quality.records: seen 4, expected a whole number >= 5",
        ),
        (
            "[data_quality]\nrecords = 65",
            "data_quality.records: seen 65, expected a whole number <= 64",
        ),
        (
            "[data_quality]\nrejected_percent_until = 51",
            "rejected_percent_until is 51, expected at mo",
        ),
        ("[courses.c1.low_score]\nnope = 1", "courses.c1.low_score: 'nope' is unknown, expected "),
        (
            "[courses.c1.missed_deadline]\nlow_after_hours = 168",
            "courses.c1.missed_deadline: low_after_hours is 168, expected less than medium",
        ),
        (
            "[courses.c1.low_score]\ndefault_pass_mark = 50",
            "courses.c1.low_score.default_pass_mark: the facts of a course have its pass_mark",
        ),
    ],
)
def test_a_fault_is_refused_and_says_where(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read(text)
    assert says in str(refused.value)


@pytest.mark.parametrize(("length", "shown"), [(58, "x" * 58 + "'"), (59, "x" * 59 + "...")])
def test_of_what_is_long_the_beginning_is_shown(length: int, shown: str) -> None:
    with pytest.raises(ValueError, match=r"^low_score\.high_under: seen 'x") as refused:
        read(f'[low_score]\nhigh_under = "{"x" * length}"')
    assert f"seen '{shown}, expected a number" in str(refused.value)


def test_the_file_is_toml_or_json(tmp_path: Path) -> None:
    toml, json = tmp_path / "rules.toml", tmp_path / "rules.json"
    toml.write_text("[account_inactivity]\ndays = 20\n")
    json.write_text('{"account_inactivity": {"days": 20}}')
    found = read_rules(toml, "rules.toml")
    assert found == read_rules(json, "rules.json")
    assert found.rules.account_inactivity.days == 20


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        (
            "rules.json",
            b'{"low_score": {}, "low_score": {}}',
            "low_score stands twice in one table",
        ),
        (
            "rules.json",
            b'{"low_score": {"high_under": 4, "high_under": 5}}',
            "high_under stands twice in one table, expected once",
        ),
        ("rules.json", b'{"low_score": {"a": [{"": 4, "": 5}]}}', " stands twice in one table"),
        ("rules.json", b"[7]", "a JSON list, expected an object"),
        ("rules.json", b"\xd7", "byte 0 is not UTF-8"),
        ("rules.toml", b"\xd7", "byte 0 is not UTF-8"),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_or_in_none_is_refused(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(UsageError, match=re.escape(f"{name}: {says}")):
        read_rules(file, name)


def kinds(events: list[dict[str, Any]], text: str, until: float) -> list[tuple[str, str, str]]:
    facts = course(assessments={"a1": at(10), "a2": at(40)}, modules=0)
    bench = Bench(facts=facts, configuration=read(text)).send(*events).tick(at(until))
    return [(t.category, t.kind, t.severity) for t in bench.published]


@pytest.mark.parametrize("course_id", ["c1", "c2"])
def test_thresholds_of_a_course_are_those_of_that_course_alone(course_id: str) -> None:
    hours = f"[courses.{course_id}.missed_deadline]\nlow_after_hours = 24\n"
    worked = [enrolled(at(0)), viewed(at(10))]
    missed = ("missed_deadline", "raised", "low")
    assert (missed in kinds(worked, hours, 11.5)) == (course_id == "c1")
    bars = f"[courses.{course_id}.low_score]\nunknown_under = 70\n"
    low = ("low_score", "raised", "medium")
    assert (low in kinds([graded(at(1), 65)], bars, 2)) == (course_id == "c1")


def test_a_course_may_have_its_own_shares_and_bests() -> None:
    shares = "[courses.c1.progress_milestone]\npercents = [10, 50, 90, 100]\nbest_by = 20\n"
    done = [enrolled(at(0)), submitted(at(1))]
    facts = course(assessments={"a1": at(10), "a2": at(40)}, modules=0)
    bench = Bench(facts=facts, configuration=read(shares)).send(*done)
    assert [t.params["percent"] for t in bench.published] == [10, 50]
    scores = [graded(at(n), 50 + n, f"b{n}") for n in range(5)] + [graded(at(6), 70, "b6")]
    assert "alert.progress_milestone.best" not in {
        t.message_code for t in Bench(configuration=read(shares)).send(*scores).published
    }
    assert seconds(at(1)) == bench.published[0].at
