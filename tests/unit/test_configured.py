"""The rules' file: what it says, thresholds of a course, and every fault of it by name."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli.rules_file import read_rules
from domain.configuration import Configuration, adopted, canonical, configured
from domain.rules.inactive_days import InactiveDays
from domain.rules.missed_deadline import MissedDeadline
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
        ("[nope]\na = 1", "Object contains unknown field `nope`"),
        ("[low_score]\nnope = 1", "unknown field `nope` - at `$.low_score`"),
        ('[low_score]\nhigh_under = "x"', "Expected `float`, got `str` - at `$.low_score.high_un"),
        ("[low_score]\nhigh_under = 101", "Expected `float` <= 100.0 - at `$.low_score.high_un"),
        ("[missed_deadline]\nlow_after_hours = 200", "must be more than low_after_hours"),
        ("[at_risk]\nhigh = 0.5", "high must not be less than probability"),
        ("[at_risk]\nleave_below = 0.8", "leave_below must not be more than probability"),
        ("[next_missing]\nleave_below = 0.8", "leave_below must not be more than probability"),
        ("[declining_trend]\nfell_percent_until = 61", "must not be more than fell_percent"),
        ("[declining_trend]\nbelow_until = 11", "below_until must not be more than below"),
        ("[streak_milestone]\ndays = [7, 3]", "days must rise from 1 on, and are [7, 3]"),
        ("[streak_milestone]\ndays = [0, 3]", "days must rise from 1 on, and are [0, 3]"),
        ("[streak_milestone]\ndays = [7]", "first_time_only must be among days"),
        ("[progress_milestone]\npercents = [25, 50, 50, 100]", "percents must rise within 1 to"),
        ("[progress_milestone]\npercents = [0, 50, 75, 100]", "percents must rise within 1 to"),
        ("[progress_milestone]\npercents = [25, 50, 75, 101]", "percents must rise within 1 to"),
        ("models = 3", "models: Expected `object`, got `int`"),
        ("courses = 3", "courses: Expected `object`, got `int`"),
        ("[courses]\nc1 = 3", "courses: Expected `object`, got `int` - at `$[...]`"),
        ("[courses.c1.nope]", "courses.c1.nope: expected one of low_score, progress_milestone, "),
        (
            "[courses.c1.streak_milestone]",
            "courses.c1.streak_milestone: that rule is about no course; expected one of low_sc",
        ),
        (
            "[courses.c1.data_quality]\nrecords = 30",
            "courses.c1.data_quality: that rule is about no course; expected one of low_score, ",
        ),
        ("[data_quality]\nsilent_hours = 23", "Expected `int` >= 24 - at `$.data_quality.silent_h"),
        ("[data_quality]\nsilent_hours = 673", "Expected `int` <= 672 - at `$.data_quality.sil"),
        ("[data_quality]\ndays_known = 0", "Expected `int` >= 1 - at `$.data_quality.days_known`"),
        ("[data_quality]\ndays_known = 29", "Expected `int` <= 28 - at `$.data_quality.days_k"),
        ("[data_quality]\nrecords = 4", "Expected `int` >= 5 - at `$.data_quality.records`"),
        ("[data_quality]\nrecords = 65", "Expected `int` <= 64 - at `$.data_quality.records`"),
        ("[data_quality]\nrejected_percent_until = 51", "must not be more than rejected_percent"),
        ("[courses.c1.low_score]\nnope = 1", "courses.c1.low_score: Object contains unknown fie"),
        (
            "[courses.c1.missed_deadline]\nlow_after_hours = 168",
            "courses.c1.missed_deadline: medium_after_hours must be more than low_after_hours",
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


def test_the_file_is_toml_or_json(tmp_path: Path) -> None:
    toml, json = tmp_path / "rules.toml", tmp_path / "rules.json"
    toml.write_text("[account_inactivity]\ndays = 20\n")
    json.write_text('{"account_inactivity": {"days": 20}}')
    found = read_rules(toml, "rules.toml")
    assert found == read_rules(json, "rules.json")
    assert found.rules.account_inactivity.days == 20


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
