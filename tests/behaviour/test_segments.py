"""The segment: each label at both sides of its condition, the worst of three days, and why."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from domain.course_facts import Assessment, CourseFacts
from metrics.engagement import compared_level
from metrics.segments import segment
from metrics.view import Cohort, CohortCourse, View
from tests.factories import Bench, at, course, enrolled, graded, seconds, submitted, viewed
from tests.viewing import view


def cohort(**bars: tuple[float | None, float | None]) -> Cohort:
    """The 70th and 85th percentile of each course."""
    nothing = dict.fromkeys(("active_days", "minutes", "activities", "discussion"))
    rows = {
        name: CohortCourse(course_id=name, engagement_p70=p70, engagement_p85=p85, **nothing)
        for name, (p70, p85) in bars.items()
    }
    return Cohort(courses=rows, as_of=1)


def of(looked: View) -> str | None:
    found, why = segment(looked)
    assert (found is None) == (why is None)
    return found


def labels(bench: Bench, *days: float, known: Cohort | None = None) -> list[str | None]:
    return [of(view(bench, at(day), cohort=known)) for day in days]


def test_silence_without_anything_open_disengages_at_14_days_and_is_inactive_at_28() -> None:
    bench = Bench(facts=course(3)).send(enrolled(at(0)), viewed(at(0)))
    assert labels(bench, 13, 14, 27, 28) == [None, "disengaging", "disengaging", "inactive"]
    _, why = segment(view(bench, at(28)))
    assert why is not None
    assert why.text == "No work in the 28 days up to 1 April"


def test_silence_with_heavy_work_overdue_disengages_at_7_days_and_is_inactive_at_14() -> None:
    bench = Bench(facts=course(0, {"a1": at(5.5)})).send(enrolled(at(0)), viewed(at(0)))
    assert labels(bench, 6, 7, 13, 14) == [None, "disengaging", "disengaging", "inactive"]
    _, why = segment(view(bench, at(14)))
    assert why is not None
    assert why.text == (
        "No work in the 14 days up to 18 March, and A1 (due 9 March) has not been submitted"
    )


def test_silence_of_7_days_disengages_where_heavy_work_is_due_within_seven() -> None:
    for due, expected in ((14, "disengaging"), (14.1, None), (7, "disengaging")):
        bench = Bench(facts=course(0, {"a1": at(due)})).send(enrolled(at(0)), viewed(at(0)))
        assert labels(bench, 7) == [expected]
    done = Bench(facts=course(0, {"a1": at(10)})).send(enrolled(at(0)), submitted(at(0), "a1"))
    assert labels(done, 7, 13) == [None, None]


def test_struggling_is_a_last_score_that_is_no_pass() -> None:
    bench = Bench(facts=course(3, pass_mark=40)).send(enrolled(at(0)), graded(at(0), 39.9, "a1"))
    bench.send(viewed(at(0)))
    assert labels(bench, 0) == ["struggling"]
    _, why = segment(view(bench, at(0)))
    assert why is not None
    assert why.text == "On 4 March your last score was 39.9%, which is not a pass"
    bench.send(graded(at(1), 40, "a2"))
    assert labels(bench, 1, 2, 3) == ["struggling", "struggling", None], "better after three days"


@pytest.mark.parametrize(
    ("residuals", "expected"), [((-40, -40, -40), "struggling"), ((-5,) * 3, None)]
)
def test_struggling_is_a_level_ten_points_below_what_is_expected(
    residuals: tuple[float, ...], expected: str | None
) -> None:
    bench = Bench(facts=course(3, pass_mark=10)).send(enrolled(at(0)), viewed(at(3)))
    bench.send(*(graded(at(n), 50, f"a{n}") for n in range(3)))
    state = bench.learner()
    for work, residual in zip(state.courses[0].work, residuals, strict=True):
        work.grades[0].expected = 50 - residual
    looked = replace(view(bench, at(3)), state=state)
    assert of(looked) == expected
    if expected:
        assert "points below what is usual" in str(segment(looked)[1])


def test_struggling_is_heavy_work_48_hours_overdue() -> None:
    bench = Bench(facts=course(0, {"a1": at(2)})).send(enrolled(at(0)), viewed(at(3)))
    assert labels(bench, 3.9, 4) == [None, "struggling"]
    bench.send(submitted(at(5), "a1"))
    assert labels(bench, 5, 6, 7) == ["struggling", "struggling", None], "day 4 ended without it"


def test_light_work_makes_nobody_struggle() -> None:
    light = Assessment(id="quiz", weight=1, due_at=seconds(at(1)))
    heavy = Assessment(id="essay", weight=99, due_at=seconds(at(80)))
    facts = CourseFacts(course_id="c1", assessments=(light, heavy))
    assert labels(Bench(facts=facts).send(enrolled(at(0)), viewed(at(5))), 5) == [None]


# -- by the course's percentiles -----------------------------------------------------------------


def busy(days: Mapping[int, int]) -> Bench:
    """So many activities on these days."""
    return Bench(facts=course(1)).send(
        enrolled(at(0)),
        *(viewed(at(day, minutes=n), f"p{n}") for day, count in days.items() for n in range(count)),
    )


def test_the_85th_percentile_is_reached_by_standing_on_it_on_each_of_three_days() -> None:
    bench = busy(dict.fromkeys(range(20), 5))
    looked = view(bench, at(19))
    levels = [compared_level(looked, "c1", looked.today - back) for back in range(3)]
    assert levels == sorted(levels, reverse=True), "it still rises"
    bar = levels[-1]
    assert labels(bench, 19, known=cohort(c1=(0, bar))) == ["highly_engaged"]
    assert labels(bench, 19, known=cohort(c1=(0, bar + 0.001))) == ["typical"]
    assert labels(bench, 19, known=cohort(c1=(None, bar))) == [None]
    assert labels(bench, 19, known=cohort(c2=(0, bar))) == [None]


def test_highly_engaged_stays_down_to_the_70th_percentile() -> None:
    """Two busy weeks, and nothing after them: the level falls day by day."""
    bench = busy(dict.fromkeys(range(14), 5))
    looked = view(bench, at(19))
    top = compared_level(looked, "c1", looked.today - 6)
    now = compared_level(looked, "c1", looked.today)
    assert now < top
    assert labels(bench, 19, known=cohort(c1=(now, top))) == ["highly_engaged"]
    assert labels(bench, 19, known=cohort(c1=(now + 0.001, top))) == ["typical"]
    assert labels(bench, 19, known=cohort(c1=(now, 100.1))) == ["typical"]


def test_whoever_was_never_over_the_85th_percentile_does_not_stay() -> None:
    bench = busy(dict.fromkeys(range(60), 2))
    looked = view(bench, at(59))
    level = compared_level(looked, "c1", looked.today)
    assert labels(bench, 59, known=cohort(c1=(level - 5, level + 5))) == ["typical"]


def test_overdue_heavy_work_takes_highly_engaged_at_once() -> None:
    bench = busy(dict.fromkeys(range(20), 5)).adopt("course", course(0, {"a1": at(18.9)}))
    known = cohort(c1=(0, 1))
    assert labels(bench, 18.8, 19, known=known) == ["highly_engaged", "typical"]
    found, why = segment(view(bench, at(19), cohort=known))
    assert found is not None
    assert why is not None
    assert why.code == "segment.typical"


def test_in_two_courses_every_bar_has_to_be_reached() -> None:
    bench = busy(dict.fromkeys(range(20), 5)).send(enrolled(at(0), course_id="c2"))
    assert labels(bench, 19, known=cohort(c1=(0, 1), c2=(0, 1))) == ["highly_engaged"]
    assert labels(bench, 19, known=cohort(c1=(0, 1), c2=(0, 99.9))) == ["typical"]


def test_the_worst_of_three_days_counts_and_a_worse_label_at_once() -> None:
    bench = busy(dict.fromkeys(range(20), 5))
    known = cohort(c1=(0, 1))
    assert labels(bench, 19, 20, known=known) == ["highly_engaged"] * 2
    bench.send(graded(at(20), 10, "x"))
    assert labels(bench, 20, known=known) == ["struggling"]
    bench.send(graded(at(21), 90, "y"))
    assert labels(bench, 21, 22, 23, known=known) == ["struggling"] * 2 + ["highly_engaged"]


def test_without_work_or_course_there_is_no_segment() -> None:
    assert segment(view()) == (None, None)
    assert labels(Bench().send(enrolled(at(0))), 9) == [None]


def test_silence_is_counted_where_the_last_work_is_kept_no_more() -> None:
    bench = Bench(facts=course(3)).send(enrolled(at(0)), viewed(at(0)), viewed(at(200)))
    assert labels(bench, 200, 201, 202) == ["inactive", "inactive", None]
