"""The way of one event, as a user sees it: from Kafka to the API, through faults."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.clock import WallClock
from tests.acceptance.conftest import Stack, a_stack
from tests.factories import graded, viewed
from tests.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    with a_stack(folder, "--no-demo", "--data", str(folder / "data")) as running:
        yield running


def now() -> datetime:
    return datetime.fromtimestamp(WallClock().now(), UTC)


def activities(stack: Stack, user: int) -> int:
    return int(stack.page("real-time-dashboard", user)["realtime_metrics"]["daily_activities"])


def test_an_event_is_visible_a_moment_later(stack: Stack) -> None:
    stack.token(101)
    stack.produce(viewed(now(), user=101))
    wait_for(lambda: activities(stack, 101) == 1, 10)


def test_an_alert_is_visible_a_moment_later(stack: Stack) -> None:
    stack.produce(graded(now(), 10, user=102))
    body = wait_for(lambda: stack.page("performance-alerts", 102)["current_alerts"], 10)
    assert [(a["category"], a["severity"], a["state"]) for a in body] == [
        ("low_score", "high", "open")
    ]


@pytest.mark.parametrize(
    "page",
    ["real-time-dashboard", "predictive-analytics", "performance-alerts", "trend-analysis"],
)
def test_both_paths_answer_the_same_with_and_without_slash(stack: Stack, page: str) -> None:
    answers = [
        stack.get(path, 101)
        for path in (
            f"/api/progress/{page}",
            f"/api/progress/{page}/",
            f"/api/v1/progress/{page}",
            f"/api/v1/progress/{page}/",
        )
    ]
    assert {answer.status for answer in answers} == {200}
    for answer in answers:
        assert answer.body["user_id"] == 101
        assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("part", ["worker", "sink", "api"])
def test_a_killed_part_is_restarted_and_nothing_is_lost_or_twice(stack: Stack, part: str) -> None:
    user = {"worker": 111, "sink": 112, "api": 113}[part]
    stack.produce(*[viewed(now(), f"before-{n}", user=user) for n in range(20)])
    killed = stack.part(part)
    killed.kill()
    stack.produce(*[viewed(now(), f"after-{n}", user=user) for n in range(20)])
    stack.produce(
        *[viewed(now(), f"again-{n}", user=user, event_id=f"{user}-{n}") for n in (1, 1, 2)]
    )

    def seen() -> bool:
        try:
            return activities(stack, user) == 42
        except OSError:
            return False

    wait_for(seen, 40)
    assert part in stack.said()


def test_verify_is_green_after_all_that(stack: Stack) -> None:
    done = stack.run("verify", "--wait", "60")
    assert done.returncode == 0, done.stdout + done.stderr


def test_history_is_refused_under_the_wall_clock(stack: Stack, tmp_path: Path) -> None:
    done = stack.run("replay", "oulad", str(tmp_path))
    assert done.returncode == 2
    assert "stream" in done.stderr


def test_bad_events_become_dead_letters_and_can_be_listed(stack: Stack) -> None:
    stack.produce({"user_id": 120, "type": "danced"})

    def listed() -> list[dict[str, object]]:
        done = stack.run("dead-letters", "list", "--json")
        assert done.returncode == 0, done.stderr
        return [item for item in map(json.loads, done.stdout.splitlines()) if item]

    assert wait_for(lambda: [i for i in listed() if i["reason"] == "unknown_type"], 20)


def test_a_restart_goes_on_where_it_stopped(folder: Path) -> None:
    data = folder / "lasting"
    with a_stack(folder, "--no-demo", "--data", str(data)) as first:
        first.produce(viewed(now() - timedelta(minutes=1), user=130))
        wait_for(lambda: activities(first, 130) == 1, 10)
    with a_stack(folder, "--no-demo", "--data", str(data)) as second:
        second.produce(viewed(now(), "page-2", user=130))
        wait_for(lambda: activities(second, 130) == 2, 10)
