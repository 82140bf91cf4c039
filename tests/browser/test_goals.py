"""Goals on the page, in a real browser: set and removed, with limits that are said first."""

import copy
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from api.bodies import TARGETS_MAX
from domain.state.limits import GOALS_MAX
from tests.browsing import Answers, Visiting, axe_text, need_browser

need_browser()

PATH = "/api/v1/progress/goals/"
A_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def opened(page: Page) -> Locator:
    """The form of a new goal."""
    page.get_by_role("button", name="Set a goal").click()
    return page.locator("#goals form")


def fill(form: Locator, metric: str, amount: str) -> None:
    form.get_by_label("What you want to reach").select_option(metric)
    form.get_by_label("How much").fill(amount)


def submit(form: Locator) -> None:
    form.get_by_role("button", name="Set this goal").click()


def said(page: Page) -> Locator:
    return page.locator("#goals [role=status]")


def refuse(page: Page, status: int, code: str) -> list[str]:
    """Answer every write of a goal with this problem; the addresses that were asked."""
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        body = json.dumps({"code": code, "status": status, "detail": "it says why"})
        route.fulfill(status=status, body=body, content_type="application/problem+json")

    page.route(re.compile("/progress/goals/"), answer)
    return asked


# -- setting -------------------------------------------------------------------------------------


def test_a_goal_is_sent_with_its_course_and_the_end_of_its_day(
    visit: Visiting, answers: Answers
) -> None:
    """The browser stands in Auckland, the learner is in London, where it is summer time."""
    page = visit().open()
    form = opened(page)
    fill(form, "course_progress", "80")
    form.get_by_label("In which course").select_option("Statistics 1")
    form.get_by_label("Last day").fill("2024-06-06")
    new = copy.deepcopy(answers.of["dashboard"]["goals"][0])
    new |= {"goal_id": "new", "metric": "course_progress", "course_id": "c1", "target": 80.0}
    new |= {"unit": "percent", "due_at": "2024-06-06T22:59:59Z"}
    answers.of["dashboard"]["goals"].append(new)
    submit(form)
    expect(said(page)).to_have_text("Set: Progress in the course, 80%, Statistics 1.")
    expect(page.locator("#goals li")).to_have_count(2)
    expect(page.locator("#goals li").last).to_contain_text("Until Thu 6 June at 23:59")
    expect(form).to_have_count(0)
    expect(page.get_by_role("button", name="Set a goal")).to_be_focused()
    ((method, path, body),) = answers.written
    assert (method, bool(A_UUID.fullmatch(path.removeprefix(PATH)))) == ("PUT", True)
    assert body == {
        "metric": "course_progress",
        "target": 80,
        "course_id": "c1",
        "due_at": "2024-06-06T22:59:59.000Z",
    }


@pytest.mark.parametrize(
    ("zone", "day", "due_at"),
    [
        ("Asia/Kathmandu", "2024-06-06", "2024-06-06T18:14:59.000Z"),
        ("America/Los_Angeles", "2024-12-31", "2025-01-01T07:59:59.000Z"),
        ("Europe/Berlin", "2024-10-27", "2024-10-27T22:59:59.000Z"),  # the clocks go back then
        ("Africa/Cairo", "2024-04-25", "2024-04-25T21:59:59.000Z"),  # and forward at its end
        ("Pacific/Kiritimati", "2024-04-10", "2024-04-10T09:59:59.000Z"),
    ],
)
def test_a_day_ends_when_it_ends_where_the_learner_is(
    visit: Visiting, answers: Answers, zone: str, day: str, due_at: str
) -> None:
    answers.of["dashboard"]["timezone"] = zone
    form = opened(visit().open())
    fill(form, "streak_days", "7")
    form.get_by_label("Last day").fill(day)
    submit(form)
    expect(form).to_have_count(0)
    ((_, _, body),) = answers.written
    assert body["due_at"] == due_at


def test_without_a_course_and_a_day_it_is_of_all_courses_and_to_be_kept_up(
    visit: Visiting, answers: Answers
) -> None:
    page = visit().open()
    for metric in TARGETS_MAX:
        form = opened(page)
        fill(form, metric, "5")
        submit(form)
        expect(form).to_have_count(0)
    bodies = [body for _, _, body in answers.written]
    rest = {"target": 5, "course_id": None, "due_at": None}
    assert bodies == [{"metric": metric, **rest} for metric in TARGETS_MAX]
    assert len({path for _, path, _ in answers.written}) == len(TARGETS_MAX)


def test_the_limits_are_those_of_the_api_and_are_said_before_they_are_met(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open()
    assert f"1 of {GOALS_MAX} goals at most" in page.locator("#goals").inner_text()
    form = opened(page)
    units = {
        "weekly_minutes": " minutes",
        "weekly_activities": " activities",
        "streak_days": " days",
    }
    for metric, most in TARGETS_MAX.items():
        form.get_by_label("What you want to reach").select_option(metric)
        amount = form.get_by_label("How much")
        assert (amount.get_attribute("min"), amount.get_attribute("max")) == ("1", str(most))
        expect(amount).to_have_accessible_name(f"How much (1 to {most:,}{units.get(metric, '%')})")
        of_course = metric in {"average_score", "course_progress"}
        expect(form.get_by_label("In which course")).to_have_count(int(of_course))
    goals = answers.of["dashboard"]["goals"]
    goals += [goals[0] | {"goal_id": f"more-{number}"} for number in range(GOALS_MAX - 1)]
    page.clock.run_for(11_000)
    add = page.get_by_role("button", name="Set a goal")
    expect(form).to_have_count(0)
    expect(add).to_have_attribute("aria-expanded", "false")
    expect(add).to_have_attribute("aria-disabled", "true")
    expect(add).to_have_accessible_description(
        "You have 16 goals, and there can be no more. Remove one to set another."
    )
    add.focus()
    page.keyboard.press("Enter")
    expect(add).to_have_attribute("aria-expanded", "false")
    expect(form).to_have_count(0)


@pytest.mark.parametrize("amount", ["", "0", "2.5", "-3", "10081"])
def test_an_amount_that_cannot_be_taken_is_a_sentence_and_is_not_sent(
    visit: Visiting, answers: Answers, amount: str
) -> None:
    form = opened(visit().open())
    fill(form, "weekly_minutes", amount)
    submit(form)
    expect(form.get_by_role("alert")).to_have_text(
        "Not set: this takes a whole number from 1 to 10,080 minutes."
    )
    expect(form.get_by_label("How much")).to_be_focused()
    expect(form.get_by_label("How much")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("How much").fill("180")
    assert answers.written == []
    submit(form)
    expect(form).to_have_count(0)
    assert len(answers.written) == 1


def test_a_last_day_that_is_over_is_a_sentence_and_is_not_sent(
    visit: Visiting, answers: Answers
) -> None:
    """Where the learner is it is the 9th, in Auckland the 10th already."""
    form = opened(visit().open())
    fill(form, "weekly_minutes", "180")
    form.get_by_label("Last day").fill("2024-04-08")
    submit(form)
    expect(form.get_by_role("alert")).to_have_text(
        "Not set: the last day must be a date, today or later."
    )
    expect(form.get_by_label("Last day")).to_be_focused()
    assert answers.written == []
    form.get_by_label("Last day").fill("2024-04-09")
    submit(form)
    expect(form).to_have_count(0)
    assert answers.written[0][2]["due_at"] == "2024-04-09T22:59:59.000Z"


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (409, "too_many_goals", "You have as many goals as there can be. Remove one"),
        (422, "invalid_parameter", "Not set: the number or the last day cannot be taken."),
        (503, "unavailable", "Something that this needs is away right now."),
        (503, "busy", "Too much is asked right now."),
    ],
)
def test_what_the_api_refuses_is_a_sentence_and_nothing_that_was_filled_in_is_lost(
    visit: Visiting, answers: Answers, status: int, code: str, sentence: str
) -> None:
    page = visit().open()
    form = opened(page)
    fill(form, "average_score", "70")
    asked = refuse(page, status, code)
    submit(form)
    expect(page.locator("#goals [role=alert]")).to_contain_text(sentence)
    expect(form.get_by_label("How much")).to_have_value("70")
    expect(form.get_by_label("What you want to reach")).to_have_value("average_score")
    page.unroute(re.compile("/progress/goals/"))
    submit(form)
    expect(form).to_have_count(0)
    expect(page.locator("#goals [role=alert]")).to_have_count(0)
    ((_, path, _),) = answers.written
    assert asked[0].endswith(path)  # sent again, it is the same goal and not a second one


def test_what_was_filled_in_stays_while_answers_come(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open()
    form = opened(page)
    fill(form, "course_progress", "80")
    form.get_by_label("In which course").select_option("Statistics 1")
    form.get_by_label("Last day").fill("2024-06-06")
    form.get_by_label("How much").focus()
    page.keyboard.press("End")
    page.keyboard.type("5")
    answers.of["dashboard"]["goals"][0] |= {"current": 12.0, "progress": 6.7}
    answers.of["dashboard"]["timestamp"] = "2024-04-09T21:00:11Z"
    page.clock.run_for(11_000)
    expect(page.locator("#goals li").first).to_contain_text("12 minutes")
    expect(form.get_by_label("How much")).to_be_focused()
    expect(form.get_by_label("How much")).to_have_value("805")
    expect(form.get_by_label("In which course")).to_have_value("c1")
    expect(form.get_by_label("Last day")).to_have_value("2024-06-06")


# -- removing ------------------------------------------------------------------------------------


def test_a_goal_is_removed_and_taken_back_by_the_keyboard_alone(
    visit: Visiting, answers: Answers
) -> None:
    page = visit().open()
    held = answers.of["dashboard"]["goals"]
    held[0] |= {"goal_id": "a/b ü?", "due_at": "2024-06-01T00:00:00Z"}
    kept = list(held)
    page.reload()
    remove = page.get_by_role("button", name="Remove: Minutes a week, 180 minutes", exact=True)
    remove.focus()
    answers.of["dashboard"]["goals"] = []
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Removed: Minutes a week, 180 minutes.")
    expect(page.locator("#goals li")).to_have_count(0)
    undo = page.get_by_role("button", name="Undo, set again: Minutes a week, 180 minutes")
    expect(undo).to_be_focused()
    answers.of["dashboard"]["goals"] = kept
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Set again: Minutes a week, 180 minutes.")
    expect(undo).to_have_count(0)
    expect(page.get_by_role("button", name="Set a goal")).to_be_focused()
    expect(page.locator("#goals li")).to_have_count(1)
    path = f"{PATH}a%2Fb%20%C3%BC%3F"
    again = {"metric": "weekly_minutes", "target": 180, "course_id": None}
    assert answers.written == [
        ("DELETE", path, None),
        ("PUT", path, again | {"due_at": "2024-06-01T00:00:00Z"}),
    ]


def test_a_removal_can_still_be_taken_back_after_the_figures_came_again(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open()
    answers.of["dashboard"]["goals"] = []
    page.get_by_role("button", name="Remove").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    page.clock.run_for(25_000)
    assert "You have no goals yet." in page.locator("#goals").inner_text()
    undo.click()
    expect(said(page)).to_contain_text("Set again")


@pytest.mark.parametrize(
    "held",
    [
        {"due_at": "2024-04-09T20:59:59Z", "status": "missed"},
        {"target": 0.5},
        {"target": 10_081.0},
        {"metric": "a metric that is yet to come"},
    ],
)
def test_a_goal_that_could_not_be_set_again_is_removed_for_good(
    visit: Visiting, answers: Answers, held: dict[str, Any]
) -> None:
    answers.of["dashboard"]["goals"][0] |= held
    page = visit().open()
    answers.of["dashboard"]["goals"] = []
    page.get_by_role("button", name="Remove").click()
    expect(said(page)).to_contain_text("Removed")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(page.get_by_role("button", name="Set a goal")).to_be_focused()


def test_a_removal_that_is_refused_leaves_the_goal_and_says_why(visit: Visiting) -> None:
    page = visit().open()
    refuse(page, 503, "unavailable")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#goals [role=alert]")).to_contain_text("is away right now")
    expect(page.locator("#goals li")).to_have_count(1)
    expect(said(page)).to_have_text("")


# -- anybody's eyes ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_in_the_form(visit: Visiting, scheme: str, width: int) -> None:
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 900}).open()
    form = opened(page)
    form.get_by_label("What you want to reach").select_option("course_progress")
    submit(form)  # with a sentence on what is wrong
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    opened(page)
    page.evaluate(axe_text())
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])"
    )
    assert found == []
    for each in page.locator("#goals button, #goals select, #goals input").all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 44, each.inner_text()


@pytest.mark.parametrize("title", ["W" * 500, "<img src=x onerror=alert(1)>", "مقدمة \u202e(1)"])
def test_the_form_fits_a_small_screen_whatever_a_course_is_called(
    visit: Visiting, answers: Answers, title: str
) -> None:
    board = answers.of["dashboard"]
    board["progress_summary"]["courses"][0]["title"] = title
    board["goals"][0] |= {"course_id": "c1"}
    page = visit(viewport={"width": 360, "height": 700}).open()
    form = opened(page)
    fill(form, "course_progress", "80")
    form.get_by_label("In which course").select_option("c1")
    submit(form)
    expect(said(page)).to_contain_text("Set: ")
    opened(page).get_by_label("What you want to reach").select_option("average_score")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert page.locator("main img").count() == 0


def test_goals_are_set_in_german(visit: Visiting, answers: Answers) -> None:
    page = visit(locale="de-DE").open()
    page.get_by_role("button", name="Ein Ziel setzen").click()
    form = page.locator("#goals form")
    form.get_by_label("Wie viel (1 bis 10.080 Minuten)").fill("180")
    form.get_by_role("button", name="Dieses Ziel setzen").click()
    expect(said(page)).to_have_text("Gesetzt: Minuten in der Woche, 180 Minuten.")
    assert "1 von höchstens 16 Zielen" in page.locator("#goals").inner_text()
    assert len(answers.written) == 1
