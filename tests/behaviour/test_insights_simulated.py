"""No two sentences on one screen contradict each other, for believable learners day by day."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

import pytest

from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from feeds.simulate import Simulation
from metrics.engagement import engagement
from metrics.insights import INSIGHTS_MAX, insights
from metrics.shapes import Insight
from metrics.view import View
from tests.factories import Bench, at

pytestmark = pytest.mark.long

DAYS, SEED = 60, 23
PLAN = Simulation(learners=40, days=DAYS, seed=SEED, until=int(at(400).timestamp()))
DAY = 86_400
FAMILIES = (
    {"deadline_overdue_several", "deadline_overdue", "deadline_near", "deadline_next"},
    {"all_submitted", "deadline_overdue_several", "deadline_overdue", "deadline_near"},
    {
        "score_under_pass",
        "trend_declining",
        "score_below_usual",
        "score_high",
        "trend_improving",
        "score_above_usual",
        "score_steady",
    },
    {"pass_secured", "pass_in_reach", "pass_needs_more"},
    {"silent", "back", "engagement_high", "streak", "rhythm"},
)
CODES = set().union(*FAMILIES)
CONTRADICTIONS = (
    ({"pass_secured", "pass_in_reach"}, {"score_under_pass", "silent"}),
    (
        {"pass_secured", "pass_in_reach", "all_submitted"},
        {"deadline_overdue", "deadline_overdue_several"},
    ),
    ({"all_submitted"}, {"silent"}),
    ({"pass_needs_more"}, {"score_high"}),
)


@pytest.fixture(scope="module")
def screens() -> list[tuple[int, list[Insight]]]:
    """(day, insights) of each learner on every second day of the plan, and after its end."""
    bench, shown = Bench(), []
    for record in PLAN.facts():
        facts = decode_course_facts(record.key, record.value)
        assert isinstance(facts, CourseFacts)
        bench.adopt("course", facts)
    begins = PLAN.until - DAYS * DAY
    events = list(PLAN.events())
    for day in range(2, DAYS + 40, 2):
        now = begins + day * DAY
        due = [each.event for each in events if _at(each.event) <= now]
        events = [each for each in events if _at(each.event) > now]
        bench.send(*due)
        shown += [(day, insights(looked, engagement(looked))) for looked in _views(bench, now)]
    assert bench.letters == []
    return shown


def _at(event: dict[str, object]) -> int:
    return int(datetime.fromisoformat(str(event["occurred_at"])).timestamp())


def _views(bench: Bench, now: int) -> Iterator[View]:
    for user in bench.store.committed:
        yield View(
            state=bench.learner(user),
            facts=bench.fold.facts,
            cohort=None,
            now=now,
            default_zone="UTC",
        )


def names(found: Sequence[Insight]) -> list[str]:
    return [each.code.removeprefix("insight.") for each in found]


def test_a_family_speaks_once_and_the_table_has_twenty_codes(
    screens: list[tuple[int, list[Insight]]],
) -> None:
    assert len(CODES) == 20
    for _, found in screens:
        assert len(found) <= INSIGHTS_MAX
        assert set(names(found)) <= CODES
        for family in FAMILIES:
            assert len(family & set(names(found))) <= 1


def test_warnings_come_first_and_no_family_praises_what_it_warns_of(
    screens: list[tuple[int, list[Insight]]],
) -> None:
    for _, found in screens:
        warned = [each.tone == "warning" for each in found]
        assert warned == sorted(warned, reverse=True)
        for one, other in combinations(found, 2):
            assert {one.tone, other.tone} != {"praise", "warning"} or one.area != other.area


def test_no_two_contradict_each_other(screens: list[tuple[int, list[Insight]]]) -> None:
    for _, found in screens:
        for some, others in CONTRADICTIONS:
            assert not (some & set(names(found)) and others & set(names(found))), names(found)
        texts = [each.text for each in found]
        assert len(set(texts)) == len(texts)


def test_nearly_every_code_is_met_and_nobody_reads_nothing_in_the_middle_of_a_course(
    screens: list[tuple[int, list[Insight]]],
) -> None:
    met = {name for _, found in screens for name in names(found)}
    assert CODES - met <= {"score_below_usual", "score_above_usual"}, "no model is at work here"
    middle = [found for day, found in screens if 0.4 * DAYS <= day <= 0.6 * DAYS]
    assert sum(not found for found in middle) <= 0.02 * len(middle)
