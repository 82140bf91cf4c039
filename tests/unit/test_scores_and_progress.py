"""Counted scores, progress and levels, by definition."""

from typing import Any

import pytest

from domain.course_facts import Assessment, CourseFacts, Module
from domain.ids import short_id
from domain.keepers.progress import (
    Progress,
    by_modules,
    counting_units,
    course_progress,
    done_modules,
    peak_percent,
    percent_done,
    required_weight,
    standing_units,
)
from domain.keepers.scores import (
    Scored,
    counted_scores,
    is_pass,
    mean_score,
    open_scores,
    percent_of,
    residuals,
    weighted_score,
)
from domain.state.course import (
    BANKED,
    MISSING,
    Course,
    Excuse,
    ModuleFact,
    Submission,
    Work,
)
from metrics.levels import Way, level_of, pooled_percent
from tests.factories import COURSE, at, seconds
from tests.ruling import grade, learner, work


def facts(
    modules: dict[str, float] | None = None,
    assessments: dict[str, float] | None = None,
    **fields: Any,
) -> CourseFacts:
    """Required modules and assessments of these weights."""
    return CourseFacts(
        course_id=fields.pop("course_id", COURSE),
        modules=tuple(Module(id=name, weight=w) for name, w in (modules or {}).items()),
        assessments=tuple(Assessment(id=name, weight=w) for name, w in (assessments or {}).items()),
        **fields,
    )


def submission(name: str, day: int) -> Work:
    made = work(name)
    made.submissions.append(Submission(seconds(at(day)), at(day).toordinal()))
    return made


def change(name: str, day: int, *, done: bool = True) -> ModuleFact:
    return ModuleFact(short_id(name), seconds(at(day)), at(day).toordinal(), done)


# -- scores --------------------------------------------------------------------------------------


def test_a_percent_lies_between_0_and_1000() -> None:
    assert [percent_of(*mark) for mark in ((-1, 10), (11, 10), (99, 10), (100, 10), (101, 10))] == [
        0,
        110,
        990,
        1000,
        1000,
    ]
    assert str(percent_of(-0.0, 10)) == "0.0"


def test_what_a_grade_says_of_itself_decides_whether_it_is_a_pass() -> None:
    assert is_pass(10, 60, passed=True)
    assert not is_pass(90, 60, passed=False)
    assert not is_pass(None, 0, passed=None)
    assert is_pass(None, 60, passed=True)
    assert is_pass(60, 60, passed=None)


def test_a_score_counts_once_an_assessment_in_order_of_time_and_of_the_log() -> None:
    (course,) = learner(
        work("a", grade(70, at=at(2), order=3)),
        work("b", grade(120, at=at(1), order=2)),
        work("c", grade(90, at=at(2), order=1)),
    ).courses
    found = counted_scores(course, None)
    assert [(s.short, s.percent, s.kind) for s in found] == [
        (short_id("b"), 100, None),
        (short_id("c"), 90, None),
        (short_id("a"), 70, None),
    ]
    assert mean_score(found) == pytest.approx(260 / 3)
    assert mean_score([]) is None


def test_what_is_banked_excused_or_of_no_weight_counts_not() -> None:
    excused = work("excused", grade(50))
    excused.excuses.append(Excuse(seconds(at()), excused=True))
    (course,) = learner(
        work("banked", grade(50, flags=BANKED)),
        excused,
        work("weightless", grade(50)),
        work("unknown", grade(50)),
        work("missing", grade(0, flags=MISSING)),
        work("nothing"),
    ).courses
    known = facts(assessments={"weightless": 0, "banked": 1, "excused": 1, "missing": 1})
    assert [s.short for s in counted_scores(course, known)] == [
        short_id("unknown"),
        short_id("missing"),
    ]
    assert len(counted_scores(course, None)) == 3


def test_kinds_are_compared_without_case_and_attempts_by_the_courses_rule() -> None:
    (course,) = learner(
        work("a", grade(80, attempt=1), grade(60, attempt=2, at=at(1))),
    ).courses
    assessments = (Assessment(id="a", kind="TMA"),)
    latest = CourseFacts(course_id=COURSE, assessments=assessments)
    best = CourseFacts(course_id=COURSE, assessments=assessments, attempt_rule="best")
    assert [(s.kind, s.percent) for s in counted_scores(course, latest)] == [("tma", 60)]
    assert [(s.kind, s.percent) for s in counted_scores(course, best)] == [("tma", 80)]


def test_open_scores_are_those_of_the_courses_that_the_learner_is_in() -> None:
    state = learner(work("a", grade(70, at=at(1))))
    state.courses.append(Course("c2", work=[work("b", grade(80, at=at(0)))]))
    state.courses.append(Course("c3", unenrolled_at=1, work=[work("c", grade(90))]))
    state.courses.append(Course("c4", finished_at=seconds(at(9)), work=[work("d", grade(90))]))
    assert [s.percent for s in open_scores(state, {})] == [80, 70]


def test_the_weighted_score_is_by_the_weights_of_the_facts() -> None:
    (course,) = learner(
        work("a", grade(80)), work("b", grade(50)), work("unknown", grade(0))
    ).courses
    known = facts(assessments={"a": 1, "b": 4})
    scores = counted_scores(course, known)
    assert weighted_score(scores, known) == (80 + 4 * 50) / 5
    assert weighted_score(scores, facts()) is None
    assert weighted_score(scores, None) is None


def test_expectations_are_taken_off_only_where_all_are_known() -> None:
    known = [
        Scored(COURSE, n, percent, n, n, n, expected, None)
        for n, (percent, expected) in enumerate([(70.0, 60.0), (50.0, 65.0)])
    ]
    assert residuals(known) == [10, -15]
    assert [score.residual for score in known] == [10, -15]
    assert residuals([known[0], known[1]._replace(expected=None)]) == [70, 50]
    assert known[1]._replace(expected=None).residual == 50


# -- progress ------------------------------------------------------------------------------------


def test_without_facts_only_the_modules_are_counted() -> None:
    course = Course(COURSE, modules=[change("m1", 0), change("m2", 0)])
    assert course_progress(course, None) == Progress("none", 0.0, 0.0, 2, None)
    assert course_progress(course, None).percent is None
    assert (percent_done(0, 4), percent_done(3, 4), percent_done(0, 0)) == (0, 75, None)


def test_progress_is_the_weight_of_required_modules_done() -> None:
    known = CourseFacts(
        course_id=COURSE,
        modules=(
            Module(id="m1", weight=1),
            Module(id="m2", weight=3),
            Module(id="extra", weight=9, required=False),
        ),
        assessments=(Assessment(id="a1", weight=7),),
    )
    course = Course(COURSE, modules=[change(name, 0) for name in ("m2", "extra", "gone")])
    assert course_progress(course, known) == Progress("modules", 3, 4, 1, 2)
    assert (required_weight(course, known), by_modules(known)) == (4, True)


def test_where_modules_weigh_nothing_it_is_the_weight_of_what_was_submitted() -> None:
    course = Course(COURSE, modules=[change("m1", 0)], work=[submission("a1", 1)])
    weightless = facts({"m1": 0, "m2": 0}, {"a1": 2, "a2": 3})
    assert course_progress(course, weightless) == Progress("assessments", 2, 5, 1, 2)
    assert (required_weight(course, weightless), by_modules(weightless)) == (5, False)
    without = facts(assessments={"a1": 2, "a2": 3})
    assert course_progress(course, without) == Progress("assessments", 2, 5, 0, None)
    assert course_progress(course, facts()) == Progress("none", 0, 0, 0, None)
    assert not by_modules(None)
    assert by_modules(facts({"m1": 0.5}))


def test_a_module_is_done_by_the_newest_word_of_this_run() -> None:
    course = Course(
        COURSE,
        since=seconds(at(1)),
        modules=[
            change("before", 1),
            change("done", 2),
            change("reopened", 2),
            change("reopened", 3, done=False),
        ],
    )
    assert done_modules(course) == {short_id("done")}


def test_units_are_what_is_required_in_order_of_time() -> None:
    course = Course(
        COURSE,
        modules=[
            change("extra", 2),
            change("m1", 3),
            change("m1", 4),
            change("m1", 5, done=False),
            change("m2", 6, done=False),
            change("m1", 7),
        ],
        work=[submission("a1", 1), submission("unasked", 1), submission("a2", 8)],
    )
    known = facts({"m1": 2, "m2": 3}, {"a1": 4, "a2": 5})
    assert [(u.at, u.weight) for u in counting_units(course, known)] == [
        (seconds(at(3)), 2),
        (seconds(at(5)), -2),
        (seconds(at(7)), 2),
    ]
    assert [(u.at, u.weight) for u in standing_units(course, known)] == [
        (seconds(at(1)), 4),
        (seconds(at(7)), 2),
        (seconds(at(8)), 5),
    ]
    assert [unit.day for unit in standing_units(course, known)][:2] == [
        at(1).toordinal(),
        at(7).toordinal(),
    ]


def test_a_reopened_module_is_no_standing_unit() -> None:
    course = Course(COURSE, modules=[change("m1", 0), change("m1", 1, done=False)])
    assert standing_units(course, None) == []
    assert standing_units(course, facts({"m1": 2})) == []
    assert [unit.weight for unit in counting_units(course, facts({"m1": 2}))] == [2, -2]


def test_what_weighs_nothing_is_a_unit_that_stands() -> None:
    course = Course(COURSE, modules=[change("m1", 0)])
    assert [unit.weight for unit in standing_units(course, facts({"m1": 0, "m2": 1}))] == [0]


def test_without_facts_each_unit_weighs_one() -> None:
    course = Course(COURSE, modules=[change("m1", 0)], work=[submission("a1", 1), work("a2")])
    assert [unit.weight for unit in standing_units(course, None)] == [1, 1]
    assert [unit.weight for unit in counting_units(course, None)] == [1]


def test_units_of_what_is_not_required_are_none() -> None:
    known = CourseFacts(
        course_id=COURSE,
        modules=(Module(id="m1"), Module(id="extra", required=False)),
        assessments=(Assessment(id="a1", required=False),),
    )
    course = Course(COURSE, modules=[change("extra", 0)], work=[submission("a1", 1)])
    assert counting_units(course, known) == standing_units(course, known) == []


def test_the_peak_is_the_highest_percent_of_the_run() -> None:
    course = Course(
        COURSE,
        modules=[change("m1", 0), change("m2", 1), change("m1", 2, done=False)],
        work=[submission("a1", 3), submission("a2", 4), submission("a3", 5)],
    )
    known = facts({"m1": 1, "m2": 2, "m3": 1}, {"a1": 50, "a2": 50, "a3": 50})
    assert peak_percent(course, known) == 75
    assert peak_percent(course, facts(assessments={"a1": 1, "a4": 3})) == 25
    assert peak_percent(course, None) == 0
    assert peak_percent(course, facts()) == 0
    assert peak_percent(Course(COURSE), known) == 0


# -- levels --------------------------------------------------------------------------------------


def level_over(courses: list[Course], known: dict[str, CourseFacts]) -> str | None:
    """The level that these courses have come to together."""
    given = [(course, known.get(course.course_id)) for course in courses]
    return level_of(
        [Way(course_progress(*g), counting_units(*g), counted_scores(*g)) for g in given]
    )


def modules_and_scores(*happened: tuple[str, float]) -> str | None:
    """The level after ("module", ...) and ("score", percent), a day each, of four modules."""
    course = Course(COURSE)
    for day, (what, value) in enumerate(happened):
        if what == "score":
            course.work.append(work(f"a{day}", grade(value, at=at(day), order=day)))
        else:
            course.modules.append(change(f"m{value:g}", day, done=what == "module"))
    return level_over([course], {COURSE: facts(dict.fromkeys(("m1", "m2", "m3", "m4", "m5"), 1))})


def test_a_level_rests_on_those_before_it() -> None:
    done = [("module", float(n)) for n in range(1, 5)]
    assert modules_and_scores(*done, ("score", 80)) == "Advanced"
    assert modules_and_scores(*done, ("score", 80), ("score", 70)) == "Advanced"  # 75 on average
    assert modules_and_scores(*done, ("score", 80), ("score", 69)) == "Intermediate"
    assert modules_and_scores(*done, ("score", 70), ("score", 80)) == "Intermediate"
    assert modules_and_scores(*done, ("score", 80), ("reopened", 1)) == "Intermediate"
    assert modules_and_scores(("module", 1), ("score", 90)) == "Beginner"
    assert modules_and_scores(("module", 1), ("module", 2)) == "Intermediate"
    assert modules_and_scores() == "Beginner"
    assert level_over([Course(COURSE)], {}) is None


def test_what_happens_at_one_time_counts_together() -> None:
    """The mean of two scores of one instant, never the first of them alone."""
    course = Course(COURSE, modules=[change(f"m{n}", 0) for n in range(1, 5)])
    course.work += [
        work("a", grade(85, at=at(1), order=1)),
        work("b", grade(60, at=at(1), order=2)),
    ]
    known = facts(dict.fromkeys(("m1", "m2", "m3", "m4", "m5"), 1))
    assert level_over([course], {COURSE: known}) == "Intermediate"


def test_a_level_over_two_courses_is_of_the_pooled_progress() -> None:
    first = Course(COURSE, modules=[change("m1", 0)])
    second = Course("c2", modules=[change("n1", 1)])
    known = {COURSE: facts({"m1": 1}), "c2": facts({"n1": 1, "n2": 8}, course_id="c2")}
    assert level_over([first], known) == "Intermediate"
    assert level_over([first, second], known) == "Beginner"
    second.work.append(submission("x", 0))
    assert level_over([first, second], known) == "Beginner"


def test_a_course_by_assessments_has_its_level_by_them() -> None:
    course = Course(COURSE, modules=[change("m1", 0)], work=[submission("a1", 1)])
    assert level_over([course], {COURSE: facts(assessments={"a1": 3, "a2": 7})}) == "Intermediate"
    assert level_over([course], {COURSE: facts(assessments={"a1": 2, "a2": 8})}) == "Beginner"


def test_progress_is_pooled_by_weight_where_all_count_the_same_units() -> None:
    modules, others = Progress("modules", 1, 4, 1, 4), Progress("modules", 6, 6, 6, 6)
    assert pooled_percent([modules, others]) == 70
    assert pooled_percent([modules, Progress("assessments", 3, 4, 0, None)]) == 50
    assert pooled_percent([modules, Progress("none", 0, 0, 0, None)]) == 25
    assert pooled_percent([Progress("none", 0, 0, 0, None)]) is None
