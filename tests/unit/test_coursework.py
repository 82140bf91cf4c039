"""What a learner did on one assessment: which facts are kept, and which of them count."""

from typing import Any

import pytest

from domain.course_facts import Assessment, AttemptRule, CourseFacts
from domain.ids import short_id
from domain.keepers import coursework as of
from domain.state.course import (
    BANKED,
    MISSING,
    OVERRIDE,
    UNTIMED,
    WITHDRAWN,
    Course,
    Excuse,
    Grade,
    Submission,
    Work,
)
from domain.state.learner import (
    Learner,
    new_learner,
)


def a_learner() -> tuple[Learner, Course]:
    state = new_learner("7")
    course = Course("c1")
    state.courses.append(course)
    return state, course


def a_work(grades: list[Grade] | None = None, submissions: list[Submission] | None = None) -> Work:
    return Work(short_id("a1"), "a1", submissions=submissions or [], grades=grades or [])


def a_grade(
    moment: int, percent: float | None = 50.0, attempt: int = OVERRIDE, **fields: Any
) -> Grade:
    return Grade(moment, moment // 100, moment, attempt, percent, **fields)


def tried(at: int) -> Submission:
    return Submission(at, at // 100)


# -- what is kept --------------------------------------------------------------------------------


def test_work_is_found_by_its_assessment() -> None:
    state, course = a_learner()
    assert of.find_work(course, short_id("a1")) is None
    one, other = of.work_on(state, course, "a1"), of.work_on(state, course, "a2")
    assert of.work_on(state, course, "a1") is one
    assert of.find_work(course, short_id("a2")) is other
    assert [work.name for work in course.work] == ["a1", "a2"]


def test_work_on_sixty_four_assessments_is_kept_and_more_is_counted() -> None:
    state, course = a_learner()
    for n in range(64):
        of.work_on(state, course, f"a{n}")
    assert state.overflow.assessments == 0
    assert of.work_on(state, course, "one-more").name == "one-more"
    assert (len(course.work), state.overflow.assessments) == (64, 1)
    of.work_on(state, course, "a63")
    assert state.overflow.assessments == 1


def test_of_more_than_eight_submissions_the_first_and_the_newest_stay() -> None:
    state, _ = a_learner()
    work = a_work()
    for at in (300, 100, 200, 400, 500, 600, 700, 800):
        of.add_submission(state, work, tried(at))
    assert (len(work.submissions), state.overflow.submissions) == (8, 0)
    of.add_submission(state, work, tried(900))
    of.add_submission(state, work, tried(1000))
    assert [each.at for each in work.submissions] == [100, 400, 500, 600, 700, 800, 900, 1000]
    assert state.overflow.submissions == 2


def kept_of(grades: list[Grade]) -> list[int]:
    """When those grades were given that are still kept; the ninth pushed one out."""
    state, _ = a_learner()
    work = a_work()
    for grade in grades[:8]:
        of.add_grade(state, work, grade)
    assert (len(work.grades), state.overflow.grades) == (8, 0)
    for grade in grades[8:]:
        of.add_grade(state, work, grade)
    assert state.overflow.grades == len(grades) - 8
    return [grade.at for grade in work.grades]


def test_of_more_than_eight_grades_one_goes_that_its_attempt_has_replaced() -> None:
    attempts = [1, 2, 3, 4, 3, 5, 6, 7, 8]  # the third was regraded
    grades = [a_grade(at, attempt=attempt) for at, attempt in enumerate(attempts, 1)]
    assert kept_of(grades) == [1, 2, 4, 5, 6, 7, 8, 9]


def test_where_none_is_replaced_the_oldest_goes_that_is_not_the_best() -> None:
    percents = [90, 40, 50, None, 60, 70, 80, 30, 20]
    grades = [a_grade(at, percent, attempt=at) for at, percent in enumerate(percents, 1)]
    assert kept_of(grades) == [1, 3, 4, 5, 6, 7, 8, 9]


def test_of_two_best_grades_the_newer_one_stays() -> None:
    percents = [90, 40, 50, 10, 60, 70, 80, 30, 90]
    grades = [a_grade(at, percent, attempt=at) for at, percent in enumerate(percents, 1)]
    assert kept_of(grades) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_any_score_above_0_is_better_than_0_and_than_none() -> None:
    percents = [0.5, 0.0, None, 0.0, None, 0.0, None, 0.0, None]
    grades = [a_grade(at, percent, attempt=at) for at, percent in enumerate(percents, 1)]
    assert kept_of(grades) == [1, 3, 4, 5, 6, 7, 8, 9]


# -- submitted -----------------------------------------------------------------------------------


def test_the_first_submission_is_the_one_that_counts() -> None:
    _, course = a_learner()
    assert of.submitted(course, None) is None
    assert of.submitted(course, a_work()) is None
    assert of.submitted(course, a_work(submissions=[tried(100), tried(200)])) == tried(100)


@pytest.mark.parametrize(
    ("graded_at", "expected"),
    [(99, 99), (100, 100), (101, 100)],
)
def test_a_grade_before_any_submission_stands_for_one(graded_at: int, expected: int) -> None:
    _, course = a_learner()
    found = of.submitted(course, a_work([a_grade(graded_at)], [tried(100)]))
    assert found is not None
    assert found.at == expected


def test_a_grade_at_the_moment_of_a_submission_does_not_stand_for_it() -> None:
    _, course = a_learner()
    seen = Submission(100, 2, timed=False)
    assert of.submitted(course, a_work([a_grade(100)], [seen])) is seen


def test_a_grade_shows_when_it_says_that_the_work_was_submitted() -> None:
    _, course = a_learner()
    said = a_grade(900, submitted_at=400, submitted_day=3)
    assert of.submitted(course, a_work([said])) == Submission(400, 3, timed=True)
    assert of.submitted(course, a_work([a_grade(900)])) == Submission(900, 9, timed=True)


def test_the_earliest_submission_that_grades_show_is_shown() -> None:
    _, course = a_learner()
    grades = [a_grade(500), a_grade(900, submitted_at=400, submitted_day=4)]
    assert of.submitted(course, a_work(grades)) == Submission(400, 4)


def test_a_grade_of_a_day_shows_a_submission_without_a_time_of_day() -> None:
    _, course = a_learner()
    by_day = a_grade(900, flags=UNTIMED)
    assert of.submitted(course, a_work([by_day])) == Submission(900, 9, timed=False)
    said = a_grade(900, flags=UNTIMED, submitted_at=400, submitted_day=4)
    assert of.submitted(course, a_work([said])) == Submission(400, 4, timed=True)


@pytest.mark.parametrize("flag", [MISSING, WITHDRAWN, MISSING | WITHDRAWN | BANKED])
def test_a_mark_for_nothing_and_a_withdrawn_grade_show_no_submission(flag: int) -> None:
    _, course = a_learner()
    assert of.submitted(course, a_work([a_grade(100, flags=flag)])) is None


@pytest.mark.parametrize("flag", [0, BANKED, UNTIMED])
def test_every_other_grade_shows_a_submission(flag: int) -> None:
    _, course = a_learner()
    assert of.submitted(course, a_work([a_grade(100, flags=flag)])) is not None


def test_only_what_belongs_to_this_run_was_submitted() -> None:
    """A run begins behind the end of the one before it, and ends with its own end."""
    course = Course("c1", since=100, finished_at=200)
    for at, counts in ((100, False), (101, True), (200, True), (201, False)):
        assert (of.submitted(course, a_work(submissions=[tried(at)])) is not None) is counts
        assert (of.submitted(course, a_work([a_grade(at)])) is not None) is counts


def test_an_unseen_submission_is_one_that_only_a_grade_shows() -> None:
    graded = [a_grade(500)]
    assert of.unseen_submission(a_work()) is None
    assert of.unseen_submission(a_work(graded)) == Submission(500, 5)
    assert of.unseen_submission(a_work(graded, [tried(501)])) == Submission(500, 5)
    assert of.unseen_submission(a_work(graded, [tried(500)])) is None
    assert of.unseen_submission(a_work(graded, [tried(400), tried(600)])) is None


def test_a_banked_grade_shows_no_unseen_submission_while_it_is_the_newest() -> None:
    banked, own = a_grade(500, flags=BANKED), a_grade(600)
    assert of.unseen_submission(a_work([banked])) is None
    assert of.unseen_submission(a_work([own, a_grade(700, flags=BANKED)])) is None
    assert of.unseen_submission(a_work([banked, own])) == Submission(500, 5)
    assert of.unseen_submission(a_work([a_grade(500, flags=MISSING)])) is None


# -- grades --------------------------------------------------------------------------------------


def test_an_assessment_is_banked_by_its_newest_grade_of_this_run() -> None:
    banked = a_grade(100, flags=BANKED)
    assert not of.is_banked(Course("c1"), a_work())
    assert of.is_banked(Course("c1"), a_work([banked]))
    assert not of.is_banked(Course("c1"), a_work([banked, a_grade(200)]))
    assert of.is_banked(Course("c1"), a_work([a_grade(50), banked]))
    assert not of.is_banked(Course("c1", since=100), a_work([banked]))
    assert of.is_banked(Course("c1", finished_at=150), a_work([banked, a_grade(200)]))


def counting(
    grades: list[Grade],
    rule: AttemptRule = "latest",
    until: int | None = None,
    course: Course | None = None,
) -> int | None:
    """When the grade was given that counts."""
    grade = of.counting_grade(course or Course("c1"), a_work(grades), rule, until)
    return None if grade is None else grade.at


def test_of_one_attempt_the_newest_grade_counts() -> None:
    for rule in ("latest", "best"):
        assert counting([], rule) is None
        assert counting([a_grade(1, 90, 1)], rule) == 1
        assert counting([a_grade(1, 90, 1), a_grade(2, 40, 1)], rule) == 2
        assert counting([a_grade(1, 90), a_grade(2, 40)], rule) == 2
        assert counting([a_grade(1, None)], rule) is None
        assert counting([a_grade(1, 90, 1), a_grade(2, None, 1)], rule) is None
        assert counting([a_grade(1, 90), a_grade(2, None)], rule) is None


def test_the_latest_attempt_counts_or_the_best_by_the_courses_rule() -> None:
    grades = [a_grade(1, 60, 2), a_grade(2, 80, 1), a_grade(3, 70, 0)]
    assert counting(grades, "latest") == 1
    assert counting(grades, "best") == 2
    assert counting([a_grade(1, 0, 1), a_grade(2, 0, 2), a_grade(3, 0, 0)], "best") == 3
    assert counting([a_grade(1, 0.5, 1), a_grade(2, 0, 2)], "best") == 1


def test_an_attempt_without_a_score_does_not_count() -> None:
    grades = [a_grade(1, 60, 1), a_grade(2, None, 2)]
    assert counting(grades, "latest") == 1
    assert counting(grades, "best") == 1


def test_a_grade_without_an_attempt_stands_for_all_until_a_newer_attempt_is_graded() -> None:
    attempt_1, override = a_grade(1, 90, 1), a_grade(2, 40)
    for rule in ("latest", "best"):
        assert counting([attempt_1, override], rule) == 2
        assert counting([attempt_1, override, a_grade(3, 50, 1)], rule) == 2  # graded once more
        assert counting([attempt_1, override, a_grade(3, 95, 0)], rule) == 2  # an older attempt
    attempt_3 = a_grade(1, 90, 3)
    assert counting([attempt_1, attempt_3, override, a_grade(3, 95, 2)]) == 2
    assert counting([attempt_1, override, a_grade(3, 50, 2)], "latest") == 3
    assert counting([attempt_1, override, a_grade(3, 50, 2)], "best") == 1


def test_an_attempt_at_the_moment_of_an_override_is_one_before_it() -> None:
    assert counting([a_grade(5, 90, 1), a_grade(5, 40)]) == 5
    assert counting([a_grade(4, 90), a_grade(5, 40, 1), a_grade(6, 30, 1)]) == 6
    assert counting([a_grade(5, 90, 3), a_grade(5, 40), a_grade(6, 95, 2)]) == 5
    override = a_grade(5, 40)
    found = of.counting_grade(Course("c1"), a_work([override, a_grade(5, 90, 2)]), "latest")
    assert found is override


def test_the_first_attempt_of_all_is_newer_than_an_override_before_it() -> None:
    assert counting([a_grade(1, 40), a_grade(2, 90, 0)]) == 2


def test_a_withdrawn_override_leaves_no_score() -> None:
    assert counting([a_grade(1, 90, 1), a_grade(2, None)]) is None
    assert counting([a_grade(1, 90, 1), a_grade(2, 40), a_grade(3, None)]) is None


def test_a_grade_counts_from_its_time_on() -> None:
    grades = [a_grade(1, 60, 1), a_grade(5, 80, 1)]
    assert [counting(grades, until=at) for at in (0, 1, 4, 5)] == [None, 1, 1, 5]


def test_only_grades_of_this_run_count() -> None:
    grades = [a_grade(100, 60, 1), a_grade(150, 80, 1), a_grade(201, 90, 1)]
    assert counting(grades, course=Course("c1", since=100, finished_at=200)) == 150
    assert counting(grades[:1], course=Course("c1", since=100)) is None


# -- excuses and due times -----------------------------------------------------------------------


def test_an_assessment_is_excused_by_the_newest_word_of_this_run() -> None:
    work = a_work()
    assert not of.is_excused(Course("c1"), None)
    assert not of.is_excused(Course("c1"), work)
    work.excuses = [Excuse(100, excused=True)]
    assert of.is_excused(Course("c1"), work)
    assert not of.is_excused(Course("c1", since=100), work)
    work.excuses.append(Excuse(200, excused=False))
    assert not of.is_excused(Course("c1"), work)
    assert of.is_excused(Course("c1", finished_at=150), work)


def test_an_assessment_stands_for_a_learner_as_the_course_and_the_learner_have_it() -> None:
    facts = CourseFacts(
        course_id="c1",
        assessments=(
            Assessment(id="a0", due_at=10),
            Assessment(id="a1", due_at=20),
            Assessment(id="a2", due_at=30),
            Assessment(id="a3", required=False),
        ),
    )
    extended = Work(short_id("a1"), "a1", due_at=0)
    excused = Work(short_id("a2"), "a2", excuses=[Excuse(1, excused=True)])
    course = Course("c1", work=[excused, extended])
    found = [
        (each.fact.id, each.work, each.due_at, each.required) for each in of.assigned(course, facts)
    ]
    assert found == [
        ("a0", None, 10, True),
        ("a1", extended, 0, True),
        ("a2", excused, 30, False),
        ("a3", None, None, False),
    ]
    assert list(of.assigned(course, None)) == []
