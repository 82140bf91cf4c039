"""The figures over many learners: one formula in SQL and in Python, one version a refresh."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from domain.course_facts import CourseFacts, WeeklyTargets
from domain.ids import partition_of
from domain.state.course import Course
from domain.state.learner import (
    Day,
    Learner,
    new_learner,
)
from domain.statistics import quantile
from metrics.engagement import COHORT_MIN, compared_level, level_on
from metrics.figures import instant
from metrics.view import Cohort, CohortCourse, View
from runtime.database import connect
from runtime.settings import Settings
from sinks.cohort import refresh_cohort
from tests.asking import a_token, asking, store
from tests.sinking import T0, TODAY, StoppedClock, a_learner, rows

pytestmark = pytest.mark.integration

NOON = T0 // 86_400 * 86_400 + 43_200
COMPONENTS = ("active_days", "minutes", "activities", "discussion")
FACTS = (
    CourseFacts(course_id="asking", weekly_targets=WeeklyTargets(active_days=3, minutes=90)),
    CourseFacts(course_id="asking-nothing", weekly_targets=WeeklyTargets(activities=0)),
    CourseFacts(course_id="of-no-targets", title='a "title" \\ \u00e9\n'),
)
COURSES = ("asking", "asking-nothing", "of-no-targets", "untimed", "unknown", "small")


def a_random_learner(random: Random, number: int) -> Learner:
    """Days with and without times, minutes and posts; up to three courses, or none."""
    state = new_learner(f"l{number}")
    state.steps, state.first_event_at, state.last_work_at = 1, NOON - 50 * 86_400, NOON
    timed = random.random() < 0.7
    for day in range(TODAY - random.choice((2, 9, 35, 50)), TODAY + random.choice((-8, 0, 1, 2))):
        if random.random() < 0.5:
            state.days.append(a_random_day(random, day, timed=timed))
    mine = ["untimed"] if not timed else random.sample(COURSES[:3], random.randint(0, 2))
    if number < COHORT_MIN - 1:
        mine.append("small")
    state.courses = [Course(name, enrolled_at=1) for name in [*mine, "unknown"]]
    return state


def a_random_day(random: Random, day: int, *, timed: bool) -> Day:
    if random.random() < 0.1:
        return Day(day, seconds=random.randint(0, 900) * timed)  # a session without any work
    activities = random.randint(1, 12)
    return Day(
        day,
        activities=activities,
        timed=activities * (timed and random.random() < 0.8),
        seconds=random.choice((0, random.randint(1, 9000))) * timed,
        posts=random.choice((0, 0, 0, 1)),
    )


def a_view(settings: Settings, state: Learner, known: dict[str, CohortCourse]) -> View:
    return View(
        state=state,
        facts={each.course_id: each for each in FACTS},
        cohort=Cohort(courses=known, as_of=T0),
        now=NOON,
        default_zone=settings.timezone,
    )


def weekly(state: Learner, component: str) -> float | None:
    """A component's mean of 28 days, a week of it, counted in the plainest way."""
    days = [day for day in state.days if TODAY - 28 <= day.day < TODAY]
    if component == "active_days":
        return sum(1 for day in days if day.activities) / 4
    if component == "minutes":
        known = any(day.timed or day.seconds for day in days)
        return sum(day.seconds for day in days) / 240 if known else None
    name = "posts" if component == "discussion" else component
    return float(sum(getattr(day, name) for day in days) / 4)


async def refreshed(
    settings: Settings, states: list[Learner], today: int = TODAY, as_of: int = T0
) -> dict[str, dict[str, Any]]:
    partitions = {partition_of(state.user_id.encode(), settings.partitions) for state in states}
    await store(settings, *states, facts=dict.fromkeys(partitions, FACTS))
    async with await connect(settings, "test") as connection:
        assert await refresh_cohort(connection, today, as_of)
    return {row["course_id"]: row for row in await rows(settings, "SELECT * FROM cohort")}


@pytest.mark.parametrize("seed", range(4))
async def test_sql_and_python_have_one_formula(settings: Settings, seed: int) -> None:
    random = Random(seed)
    states = [a_random_learner(random, number) for number in range(60)]
    found = await refreshed(settings, states)
    active = [
        s for s in states if any(TODAY - 28 <= d.day < TODAY and d.activities for d in s.days)
    ]
    assert set(found) == set(COURSES) - {"small"}
    known = {
        name: CohortCourse(
            course_id=name,
            engagement_p70=row["engagement_p70"],
            engagement_p85=row["engagement_p85"],
            **{component: row[component] for component in COMPONENTS},
        )
        for name, row in found.items()
    }
    for name, row in found.items():
        members = [s for s in active if name in {course.course_id for course in s.courses}]
        assert row["learners"] == len(members)
        for component in COMPONENTS:
            values = [v for s in members if (v := weekly(s, component)) is not None]
            usual = (quantile(values, 0.9) or None) if values else None
            if component == "discussion" and any(values):
                usual = usual or 2.0
            assert row[component] == (usual and pytest.approx(usual)), (name, component)
        levels = [compared_level(a_view(settings, s, known), name, TODAY - 1) for s in members]
        assert row["engagement_p70"] == pytest.approx(quantile(levels, 0.7)), name
        assert row["engagement_p85"] == pytest.approx(quantile(levels, 0.85)), name
        assert 0 <= row["engagement_p70"] <= row["engagement_p85"] <= 100
    assert found["untimed"]["minutes"] is None


async def test_what_is_compared_is_what_is_shown_where_nothing_was_due(settings: Settings) -> None:
    random = Random(9)
    states = [a_random_learner(random, number) for number in range(60)]
    for state in states:
        state.courses = [Course("asking", enrolled_at=1)]
    row = (await refreshed(settings, states))["asking"]
    figures = {name: row[name] for name in (*COMPONENTS, "engagement_p70", "engagement_p85")}
    known = {"asking": CohortCourse(course_id="asking", **figures)}
    for state in states:
        looked = a_view(settings, state, known)
        shown = level_on(looked, TODAY - 1)
        assert shown == pytest.approx(compared_level(looked, "asking", TODAY - 1), abs=0.5 + 1e-6)


def learners(count: int) -> Iterator[Learner]:
    for number in range(1, count + 1):
        state = a_learner(f"l{number}", 1, days=range(TODAY - 4 * number, TODAY), course="algebra")
        state.courses = [Course(course_id="algebra", enrolled_at=T0)]
        state.last_work_at = T0
        yield state


async def test_the_figures_of_few_are_not_made(settings: Settings) -> None:
    idle = a_learner("idle", 1)
    idle.courses = [Course(course_id="algebra", enrolled_at=T0)]
    assert await refreshed(settings, [*learners(COHORT_MIN - 1), idle]) == {}
    found = await refreshed(settings, list(learners(COHORT_MIN)), TODAY + 1)
    assert found["algebra"]["learners"] == COHORT_MIN


async def test_percentiles_are_of_the_days_before(settings: Settings) -> None:
    course = (await refreshed(settings, list(learners(12))))["algebra"]
    # Active days a week are 1, 2, ... 6 and six times 7 (28 days reach back no further).
    assert course["active_days"] == pytest.approx(7)
    assert course["activities"] == pytest.approx(21)
    assert course["minutes"] == pytest.approx(140)
    assert course["discussion"] == pytest.approx(7)
    # The first began four days before: all have worked on every day since they began, but for their
    # first week, in which the sums only grow.
    assert course["engagement_p70"] == pytest.approx(100)
    assert course["engagement_p85"] == pytest.approx(100)


async def test_cohorts_are_computed_once_a_day_and_every_refresh_is_a_version(
    settings: Settings,
) -> None:
    await refreshed(settings, list(learners(12)))
    async with await connect(settings, "test") as connection:
        assert not await refresh_cohort(connection, TODAY, T0 + 10)
        assert await refresh_cohort(connection, TODAY + 1, T0)
        (version,) = await rows(settings, "SELECT as_of, version FROM cohort_refresh")
        assert version == {"as_of": T0, "version": 2}
        assert await refresh_cohort(connection, TODAY + 29, T0 + 29 * 86_400)
    assert await rows(settings, "SELECT 1 FROM cohort") == []


async def test_both_pages_say_the_level_by_the_refresh_that_the_answer_names(
    settings: Settings,
) -> None:
    await refreshed(settings, list(learners(12)))
    token = a_token(settings, "l9")
    async with asking(settings, token, clock=StoppedClock(NOON - 86_400)) as client:
        board = (await client.get("/api/v1/progress/real-time-dashboard")).json()
        answer = await client.get("/api/v1/progress/trend-analysis")
    metrics, engaged = board["realtime_metrics"], answer.json()["engagement_trends"]
    assert metrics["engagement_level"] == engaged["engagement_level"] == 100
    assert (metrics["engagement_basis"], metrics["cohort_as_of"]) == ("course", instant(T0))
    assert {each["target"] for each in engaged["components"]} == {7, 140, 21, 1}


async def test_an_answer_is_another_after_every_refresh(settings: Settings) -> None:
    await refreshed(settings, list(learners(12)))
    async with asking(settings, a_token(settings, "l9")) as client:
        before = await client.get("/api/v1/progress/trend-analysis")
        async with await connect(settings, "test") as connection:
            assert await refresh_cohort(connection, TODAY + 1, T0)  # in the same second
        after = await client.get("/api/v1/progress/trend-analysis")
    assert before.headers["etag"] != after.headers["etag"]
