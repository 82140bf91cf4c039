"""When a course will be done, at the bounds of docs/metrics.md."""

import importlib
import math
from typing import Any, Final

import pytest

from domain.course_facts import Assessment, CourseFacts, Module
from domain.state.course import (
    Course,
    ModuleFact,
)
from metrics.completion import (
    LEVEL,
    Pace,
    completion_predictions,
    days_until_done,
    pace_of,
    probability_within,
)
from metrics.shapes_predictions import CompletionPrediction
from tests.factories import COURSE, Bench, at, completed, course, enrolled, seconds, submitted
from tests.viewing import view

stats: Any = importlib.import_module("scipy.stats")  # it brings no types
DAY: Final = 86_400


def facts(modules: int = 20, **fields: Any) -> CourseFacts:
    return course(modules, starts_at=seconds(at(0)), **fields)


def steady(known: CourseFacts | None = None, units: int = 10) -> Bench:
    """A module on every other day."""
    bench = Bench(facts=known or facts()).send(enrolled(at(0)))
    return bench.send(*(completed(at(2 * n + 1), f"m{n + 1}") for n in range(units)))


def shown(bench: Bench, day: float = 20, horizon: int = 30) -> CompletionPrediction:
    return completion_predictions(view(bench, at(day)), horizon)[0]


def pace(bench: Bench, day: float = 20) -> Pace:
    return pace_of(bench.learner().courses[0], bench.fold.facts.get(COURSE), seconds(at(day)))


# -- the pace --------------------------------------------------------------------------------------


def rate(begun: float, now: float, *units: float) -> float:
    """Units a day: their count by the integral of the same weights, a day of it at least."""
    days = max(1.0, now - begun)
    count = sum(math.pow(0.5, (now - unit) / 14) for unit in units)
    return count / (14 / math.log(2) * (1 - math.pow(0.5, days / 14)))


def one_module(day: float, *, enrolled_on: float | None, first: float | None) -> Course:
    return Course(
        COURSE,
        enrolled_at=0 if enrolled_on is None else seconds(at(enrolled_on)),
        first_at=0 if first is None else seconds(at(first)),
        modules=[ModuleFact(1, seconds(at(day)), 1, done=True)],
    )


@pytest.mark.parametrize(
    ("enrolled_on", "first", "starts", "begun"),
    [
        (0, 3, None, 0),
        (0, 3, 2, 2),
        (3, 3, 2, 3),
        (0, 1, 2, 1),  # worked before the start
        (None, 3, None, 3),
        (None, 3, "none", 3),
        (None, None, None, 4),
        (0, 3, 9, 3),
        (5, None, None, 4),  # a unit before the enrolment
    ],
)
def test_a_pace_is_over_the_time_since_the_course_began_for_the_learner(
    enrolled_on: float | None, first: float | None, starts: float | str | None, begun: float
) -> None:
    known = None
    if starts is not None:
        modules = (Module(id="x"),)
        starts_at = None if isinstance(starts, str) else seconds(at(starts))
        known = CourseFacts(course_id=COURSE, starts_at=starts_at, modules=modules)
        done = one_module(4, enrolled_on=enrolled_on, first=first)
        done.modules[0].short = next(iter(known.module_by_short))
    else:
        done = one_module(4, enrolled_on=enrolled_on, first=first)
    found = pace_of(done, known, seconds(at(10)))
    assert found.per_day == pytest.approx(rate(begun, 10, 4))


def test_a_pace_is_over_the_time_since_the_first_unit_where_that_was_earlier() -> None:
    done = one_module(4, enrolled_on=5, first=5)
    done.modules.append(ModuleFact(2, seconds(at(8)), 2, done=True))
    assert pace_of(done, None, seconds(at(10))).per_day == pytest.approx(rate(4, 10, 4, 8))


def test_a_pace_is_over_a_day_at_least_and_of_what_is_done_by_now() -> None:
    done = one_module(4, enrolled_on=4, first=4)
    assert pace_of(done, None, seconds(at(4.5))).per_day == pytest.approx(rate(3.5, 4.5, 4))
    assert pace_of(done, None, seconds(at(4))).per_day > 0
    assert pace_of(done, None, seconds(at(4)) - 1) == Pace(0.0, 0.0)


def test_the_time_to_the_last_unit_is_beta_prime() -> None:
    for remaining, known in ((1, Pace(0.3, 4.0)), (12, Pace(1.1, 9.5))):
        law = stats.betaprime(remaining, known.shape, scale=known.shape / known.per_day)
        for share in (0.05, 0.5, 0.95):
            until = days_until_done(remaining, known, share)
            assert until == pytest.approx(law.ppf(share), rel=1e-6)
            assert probability_within(remaining, known, until) == pytest.approx(share)
        assert probability_within(remaining, known, 0) == 0
        assert probability_within(remaining, known, -1) == 0
        assert probability_within(remaining, known, -0.1) == 0
        assert 0 < probability_within(remaining, known, 0.5) < 1
    assert days_until_done(1, Pace(1e-9, 1e-3), 0.95) == math.inf


# -- what is said ----------------------------------------------------------------------------------


def test_the_dates_are_the_expected_one_and_the_quantiles_of_the_time_to_the_last_unit() -> None:
    bench = steady(facts(ends_at=seconds(at(80))))
    known, one = pace(bench), shown(bench)
    law = stats.betaprime(10, known.shape, scale=known.shape / known.per_day)

    def date(days: float) -> str:
        return (at(20) + (at(days) - at(0))).date().isoformat()

    assert one.expected_date == date(10 / known.per_day)
    assert (one.earliest_date, one.latest_date) == (date(law.ppf(0.05)), date(law.ppf(0.95)))
    assert (one.confidence, LEVEL) == (0.9, 0.9)
    assert one.pace_per_week == round(7 * known.per_day, 2)
    assert one.needed_pace_per_week == round(10 / (60 / 7), 2)
    horizon = law.cdf(30 + 15 / 24)  # to the end of that day
    assert one.probability_by_horizon == pytest.approx(horizon, abs=0.0006)
    assert one.probability_by_course_end == pytest.approx(law.cdf(60), abs=0.0006)
    near = shown(bench, horizon=7).probability_by_horizon
    assert near == pytest.approx(law.cdf(7 + 15 / 24), abs=0.0006)


def test_a_course_without_an_end_has_no_needed_pace() -> None:
    one = shown(steady())
    assert (one.schedule, one.needed_pace_per_week, one.course_ends_on) == ("unknown", None, None)
    assert one.probability_by_course_end is None
    assert one.probability_by_horizon is not None


def test_after_the_end_no_pace_is_needed() -> None:
    for days, needed in ((20, None), (21, 70.0)):
        assert shown(steady(facts(ends_at=seconds(at(days))))).needed_pace_per_week == needed


def test_three_units_on_two_days_are_needed() -> None:
    def status(*done: float, day: float = 9) -> tuple[str, list[tuple[str, int, int]]]:
        bench = Bench(facts=facts()).send(enrolled(at(0)))
        bench.send(*(completed(at(d), f"m{n}") for n, d in enumerate(done, 1)))
        one = shown(bench, day)
        return one.status, [(each.code, each.have, each.need) for each in one.missing]

    assert status(1, 2, 2) == ("ok", [])
    assert status(1, 2) == ("insufficient_data", [("modules", 2, 3)])
    assert status(1, 1.1, 1.2) == ("insufficient_data", [("active_days", 1, 2)])
    assert status(1, 2, 8, day=7)[0] == "insufficient_data"
    unknown = shown(Bench().send(completed(at(1)), completed(at(2), "m2"), completed(at(3), "m3")))
    assert [(m.code, m.have, m.need) for m in unknown.missing] == [("course_facts", 0, 1)]
    assert (unknown.remaining_units, unknown.pace_per_week) == (None, None)
    empty = shown(Bench(facts=CourseFacts(course_id=COURSE)).send(enrolled(at(0))))
    assert empty.remaining_units is None


def test_what_is_insufficient_has_no_dates_and_no_confidence() -> None:
    one = shown(steady(facts(ends_at=seconds(at(40))), units=2))
    assert (one.expected_date, one.earliest_date, one.latest_date) == (None, None, None)
    assert (one.confidence, one.probability_by_horizon, one.probability_by_course_end) == (
        None,
        None,
        None,
    )
    assert (one.schedule, one.remaining_units) == ("unknown", 18)


def test_what_remains_is_what_the_course_requires() -> None:
    known = CourseFacts(
        course_id=COURSE,
        modules=(Module(id="m1"), Module(id="m2"), Module(id="extra", required=False)),
        assessments=(
            Assessment(id="a1"),
            Assessment(id="a2"),
            Assessment(id="extra", required=False),
        ),
    )
    bench = Bench(facts=known).send(completed(at(0)), submitted(at(1), "a1"))
    assert shown(bench).remaining_units == 2
    only = CourseFacts(course_id=COURSE, assessments=(Assessment(id="a1"), Assessment(id="a2")))
    assert shown(Bench(facts=only).send(submitted(at(1), "a1"))).remaining_units == 1


def test_what_is_done_is_certain() -> None:
    bench = Bench(facts=facts(1, ends_at=seconds(at(40)))).send(completed(at(0)))
    one = shown(bench, 3)
    assert (one.status, one.schedule, one.remaining_units) == ("ok", "done", 0)
    assert (one.probability_by_horizon, one.probability_by_course_end) == (1.0, 1.0)
    assert (one.confidence, one.expected_date, one.needed_pace_per_week) == (None, None, 0.0)


def test_nothing_is_done_before_the_last_module_is_released() -> None:
    def released(day: float) -> CompletionPrediction:
        modules = [Module(id=f"m{n + 1}") for n in range(10)]
        late = Module(id="last", release_at=seconds(at(day)))
        known = CourseFacts(
            course_id=COURSE,
            starts_at=seconds(at(0)),
            ends_at=seconds(at(60)),
            modules=(*modules, late, Module(id="early", release_at=seconds(at(1)))),
        )
        return shown(steady(known))

    after = released(61)
    assert after.probability_by_course_end == 0
    assert after.expected_date == at(61).date().isoformat()
    before = released(60)
    assert before.probability_by_course_end == pytest.approx(1, abs=0.01)
    assert before.expected_date == at(60).date().isoformat()
    assert released(21).earliest_date == at(21).date().isoformat()


def test_a_date_of_more_than_ten_years_is_not_said() -> None:
    def slow(remaining: int) -> CompletionPrediction:
        return shown(steady(facts(10 + remaining)))

    known = pace(steady())
    within = int(3650 * known.per_day)
    assert slow(within).expected_date is not None
    assert slow(within + 1).expected_date is None


# -- all courses together --------------------------------------------------------------------------


def two(first: CourseFacts, second: CourseFacts | None) -> list[CompletionPrediction]:
    bench = steady(first)
    if second is not None:
        bench.adopt("course", second)
    bench.send(enrolled(at(0), course_id="c2"))
    bench.send(*(completed(at(5 * n + 2), f"n{n}", course_id="c2") for n in range(3)))
    return completion_predictions(view(bench, at(20)), 30)


def second_course(modules: int = 9, **fields: Any) -> CourseFacts:
    names = tuple(Module(id=f"n{n}") for n in range(modules))
    return CourseFacts(course_id="c2", starts_at=seconds(at(0)), modules=names, **fields)


def test_over_all_courses_paces_and_what_remains_add_up() -> None:
    one, other, pooled = two(facts(ends_at=seconds(at(50))), second_course(ends_at=seconds(at(70))))
    assert one.pace_per_week is not None
    assert other.pace_per_week is not None
    assert pooled.pace_per_week == pytest.approx(one.pace_per_week + other.pace_per_week, abs=0.011)
    assert (one.remaining_units, other.remaining_units, pooled.remaining_units) == (10, 6, 16)
    assert (pooled.course_id, pooled.title, pooled.course_status) == (None, None, "active")
    assert pooled.progress == pytest.approx(100 * 13 / 29, abs=0.06)
    assert (pooled.course_ends_on, pooled.status) == (at(70).date().isoformat(), "ok")
    bench = steady(facts())
    bench.adopt("course", second_course())
    bench.send(enrolled(at(0), course_id="c2"))
    bench.send(*(completed(at(5 * n + 2), f"n{n}", course_id="c2") for n in range(3)))
    paces = [
        pace_of(each, bench.fold.facts[each.course_id], seconds(at(20)))
        for each in bench.learner().courses
    ]
    total = sum(each.per_day for each in paces)
    shape = total**2 / sum(each.per_day**2 / each.shape for each in paces)
    law = stats.betaprime(16, shape, scale=shape / total)
    assert pooled.probability_by_horizon == pytest.approx(law.cdf(30 + 15 / 24), abs=0.0006)


def test_over_all_courses_what_is_not_known_of_one_is_not_known() -> None:
    *_, pooled = two(facts(ends_at=seconds(at(50))), None)
    assert (pooled.remaining_units, pooled.course_ends_on, pooled.schedule) == (
        None,
        None,
        "unknown",
    )
    *_, open_ended = two(facts(ends_at=seconds(at(50))), second_course())
    assert (open_ended.course_ends_on, open_ended.needed_pace_per_week) == (None, None)


def test_a_course_without_a_unit_slows_nothing_down() -> None:
    bench = steady(facts()).adopt("course", second_course(4)).send(enrolled(at(0), course_id="c2"))
    one, other, pooled = completion_predictions(view(bench, at(20)), 30)
    assert other.status == "insufficient_data"
    assert (pooled.pace_per_week, pooled.remaining_units) == (one.pace_per_week, 14)
    assert pooled.status == "ok"


def test_without_courses_nothing_is_said() -> None:
    assert completion_predictions(view(None, at()), 30) == []
