"""The page on a whole stack: one link, and what is produced to Kafka comes to the screen."""

import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Response
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import Stack, a_stack
from tests.browsing import a_browser, need_browser, served

need_browser()
pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]
SEEN_MS = 40_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture(scope="module")
def stack(folder: Path, browser: Browser) -> Iterator[Stack]:
    del browser  # without one, nothing has to be started
    with a_stack(folder, "--no-demo") as started:
        yield started


def an_event(user: str, number: int, kind: str = "content_viewed", **fields: Any) -> dict[str, Any]:
    event = {
        "event_id": f"{user}-{number}",
        "user_id": user,
        "occurred_at": datetime.now(UTC).isoformat(),  # noqa: TID251
        "type": kind,
        "course_id": "c1",
    }
    return event | (fields or {"content_id": f"p{number}", "content_kind": "page"})


def a_link(stack: Stack, user: str, *, teaches: bool = False, operates: bool = False) -> str:
    command = shlex.split(stack.ready["page_command"].replace("{user}", user))
    if not teaches:
        place = command.index("--courses")
        del command[place : place + 2]
    if not operates:
        command.remove("--operator")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def a_tab(browser: Browser) -> Page:
    page = browser.new_context(locale="en-GB").new_page()
    page.set_default_timeout(SEEN_MS)
    return page


def activities(page: Page) -> Any:
    return page.locator("#week dd.figure").first


def test_a_link_opens_the_page_once_and_an_event_changes_its_number(
    stack: Stack, browser: Browser
) -> None:
    stack.produce(an_event("ada", 1, "enrolled", groups={}), an_event("ada", 2))
    link = a_link(stack, "ada")
    page = a_tab(browser)
    page.goto(link)
    expect(activities(page)).to_have_text("1", timeout=SEEN_MS)
    assert "#" not in page.url
    assert page.evaluate("() => document.cookie") == ""
    stack.produce(an_event("ada", 3), an_event("ada", 4))
    expect(activities(page)).to_have_text("3", timeout=SEEN_MS)  # without being loaded again

    other = a_tab(browser)
    other.goto(link)
    expect(other.get_by_role("alert")).to_contain_text("used before", timeout=SEEN_MS)
    page.reload()
    expect(activities(page)).to_have_text("3", timeout=SEEN_MS)


def test_a_page_of_another_port_of_this_machine_cannot_write_with_the_cookie(
    stack: Stack, browser: Browser
) -> None:
    """The browser does add the cookie: it knows sites, and not ports."""
    page = a_tab(browser)
    page.goto(a_link(stack, "eve"))
    page.locator("#week dd.figure").first.wait_for()
    path = "/api/v1/progress/performance-alerts/x/acknowledge"
    write = "url => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include'})"
    elsewhere = FastAPI(openapi_url=None)
    elsewhere.get("/")(lambda: Response("<title>elsewhere</title>", media_type="text/html"))
    with served(elsewhere) as address:
        page.goto(address)
        with page.expect_response(f"**{path}") as refused:
            page.evaluate(f"url => void ({write})(url)", f"{stack.api}{path}")
    assert refused.value.status == 403  # 401 would say that no cookie came


def test_what_is_said_in_one_tab_holds_in_another(stack: Stack, browser: Browser) -> None:
    page = a_tab(browser)
    page.goto(a_link(stack, "joe"))
    form = page.locator("#preferences form")
    form.get_by_label("milestones").uncheck()
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#preferences [role=status]")).to_have_text("Saved.", timeout=SEEN_MS)
    other = page.context.new_page()
    other.goto(stack.api)
    expect(other.get_by_label("milestones")).not_to_be_checked(timeout=SEEN_MS)


def test_a_goal_is_set_on_the_page_and_removed_in_another_tab(
    stack: Stack, browser: Browser
) -> None:
    stack.produce(an_event("mia", 1, "enrolled", groups={}), an_event("mia", 2))
    page = a_tab(browser)
    page.goto(a_link(stack, "mia"))
    page.get_by_role("button", name="Set a goal").click()
    form = page.locator("#goals form")
    form.get_by_label("What you want to reach").select_option("weekly_activities")
    form.get_by_label("How much").fill("4")
    form.get_by_role("button", name="Set this goal").click()
    goal = page.locator("#goals li")
    expect(goal).to_contain_text("the goal is 4 activities", timeout=SEEN_MS)
    stack.produce(*(an_event("mia", number) for number in (3, 4, 5)))
    expect(goal).to_contain_text("4 activities; the goal is 4 activities", timeout=SEEN_MS)
    expect(goal).to_contain_text("achieved", timeout=SEEN_MS)

    other = page.context.new_page()
    other.goto(stack.api)
    other.get_by_role("button", name="Remove: Activities a week, 4 activities").click()
    expect(other.locator("#goals [role=status]")).to_contain_text("Removed", timeout=SEEN_MS)
    expect(goal).to_have_count(0, timeout=SEEN_MS)
    other.get_by_role("button", name="Undo").click()
    expect(other.locator("#goals li")).to_have_count(1, timeout=SEEN_MS)
    expect(goal).to_have_count(1, timeout=SEEN_MS)


def test_an_instructor_sees_who_needs_help_as_it_happens_and_notes_it(
    stack: Stack, browser: Browser
) -> None:
    """Somebody who is no learner, so the link opens the courses."""
    course = "c/7"
    for user in ("eva", "max"):
        stack.produce(an_event(user, 1, "enrolled", groups={}, course_id=course))
    page = a_tab(browser)
    page.goto(a_link(stack, "teacher", teaches=True))
    page.locator("#taught").get_by_role("link", name=course).click(timeout=SEEN_MS)
    people = page.locator(".people > li")
    expect(people).to_have_count(2, timeout=SEEN_MS)
    expect(page.locator("#contact")).to_contain_text("Nobody has an open alert.")

    given = {"course_id": course, "assessment_id": "quiz-1", "score": 10, "max_score": 100}
    stack.produce(an_event("max", 2, "assessment_graded", **given))
    expect(people.first).to_contain_text("10% in assessment quiz-1", timeout=SEEN_MS)  # by a hint
    expect(page.locator("#glance button").nth(1)).to_contain_text("1", timeout=SEEN_MS)

    people.first.get_by_role("button", name="More").click()
    people.first.get_by_role("button", name="Why did this come?").click()
    expect(people.first).to_contain_text("Rule low_score", timeout=SEEN_MS)
    people.first.get_by_role("button", name="Meeting").click()
    expect(people.first).to_contain_text("Tried: Meeting", timeout=SEEN_MS)
    page.reload()
    expect(people.last).to_contain_text("Tried: Meeting", timeout=SEEN_MS)
    page.locator("#glance button").nth(1).click()
    expect(people).to_have_count(1, timeout=SEEN_MS)


def test_an_operator_sees_what_was_rejected_and_whose_it_was_nowhere(
    stack: Stack, browser: Browser
) -> None:
    """Somebody who is no learner, so the link opens the operators' view."""
    stack.produce(an_event("liv.ullmann", 1, "slept"), an_event("liv.ullmann", 2))
    page = a_tab(browser)
    page.goto(a_link(stack, "operator", operates=True))
    expect(page.locator("h1")).to_have_text("Operation", timeout=SEEN_MS)
    expect(page.locator("#wrong")).to_contain_text("Nothing is wrong", timeout=3 * SEEN_MS)
    expect(page.locator("#rejected")).to_contain_text("unknown_type", timeout=3 * SEEN_MS)
    expect(page.locator("#partitions tbody tr")).to_have_count(4)
    expect(page.locator("#behind svg")).to_be_visible(timeout=3 * SEEN_MS)
    assert "ullmann" not in page.locator("body").inner_text()
