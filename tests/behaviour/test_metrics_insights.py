"""What is said to a learner: the pressing first, named and dated, and nothing that contradicts."""

import pytest

from domain.configuration import Configuration, Rules
from domain.course_facts import Assessment, CourseFacts
from domain.rules.low_score import LowScore
from metrics.engagement import engagement
from metrics.insights import insights
from metrics.recommendations import learning_recommendations
from metrics.segments import segment
from metrics.shapes import Insight
from tests.factories import Bench, at, course, enrolled, event, graded, seconds, submitted, viewed
from tests.viewing import view


def said(bench: Bench, day: float) -> list[Insight]:
    looked = view(bench, at(day))
    return insights(looked, engagement(looked))


def codes(bench: Bench, day: float) -> list[str]:
    return [each.code.removeprefix("insight.") for each in said(bench, day)]


def advice(bench: Bench, day: float) -> list[tuple[str, str]]:
    found = learning_recommendations(view(bench, at(day)))
    return [(each.reason.code.removeprefix("recommendation."), each.reason.text) for each in found]


def late(*days: float) -> Bench:
    """A learner who looks in every day, and submits nothing."""
    facts = course(0, {f"a{n}": at(day) for n, day in enumerate(days)})
    return Bench(facts=facts).send(enrolled(at(0)), *(viewed(at(day)) for day in range(20)))


def test_the_step_of_overdue_work_stands_as_long_as_its_alert_is_open() -> None:
    bench = late(8).tick(at(11))
    assert "overdue" in [code for code, _ in advice(bench, 11)]
    raised = next(t for t in bench.published if t.category == "missed_deadline")
    last = (raised.expires_at - seconds(at(0)) - 1) / 86_400
    for day in (11, 25, last):
        assert "overdue" in [code for code, _ in advice(bench, day)]
    assert "overdue" not in [code for code, _ in advice(bench, last + 1)]
    bench.send(submitted(at(20), "a0"))
    assert "overdue" not in [code for code, _ in advice(bench, 20)]


def test_no_more_than_two_are_overdue_and_the_newest_come_first() -> None:
    bench = late(8, 9, 10).tick(at(13))
    assert [text for _, text in advice(bench, 13)][:2] == [
        "A2 (due 14 March) is overdue and has not been submitted",
        "A1 (due 13 March) is overdue and has not been submitted",
    ]


def test_silence_is_said_from_ten_days_on_while_a_course_runs() -> None:
    bench = Bench(facts=course(5, ends_at=seconds(at(30)))).send(enrolled(at(0)), viewed(at(0)))
    assert [codes(bench, day) for day in (9, 10, 29, 31)] == [[], ["silent"], ["silent"], []]
    assert said(bench, 11)[0].text == "Your last activity was on 4 March"
    assert (said(bench, 11)[0].tone, said(bench, 11)[0].evidence[0].value) == ("warning", 11)
    assert advice(bench, 9)[0][0] == "inactive"
    assert codes(bench.send(event("unenrolled", at(8))), 11) == []


def test_nobody_is_praised_for_old_scores_after_two_weeks_of_silence() -> None:
    bench = Bench().send(viewed(at(0)), *(graded(at(0), 90 + n, f"a{n}") for n in range(3)))
    assert [codes(bench, day) for day in (1, 13, 14)] == [
        ["score_high"],
        ["silent", "score_high"],
        ["silent", "score_steady"],
    ]


def test_falling_scores_are_not_praised() -> None:
    bench = Bench().send(*(graded(at(n), p, f"a{n}") for n, p in enumerate((99, 94, 88))))
    assert codes(bench, 3) == ["trend_declining"]


def test_eighty_is_not_above_eighty() -> None:
    """The scores are 24 of 30 and so on: 80 % up to the noise of binary fractions."""
    for score, maximum in ((24, 30), (28, 35), (44, 55), (0.56, 0.7)):
        marks = [graded(at(n), score, f"a{n}", max_score=maximum) for n in range(3)]
        assert codes(Bench().send(*marks), 3) == ["score_steady"]


@pytest.mark.parametrize(("score", "failed"), [(57, False), (56, True), (29, True), (58, False)])
def test_a_score_on_the_pass_mark_passes(score: int, *, failed: bool) -> None:
    bench = Bench(facts=CourseFacts(course_id="c1", pass_mark=57)).send(graded(at(0), score))
    assert ("low_score" in [code for code, _ in advice(bench, 0)]) == failed


def test_the_operators_pass_mark_is_the_only_default() -> None:
    configured = Configuration(rules=Rules(low_score=LowScore(default_pass_mark=40)))
    marks = [graded(at(n), 50, f"a{n}") for n in range(3)]
    for configuration, failed in ((configured, False), (Configuration(), True)):
        bench = Bench(configuration=configuration).send(viewed(at(2)), *marks)
        looked = view(bench, at(2))
        assert (advice(bench, 2) != []) == failed
        assert (segment(looked)[0] == "struggling") == failed
        assert not any(t.category == "low_score" for t in bench.published)


def test_what_the_grade_says_of_passing_decides_in_every_text() -> None:
    low = [graded(at(n), 45, f"a{n}", passed=True) for n in range(3)]
    bench = Bench().send(viewed(at(2)), *low)
    looked = view(bench, at(2))
    assert advice(bench, 2) == []
    assert segment(looked)[0] is None

    high = [graded(at(n), 85, f"a{n}", passed=False) for n in range(3)]
    bench = Bench().send(viewed(at(2)), *high)
    looked = view(bench, at(2))
    assert advice(bench, 2) == [("not_passed", "An assessment: 85%, not passed")]
    assert segment(looked)[0] == "struggling"


def test_a_score_is_named_by_what_is_known_of_its_assessment() -> None:
    facts = CourseFacts(
        course_id="c1",
        assessments=(Assessment(id="14987", kind="TMA", due_at=seconds(at(5)), required=False),),
    )
    bench = Bench(facts=facts).send(viewed(at(0)), graded(at(0), 20, "14987"))
    assert advice(bench, 0) == [
        ("low_score", "TMA due 9 March: 20%; the pass mark is 60%"),
    ]
