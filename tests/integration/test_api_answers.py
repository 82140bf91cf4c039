"""What the pages say of rows that the sink's own writer put into Postgres."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from pydantic import SecretStr, TypeAdapter

from api.routes import ENDPOINTS, examples
from devstack.places import free_ports
from devstack.postgres import EmbeddedPostgres
from domain.alerts import Action, Target, Transition
from domain.configuration import Configuration, Rules, canonical
from domain.course_facts import CourseFacts
from domain.ids import partition_of
from domain.rules.low_score import LowScore
from domain.state.course import (
    Course,
    Grade,
    Work,
)
from domain.state.learner import ZoneStay
from domain.stored.checkpoint import Halted
from runtime.database import connect
from runtime.settings import Settings
from sinks.cohort import refresh_cohort
from sinks.migrate import migrate
from tests.asking import PAGES, a_token, asking, store
from tests.openapi import problems, schema_of
from tests.sinking import (
    T0,
    TODAY,
    StoppedClock,
    a_checkpoint,
    a_learner,
    a_transition,
    eventually,
    resolved,
)

pytestmark = pytest.mark.integration

SHAPES = {endpoint.name: endpoint.answer for endpoint in ENDPOINTS}
SECTIONS = {
    *("learning_trends", "performance_trends", "engagement_trends"),
    *("pattern_analysis", "session_analysis", "forecast"),
}
DAY = 86_400
FACTS = CourseFacts(course_id="algebra", title="Algebra")


@pytest.fixture
def bare(settings: Settings, postgres_server: EmbeddedPostgres) -> Iterator[Settings]:
    """Settings with a database without tables."""
    url = SecretStr(postgres_server.create_database("bare"))
    yield settings.model_copy(update={"database_url": url})
    postgres_server.drop_database("bare")


def identity(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


async def page(client: httpx.AsyncClient, name: str, **parameters: Any) -> dict[str, Any]:
    found = await client.get(f"/api/v1/progress/{name}", params=parameters)
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    TypeAdapter(SHAPES[name]).validate_python(body)
    assert problems(schema_of(name), body) == []
    return body


async def with_ada(settings: Settings, *told: Transition) -> None:
    state = a_learner("ada", 3, days=range(TODAY - 20, TODAY + 1), course="algebra")
    state.courses = [Course(course_id="algebra", enrolled_at=T0 - 30 * DAY, first_at=T0 - 9 * DAY)]
    state.zones = [ZoneStay(T0 - 30 * DAY, T0, "Europe/Paris")]
    partition = partition_of(b"ada", settings.partitions)
    records = [a_checkpoint(number, clock=T0 + 60) for number in range(settings.partitions)]
    await store(settings, state, checkpoints=records, facts={partition: [FACTS]}, told=told)


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_are_answers(name: str) -> None:
    TypeAdapter(SHAPES[name]).validate_python(examples()[name])


@pytest.mark.parametrize("name", PAGES)
async def test_a_learner_without_any_event_has_zeros_and_nulls(
    settings: Settings, name: str
) -> None:
    async with asking(settings, a_token(settings, "900150983")) as client:
        body = await page(client, name)
    assert body["user_id"] == 900150983
    assert (body["timezone"], body["timezone_source"]) == ("UTC", "default")
    assert body["degraded"] == ["cohort"]
    freshness = body["freshness"]
    assert (freshness["as_of"], freshness["last_event_at"]) == (None, None)
    if name == "real-time-dashboard":
        assert body["realtime_metrics"]["daily_activities"] == 0
        assert body["realtime_metrics"]["average_score"] is None
        assert body["progress_summary"]["overall_progress"] is None
    if name == "performance-alerts":
        assert body["current_alerts"] == body["alert_history"]["items"] == []
        assert body["preferences"]["version"] == 0
        assert body["alert_statistics"]["alert_frequency"] == "none"


@pytest.mark.parametrize("name", PAGES)
async def test_every_page_opens_with_the_same_keys_in_the_same_order(
    settings: Settings, name: str
) -> None:
    await with_ada(settings)
    async with asking(settings, a_token(settings)) as client:
        body = await page(client, name)
    opening = ["user_id", "timestamp", "timezone", "timezone_source", "degraded", "freshness"]
    assert list(body)[:6] == opening
    assert list(body["freshness"]) == ["as_of", "last_event_at", "lag_seconds", "clock", "stale"]
    assert body["timestamp"] == "2025-10-09T08:55:20Z"
    assert body["freshness"]["as_of"] == "2025-10-09T08:54:20Z"
    assert (body["timezone"], body["timezone_source"]) == ("Europe/Paris", "event")


async def test_numbers_come_from_the_stored_state_at_the_time_of_the_request(
    settings: Settings,
) -> None:
    await with_ada(settings)
    for clock, today, week in ((T0, 3, 21), (T0 + 2 * DAY, 0, 15), (T0 + 30 * DAY, 0, 0)):
        async with asking(settings, a_token(settings), clock=StoppedClock(clock)) as client:
            metrics = (await page(client, "real-time-dashboard"))["realtime_metrics"]
        assert (metrics["daily_activities"], metrics["weekly_activities"]) == (today, week)


async def test_under_stream_now_is_the_clock_of_the_learners_partition(settings: Settings) -> None:
    stream = settings.model_copy(update={"clock": "stream"})
    await with_ada(stream)
    async with asking(stream, a_token(stream), clock=StoppedClock(T0 + 900 * DAY)) as client:
        body = await page(client, "real-time-dashboard")
        ready = (await client.get("/readyz/api")).json()
    assert body["timestamp"] == body["freshness"]["as_of"] == "2025-10-09T08:54:20Z"
    assert body["freshness"]["clock"] == "stream"
    assert body["realtime_metrics"]["daily_activities"] == 3
    assert [reason["code"] for reason in ready["reasons"]] == ["clock_mode"]


async def test_sections_that_were_not_asked_for_are_absent(settings: Settings) -> None:
    await with_ada(settings)
    wanted = {
        "comprehensive": SECTIONS,
        "learning": {"learning_trends", "session_analysis"},
        "performance": {"performance_trends", "forecast"},
        "engagement": {"engagement_trends", "session_analysis"},
        "patterns": {"pattern_analysis"},
    }
    async with asking(settings, a_token(settings)) as client:
        for kind, sections in wanted.items():
            body = await page(client, "trend-analysis", type=kind, period=14)
            assert SECTIONS & body.keys() == sections
            assert (body["type"], body["period"]) == (kind, 14)
            assert body["to"] == "2025-10-09"
            assert "from" in body["previous"]


async def test_an_unchanged_answer_is_304_until_something_it_depends_on_moves(
    settings: Settings,
) -> None:
    await with_ada(settings)
    url = "/api/v1/progress/performance-alerts"
    seen = set()

    async def asked(clock: int = T0, etag: str = "") -> httpx.Response:
        async with asking(settings, a_token(settings), clock=StoppedClock(clock)) as client:
            return await client.get(url, headers={"If-None-Match": etag})

    first = await asked()
    assert first.headers["etag"].startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "Authorization, Cookie"
    same = await asked(T0 + 10, f'"x", {first.headers["etag"]}')
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    assert same.headers["vary"] == "Authorization, Cookie"
    seen.add(first.headers["etag"])

    state = a_learner("ada", 4, days=[TODAY])
    partition = partition_of(b"ada", settings.partitions)
    renamed = CourseFacts(course_id="algebra", title="Algebra I")
    changes: list[dict[str, Any]] = [
        {"told": [a_transition("ada", identity(1))]},
        {"told": [resolved("ada", identity(1), 2)]},
        {"facts": {partition: [renamed]}},
    ]
    for change in changes:
        await store(settings, **change)
        answer = await asked(T0, first.headers["etag"])
        assert answer.status_code == 200
        assert answer.headers["etag"] not in seen
        seen.add(answer.headers["etag"])
    await store(settings, state)
    async with await connect(settings, "test") as connection:
        after_steps = await asked()
        await refresh_cohort(connection, TODAY, T0)
    after_cohort, later, tomorrow = await asked(), await asked(T0 + 60), await asked(T0 + DAY)
    for answer in (after_steps, after_cohort, later, tomorrow):
        assert answer.headers["etag"] not in seen
        seen.add(answer.headers["etag"])


async def test_the_pass_mark_is_the_configurations_that_the_stream_adopted(
    settings: Settings,
) -> None:
    """And another configuration is another answer."""
    state = a_learner("ada", 1, days=[TODAY])
    grade = Grade(at=T0, day=TODAY, order=1, attempt=0, percent=50.0)
    state.courses = [Course("algebra", enrolled_at=T0, work=[Work(1, "a1", grades=[grade])])]
    partition, seen = partition_of(b"ada", settings.partitions), []
    async with asking(settings, a_token(settings)) as client:
        for mark in (60, 40):
            rules = Rules(low_score=LowScore(default_pass_mark=mark))
            text = canonical(Configuration(rules=rules))
            record = a_checkpoint(partition, configuration=text, next=100 - mark)
            await store(settings, state, checkpoints=[record])
            answer = await client.get("/api/v1/progress/predictive-analytics")
            steps = answer.json()["learning_recommendations"]
            seen.append(([each["reason"]["code"] for each in steps], answer.headers["etag"]))
    assert [codes for codes, _ in seen] == [["recommendation.low_score"], []]
    assert seen[0][1] != seen[1][1]


async def test_alerts_are_rendered_expired_and_counted_when_read(settings: Settings) -> None:
    action = Action(code="ask_for_help", target=Target(kind="assessment", id="quiz-1"))
    week_old = {"raised_at": T0 - 8 * DAY, "at": T0 - 8 * DAY}
    await with_ada(
        settings,
        a_transition("ada", identity(1), suggested_actions=(action,)),
        a_transition("ada", identity(2), severity="high", raised_at=T0 - 10),
        a_transition("ada", identity(3), expires_at=T0 + 60, raised_at=T0 - 20, severity="low"),
        a_transition("ada", identity(4), raised_at=T0 - 30),
        resolved("ada", identity(4), 2),
        a_transition(
            "ada",
            identity(5),
            kind="suppressed",
            state="suppressed",
            suppressed_reason="stale",
            raised_at=T0 - 40,
        ),
        a_transition("ada", identity(6), **week_old, suggested_actions=(action,)),
        a_transition("ben", identity(7)),
    )
    async with asking(settings, a_token(settings)) as client:
        body = await page(client, "performance-alerts")
    current = body["current_alerts"]
    assert [alert["id"] for alert in current] == [identity(n) for n in (2, 1, 6)]
    history = body["alert_history"]["items"]
    assert [alert["id"] for alert in history] == [identity(n) for n in range(1, 7)]
    states = [alert["state"] for alert in history]
    assert states == ["open", "open", "expired", "resolved", "suppressed", "open"]
    assert (history[3]["resolution"], history[3]["resolved_at"]) == (
        "cleared",
        "2025-10-09T08:54:20Z",
    )
    message = "You scored 35% in Quiz 1 on 9 October; the pass mark is 40%"
    assert history[3]["message"] == message
    assert history[4]["suppressed_reason"] == "stale"
    first = current[1]
    assert (first["title"], first["actionable"]) == ("Low Assessment Score", True)
    assert first["timestamp"] == "2025-10-09T08:53:20Z"
    assert (first["course_title"], first["rule"]) == (
        "Algebra",
        {"name": "low_score", "version": 1},
    )
    assert not current[0]["actionable"]
    assert body["alert_statistics"] == {
        "total_alerts_last_week": 4,
        "alert_frequency": "low",
        "average_alerts_per_day": 0.57,
        "by_type": {"performance": 4, "engagement": 0, "achievement": 0, "system": 0},
        "by_severity": {"low": 1, "medium": 2, "high": 1},
        "suppressed_last_week": 1,
        "open": 3,
        "unacknowledged": 3,
    }
    (advice,) = body["recommendations"]
    assert advice["alert_ids"] == [identity(1), identity(6)]
    assert advice["action"]["text"] == "Ask your instructor for help"


async def test_a_cursor_leads_through_the_history_and_holds_its_filter(settings: Settings) -> None:
    told = [
        a_transition(
            "ada",
            identity(number),
            raised_at=T0 - number // 2,
            severity="high" if number % 3 else "low",
        )
        for number in range(20)
    ]
    await with_ada(settings, *told)
    found: list[str] = []
    asked: dict[str, Any] = {"severity": "high", "types": "performance,system", "limit": 4}
    async with asking(settings, a_token(settings)) as client:
        unfiltered = (await page(client, "performance-alerts", limit=100))["alert_history"]
        expected = [each["id"] for each in unfiltered["items"] if each["severity"] == "high"]
        while True:
            body = await page(client, "performance-alerts", **asked)
            assert body["filters"]["severity"] == ["high"]
            assert body["filters"]["types"] == ["performance", "system"]
            found += [alert["id"] for alert in body["alert_history"]["items"]]
            if (cursor := body["alert_history"]["next_cursor"]) is None:
                break
            asked = {"cursor": cursor, "limit": 4}
            other = await client.get(
                "/api/progress/performance-alerts", params={"cursor": cursor, "severity": "low"}
            )
            assert other.status_code == 422
        since = await page(client, "performance-alerts", since="2025-10-09T10:53:15+02:00")
    assert found == expected
    assert unfiltered["next_cursor"] is None
    assert [each["id"] for each in since["alert_history"]["items"]] == [
        identity(number) for number in (*range(1), 1, *range(2, 12))
    ]


@pytest.mark.timeout(120)
async def test_postgres_away_gives_young_rows_marked_stale_then_503_then_comes_back(
    mortal: tuple[EmbeddedPostgres, Settings],
) -> None:
    server, settings = mortal
    migrate(settings)
    await with_ada(settings)
    async with asking(settings, a_token(settings)) as client:

        async def status_is(expected: int) -> httpx.Response | None:
            answer = await client.get("/api/v1/progress/real-time-dashboard")
            return answer if answer.status_code == expected else None

        fresh = await page(client, "real-time-dashboard")
        assert (await client.get("/readyz/api")).status_code == 200
        server.kill()
        stale = await page(client, "real-time-dashboard")
        assert (stale["degraded"], stale["freshness"]["stale"]) == (["database", "cohort"], True)
        assert stale["realtime_metrics"] == fresh["realtime_metrics"]
        refused = await eventually(lambda: status_is(503))
        assert refused is not None
        assert (refused.headers["retry-after"], refused.json()["code"]) == ("5", "unavailable")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"][0]["code"]) == (503, "database_away")
        assert (await client.get("/healthz")).status_code == 200
        server.start()
        back = await eventually(lambda: status_is(200))
        assert back is not None
        assert back.json()["degraded"] == ["cohort"]


@pytest.mark.timeout(120)
async def test_a_postgres_that_hangs_is_away_and_comes_back(
    mortal: tuple[EmbeddedPostgres, Settings],
) -> None:
    server, given = mortal
    settings = given.model_copy(update={"stale_after_seconds": 30})
    migrate(settings)
    await with_ada(settings)
    postmaster = server.child.pid
    assert postmaster is not None
    async with asking(settings, a_token(settings)) as client:
        await page(client, "real-time-dashboard")
        everybody = [postmaster, *children(postmaster)]
        try:
            for pid in everybody:
                os.kill(pid, signal.SIGSTOP)
            hung = await page(client, "real-time-dashboard")
            assert hung["degraded"] == ["database", "cohort"]
            assert (await client.get("/readyz")).status_code == 503
        finally:
            for pid in everybody:
                os.kill(pid, signal.SIGCONT)

        async def back() -> bool:
            again = await client.get("/api/v1/progress/real-time-dashboard")
            return again.status_code == 200 and again.json()["degraded"] == ["cohort"]

        await eventually(back)


def children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


async def test_without_kafka_the_pages_are_answered_and_marked_stale(settings: Settings) -> None:
    await with_ada(settings)
    (port,) = free_ports(1)
    alone = settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{port}"})
    async with asking(alone, a_token(alone)) as client:
        body = await page(client, "real-time-dashboard")
        ready = await client.get("/readyz")
        answers = await client.get("/readyz/api")
    assert (body["freshness"]["stale"], body["freshness"]["lag_seconds"]) == (True, 0)
    assert body["realtime_metrics"]["daily_activities"] == 3
    assert (ready.status_code, ready.json()["kafka"]) == (503, "away")
    assert [reason["code"] for reason in ready.json()["reasons"]] == ["kafka_away"]
    assert (answers.status_code, answers.json()) == (200, {"ready": True, "reasons": []})


async def test_tables_that_are_not_there_are_503_and_not_a_defect(bare: Settings) -> None:
    async with asking(bare, a_token(bare)) as client:
        for name in PAGES:
            answer = await client.get(f"/api/progress/{name}")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_readiness_says_what_is_missing_and_shows_halted_partitions(bare: Settings) -> None:
    async with asking(bare) as client:
        for path in ("/readyz", "/readyz/api"):
            no_tables = await client.get(path)
            assert (no_tables.status_code, no_tables.json()["ready"]) == (503, False)
            assert no_tables.json()["reasons"][0]["code"] == "schema_version"
        migrate(bare)
        await store(bare, checkpoints=[a_checkpoint(number) for number in (0, 2, 3)])
        (reason,) = (await client.get("/readyz/api")).json()["reasons"]
        assert (reason["code"], reason["detail"][-10:]) == ("partition_records", "missing: 1")
        halted = a_checkpoint(1, halted=Halted(65, "10000 events in a row were rejected"))
        await store(bare, checkpoints=[halted])
        ready = await client.get("/readyz")
        answers = await client.get("/readyz/api")
    assert (ready.status_code, ready.json()["ready"], ready.json()["halted"]) == (503, False, [1])
    said = {each["code"]: each["detail"] for each in ready.json()["reasons"]}
    assert said["partition_halted"] == "partition 1: 10000 events in a row were rejected"
    assert (answers.status_code, answers.json()["ready"]) == (200, True)
    shown = ready.json()["partitions"][1]
    assert (shown["halted_code"], shown["halted_reason"]) == (
        65,
        halted.halted and halted.halted.reason,
    )
