"""`rules try`: what other rules would have raised, beside today's, from one moment on."""

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from cli import rules as command
from domain.alerts import Transition
from domain.configuration import Configuration, Rules, canonical
from domain.course_facts import Assessment, CourseFacts
from domain.events.decode import Record
from domain.fold.inputs import Input
from domain.scoring import Snapshots, no_snapshots
from domain.stored.checkpoint import FOLD_VERSION, ClockMode
from proof.refold import Cut
from proof.trial import Raised, Trial, _refuse_newer, fold_twice
from proof.trial_report import TrialReport, rendered, report
from runtime.errors import UsageError
from tests.factories import (
    COURSE,
    Bench,
    at,
    completed,
    enrolled,
    graded,
    record,
    seconds,
    submitted,
    viewed,
)

DEFAULTS = Configuration()


class History(Bench):
    """A partition of which the records are kept, so that it can be folded again."""

    def __init__(self, clock: ClockMode = "wall", snapshots: Snapshots = no_snapshots) -> None:
        super().__init__(clock=clock, snapshots=snapshots)
        self.records: list[Record] = []
        self.adopt("fold_version", {"version": FOLD_VERSION})
        self.adopt("configuration", msgspec.Raw(canonical(Configuration()).encode()))

    @override
    def send(self, *events: Any) -> "History":
        for each in events:
            offset = self.fold.checkpoint.next
            one = each if isinstance(each, Record) else record(each)
            self.records.append(one._replace(offset=offset))
            super().send(one)
        return self

    @property
    def cut(self) -> Cut:
        return Cut(self.fold.checkpoint, list(self.inputs))

    def batches(self, size: int = 3) -> Iterator[Sequence[Record]]:
        for start in range(0, len(self.records), size):
            yield self.records[start : start + size]


def facts() -> CourseFacts:
    quizzes = [Assessment(id=f"quiz-{n}", title=f"Quiz {n}") for n in range(6)]
    essay = Assessment(id="essay", title="Essay", due_at=seconds(at(10)))
    return CourseFacts(course_id=COURSE, title="Algebra", assessments=(*quizzes, essay))


def history(clock: ClockMode = "wall") -> History:
    """Four learners for twenty days: grades between 30 and 75, a streak, a missed deadline."""
    made = History(clock)
    made.adopt("course", facts())
    for user in range(4):
        made.send(enrolled(at(-20, user), user=f"u{user}"))
    for day in range(20):
        for user in range(4):
            who = f"u{user}"
            made.send(viewed(at(day, user), user=who))
            if day % 4 == 0:
                score = 30 + 15 * user if day % 8 else 90
                made.send(graded(at(day, 5 + user), score, f"quiz-{day // 4}", user=who))
        if clock == "wall":
            made.tick(at(day, 20))
    return made.send(submitted(at(21), "essay", user="u1"), completed(at(21, 1), "m1", user="u1"))


def tried(found: History, rules: Configuration, since: datetime, size: int = 3) -> Trial:
    trial = Trial(seconds(since))
    fold_twice(trial, found.cut, found.batches(size), rules, no_snapshots)
    return trial


def rules(**thresholds: dict[str, Any]) -> Configuration:
    return Configuration(rules=msgspec.convert(thresholds, Rules))


def raised(transitions: Sequence[Transition]) -> list[tuple[str, int]]:
    return [(each.alert_id, each.at) for each in transitions if each.kind == "raised"]


def alerts(found: Sequence[Raised]) -> list[tuple[str, int]]:
    return [(each.alert_id, each.at) for each in found]


@pytest.mark.parametrize("clock", ["wall", "stream"])
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_with_todays_rules_nothing_differs_from_what_was_published(
    clock: ClockMode, size: int
) -> None:
    found = history(clock)
    trial = tried(found, DEFAULTS, at(-30), size)
    assert alerts(trial.tried.raised) == alerts(trial.today.raised) == raised(found.published)
    assert trial.learners == 4
    assert trial.began == seconds(at(-20))
    assert trial.ended == seconds(at(21, 1))


@pytest.mark.parametrize("clock", ["wall", "stream"])
def test_from_a_moment_on_is_what_was_published_from_then_on(clock: ClockMode) -> None:
    found = history(clock)
    whole, later = raised(found.published), tried(found, DEFAULTS, at(8, 5)).today
    assert 0 < len(later.raised) < len(whole)
    assert alerts(later.raised) == whole[-len(later.raised) :]
    assert min(each.at for each in later.raised) >= seconds(at(8, 5))


def test_other_rules_count_from_the_moment_on_and_what_is_open_is_judged_by_them() -> None:
    """A mark of 80 finds earlier grades too, of the fourth day, on the eighth."""
    found = history("stream")
    trial = tried(found, rules(low_score={"default_pass_mark": 80}), at(8))
    low = [each for each in trial.tried.raised if each.rule == "low_score"]
    assert {each.user_id for each in low} == {"u0", "u1", "u2", "u3"}
    assert seconds(at(4)) < min(each.at for each in low) < seconds(at(5))
    none = tried(found, rules(low_score={"default_pass_mark": 10}), at(-30)).tried.raised
    assert not any(each.rule == "low_score" for each in none)


@pytest.mark.parametrize("clock", ["wall", "stream"])
@pytest.mark.parametrize(("minutes", "day"), [(0, 3), (1 / 60, 4)])
def test_a_record_of_the_very_moment_is_the_first_that_counts(
    minutes: float, day: int, clock: ClockMode
) -> None:
    found = History(clock).send(*[viewed(at(day)) for day in range(5)])
    assert tried(found, DEFAULTS, at(3, minutes=minutes)).began == seconds(at(day))


def test_a_tick_that_comes_to_the_moment_is_taken_with_the_other_rules() -> None:
    found = History()
    found.adopt("course", facts())
    found.send(enrolled(at(0)), viewed(at(9)))
    found.tick(at(13))
    early = rules(missed_deadline={"low_after_hours": 24})
    assert tried(found, early, at(12)).began == seconds(at(13))
    (each,) = tried(found, early, at(12)).tried.raised
    assert (each.rule, each.at) == ("missed_deadline", seconds(at(11)))
    (today,) = tried(found, early, at(12)).today.raised
    assert today.at == seconds(at(12))


def test_what_is_too_old_to_notify_of_is_counted_apart() -> None:
    found = History()
    found.send(record(graded(at(1), 30), arrived=at(100)))
    trial = tried(found, DEFAULTS, at(0))
    assert trial.tried.raised == []
    assert trial.tried.suppressed == trial.today.suppressed == {"low_score": 1}


def test_the_report_counts_by_rule_by_week_and_by_learner() -> None:
    found = report(tried(history(), rules(low_score={"default_pass_mark": 10}), at(-30)))
    by_rule = {row.rule: row for row in found.rules}
    low, streak = by_rule["low_score"], by_rule["streak_milestone"]
    assert low.difference == low.tried - low.today == -low.only_today < 0
    assert (low.only_tried, streak.difference) == (0, 0)
    assert streak.learners == 4
    assert streak.per_1000_learners == 1000 * streak.tried / 4
    assert streak.per_week == pytest.approx(streak.tried / found.weeks, abs=0.01)
    weeks = [row for row in found.by_week if row.rule == "low_score"]
    assert sum(row.today for row in weeks) == low.today
    assert all(datetime.fromisoformat(row.week).isoweekday() == 1 for row in found.by_week)


def test_what_both_raise_with_another_severity_is_counted() -> None:
    found = report(tried(history(), rules(low_score={"high_under": 0}), at(-30)))
    low = next(row for row in found.rules if row.rule == "low_score")
    assert (low.difference, low.only_tried, low.only_today) == (0, 0, 0)
    assert 0 < low.other_severity <= low.tried
    same = report(tried(history(), DEFAULTS, at(-30)))
    assert not any(row.other_severity for row in same.rules)


def test_of_less_than_a_day_no_week_is_told() -> None:
    found = report(tried(history(), DEFAULTS, at(21)))
    assert [row.per_week for row in found.rules] == [None] * len(found.rules)
    assert any(row.tried for row in report(tried(history(), DEFAULTS, at(-30))).rules)


def test_examples_show_first_what_differs_and_are_ten_at_most() -> None:
    found = history()
    gentle = report(tried(found, rules(low_score={"default_pass_mark": 10}), at(-30)))
    assert len(gentle.examples) == 10
    sides = [each.side for each in gentle.examples]
    assert sides[0] == "today"
    assert sides == sorted(sides, key=["tried", "today", "both"].index)
    strict = report(tried(found, rules(low_score={"default_pass_mark": 95}), at(-30)))
    gained = [each for each in strict.examples if each.side == "tried"]
    assert len(gained) >= 5
    assert "the pass mark is 95%" in gained[0].message
    assert gained == sorted(gained, key=lambda each: each.at)


def test_both_outputs_say_the_same() -> None:
    found = report(tried(history(), rules(low_score={"default_pass_mark": 10}), at(-30)))
    told = json.loads(rendered(found, as_json=True))
    assert msgspec.convert(told, TrialReport) == found
    lines = rendered(found, as_json=False).splitlines()
    assert "nothing was sent" in lines[0]
    (row,) = [line.split() for line in lines if line.startswith("low_score")]
    low = found.rules[0]
    assert row[1:4] == [str(low.tried), str(low.today), str(low.difference)]


@pytest.mark.parametrize("text", ["yesterday", "2024-03-04", "2024-03-04T00:00:00", ""])
def test_a_moment_that_is_no_time_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected RFC 3339 with an offset"):
        command._moment(text)
    assert command._moment("2024-03-04T10:00:00+01:00") == seconds(at(0))


def test_the_thresholds_of_a_file_are_shown_beside_the_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rules.json"
    file.write_text('{"low_score": {"high_under": 30}}')
    assert command._show(argparse.Namespace(file=file, json=False)) == 0
    assert ["low_score.high_under", "30.0", "20.0"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]
    assert command._show(argparse.Namespace(file=None, json=True)) == 0
    assert msgspec.convert(json.loads(capsys.readouterr().out), Rules) == Rules()


def test_the_zone_and_the_source_stay_those_of_the_log() -> None:
    found = History()
    later = Configuration(timezone="Asia/Tokyo", alert_source="urn:other")
    found.adopt("configuration", msgspec.Raw(canonical(later).encode()))
    found.send(*[viewed(at(day, 7)) for day in range(3)])
    trial = tried(found, rules(low_score={"default_pass_mark": 10}), at(-1))
    assert alerts(trial.tried.raised) == raised(found.published)
    assert "from 5 March to 7 March" in trial.tried.raised[0].message, "a day later there"


def test_a_log_that_a_newer_program_folded_is_refused() -> None:
    found = History()
    newer = Input(after=0, seq=2, kind="fold_version", payload=msgspec.Raw(b'{"version": 99}'))
    with pytest.raises(UsageError, match=r"a newer program folded this log \(fold version 99"):
        _refuse_newer(Cut(found.fold.checkpoint, [*found.inputs, newer]))
    _refuse_newer(found.cut)
