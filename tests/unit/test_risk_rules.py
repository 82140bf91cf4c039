"""at_risk and next_missing: both sides of every bar, what ends them, and what a model said."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.alerts import Transition
from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from models.serving import Served
from tests.factories import COURSE, Bench, at, enrolled, event, seconds, submitted, viewed
from tests.modelling import adopting, gated, risky, served, serving
from tests.telling import essays


def bench_of(
    facts: CourseFacts, model: Served | None = None, configuration: Configuration | None = None
) -> Bench:
    bench = adopting(Bench(facts=facts, snapshots=serving(model or risky())))
    if configuration is not None:
        bench.adopt("configuration", configuration)
    return bench.send(enrolled(at(-1)), viewed(at(1)))


def of(bench: Bench, category: str) -> list[Transition]:
    return [each for each in bench.published if each.category == category]


def said(bench: Bench, category: str) -> list[tuple[str, str, float]]:
    """(kind, severity, day) of each transition."""
    return [
        (each.kind, each.severity, (each.at - seconds(at(0))) / 86_400)
        for each in of(bench, category)
    ]


def ticked(bench: Bench, *days: float) -> Bench:
    for day in days:
        bench.tick(at(day))
    return bench


# -- at_risk ---------------------------------------------------------------------------------------


def test_a_risk_is_raised_when_it_stands_at_its_bar_a_day_later() -> None:
    """Two essays are overdue from day 12 on; the second look is a day after the first."""
    facts = essays(5, 12, 40, 60)
    assert said(ticked(bench_of(facts), 12.9), "at_risk") == []
    bench = ticked(bench_of(facts), 14)
    ((kind, severity, day),) = said(bench, "at_risk")
    assert (kind, severity) == ("raised", "medium")
    assert day == pytest.approx(13, abs=0.001)


def test_a_risk_that_falls_before_its_second_look_raises_nothing() -> None:
    bench = ticked(bench_of(essays(5, 12, 40, 60)), 12.5)
    assert bench.learner().courses[0].at_risk_since > 0
    bench.send(submitted(at(12.6), "essay-1"))
    assert said(ticked(bench, 14), "at_risk") == []
    assert bench.learner().courses[0].at_risk_since == 0


def test_the_bar_lies_above_what_is_usual_in_the_course() -> None:
    """With half of all failing the bar is .8: two overdue are not enough, three are."""
    bench = bench_of(essays(5, 12, 40, 60), risky(base_rate=0.5))
    assert said(ticked(bench, 20), "at_risk") == []
    bench = bench_of(essays(5, 12, 19, 60), risky(base_rate=0.5))
    assert [kind for kind, *_ in said(ticked(bench, 22), "at_risk")] == ["raised"]


def test_where_most_fail_the_bar_is_95_percent() -> None:
    bench = bench_of(essays(5, 12, 19, 26, 60), risky(base_rate=0.9))
    assert [kind for kind, *_ in said(ticked(bench, 28), "at_risk")] == ["raised"]
    bench = bench_of(essays(5, 12, 19, 60), risky(base_rate=0.9))
    assert said(ticked(bench, 30), "at_risk") == []


def test_severity_has_hysteresis() -> None:
    """.92 with three overdue is high, .73 with two is under .8 and medium again."""
    bench = ticked(bench_of(essays(5, 12, 19, 60)), 14, 21)
    assert [s for _, s, _ in said(bench, "at_risk")] == ["medium", "high"]
    bench.send(submitted(at(21.1), "essay-1"))
    assert said(bench, "at_risk")[-1][:2] == ("updated", "medium")


def test_an_alert_stays_until_the_probability_is_a_tenth_under_the_bar() -> None:
    """With .73 needed .62 would keep it; .38, with one overdue, ends it."""
    bench = ticked(bench_of(essays(5, 12, 40, 60)), 14)
    bench.send(submitted(at(14.1), "essay-1"))
    (_, last) = of(bench, "at_risk")
    assert (last.kind, last.resolution) == ("resolved", "cleared")
    assert bench.learner().courses[0].at_risk_since == 0


def test_it_says_nothing_before_two_days_after_the_first_heavy_due_date() -> None:
    rules = Configuration().rules
    low = msgspec_replace(rules, probability=0.1, above_base=0.0)
    bench = bench_of(essays(20, 60), configuration=Configuration(rules=low))
    assert said(ticked(bench, 21.9), "at_risk") == []
    assert said(ticked(bench, 24), "at_risk") == [("raised", "medium", 23)], "the second look"


@pytest.mark.parametrize("hours", [24, 72])
def test_who_is_silent_is_looked_at_when_the_rule_may_speak_whatever_other_rules_do(
    hours: int,
) -> None:
    rules = msgspec_replace(
        Configuration().rules, probability=0.1, above_base=0.0, hours_after_due=hours
    )
    off = replace(rules.missed_deadline, low_after_hours=1_000, medium_after_hours=2_000)
    rules = replace(rules, missed_deadline=off)
    bench = bench_of(essays(20, 60), configuration=Configuration(rules=rules))
    bench = ticked(bench, 22.1, 24.1)
    assert said(bench, "at_risk") == [("raised", "medium", 21 + hours / 24)]


def test_without_heavy_work_there_is_no_risk_to_speak_of() -> None:
    rules = msgspec_replace(Configuration().rules, probability=0.1, above_base=0.0)
    bench = bench_of(essays(), configuration=Configuration(rules=rules))
    assert said(ticked(bench, 30), "at_risk") == []


@pytest.mark.parametrize(
    ("ending", "resolution"),
    [
        (event("unenrolled", at(15)), "unenrolled"),
        (event("course_finished", at(15), outcome="failed"), "course_finished"),
    ],
)
def test_a_risk_ends_with_its_course(ending: dict[str, Any], resolution: str) -> None:
    bench = ticked(bench_of(essays(5, 12, 40, 60)), 14).send(ending)
    assert of(bench, "at_risk")[-1].resolution == resolution


def test_the_alert_says_which_model_spoke_and_what_it_added_up() -> None:
    bench = ticked(bench_of(essays(5, 12, 40, 60)), 14)
    (raised,) = of(bench, "at_risk")
    spoken = raised.spoken
    assert spoken is not None
    assert (spoken.name, spoken.version, spoken.probability) == ("not_passing", "1", 0.731)
    (only,) = spoken.contributions
    assert (only.feature, only.bin, only.log_odds) == ("overdue", 2, 2.0)
    (evidence,) = raised.evidence
    assert (evidence.value, evidence.threshold, evidence.unit) == (73.1, 70.0, "percent")


def test_with_too_little_learned_nobody_is_at_risk() -> None:
    bench = bench_of(essays(5, 12, 40, 60), served(many=300))
    assert said(ticked(bench, 30), "at_risk") == []


def test_while_the_gate_of_its_course_is_closed_nobody_is_at_risk() -> None:
    facts = essays(5, 12, 40, 60)
    assert said(ticked(bench_of(facts, gated(risky(), COURSE)), 14), "at_risk") == []
    other = bench_of(facts, gated(risky(), "another"))
    assert [kind for kind, *_ in said(ticked(other, 14), "at_risk")] == ["raised"]


def test_a_gate_that_closes_ends_the_alert_and_one_that_opens_lets_it_begin_anew() -> None:
    """Both with what is predicted next, a week later at most; the second look is a day after."""
    models = (risky(), gated(risky(2), COURSE), risky(3))
    bench = adopting(Bench(facts=essays(5, 12, 40, 60), snapshots=serving(*models)))
    ticked(bench.send(enrolled(at(-1)), viewed(at(1))), 14)
    ticked(adopting(bench, 2), 15)
    assert [(t.kind, t.resolution) for t in of(bench, "at_risk")] == [
        ("raised", None),
        ("resolved", "cleared"),
    ]
    ticked(adopting(bench, 3), 18.5, 19.5)
    assert len(of(bench, "at_risk")) == 2
    ticked(bench, 20.5)
    first, _, again = of(bench, "at_risk")
    assert (again.kind, again.revision) == ("raised", 1)
    assert again.alert_id != first.alert_id


# -- next_missing ----------------------------------------------------------------------------------


def test_the_next_work_is_named_when_it_is_likely_to_be_missing() -> None:
    bench = ticked(bench_of(essays(5, 12, 25)), 13)
    (raised,) = of(bench, "next_missing")
    assert (raised.kind, raised.severity, raised.subject.id) == ("raised", "medium", "essay-3")
    assert raised.params == {"title": "Essay 3", "date": "29 March"}
    assert raised.spoken is not None
    assert raised.spoken.name == "next_missing"
    assert raised.suggested_actions[0].due_at == seconds(at(25))


def test_what_is_due_in_more_than_14_days_or_unlikely_to_be_missing_is_not_named() -> None:
    assert of(ticked(bench_of(essays(5, 12, 40)), 13), "next_missing") == []
    assert of(ticked(bench_of(essays(5, 25)), 13), "next_missing") == []


def test_a_submission_clears_it() -> None:
    bench = ticked(bench_of(essays(5, 12, 25)), 13).send(submitted(at(14), "essay-3"))
    assert of(bench, "next_missing")[-1].resolution == "cleared"


def test_it_stays_until_the_model_says_clearly_otherwise() -> None:
    """With both submitted .12 is said of the next one, which is under .4."""
    bench = ticked(bench_of(essays(5, 12, 25)), 13)
    bench.send(submitted(at(14), "essay-1"), submitted(at(14.1), "essay-2"))
    (_, last) = of(bench, "next_missing")
    assert (last.kind, last.resolution) == ("resolved", "cleared")


def test_it_stays_after_the_due_time_until_the_work_counts_as_missing() -> None:
    bench = ticked(bench_of(essays(5, 12, 25)), 13, 31)
    assert [each.kind for each in of(bench, "next_missing")] == ["raised"]
    ticked(bench, 33)
    last = of(bench, "next_missing")[-1]
    assert (last.kind, last.resolution, last.at) == ("resolved", "cleared", seconds(at(32)))


def test_work_that_waits_for_no_label_counts_as_missing_at_the_same_time() -> None:
    """Of two that are due the nearer one waits; the other alert ends by a timer of the rule."""
    bench = ticked(bench_of(essays(5, 12, 25, 25.5)), 13, 40)
    ended = [(t.subject.id, t.at) for t in of(bench, "next_missing") if t.kind == "resolved"]
    assert ended == [("essay-3", seconds(at(32))), ("essay-4", seconds(at(32.5)))]


def test_work_that_is_excused_is_named_no_longer() -> None:
    excused = event("assessment_excused", at(14), assessment_id="essay-3", excused=True)
    bench = ticked(bench_of(essays(5, 12, 25)), 13).send(excused)
    assert of(bench, "next_missing")[-1].kind == "resolved"


def test_it_ends_with_its_course() -> None:
    bench = ticked(bench_of(essays(5, 12, 25)), 13).send(event("unenrolled", at(14)))
    assert of(bench, "next_missing")[-1].resolution == "unenrolled"


def msgspec_replace(rules: Any, **at_risk: Any) -> Any:
    """The rules with other thresholds of at_risk."""
    return replace(rules, at_risk=replace(rules.at_risk, **at_risk))
