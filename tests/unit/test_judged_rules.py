"""What the benchmark of rules counts and compares, on a few events that can be counted by hand."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.outcome.alerts import Alerts
from benchmarks.outcome.cohorts import cohort_of
from benchmarks.outcome.labels import Label, LabelRow, Labels
from benchmarks.outcome.ruled import RuleRow, rule_rows
from benchmarks.outcome.same_day import Group, SameDay, same_day
from benchmarks.outcome.truth import Truth
from domain.alerts import Subject, SubjectKind, Transition
from domain.course_facts import Assessment, CourseFacts
from domain.keepers.days import local_day
from tests.factories import Bench, course, enrolled, event, viewed
from tests.factories import at as moment
from tests.oulad_folder import made_up
from tests.sinking import a_transition
from tests.viewing import view

START = datetime(2014, 2, 1, 12, tzinfo=UTC)
FIRST = local_day(int(START.timestamp()), "UTC")


def truth() -> Truth:
    """A course of ten weeks with one assessment that counts and one that does not."""
    facts = CourseFacts(
        course_id="c",
        starts_at=at(0),
        ends_at=at(70),
        assessments=(Assessment(id="a"), Assessment(id="free", weight=0)),
    )
    return Truth({"c": facts})


def at(day: int) -> int:
    return int((START + timedelta(days=day)).timestamp())


def take(known: Truth, user: int, day: int, kind: str, **fields: Any) -> int:
    when = (START + timedelta(days=day)).isoformat()
    own = {"user_id": user, "type": kind, "course_id": "c", "occurred_at": when}
    return known.take(json.dumps(own | fields).encode())


def graded(known: Truth, user: int, day: int, score: float, **fields: Any) -> int:
    given = {"assessment_id": "a", "score": score, **fields}
    return take(known, user, day, "assessment_graded", **given)


def a_class(passing: int, failing: int, *, clicks: bool = True) -> Truth:
    """Learners 0, 1, ..., of whom the first pass; all are in the course from its start."""
    known = truth()
    for user in range(passing + failing):
        take(known, user, 0, "enrolled")
        if clicks:
            take(known, user, 60, "content_viewed")
        outcome = "passed" if user < passing else "failed"
        take(known, user, 100, "course_finished", outcome=outcome)
    return known


def alert(user: int, day: int, revision: int = 1, **fields: Any) -> Transition:
    given: dict[str, Any] = {"course_id": "c", "raised_at": at(day), "at": at(day)} | fields
    category = given.get("category", "low_score")
    return a_transition(str(user), f"{category}-{user}", revision, **given)


def rows_of(known: Truth, *transitions: Transition) -> dict[tuple[str, str], RuleRow]:
    alerts = Alerts()
    alerts.take(transitions)
    return {(row.rule, row.severity): row for row in rule_rows(alerts, known)}


# -- what is known in hindsight --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entered", "left", "weeks"),
    [(-20, None, 10), (0, 7, 1), (14, 28, 2), (-20, -5, 0), (0, 90, 10)],
)
def test_learner_weeks_lie_within_the_course(entered: int, left: int | None, weeks: float) -> None:
    known = truth()
    take(known, 1, entered, "enrolled")
    if left is not None:
        take(known, 1, left, "unenrolled")
    assert known.weeks("c") == weeks


def test_weeks_are_counted_up_to_the_last_day_with_clicks() -> None:
    known = a_class(1, 0)
    assert known.clicked_until == {"c": FIRST + 60}
    assert known.weeks("c", FIRST + 35) == 5


def test_the_next_score_is_the_first_that_counts_on_a_later_day() -> None:
    known = truth()
    today = graded(known, 1, 10, 50)
    graded(known, 1, 11, 90, assessment_id="free")
    graded(known, 1, 12, 80, banked=True)
    graded(known, 1, 13, 70)
    graded(known, 1, 14, 60)
    after = known.next_score("1", {"c"}, today)
    assert after is not None
    assert after.percent == 70
    assert known.residual(after) == 70 - 60
    assert known.next_score("1", {"another"}, today) is None


def test_who_left_in_the_first_week_does_not_count() -> None:
    known = truth()
    for user, left in ((1, 7), (2, 8), (3, None)):
        take(known, user, -3, "enrolled")
        if left is not None:
            take(known, user, left, "unenrolled")
    assert known.population("c") == {"2", "3"}
    assert known.present("c", FIRST + 7) == {"2", "3"}
    assert known.ended("c", "2") == FIRST + 8
    assert known.ended("c", "3") == FIRST + 70


# -- the comparison on the same day ----------------------------------------------------------------


def test_each_is_compared_with_the_others_of_the_same_day() -> None:
    groups = [
        Group("c", ["1"], {"2", "3"}),
        Group("c", ["4", "5", "4"], {"2"}),
        Group("c", ["9"], ()),
    ]
    found = same_day(groups, lambda _, user: user in {"2", "5"})
    assert found is not None
    assert found.learners == 3
    assert found.told == pytest.approx(1 / 4)
    assert found.others == pytest.approx((1 / 2 + 3 * 1) / 4)
    assert found.difference == pytest.approx(1 / 4 - 7 / 8)
    assert same_day([Group("c", ["9"], ())], lambda *_: True) is None


def test_many_days_of_a_learner_are_one_learner() -> None:
    names = [str(number) for number in range(60)]
    once = [Group("c", names[:30], names[30:])]
    found, again = same_day(once, _even), same_day(once * 50, _even)
    assert found is not None
    assert again is not None
    assert again.half == pytest.approx(found.half)
    # of two means of 30 each: 1.96 * sqrt(2 * .25 / 30)
    assert found.half == pytest.approx(0.253, abs=0.001)


def _even(course_id: str, user: str) -> bool:
    del course_id
    return int(user) % 2 == 0


@pytest.mark.parametrize(
    ("difference", "points", "verdict"),
    [
        (-0.2, "down", "right"),
        (-0.2, "up", "wrong"),
        (0.2, "down", "wrong"),
        (0.2, "up", "right"),
        (0.05, "down", "not proven"),
        (0.2, None, "not judged"),
    ],
)
def test_only_what_lies_beyond_its_interval_is_wrong(
    difference: float, points: Any, verdict: str
) -> None:
    assert SameDay(20, 0.5 + difference, 0.5, 0.1).verdict(points) == verdict
    few = "not judged" if points is None else "too few"
    assert SameDay(19, 0.5 + difference, 0.5, 0.1).verdict(points) == few


# -- rules -----------------------------------------------------------------------------------------


def test_a_rule_is_judged_by_alerts_learners_and_what_came_of_them() -> None:
    known = a_class(3, 2)
    row = rows_of(known, alert(0, 10), alert(4, 20), alert(4, 30, 2, kind="updated"))[
        "low_score", "medium"
    ]
    assert (row.alerts, row.learners, row.share_of_learners) == (2, 2, 0.4)
    assert row.per_learner_week == 2 / (5 * 10)
    assert (row.pass_with, row.pass_without) == (0.5, 2 / 3)
    assert (row.precision, row.recall, row.lead_days) == (0.5, 0.5, 50)
    assert row.same_day is not None
    # on day 10 two of the other four pass; on day 20 the first one has an alert: two of three
    assert row.same_day.others == pytest.approx((2 / 4 + 2 / 3) / 2)
    assert (row.messages, row.again, row.points, row.verdict) == (1.5, 0, "down", "too few")


def test_an_alert_counts_for_a_severity_from_when_it_had_it() -> None:
    known = a_class(1, 2)
    found = rows_of(
        known,
        alert(1, 10, severity="low", audience=("learner",)),
        alert(1, 20, 2, kind="updated"),
        alert(2, 12, severity="low", audience=("learner",)),
    )
    assert [key for key in found if key[0] == "low_score"] == [
        ("low_score", "low"),
        ("low_score", "medium"),
    ]
    assert found["low_score", "low"].alerts == 2
    assert found["low_score", "medium"].lead_days == 50
    assert found["to instructors", ""].alerts == 1
    assert found["all", ""].alerts == 2


def test_what_is_over_is_compared_with_and_what_is_true_again_is_counted() -> None:
    known = a_class(1, 2)
    end: dict[str, Any] = {"kind": "resolved", "state": "resolved", "raised_at": at(10)}
    over = [alert(0, 10), alert(0, 12, 2, **end)]
    row = rows_of(known, *over, alert(2, 20))["low_score", "medium"]
    assert row.same_day is not None
    assert row.same_day.others == pytest.approx((0 / 2 + 1 / 2) / 2)
    again = rows_of(known, *over, alert(0, 14, 3), alert(2, 20))["low_score", "medium"]
    assert again.again == 1
    assert again.same_day is not None
    assert again.same_day.others == pytest.approx((0 / 2 + 0 / 1) / 2)


def test_an_alert_that_is_over_in_its_second_is_counted() -> None:
    known = a_class(1, 1)
    end: dict[str, Any] = {"kind": "resolved", "state": "resolved", "at": at(10)}
    row = rows_of(known, alert(1, 10), alert(1, 10, 2, **end))["low_score", "medium"]
    assert (row.over_at_once, row.messages) == (1, 2)


def test_rules_about_days_with_work_are_not_judged_where_there_are_no_clicks() -> None:
    def judged(*, clicks: bool) -> RuleRow:
        known = a_class(30, 30, clicks=clicks)
        told = (alert(user, 20, category="inactive_days") for user in range(30, 60))
        return rows_of(known, *told)["inactive_days", "medium"]

    assert judged(clicks=True).verdict == "right"
    without = judged(clicks=False)
    assert (without.alerts, without.same_day, without.verdict) == (30, None, "no clicks")


def test_achievements_point_up_and_the_rule_for_the_busy_is_exempt() -> None:
    known = a_class(30, 30)
    few, own = (f"alert.low_weekly_engagement.{part}" for part in ("few", "own"))
    wrong: dict[str, Any] = {"type": "achievement", "category": "progress_milestone"}
    weekly: dict[str, Any] = {"type": "engagement", "category": "low_weekly_engagement"}
    found = rows_of(
        known,
        *(
            alert(u, 20, message_code="alert.progress_milestone.best", **wrong)
            for u in range(30, 60)
        ),
        *(alert(u, 20, message_code=few, **weekly) for u in range(30)),
        *(alert(u + 30, 20, message_code=own, **weekly) for u in range(30)),
    )
    assert found["progress_milestone best", "medium"].verdict == "wrong"
    assert found["low_weekly_engagement few", "medium"].verdict == "wrong"
    assert found["low_weekly_engagement own", "medium"].verdict == "not judged"


def test_alerts_about_no_course_are_about_those_that_run_and_none_of_models_or_data_is_judged() -> (
    None
):
    known = a_class(1, 1)
    trend: dict[str, Any] = {"category": "declining_trend", "course_id": None}
    found = rows_of(
        known,
        alert(0, 10, **trend),
        alert(1, 90, **trend),
        a_transition("", "drift", category="model_drift", **about("model")),
        a_transition("7", "data", category="data_quality", **about("partition")),
    )
    assert found["declining_trend", "medium"].learners == 1
    assert not [key for key in found if key[0] in {"model_drift", "data_quality"}]


def about(kind: SubjectKind) -> dict[str, Any]:
    return {"course_id": None, "subject": Subject(kind, "0")}


def test_a_falling_trend_is_judged_among_those_with_three_scores() -> None:
    """Of those who are not told, the ones with scores pass and all others do not."""
    known = a_class(40, 20)
    for user in range(40):
        for day in (10, 11, 12 if user != 39 else 30):
            graded(known, user, day, 50)
    told = [alert(user, 20, category="declining_trend", course_id=None) for user in range(20)]
    failing = [
        alert(user, 20, category="declining_trend", course_id=None) for user in range(40, 60)
    ]
    row = rows_of(known, *told, *failing)["declining_trend", "medium"]
    assert row.same_day is not None
    assert row.among_peers is not None
    assert (row.same_day.told, row.same_day.others) == pytest.approx((0.5, 1))
    assert known.with_scores({"38", "39", "50"}, 3, FIRST + 20) == {"38"}
    known.outcomes["c", "39"] = "failed"
    row = rows_of(known, *told, *failing)["declining_trend", "medium"]
    assert row.same_day is not None
    assert row.among_peers is not None
    assert row.same_day.others == pytest.approx(19 / 20)
    assert row.among_peers.others == pytest.approx(1)
    assert row.verdict == "right"


# -- labels ----------------------------------------------------------------------------------------


def test_labels_are_compared_with_the_mean_of_the_evening_and_their_changes_are_counted() -> None:
    labels = Labels(a_class(2, 2))
    behind, fine = Label("schedule", "behind", "down"), Label("schedule", "on_track")
    labels.take("c", FIRST + 10, {"0": [fine], "1": [fine], "2": [behind], "3": [behind]})
    labels.take("c", FIRST + 11, {"0": [fine], "1": [behind], "2": [behind]})
    labels.take("c", FIRST + 30, {"0": [behind]})
    first, _ = labels.rows()
    assert (first.name, first.said, first.share) == ("behind", 5, 5 / 8)
    assert first.flips == 7 * 1 / 3
    assert first.same_day is not None
    assert first.same_day.told == pytest.approx(2 / 5)
    assert first.same_day.others == pytest.approx((2 * 1 / 2 + 2 * 2 / 3 + 1) / 5)


def test_what_is_said_of_silence_is_judged_where_there_are_clicks_alone() -> None:
    silent, other = (
        Label("insight", "silent (warning)", "down"),
        Label("insight", "score_high (praise)"),
    )

    def judged(*, clicks: bool, day: int) -> list[LabelRow]:
        labels = Labels(a_class(1, 1, clicks=clicks))
        labels.take("c", FIRST + day, {"0": [silent], "1": [other]})
        return labels.rows()

    assert len(judged(clicks=True, day=30)) == 2
    assert [row.name for row in judged(clicks=True, day=65)] == ["score_high (praise)"]
    assert [row.name for row in judged(clicks=False, day=30)] == ["score_high (praise)"]


def test_a_cohort_is_counted_from_those_who_worked() -> None:
    busy = Bench(facts=course()).send(
        enrolled(), *[viewed(moment(day), f"p{day}") for day in range(8)]
    )
    idle = Bench(facts=course()).send(enrolled(), event("session_started"))
    found = cohort_of("c1", [view(busy, moment(20)), view(idle, moment(20))])
    assert found is not None
    assert found.courses["c1"].active_days == found.courses["c1"].activities == 2
    assert cohort_of("c1", [view(idle, moment(20))]) is None


# -- the whole -------------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["benchmarks", "rules", *map(str, arguments)])
    return main()


@pytest.mark.long
def test_a_folder_in_which_something_points_the_wrong_way_ends_with_1_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the made-up learners only those who stop do not pass, so whoever struggles does."""
    folder, file = made_up(tmp_path, {"AAA-2013J": 60}), tmp_path / "found.json"
    assert run(monkeypatch, folder, "--json", file) == 1
    said = capsys.readouterr().out
    assert "POINTS THE WRONG WAY: segment struggling\n" in said
    assert "### Segment: share that passes" in said
    found = json.loads(file.read_text())
    assert found["with_clicks"] == ["AAA-2013J"]
    rows = {(row["rule"], row["severity"]): row for row in found["rules"]}
    assert rows["missed_deadline", "high"]["recall"] == 1
    assert rows["missed_deadline", "high"]["verdict"] == "right"


def test_courses_with_scores_and_deadlines_alone_are_judged_by_these(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made_up(tmp_path, {"AAA-2013J": 40, "BBB-2013J": 30}, clicks=False)
    options = ("--presentations", "BBB-2013J", "--every", 30, "--learners", 5)
    assert run(monkeypatch, folder, *options) == 0
    said = capsys.readouterr().out
    assert "1 presentations, 0 of them with clicks" in said
    assert "| segment:" not in said
    assert "| schedule: behind |" in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [(["--every", "0"], "--every is 0; it must be 1 or more"), ([], "is not the published layout")],
)
def test_what_cannot_be_replayed_is_said_in_a_line(
    arguments: list[str],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, tmp_path / "none", *arguments) == 2
    assert problem in capsys.readouterr().err
