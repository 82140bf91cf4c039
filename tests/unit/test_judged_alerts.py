"""Alerts of models beside plain rules, on learners whose lives can be told by hand."""

from typing import Final

from benchmarks.models.alerts import (
    Case,
    at_risk,
    judge,
    left_open,
    next_missing,
    silent,
)
from benchmarks.models.bars import Bars
from benchmarks.models.hindsight import Hindsight, Stay
from benchmarks.models.recorded import Raised
from domain.course_facts import DAY
from tests.hindsight import WEEKS, course, day, example, known_of, lesson, outcome, rows_of

COURSE: Final = "AAA-2014B"
FIRST: Final = day(0) // DAY


def case(user: str = "1", label: int = 1) -> Case:
    return Case(user, COURSE, None, label, day(7 * WEEKS), ())


def test_precision_recall_and_lead_are_of_the_flagged_and_of_those_it_came_to() -> None:
    told = {"1": [day(200), day(190)], "2": [day(10)], "3": []}
    cases = [case("1"), case("2", 0), case("3")]
    assert judge(cases, lambda each: told[each.user_id]) == {
        "n": 3,
        "rate": 2 / 3,
        "flagged": 2 / 3,
        "precision": 1 / 2,
        "recall": 1 / 2,
        "lead_days": 20,
        "alerts": 1,
    }


def test_a_rule_that_cannot_be_asked_of_all_has_no_figures() -> None:
    told = {"1": [day(1)], "2": None}
    found = judge([case("1"), case("2")], lambda each: told[each.user_id])
    assert (found["n"], found["precision"], found["alerts"]) == (2, None, None)
    assert judge([], lambda _: [])["rate"] is None


def test_seven_days_without_work_are_flagged_once_each_while_clicks_are_known() -> None:
    known = known_of(course())
    assert silent(case(), known) is None
    known.clicked_until[COURSE] = FIRST + 40
    known.worked["1", COURSE] = [FIRST - 5, FIRST + 7, FIRST + 15, FIRST + 33]
    days = [FIRST + 7 + 7, FIRST + 15 + 7]
    assert silent(case(), known) == [number * DAY for number in days]
    known.stays["1", COURSE] = Stay(day(0), day(22))
    assert silent(case(), known) == [(FIRST + 14) * DAY]


def test_a_heavy_deadline_is_open_a_week_after_it_unless_submitted_or_left() -> None:
    known = known_of(course(dues=(20, 60)))
    assert left_open(case(), known) == [day(27), day(67)]
    known.submitted["1", COURSE] = {"AAA20": day(27), "AAA60": day(68)}
    assert left_open(case(), known) == [day(67)]
    known.stays["1", COURSE] = Stay(day(21), day(67))
    assert left_open(case(), known) == []


def members() -> tuple[Hindsight, list[Raised], Bars]:
    known = known_of(course())
    return known, [Raised("at_risk", "1", COURSE, day(40))], Bars((), known.facts)


def test_at_risk_is_judged_of_whom_a_probability_was_shown_from_week_4_to_20() -> None:
    known, raised, bars = members()
    late = lesson("4", COURSE, day(240), example("not_passing", 21, 900, 1), outcome=1)
    rows = rows_of(
        known,
        "not_passing",
        outcome("1", known, 1, 600, 720),
        outcome("2", known, 0, 850),
        outcome("3", known, 1, None),
        late,
    )
    found = at_risk(rows, raised, known, bars)
    told = {name: figures["flagged"] for name, figures in found["2014"].items()}
    assert told == {
        "at_risk, as raised": 0.5,
        "P at its bar, looked at weekly": 1.0,
        "P >= .8, looked at weekly": 0.5,
        "no activity for 7 days": None,
        "a heavy deadline open for 7 days": 1.0,
    }
    assert found["all"]["at_risk, as raised"]["precision"] == 1
    assert found["all"]["at_risk, as raised"]["lead_days"] == 210 - 40
    assert found["with clicks"]["at_risk, as raised"]["n"] == 0
    assert at_risk(rows, None, known, bars)["all"]["at_risk, as raised"]["recall"] is None


def test_the_bar_is_above_the_rate_of_earlier_runs_that_is_known_by_then() -> None:
    known = known_of(course("AAA", 2013), course("AAA", 2014), course("BBB", 2014))
    end = day(7 * WEEKS, 2013)
    told = [lesson(str(user), "AAA-2013B", end, outcome=int(user != 3)) for user in range(4)]
    bars = Bars(told, known.facts)
    assert bars.bar("AAA-2014B", end) == 0.7
    assert bars.bar("AAA-2014B", end + DAY) == 0.95
    assert Bars(told[2:], known.facts).bar("BBB-2014B", end + DAY) == 0.8
    assert bars.bar("AAA-2013B", end + DAY) == 0.7


def test_next_missing_is_judged_of_heavy_work_due_within_14_days() -> None:
    known = known_of(course(dues=(20, 60)))
    known.clicked_until[COURSE] = FIRST
    first = [
        example("next_missing", 0, 900, 1, assessment="AAA20"),
        example("next_missing", 1, 600, 1, assessment="AAA20", days_since_work=6),
        example("next_missing", 2, 400, 1, assessment="AAA20", days_since_work=7),
    ]
    second = [example("next_missing", 7, 510, 0, assessment="AAA60", missed_in_row=1)]
    other = [example("next_missing", 7, None, 0, assessment="AAA60")]
    rows = rows_of(
        known,
        "next_missing",
        lesson("1", COURSE, day(27), *first),
        lesson("2", COURSE, day(67), *second),
        lesson("3", COURSE, day(67), *other),
    )
    raised = [Raised("next_missing", "1", COURSE, day(9), "AAA20")]
    found = next_missing(rows, raised, known)["all"]
    assert found["P >= .5, looked at weekly"] == {
        "n": 2,
        "rate": 0.5,
        "flagged": 1.0,
        "precision": 0.5,
        "recall": 1.0,
        "lead_days": 13,
        "alerts": 1.0,
    }
    assert found["next_missing, as raised"]["precision"] == 1
    assert found["next_missing, as raised"]["lead_days"] == 11
    assert found["no activity for 7 days"]["lead_days"] == 6
    assert found["the last heavy one missed"]["precision"] == 0
    assert found["a heavy deadline open for 7 days"]["flagged"] == 0
