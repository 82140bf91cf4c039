"""Names of assessments: a title, else kind and date, and never two that read alike."""

import pytest

from domain.course_facts import Assessment, CourseFacts
from domain.keepers.days import day_month
from domain.naming import assessment_name, dated_name, undated_name
from tests.factories import at, seconds

DUE = seconds(at(5))


def name(*assessments: Assessment, due_at: int | None = DUE, zone: str = "UTC") -> str:
    """The name of the first of a course's assessments."""
    facts = CourseFacts(course_id="c1", assessments=assessments)
    return assessment_name(facts, assessments[0], due_at, zone)


@pytest.mark.parametrize(
    ("fact", "due_at", "said"),
    [
        (Assessment(id="14987", title="Essay 1", kind="TMA"), DUE, "Essay 1"),
        (Assessment(id="14987", kind="TMA"), DUE, "TMA due 9 March"),
        (Assessment(id="14987", kind="quiz"), DUE, "Quiz due 9 March"),
        (Assessment(id="14987", title="", kind=""), DUE, "Assessment due 9 March"),
        (Assessment(id="14987"), DUE, "Assessment due 9 March"),
        (Assessment(id="14987", kind="TMA"), None, "TMA"),
        (Assessment(id="14987"), None, "An assessment"),
    ],
)
def test_an_id_is_no_name(fact: Assessment, due_at: int | None, said: str) -> None:
    assert name(fact, due_at=due_at) == said
    assert fact.id not in said


def test_of_an_unknown_assessment_only_the_date_is_said() -> None:
    assert assessment_name(None, None, DUE, "UTC") == "Assessment due 9 March"
    assert assessment_name(None, None, None, "UTC") == "An assessment"
    assert assessment_name(None, Assessment(id="a", title="Essay"), DUE, "UTC") == "Essay"
    assert assessment_name(CourseFacts(course_id="c1"), None, None, "UTC") == "An assessment"


def test_two_that_read_alike_are_told_apart() -> None:
    first, second = (Assessment(id=i, kind="TMA", due_at=DUE) for i in ("14986", "14987"))
    assert name(first, second) == "TMA due 9 March (14986)"
    assert name(second, first) == "TMA due 9 March (14987)"
    assert name(Assessment(id="a", title="Quiz"), Assessment(id="b", title="Quiz")) == "Quiz (a)"
    later = Assessment(id="14988", kind="TMA", due_at=DUE + 86_400)
    assert name(first, later) == "TMA due 9 March"


def test_dates_are_the_learners_and_said_once() -> None:
    assert day_month(seconds(at(27, hours=15)), "UTC") == "1 April"
    assert day_month(seconds(at(27, hours=15)), "America/New_York") == "31 March"
    facts = CourseFacts(course_id="c1")
    assert dated_name(facts, Assessment(id="a", title="Essay"), DUE, "UTC") == "Essay (due 9 March)"
    assert dated_name(facts, Assessment(id="a"), DUE, "UTC") == "Assessment due 9 March"


def undated(
    *assessments: Assessment, others: tuple[CourseFacts, ...] = (), title: str | None = "Algebra"
) -> str:
    """The name of the first of a course's assessments, in a sentence that says the date."""
    facts = CourseFacts(course_id="c1", title=title, assessments=assessments)
    return undated_name(facts, assessments[0], others, "UTC")


def test_in_a_sentence_with_a_date_a_title_or_a_kind_is_said() -> None:
    assert undated(Assessment(id="a", title="Essay", kind="tma")) == "Essay"
    assert undated(Assessment(id="a", kind="tma", due_at=DUE)) == "Tma"
    assert undated(Assessment(id="a", due_at=DUE)) == "An assessment"
    facts = CourseFacts(course_id="c1")
    assert undated_name(None, Assessment(id="a", title="Essay"), (), "UTC") == "an assessment"
    assert undated_name(facts, None, (), "UTC") == "an assessment"


def test_of_one_name_and_one_date_the_id_is_said() -> None:
    first, second = (Assessment(id=i, kind="quiz", due_at=DUE) for i in ("a", "b"))
    assert undated(first, second) == "Quiz (a)"
    for other in (
        Assessment(id="b", kind="quiz", due_at=DUE + 86_400),
        Assessment(id="b", kind="quiz"),
        Assessment(id="b", kind="exam", due_at=DUE),
    ):
        assert undated(first, other) == "Quiz"
        assert undated(other, first) == undated(other)
    never = (Assessment(id=i, kind="quiz") for i in ("a", "b"))
    assert undated(*never) == "Quiz (a)"


def test_of_one_name_and_date_in_another_course_the_course_is_said() -> None:
    quiz = Assessment(id="a", kind="quiz", due_at=DUE)
    other = CourseFacts(course_id="c2", assessments=(quiz,))
    later = CourseFacts(course_id="c2", assessments=(Assessment(id="a", kind="quiz"),))
    assert undated(quiz, others=(other,)) == "Quiz (Algebra)"
    assert undated(quiz, others=(other,), title=None) == "Quiz (c1)"
    assert undated(quiz, others=(later,)) == "Quiz"
    assert undated(quiz, others=(later, other)) == "Quiz (Algebra)"
