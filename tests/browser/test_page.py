"""The learner's page in a real browser: what it shows in each state, whoever reads it."""

import copy
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import (
    PHONE_AND_DESKTOP,
    PROGRESS,
    Answers,
    Visit,
    Visiting,
    axe_text,
    need_browser,
)

need_browser()

BLOCKS = (
    "next",
    "week",
    "scores",
    "messages",
    "courses",
    "days",
    "goals",
    "patterns",
    "preferences",
)
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
READY = "() => document.querySelectorAll('.block[aria-busy=true]').length === 0"


def whole(visit: Visit) -> Page:
    """The page with every block filled, the one that waits to be seen too."""
    page = visit.open()
    page.locator("#patterns").scroll_into_view_if_needed()
    page.wait_for_function(READY)
    return page


def nothing(answers: Answers) -> None:
    """The answers about a learner of whom nothing is known."""
    board = answers.of["dashboard"]
    board["progress_summary"] |= {"courses": [], "streak_days": 0, "longest_streak_days": 0}
    board["realtime_metrics"] |= {"daily_activities": 0}
    none = {"this_week": 0, "last_week": None}
    unknown = {"this_week": None, "last_week": None}
    board["comparison"] = {"activities": none, "minutes": unknown, "average_score": unknown}
    trends = board["performance_trends"]
    short = {"code": "scores", "have": 0, "need": 3}
    trends |= {"status": "insufficient_data", "missing": [short]}
    for day in trends["daily"]:
        day |= {"average_score": None, "moving_average": None, "activities": 0, "minutes": 0}
    board |= {"goals": [], "insights": [], "insight_details": [], "recent_activities": []}
    answers.of["predictions"] |= {"learning_recommendations": [], "completion_predictions": []}
    answers.of["alerts"] |= {"current_alerts": [], "alert_history": {"items": []}}
    days = [{"code": "active_days", "have": 0, "need": 3}]
    answers.of["trends"]["pattern_analysis"] |= {"status": "insufficient_data", "missing": days}


def test_each_block_shows_what_the_api_said(visit: Visiting) -> None:
    shown = visit()
    page = whole(shown)
    assert page.title() == "My week"
    assert "You have not worked for 17 days" in shown.block("next")
    assert page.locator("#next li").count() == 3
    week = shown.block("week")
    for figure in ("21", "280", "41%", "7 days before: 20", "longest: 6 days"):
        assert figure in week
    assert "Essay 3: 48% to 88% in 9 of 10 cases. Lately 90% of all" in shown.block("scores")
    assert page.locator("#scores circle").count() == 5
    assert "63% done; by the schedule it would be 52%" in shown.block("courses")
    assert "You worked on 23 of the last 30 days." in shown.block("days")
    assert page.locator("#days rect").count() == 30
    assert "280 minutes; the goal is 180 minutes" in shown.block("goals")
    assert "You are most active from 17:00 to 21:00" in shown.block("patterns")
    assert "Low Assessment Score" in shown.block("messages")


def test_times_are_the_learners_and_not_the_browsers(visit: Visiting) -> None:
    """The browser stands in Auckland; the learner is in London, in summer time."""
    shown = visit(timezone_id="Pacific/Auckland")
    page = whole(shown)
    assert "Up to date at 22:00" in page.locator(".state").inner_text()
    assert "Due Wed 3 April at 10:00 (6 days ago)" in shown.block("next")
    assert "Tue 9 April at 19:00" in shown.block("messages")


def test_the_page_is_read_in_german_with_german_numbers_and_dates(visit: Visiting) -> None:
    shown = visit(locale="de-DE")
    page = whole(shown)
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.title() == "Meine Woche"
    assert "Essay 2 (fällig am 24. März) ist überfällig" in shown.block("next")
    assert "Fällig Mi., 3. April um 10:00 (vor 6 Tagen)" in shown.block("next")
    assert "um etwa 17,2 Punkte gefallen" in shown.block("week")
    assert "48\u00a0% bis 88\u00a0%" in shown.block("scores")
    page.get_by_label("Sprache").select_option("en")
    expect(page.locator("#next h2")).to_have_text("What next")
    page.reload()
    expect(page.locator("#next h2")).to_have_text("What next")  # it was kept


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "fr-FR"])
def test_every_word_on_the_screen_is_of_the_reader_language(visit: Visiting, locale: str) -> None:
    page = whole(visit(locale=locale))
    said = page.locator("body").inner_text()
    assert not re.search(r"\bui\.|undefined|null|NaN|\[object|\{\w+\}", said), said
    english = {"en-GB": "en", "de-DE": "de", "fr-FR": "en"}[locale] == "en"
    assert ("What next" in said) == english


def test_a_learner_of_whom_nothing_is_known_is_told_what_will_be_here(
    visit: Visiting, answers: Answers
) -> None:
    nothing(answers)
    shown = visit()
    page = whole(shown)
    assert "Nothing is due" in shown.block("next")
    assert "0 of 3 scores" in shown.block("scores")
    assert "You are in no course" in shown.block("courses")
    assert "No messages" in shown.block("messages")
    assert "No work in the last 30 days" in shown.block("days")
    assert "You have no goals" in shown.block("goals")
    assert "0 of 3 days of work" in shown.block("patterns")
    assert page.locator("svg").count() == 0


def test_while_an_answer_is_on_its_way_its_block_keeps_its_height(visit: Visiting) -> None:
    shown = visit()
    for name in ("**/predictive-analytics*", "**/performance-alerts*"):
        shown.page.route(name, lambda _: None)  # never answered
    page = shown.open()
    assert page.locator("#next").get_attribute("aria-busy") == "true"
    assert "Loading" in shown.block("messages")
    assert page.locator("#messages").bounding_box()["height"] >= 300  # type: ignore[index]
    assert "21" in shown.block("week")  # one call is enough for the first figures


def test_a_section_that_cannot_be_shown_says_so_and_the_others_stay(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["trends"]["pattern_analysis"]["status"] = "unavailable"
    answers.of["predictions"] = 503
    answers.of["alerts"] = None
    shown = visit()
    page = shown.open()
    page.locator("#patterns").scroll_into_view_if_needed()
    expect(page.locator("#patterns")).to_contain_text("cannot be shown right now")
    assert "The server does not answer" in shown.block("messages")
    assert "What to expect cannot be shown right now" in shown.block("scores")
    assert "A6" in shown.block("next")  # what is due is known without the predictions
    assert "21" in shown.block("week")


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500, 503, None])
def test_an_error_is_a_sentence_and_never_the_browsers(
    visit: Visiting, answers: Answers, status: int | None
) -> None:
    answers.of |= {"dashboard": status, "predictions": status, "alerts": status}
    shown = visit()
    said = shown.open().locator("main").inner_text()
    assert not re.search(r"fetch|error|status|it says why|\d{3}", said, re.IGNORECASE), said
    assert said.count(".") >= 3


def test_what_is_known_stays_when_the_api_goes_away_and_it_says_so(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open()
    before = dict(answers.of)
    answers.of |= {"dashboard": None, "predictions": None, "alerts": None}
    page.clock.run_for(11_000)
    expect(page.locator(".state")).to_contain_text("Not connected, trying again")
    assert "280" in shown.block("week")
    answers.of = before
    page.clock.run_for(11_000)
    expect(page.locator(".state")).to_contain_text("Up to date")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"degraded": ["database"]}, "Figures from 22:00: the database does not answer"),
        ({"lag_seconds": 42.3}, "The newest activities are 42 seconds behind"),
        ({"lag_seconds": 5.0}, "Up to date at 22:00"),
        ({"clock": "stream"}, "Replay of history: now is 9 April 2024"),
    ],
)
def test_the_age_of_the_figures_is_said_in_one_line(
    visit: Visiting, answers: Answers, change: dict[str, Any], said: str
) -> None:
    board = answers.of["dashboard"]
    if "degraded" in change:
        board |= change
    else:
        board["freshness"] |= change
    expect(visit().open().locator(".state")).to_contain_text(said)


# -- messages and preferences --------------------------------------------------------------------


def test_a_message_is_acknowledged_and_judged(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    page = shown.open()
    first = page.locator("#messages li").first
    open_alert = answers.of["alerts"]["current_alerts"][0]
    open_alert |= {"acknowledged_at": "2024-04-09T21:00:00Z", "state": "acknowledged"}
    first.get_by_role("button", name="Got it").click()
    expect(first).to_contain_text("Seen")
    open_alert["feedback"] = "not_useful"
    first.get_by_role("button", name="Not useful").click()
    pressed = first.get_by_role("button", name="Not useful")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    path = f"/api/v1/progress/performance-alerts/{open_alert['id']}"
    assert answers.written == [
        ("POST", f"{path}/acknowledge", None),
        ("POST", f"{path}/feedback", {"value": "not_useful"}),
    ]


def test_a_message_that_could_not_be_answered_says_so_in_a_sentence(
    visit: Visiting, answers: Answers
) -> None:
    page = visit().open()
    alert_id = answers.of["alerts"]["current_alerts"][0]["id"]
    answers.of[f"performance-alerts/{alert_id}/acknowledge"] = 409
    first = page.locator("#messages li").first
    first.get_by_role("button", name="Got it").click()
    expect(first.get_by_role("alert")).to_have_text(
        "This message was over too long ago to be answered."
    )


def test_what_is_for_others_is_not_shown_and_what_ended_says_how(
    visit: Visiting, answers: Answers
) -> None:
    alerts = answers.of["alerts"]
    risk = copy.deepcopy(alerts["current_alerts"][0])
    risk |= {"id": "x", "audience": ["instructor"], "title_code": "alert.at_risk.title"}
    alerts["current_alerts"] = [risk]
    ended = copy.deepcopy(risk)
    ended |= {
        "id": "y",
        "audience": ["learner"],
        "title_code": "alert.low_score.title",
        "state": "resolved",
        "resolved_at": "2024-04-09T20:30:00Z",
        "resolution": "cleared",
    }
    later = ended | {"id": "z", "resolution": "a way that is yet to come"}
    alerts["alert_history"]["items"] = [risk, ended, later]
    shown = visit()
    page = shown.open()
    assert "Nothing is open." in shown.block("messages")
    page.get_by_text("2 earlier messages").click()
    said = shown.block("messages")
    assert "Done: no longer so since Tue 9 April at 21:30" in said
    assert "Over since Tue 9 April at 21:30" in said
    assert "Risk" not in page.locator("body").inner_text()


def test_no_probability_of_failing_and_nobody_else_is_on_the_page(visit: Visiting) -> None:
    said = whole(visit()).locator("body").inner_text().lower()
    for word in ("probab", "23%", "76%", "rank", "percentile", "class", "other learners"):
        assert word not in said, word


def test_preferences_are_sent_whole(visit: Visiting, answers: Answers) -> None:
    held = answers.of["alerts"]["preferences"]
    held["muted_categories"] = ["low_score"]  # what the page does not show is kept
    page = visit().open()
    form = page.locator("#preferences form")
    form.get_by_label("milestones").uncheck()
    form.get_by_label("Only if they are at least").select_option("medium")
    form.get_by_label("Messages wait during these hours").check()
    form.get_by_label("from").fill("21:30")
    form.get_by_label("At most this many a day").fill("3")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#preferences [role=status]")).to_have_text("Saved.")
    assert answers.written == [
        (
            "PUT",
            "/api/v1/progress/performance-alerts/preferences",
            {
                "muted_types": ["achievement"],
                "muted_categories": ["low_score"],
                "min_severity": "medium",
                "quiet_hours": {"from": "21:30", "to": "07:00"},
                "max_per_day": 3,
            },
        )
    ]


# -- sign-in -------------------------------------------------------------------------------------


def test_the_link_signs_in_and_leaves_the_address(visit: Visiting, answers: Answers) -> None:
    page = visit().open("#ticket=abc.def.ghi")
    assert page.url.endswith("/")
    assert answers.asked[0] == ("POST", "/api/v1/session", {"ticket": "abc.def.ghi"})
    assert page.evaluate("() => history.length") <= 2
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "That link was used before, or it has expired"),
        (429, "Too many links were refused"),
        (503, "Something that this needs is away"),
        (None, "The server does not answer"),
    ],
)
def test_a_link_that_is_refused_says_why(
    visit: Visiting, answers: Answers, status: int | None, said: str
) -> None:
    answers.of["session"] = status
    page = visit().open("#ticket=abc")
    expect(page.get_by_role("alert")).to_contain_text(said)
    assert "learnstream open" in page.locator("main").inner_text()


def test_without_a_session_the_page_says_how_to_get_one(visit: Visiting, answers: Answers) -> None:
    for name in ("session", "dashboard", "predictions", "alerts"):
        answers.of[name] = 401
    page = visit().open()
    expect(page.get_by_role("heading", level=2)).to_have_text("Open your link")
    assert page.get_by_role("alert").count() == 0


def test_signing_out_and_a_session_that_ends_leave_nothing_on_the_screen(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    page = shown.open()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Open your link")
    assert "Statistics" not in page.locator("body").inner_text()
    assert answers.written == [("DELETE", "/api/v1/session", None)]


def test_between_the_learners_of_a_demo_one_may_choose(visit: Visiting, answers: Answers) -> None:
    answers.of["session"]["learners"] = ["1042", "learner-1003"]
    page = visit().open()
    choice = page.locator("header").get_by_label("Learner")
    expect(choice).to_have_value("1042")
    answers.of["session"]["user_id"] = "learner-1003"
    answers.of["dashboard"]["progress_summary"]["courses"] = []
    asked = len(answers.asked)
    choice.select_option("learner-1003")
    expect(page.locator("#courses")).not_to_contain_text("Statistics")
    expect(choice).to_have_value("learner-1003")
    session, *reads = answers.asked[asked:]
    assert session == ("POST", "/api/v1/session", {"learner": "learner-1003"})
    read = {path.removeprefix(PROGRESS).partition("?")[0] for _, path, _ in reads}
    assert read >= {"real-time-dashboard", "predictive-analytics", "performance-alerts", "stream"}


def test_where_another_learner_cannot_be_shown_nobody_is(visit: Visiting, answers: Answers) -> None:
    answers.of["session"]["learners"] = ["1042", "1003"]
    page = visit().open()
    answers.of["session"] = 403
    page.locator("header").get_by_label("Learner").select_option("1003")
    expect(page.get_by_role("alert")).to_contain_text("not yours to see")
    assert "Statistics" not in page.locator("body").inner_text()


def test_outside_a_demo_there_is_nobody_to_choose(visit: Visiting) -> None:
    page = visit().open()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.locator("header").get_by_label("Learner").count() == 0


def test_a_session_of_an_older_api_names_no_learners(visit: Visiting, answers: Answers) -> None:
    del answers.of["session"]["learners"]
    page = visit().open()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_session_that_is_over_is_said_and_not_an_error(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open()
    answers.of |= {"dashboard": 401, "predictions": 401, "alerts": 401}
    page.clock.run_for(11_000)
    expect(page.get_by_role("alert")).to_contain_text("your session is over")


# -- anybody's data, anybody's eyes --------------------------------------------------------------


def hostile(answers: Answers, text: str) -> None:
    """Put this text wherever a title can stand."""
    course = answers.of["dashboard"]["progress_summary"]["courses"][0]
    course["title"] = text
    course["next_due"]["title"] = text
    for step in answers.of["predictions"]["learning_recommendations"]:
        if "assessment" in step["reason"]["params"]:
            step["reason"]["params"]["assessment"] = text
    answers.of["predictions"]["predictions"]["next_assessment_score"]["title"] = text
    for alert in answers.of["alerts"]["current_alerts"]:
        alert["course_title"] = text
        alert["params"] |= {"title": text, "date": "9 April"}
    answers.of["trends"]["pattern_analysis"]["learning_preferences"][0]["content_kind"] = text


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "W" * 500, "\u0645\u0642\u062f\u0645\u0629 \u202e(1)", "\u0000 {x} ${y} `z`"],
)
def test_a_title_is_text_whatever_is_in_it(visit: Visiting, answers: Answers, text: str) -> None:
    hostile(answers, text)
    shown = visit(viewport={"width": 360, "height": 700})
    page = whole(shown)
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    if text == HOSTILE:
        assert HOSTILE in shown.block("courses")


def test_a_title_that_is_missing_is_the_id(visit: Visiting, answers: Answers) -> None:
    course = answers.of["dashboard"]["progress_summary"]["courses"][0]
    course |= {"title": None, "ends_on": None, "expected_progress": None, "progress": None}
    course["next_due"]["title"] = None
    shown = visit()
    shown.open()
    assert "c1" in shown.block("courses")
    assert "a6" in shown.block("courses")
    assert "How far you are is not known" in shown.block("courses")


def test_eight_courses_with_odd_ids_have_places_of_their_own(
    visit: Visiting, answers: Answers
) -> None:
    courses = answers.of["dashboard"]["progress_summary"]["courses"]
    for number in range(7):
        courses.append(courses[0] | {"course_id": f'a/b "{number}"', "next_due": None})
    page = visit().open()
    identities = page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(set(identities)) == len(identities)
    assert page.locator("#courses li").count() == 8


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (None, "#course-c1"),
        ("https://lms.example.org/{course_id}/{kind}/{id}", "/c1/assessment/a%2F2%3F"),
    ],
)
def test_a_step_leads_to_the_lms_or_to_the_course_on_this_page(
    visit: Visiting, answers: Answers, template: str | None, expected: str
) -> None:
    answers.of["session"]["lms_url"] = template
    answers.of["predictions"]["learning_recommendations"][1]["action"]["target"]["id"] = "a/2?"
    page = visit().open()
    address = page.locator("#next a").nth(1).get_attribute("href")
    assert address is not None
    assert address.endswith(expected)


def test_no_address_is_made_of_anything_but_the_web(visit: Visiting, answers: Answers) -> None:
    answers.of["session"]["lms_url"] = "javascript:alert('{id}')"
    page = visit().open()
    addresses = page.locator("a").evaluate_all("all => all.map(each => each.protocol)")
    assert set(addresses) == {"http:"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_axe_finds_nothing(visit: Visiting, scheme: str, width: int) -> None:
    shown = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = whole(shown)
    for summary in page.locator("summary").all():
        summary.click()
    page.evaluate(axe_text())
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])"
    )
    assert found == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("state", ["nothing", "signed_out", "away"])
def test_axe_finds_nothing_in_the_other_states(
    visit: Visiting, answers: Answers, state: str
) -> None:
    if state == "nothing":
        nothing(answers)
    names = ("session", "dashboard", "predictions", "alerts")
    if state == "signed_out":
        answers.of |= dict.fromkeys(names, 401)
    if state == "away":
        answers.of |= dict.fromkeys(names[1:], None)
    page = visit().open()
    page.evaluate(axe_text())
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])"
    )
    assert found == []


def test_everything_is_reached_and_used_by_the_keyboard_alone(
    visit: Visiting, answers: Answers
) -> None:
    page = whole(visit())
    wanted = page.locator("a, button, select, input:enabled, summary").count()
    reached = set()
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => {
                  const all = [...document.querySelectorAll('a, button, select, input, summary')];
                  return all.indexOf(document.activeElement);
                }"""
            )
        )
    assert len(reached - {-1}) == wanted
    page.locator("#messages button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#messages button").first).to_be_visible()
    assert [each[1].rpartition("/")[2] for each in answers.written] == ["acknowledge"]


def test_what_can_be_pressed_is_large_enough(visit: Visiting) -> None:
    page = whole(visit(viewport={"width": 360, "height": 700}))
    for each in page.locator("button, select, input:not([type=checkbox]), summary").all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 44, each.inner_text()
    for each in page.locator("#next a, input[type=checkbox]").all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 24


def test_every_chart_has_a_name_and_the_same_figures_as_a_table(visit: Visiting) -> None:
    page = whole(visit())
    for block, rows in (("scores", 10), ("days", 30)):
        chart = page.locator(f"#{block} svg")
        assert chart.get_attribute("role") == "img"
        assert chart.get_attribute("aria-label")
        page.locator(f"#{block} summary").click()
        assert page.locator(f"#{block} tbody tr").count() == rows


def test_a_change_is_said_once_and_not_each_number(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open()
    status = page.locator("body > #page > [role=status]")
    assert status.inner_text() == ""
    page.clock.run_for(11_000)
    assert status.inner_text() == ""  # nothing has changed
    answers.of["dashboard"]["realtime_metrics"]["daily_activities"] = 4
    page.clock.run_for(11_000)
    expect(status).to_contain_text("Your figures have changed")


def test_a_hidden_tab_asks_for_nothing(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open()
    hide = "() => { Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide % "true")
    asked = len(answers.asked)
    page.clock.run_for(60_000)
    assert len(answers.asked) == asked
    page.evaluate(hide % "false")
    answers.wait_for_more_than(asked, page)


def test_the_same_answers_give_the_same_picture(visit: Visiting) -> None:
    pictures = []
    for zone in ("Pacific/Auckland", "America/Lima"):
        page = whole(visit(timezone_id=zone, viewport={"width": 1000, "height": 800}))
        pictures.append(page.screenshot(full_page=True, animations="disabled", caret="hide"))
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("size", PHONE_AND_DESKTOP)
def test_nothing_moves_when_the_answers_come(visit: Visiting, size: dict[str, int]) -> None:
    shown = visit(viewport=size)
    shown.slow_down()
    whole(shown)
    assert shown.moved() < 0.05
