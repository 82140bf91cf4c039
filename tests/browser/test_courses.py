"""The instructor's views in a real browser: what they show and ask for, whoever reads them."""

import copy
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browsing import PHONE_AND_DESKTOP, Answers, Visit, Visiting, axe_text, need_browser

need_browser()

BLOCKS = ("glance", "contact", "submissions", "spread", "foretold")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
FOUND = "async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])"


@pytest.fixture(autouse=True)
def _instructor(answers: Answers) -> None:
    answers.teach()


def asked_of(answers: Answers) -> dict[str, str]:
    """What was asked of the last list of learners."""
    found = parse_qs(urlsplit(answers.sought[-1]).query)
    return {name: values[0] for name, values in found.items()}


def is_asked(answers: Answers, page: Page, **wanted: str) -> None:
    """Wait until the list was asked for so."""
    for _ in range(100):
        if answers.sought and asked_of(answers) == {"limit": "5", **wanted}:
            return
        page.wait_for_timeout(50)
    assert asked_of(answers) == {"limit": "5", **wanted}


def opened(visit: Visit, course: str = "c1") -> Page:
    """A course with its first learner opened, all that is folded unfolded, and one alert's why."""
    page = visit.open_course(course)
    page.locator(".person button[aria-expanded]").first.click()
    page.locator(".more h4").first.wait_for()
    page.locator(".more .cards button").first.click()
    page.locator(".more code").first.wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    return page


# -- ways in -------------------------------------------------------------------------------------


def test_the_courses_are_listed_and_lead_to_their_views(visit: Visiting) -> None:
    shown = visit()
    page = shown.open()
    page.get_by_role("link", name="Courses").click()
    expect(page.locator("h1")).to_have_text("Courses")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("#taught li")).to_contain_text("214 learners · ▲17 with an open alert")
    assert "Running · 12 January 2026 to 26 June 2026 · c1" in shown.block("taught")
    page.locator("#taught a").click()
    expect(page.locator("h1")).to_have_text("Statistics 1")
    expect(page.locator("h1")).to_be_focused()
    assert page.title() == "Statistics 1"
    assert page.url.endswith("/#/courses/c1")
    page.get_by_role("link", name="All courses").click()
    expect(page.locator("#taught")).to_be_visible()
    page.get_by_role("link", name="My week").click()
    expect(page.locator("#week")).to_be_visible()
    assert page.title() == "My week"


def test_who_does_not_teach_is_offered_and_shown_no_courses(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["session"] |= {"views": ["learner"], "may_note_help": False}
    shown = visit()
    loaded: list[str] = []
    shown.page.on("request", lambda request: loaded.append(request.url))
    page = shown.open()
    assert page.locator("nav").count() == 0
    assert not [
        url
        for url in loaded
        if re.search(r"instructor|teaching|web/\w+/courses|words/courses|v1/courses", url)
    ]
    page.goto(f"{shown.base}/#/courses/c1")
    expect(page.locator("main")).to_have_text("This is not yours to see or to change.")


@pytest.mark.parametrize("unknown", [404, None])
def test_who_teaches_and_is_no_learner_is_shown_the_courses_at_once(
    visit: Visiting, answers: Answers, unknown: int | None
) -> None:
    if unknown is None:
        answers.of["dashboard"]["freshness"]["last_event_at"] = None
    else:
        answers.of |= dict.fromkeys(("dashboard", "predictions", "alerts"), unknown)
    shown = visit()
    shown.page.goto(shown.base)
    expect(shown.page.locator("#taught")).to_contain_text("Statistics 1")


def test_a_part_that_cannot_be_loaded_says_so_and_the_rest_stays(visit: Visiting) -> None:
    """As in a tab that is older than what is served now."""
    shown = visit()
    shown.page.route("**/views/instructor.js", lambda route: route.fulfill(status=404))
    page = shown.open()
    page.get_by_role("link", name="Courses").click()
    expect(page.locator("main")).to_contain_text("Load the page again")
    page.get_by_role("link", name="My week").click()
    expect(page.locator("#week")).to_be_visible()


def test_signing_out_leaves_nothing_of_a_course_on_the_screen(visit: Visiting) -> None:
    page = visit().open_course()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Open your link")
    assert not re.search("4711|Statistics", page.locator("body").inner_text() + page.title())


@pytest.mark.parametrize("course", ["a/b", "100% é?#&", "x" * 256, "\u0645\u0642"])
def test_an_id_of_any_text_is_asked_for_as_it_is(
    visit: Visiting, answers: Answers, course: str
) -> None:
    answers.of["courses"]["items"][0]["course_id"] = course
    answers.of["course"] |= {"course_id": course, "title": None}
    shown = visit()
    shown.page.goto(f"{shown.base}/#/courses")
    shown.page.locator("#taught a").click()
    expect(shown.page.locator("h1")).to_have_text(course)
    expect(shown.page.locator(".people li").first).to_be_visible()
    assert unquote(urlsplit(answers.sought[-1]).path) == f"v1/courses/{course}/learners"
    assert "/learners" not in urlsplit(answers.sought[-1]).path.removesuffix("/learners")


# -- what is shown -------------------------------------------------------------------------------


def test_each_block_shows_what_the_api_said(visit: Visiting) -> None:
    shown = visit()
    page = shown.open_course()
    glance = page.locator("#glance .tile").all_inner_texts()
    assert [" ".join(each.split()) for each in glance] == [
        "214 learners",
        "17 with an open alert 4 of them very important",
        "31 silent for 7 days",
        "58 behind schedule less than 36% done",
    ]
    assert "9 will probably miss the next important deadline." in shown.block("glance")
    people = page.locator(".people > li").all_inner_texts()
    assert [each.split("\n")[0] for each in people] == [
        "1. 4711",
        "2. ada lovelace",
        "3. 17",
        "4. 18",
        "5. 19",
    ]
    for said in (
        "The next important deadline will probably be missed (62%).",
        "37% in Quiz 1 on 5 March; the pass mark is 60%",
        "since 5 March 2026",
        "Worked on 9 of 28 days; last on 3 March",
        "Last score 37%; own mean of 2: 53%",
        "35% done; by the schedule it would be 40%",
        "Tried: Message; last on 30 January 2026.",
    ):
        assert said in people[0], said
    assert "Will probably not pass (71%)." in people[1]
    assert "Nothing was tried yet." in people[2]
    assert "No open alert." in people[3]
    assert "No work yet" in people[4]
    assert "Tried: Meeting and Message; last on 20 February 2026. Comes last" in people[4]
    assert "195 of 214 have submitted or were excused" in shown.block("submissions")
    assert "between 30% and 45%; the one in the middle is at 40%." in shown.block("spread")
    model = shown.block("foretold")
    assert "640 predictions of this course were checked." in model
    assert "The probabilities were 3 percentage points off on average." in model
    assert "the right one was named in 82 of 100 cases. That is better than" in model
    assert "0 of 500 results to learn from" in model


def test_an_opened_learner_shows_evidence_work_forecast_and_history(visit: Visiting) -> None:
    page = opened(visit())
    said = page.locator(".more").first.inner_text()
    assert page.locator(".more").first.locator("tbody tr").first.inner_text().split("\t") == [
        *("Score", "37%", "not known", "60%")
    ]
    for text in (
        "Low Assessment Score important · since 5 March 2026",
        "Rule at_risk, version 1. Raised Sun 17 March at 9:00.",
        "The model said so: Not passing a course, 73% (snapshot 1).",
        "at_risk.probability: 0.7",
        "learnstream why e56433c0",
        "Message Fri 30 January at 10:00",
        "Quiz 1\tMon 2 March at 22:59\t2 March 2026\t37%\t66%",
        "Will not pass with a probability of 23%. In earlier courses 51% of all did not pass.",
        "Days since the learner last worked: 15 to 20\t-0.127",
        "Low Assessment Score 5 March 2026 · open",
    ):
        assert text in said, text


def test_the_parts_of_an_explanation_add_up_to_what_is_shown(visit: Visiting) -> None:
    page = opened(visit())
    name = "How it adds up: Not passing a course"
    rows = page.get_by_role("region", name=name).locator("tbody tr").all_inner_texts()
    values = [row.split("\t")[1] for row in rows]
    *parts, total, _raw, calibrated = values
    assert sum(float(each.replace("+", "")) for each in parts) == pytest.approx(
        float(total), abs=0.001
    )
    assert calibrated == "23%"


def test_no_second_person_and_nothing_untranslated_is_on_the_screen(visit: Visiting) -> None:
    for locale, own in (("en-GB", "Who needs help first"), ("de-DE", "Wer zuerst Hilfe braucht")):
        page = opened(visit(locale=locale))
        said = page.locator("body").inner_text()
        assert own in said
        assert not re.search(r"\bui\.|undefined|null|NaN|\[object|\{\w+\}|Invalid", said), said
        blocks = page.locator("#contact").inner_text().replace("Help that you gave", "")
        assert not re.search(r"\b(You scored|Your|Du hast|Dein)\b", blocks), blocks
        if locale == "de-DE":
            assert (
                "Am 5. März in Quiz 1: 37\u00a0%; zum Bestehen braucht es 60\u00a0%"
                in said.replace(" %", "\u00a0%")
            )
            assert "15 bis 20" in said
            assert not re.search(r"\b(the|since|to|none|score)\b", said), said


def test_times_are_the_courses_and_not_the_browsers(visit: Visiting) -> None:
    """The browser stands in Auckland, the course in London."""
    shown = visit(timezone_id="Pacific/Auckland")
    page = shown.open_course()
    assert "Due Mon 2 March at 22:59" in shown.block("submissions")
    assert "Up to date at 9:00" in page.locator(".state").inner_text()
    assert "Times are those of Europe/London." in page.locator("main").inner_text()


def test_a_code_that_is_new_to_the_page_is_said_as_the_api_says_it(
    visit: Visiting, answers: Answers
) -> None:
    alert = answers.of["learners"]["items"][0]["attention"]["alerts"][0]
    alert["message"] = {"code": "alert.new.one", "params": {}, "text": "Something new happened"}
    later = answers.of["learner"]["alerts"][0]
    later |= {"category": "new", "title": "A new rule", "severity": "grave"}
    later["evidence"][0] |= {"feature": "new_feature", "unit": "stars"}
    answers.of["learner"]["helped"][0]["kind"] = "call"
    page = opened(visit())
    said = page.locator(".people > li").first.inner_text()
    for text in ("Something new happened", "A new rule grave", "new_feature\t37", "call Fri"):
        assert text in said, text


# -- states --------------------------------------------------------------------------------------


def test_an_empty_course_says_what_will_be_here(visit: Visiting, answers: Answers) -> None:
    none = dict.fromkeys(("learners", "with_attention", "silent_7_days", "helped_28_days"), 0)
    nothing: dict[str, Any] = {"behind": None, "behind_below": None, "expected_progress": None}
    none |= {"with_high_attention": 0, "missing_likely": 0, "not_passing_likely": 0}
    answers.of["course"] |= {**none, **nothing, "progress": None, "average_score": None}
    answers.of["course"] |= {"categories": [], "assessments": [], "title": None}
    answers.of["course"] |= {"starts_on": None, "ends_on": None}
    answers.of["learners"]["items"] = []
    shown = visit()
    page = shown.open_course()
    expect(page.locator("h1")).to_have_text("c1")
    assert "Nobody is in this course" in shown.block("glance")
    assert "Learners will stand here once they are enrolled." in shown.block("contact")
    assert "The course has told of no assignments" in shown.block("submissions")
    assert page.locator("#glance .tile, .people").count() == 0


def test_where_nobody_has_an_open_alert_it_says_so_and_lists_the_others(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["course"] |= {"with_attention": 0, "with_high_attention": 0}
    answers.of["learners"]["items"] = answers.of["learners"]["items"][3:]
    shown = visit()
    page = shown.open_course()
    assert "✓Nobody has an open alert." in shown.block("contact")
    assert page.locator(".people > li").count() == 2


def test_of_fewer_than_five_learners_nothing_is_drawn(visit: Visiting, answers: Answers) -> None:
    answers.of["course"] |= {"learners": 4, "progress": None, "average_score": None}
    shown = visit()
    page = shown.open_course()
    assert shown.block("spread").count("fewer than 5 learners have such a figure") == 2
    assert page.locator("#spread svg").count() == 0


def test_where_the_schedule_expects_nothing_nobody_is_behind(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["course"] |= {"behind": None, "behind_below": None, "expected_progress": None}
    shown = visit()
    page = shown.open_course()
    assert "the schedule expects nothing yet" in shown.block("glance")
    assert page.locator("#glance button").count() == 3
    assert "35% done\n" in page.locator(".people > li").first.inner_text()


def test_models_that_are_away_unjudged_or_not_believed_say_so(
    visit: Visiting, answers: Answers
) -> None:
    first, second = answers.of["course"]["models"]
    scores = ("calibration_error", "log_loss", "naive_log_loss", "auc")
    first |= {"judged": 0, **dict.fromkeys(scores)}
    second |= {"status": "unavailable", "missing": []}
    answers.of["course"]["gate_open"] = False
    shown = visit()
    shown.open_course()
    said = shown.block("foretold")
    assert "No prediction of this course could be checked yet." in said
    assert "cannot be shown right now" in said
    assert "is not believed in this course" in said


def test_a_learner_of_whom_nothing_is_predicted_says_why(visit: Visiting, answers: Answers) -> None:
    forecast = answers.of["learner"]["forecast"]
    note = {"code": "prediction.few_examples", "params": {"have": 12, "need": 500}, "text": "x"}
    forecast["not_passing"] |= {"status": "insufficient_data", "probability": None, "note": note}
    forecast |= {"next_missing": [], "risk_factors": [], "risk_explanations": []}
    answers.of["learner"] |= {"alerts": [], "alert_history": [], "helped": [], "assessments": []}
    page = visit().open_course()
    page.locator(".person button[aria-expanded]").first.click()
    more = page.locator(".more").first
    expect(more).to_contain_text("Not passing a course: Too little has been learned for this")
    expect(more).to_contain_text("12 of the 500 results needed")
    expect(more).to_contain_text("None is open.")


def test_while_answers_are_on_their_way_blocks_keep_their_height(visit: Visiting) -> None:
    shown = visit()
    shown.page.route("**/courses/c1*", lambda _: None)  # never answered
    shown.page.route("**/courses/c1/learners*", lambda _: None)
    shown.page.goto(f"{shown.base}/#/courses/c1")
    page = shown.page
    expect(page.locator("#foretold")).to_have_attribute("aria-busy", "true")
    for block in BLOCKS:
        assert page.locator(f"#{block}").bounding_box()["height"] >= 190  # type: ignore[index]
        assert "Loading" in shown.block(block)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 429, 500, 503, None])
def test_an_error_is_a_sentence_and_never_the_browsers(
    visit: Visiting, answers: Answers, status: int | None
) -> None:
    answers.of |= {"course": status, "learners": status, "courses": status}
    shown = visit()
    page = shown.open_course()
    said = [shown.block(block) for block in BLOCKS]
    page.goto(f"{shown.base}/#/courses")
    expect(page.locator("#taught .note")).to_be_visible()
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    for text in (*said, shown.block("taught")):
        assert not re.search(r"fetch|error|status|it says why|\b[45]\d\d\b", text, re.IGNORECASE), (
            text
        )
        assert text.count(".") >= 1


def test_one_answer_that_is_away_leaves_the_others(visit: Visiting, answers: Answers) -> None:
    answers.of["learners"] = 503
    shown = visit()
    shown.open_course()
    assert "Try again in a few seconds" in shown.block("contact")
    assert "214" in shown.block("glance")


def test_what_is_known_stays_when_the_api_goes_away_and_it_says_so(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open_course()
    answers.of |= {"course": None, "learners": None}
    page.clock.run_for(11_000)
    expect(page.locator(".state")).to_contain_text("Not connected, trying again")
    assert page.locator(".people > li").count() == 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"degraded": ["database"]}, "Figures from 9:00: the database does not answer"),
        ({"lag_seconds": 42.3}, "The newest activities are 42 seconds behind"),
        ({"clock": "stream"}, "Replay of history: now is 6 March 2026"),
    ],
)
def test_the_age_of_the_figures_is_said_in_one_line(
    visit: Visiting, answers: Answers, change: dict[str, Any], said: str
) -> None:
    if "degraded" in change:
        answers.of["course"] |= change
    else:
        answers.of["course"]["freshness"] |= change
    expect(visit().open_course().locator(".state")).to_contain_text(said)


# -- what is asked for ---------------------------------------------------------------------------


def test_each_number_holds_the_list_to_whom_it_counts(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    page = shown.open_course()
    is_asked(answers, page)
    tiles = page.locator("#glance button")
    for place, wanted in (
        (1, {"severity": "low,medium,high"}),
        (2, {"quiet_days_min": "7"}),
        (3, {"progress_below": "36"}),
    ):
        tiles.nth(place).click()
        is_asked(answers, page, **wanted)
        expect(tiles.nth(place)).to_have_attribute("aria-pressed", "true")
        assert page.locator("#glance [aria-pressed=true]").count() == 1
    expect(page.get_by_role("button", name="less than 36% done (take")).to_be_visible()
    tiles.nth(3).click()
    is_asked(answers, page)
    expect(tiles.nth(0)).to_have_attribute("aria-pressed", "true")


def test_order_number_and_filters_are_asked_for_together_and_kept_in_the_address(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    page = shown.open_course()
    page.get_by_label("Order").select_option("quiet")
    is_asked(answers, page, sort="quiet")
    assert "The longest silent first." in shown.block("contact")
    page.get_by_label("How many").select_option("25")
    page.get_by_text("Filters (0)").click()
    page.get_by_label("Open alerts").select_option("high")
    page.get_by_label("Alerts about").select_option("low_score")
    page.get_by_label("Silent for at least").select_option("14")
    page.get_by_label("Average at most").select_option("50")
    page.get_by_role("combobox", name="Has not submitted").select_option("quiz-1")
    wanted = {
        "sort": "quiet",
        "limit": "25",
        "severity": "high",
        "category": "low_score",
        "quiet_days_min": "14",
        "score_max": "50",
        "not_submitted": "quiz-1",
    }
    is_asked(answers, page, **wanted)
    page.reload()
    page.locator(".people").wait_for()
    is_asked(answers, page, **wanted)
    page.go_back()
    rest = {name: value for name, value in wanted.items() if name != "not_submitted"}
    is_asked(answers, page, **rest)
    chips = page.get_by_role("list", name="The list is held to").get_by_role("button")
    assert chips.count() == 4
    chips.first.click()
    is_asked(answers, page, **{name: value for name, value in rest.items() if name != "category"})


def test_an_assignment_holds_the_list_to_who_has_not_submitted_it(
    visit: Visiting, answers: Answers
) -> None:
    page = visit().open_course()
    button = page.get_by_role("button", name="Show the 19 who have not Quiz 1")
    button.click()
    is_asked(answers, page, not_submitted="quiz-1")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="has not submitted Quiz 1")).to_be_visible()


def test_the_list_goes_on_by_its_cursor_and_back(visit: Visiting, answers: Answers) -> None:
    first = answers.of["learners"]
    first["next_cursor"] = "c-1"
    shown = visit()
    page = shown.open_course(query="?sort=score")
    answers.of["learners"] = copy.deepcopy(first) | {"next_cursor": None}
    answers.of["learners"]["items"] = [first["items"][0] | {"user_id": "sixth"}]
    page.get_by_role("button", name="Next 5").click()
    is_asked(answers, page, sort="score", cursor="c-1")
    expect(page.locator(".people > li")).to_have_text([re.compile(r"^6\. sixth")])
    expect(page.locator("#contact > p").first).to_be_focused()
    answers.of["learners"] = first
    page.get_by_role("button", name="Back").click()
    is_asked(answers, page, sort="score")
    expect(page.locator(".people > li")).to_have_count(5)
    assert page.get_by_role("button", name="Back").count() == 0


def test_other_filters_begin_at_the_first_page(visit: Visiting, answers: Answers) -> None:
    answers.of["learners"]["next_cursor"] = "c-1"
    page = visit().open_course()
    page.get_by_role("button", name="Next 5").click()
    is_asked(answers, page, cursor="c-1")
    page.locator("#glance button").nth(2).click()
    is_asked(answers, page, quiet_days_min="7")


def test_a_filter_that_there_is_not_says_so_and_can_be_taken_away(
    visit: Visiting, answers: Answers
) -> None:
    known = answers.of["learners"]
    answers.of["learners"] = 422
    shown = visit()
    page = shown.open_course(query="?category=no-such&score_max=x")
    assert "a filter or an order that there is not" in shown.block("contact")
    answers.of["learners"] = known
    page.get_by_role("button", name="no-such").click()
    page.get_by_role("button", name="average at most x").click()
    is_asked(answers, page)
    expect(page.locator(".people > li")).to_have_count(5)


# -- help, and what changes meanwhile ------------------------------------------------------------


def test_help_is_noted_by_its_kind_and_stands_in_the_row_at_once(
    visit: Visiting, answers: Answers
) -> None:
    page = visit().open_course()
    row = page.locator(".people > li").nth(2)
    row.get_by_role("button", name="More").click()
    helped = answers.of["learner"]["helped"]
    given = {"at": "2026-03-06T09:00:00Z", "kind": "meeting", "alert_ids": []}
    answers.of["help"]["help"] = given
    answers.of["learner"]["helped"] = [given, *helped]
    answers.of["learners"] = copy.deepcopy(answers.of["learners"])
    items = answers.of["learners"]["items"]
    items.append(items.pop(2))  # whoever was helped comes last from now on
    row.get_by_role("button", name="Meeting").click()
    expect(row.locator("[role=status]").last).to_contain_text("Noted: Meeting.")
    expect(row.locator(".tried")).to_have_text(
        "Tried: Meeting; last on 6 March 2026. Comes last in the order for 28 days."
    )
    expect(row.locator(".more")).to_contain_text("Meeting Fri 6 March at 9:00")
    alert = answers.of["learner"]["alerts"][0]["id"]
    assert answers.written == [
        (
            "POST",
            "/api/v1/courses/c1/learners/17/help",
            {"kind": "meeting", "alert_ids": [alert]},
        )
    ]
    # The list stands still while a learner is open, and is what it is now afterwards.
    assert "3. 17" in row.inner_text()
    expect(page.locator("#contact > [role=status]")).to_contain_text("The list has changed.")
    row.get_by_role("button", name="Less").click()
    expect(page.locator(".people > li h3").last).to_contain_text("17")


def test_help_that_could_not_be_noted_says_so_and_is_not_shown(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["help"] = 503
    page = visit().open_course()
    row = page.locator(".people > li").nth(2)
    row.get_by_role("button", name="More").click()
    row.get_by_role("button", name="Material").click()
    expect(row.locator("[role=status]")).to_contain_text("Try again in a few seconds.")
    expect(row.locator(".tried")).to_have_text("Nothing was tried yet.")


def test_who_may_not_note_help_is_not_asked_to(visit: Visiting, answers: Answers) -> None:
    answers.teach(may_note_help=False)
    page = visit().open_course()
    page.locator(".person button[aria-expanded]").first.click()
    expect(page.locator(".more").first).to_contain_text("Message Fri 30 January")
    assert page.get_by_role("button", name="Meeting").count() == 0


@pytest.mark.parametrize("name", ["learner", "why"])
def test_more_that_cannot_be_had_says_so_in_its_place(
    visit: Visiting, answers: Answers, name: str
) -> None:
    answers.of[name] = 404
    page = visit().open_course()
    row = page.locator(".people > li").first
    row.get_by_role("button", name="More").click()
    if name == "why":
        row.get_by_role("button", name="Why did this come?").click()
    expect(row.locator(".more")).to_contain_text("This does not exist any more.")


def hinted(route: Route) -> None:
    body = "retry: 200\n\nevent: changed\ndata: {}\n\n"
    route.fulfill(body=body, content_type="text/event-stream")


def test_a_hint_has_the_list_and_the_figures_read_again(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    streams: list[str] = []
    shown.page.on(
        "request",
        lambda request: streams.append(request.url) if "stream" in request.url else None,
    )
    page = shown.open_course()
    before = len(answers.sought)
    page.wait_for_timeout(1_000)
    assert len(answers.sought) == before
    page.route("**/stream", hinted)
    page.reload()
    answers.of["course"]["learners"] = 215
    answers.of["learners"]["items"].pop()
    expect(page.locator(".people > li")).to_have_count(4)
    expect(page.locator("#glance")).to_contain_text("215")
    assert {url.partition("/api/")[2] for url in streams} == {"v1/courses/c1/stream"}


def test_the_list_stands_still_while_a_learner_is_open(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    page = shown.open_course()
    page.locator(".person button[aria-expanded]").nth(1).click()
    page.locator(".more h4").first.wait_for()
    answers.of["learners"]["items"].pop(1)
    page.route("**/stream", hinted)
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    waiting = page.locator("#contact > [role=status]")
    expect(waiting).to_contain_text("It stands still while a learner is open.")
    expect(page.locator(".people > li")).to_have_count(5)
    waiting.get_by_role("button", name="Show the list as it is now").click()
    expect(page.locator(".people > li")).to_have_count(4)
    assert page.locator("[aria-expanded=true]").count() == 0
    assert waiting.count() == 0


def test_each_view_hears_hints_of_its_own(visit: Visiting) -> None:
    shown = visit()
    heard: list[str] = []
    shown.page.on(
        "request",
        lambda request: (
            heard.append(urlsplit(request.url).path) if "stream" in request.url else None
        ),
    )
    page = shown.open()
    page.get_by_role("link", name="Courses").click()
    page.locator("#taught a").click()
    page.locator(".people").wait_for()
    page.get_by_role("link", name="My week").click()
    expect(page.locator("#week")).to_contain_text("280")
    page.wait_for_timeout(300)
    assert heard == [
        "/api/v1/progress/stream",
        "/api/v1/courses/c1/stream",
        "/api/v1/progress/stream",
    ]


def test_an_answer_that_is_late_is_not_shown_in_another_course(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    page = shown.open_course("c1")
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/courses/slow/learners*", hold)
    page.goto(f"{shown.base}/#/courses/slow")
    expect(page.locator("#contact .rows")).to_contain_text("Loading")
    page.goto(f"{shown.base}/#/courses/c1")
    expect(page.locator(".people > li")).to_have_count(5)
    late[0].fulfill(json=answers.of["learners"] | {"items": []})
    page.wait_for_timeout(300)
    expect(page.locator(".people > li")).to_have_count(5)


def test_an_answer_that_is_late_is_not_shown_under_other_filters(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    shown.page.route("**/courses/c1/learners*", hold)
    shown.page.goto(f"{shown.base}/#/courses/c1")
    page = shown.page
    page.locator("#glance button").nth(2).click()
    page.get_by_role("list", name="The list is held to").wait_for()
    late[0].fulfill(json=answers.of["learners"])
    for _ in range(200):  # the browser's own loop has to run meanwhile
        if len(late) == 2:
            break
        page.wait_for_timeout(50)
    expect(page.locator("#contact .rows")).to_contain_text("Loading")
    assert page.locator(".people").count() == 0
    late[1].fulfill(json=answers.of["learners"])
    expect(page.locator(".people > li")).to_have_count(5)


# -- anybody's data, anybody's eyes --------------------------------------------------------------


def hostile(answers: Answers, text: str) -> None:
    """Put this text wherever a title or an id can stand."""
    answers.of["courses"]["items"][0]["title"] = text
    answers.of["course"]["title"] = text
    answers.of["course"]["assessments"][0]["title"] = text
    for item in answers.of["learners"]["items"]:
        item["user_id"] = (str(item["user_id"]) + text)[:128]
        for alert in (item["attention"] or {"alerts": []})["alerts"]:
            alert["message"]["params"]["title"] = text
    learner = answers.of["learner"]
    learner |= {"title": text, "user_id": text[:128]}
    learner["assessments"][0]["title"] = text
    for alert in (*learner["alerts"], *learner["alert_history"]):
        alert["message"]["params"]["title"] = text
    for each in learner["forecast"]["next_missing"]:
        each["title"] = text


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "W" * 500, "\u0645\u0642\u062f\u0645\u0629 \u202e(1)", "{x} ${y} `z`"],
)
def test_a_title_is_text_whatever_is_in_it(visit: Visiting, answers: Answers, text: str) -> None:
    hostile(answers, text)
    shown = visit(viewport={"width": 360, "height": 700})
    page = opened(shown)
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    expect(page.locator("h1")).to_have_text(text)
    assert text[:40] in shown.block("submissions")
    page.goto(f"{shown.base}/#/courses")
    expect(page.locator("#taught a")).to_have_text(text)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_a_learner_leads_to_the_lms_by_the_template_and_nowhere_else(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["learners"]["items"][0]["user_id"] = "a/b ?"
    answers.of["session"]["learner_url"] = "https://lms.example.org/u/{user_id}?c={course_id}"
    page = visit().open_course()
    link = page.locator(".person h3 a").first
    assert link.get_attribute("href") == "https://lms.example.org/u/a%2Fb%20%3F?c=c1"
    answers.of["session"]["learner_url"] = "javascript:alert('{user_id}')"
    page.reload()
    page.locator(".people").wait_for()
    assert page.locator(".person h3 a").count() == 0
    assert set(page.locator("a").evaluate_all("all => all.map(a => a.protocol)")) == {"http:"}


@pytest.mark.parametrize(
    ("width", "scheme", "forced"),
    [
        (360, "light", "none"),
        (1280, "dark", "none"),
        (2560, "light", "none"),
        (360, "dark", "active"),
    ],
)
def test_axe_finds_nothing(visit: Visiting, width: int, scheme: str, forced: str) -> None:
    shown = visit(
        color_scheme=scheme, forced_colors=forced, viewport={"width": width, "height": 900}
    )
    page = opened(shown)
    page.evaluate(axe_text())
    assert page.evaluate(FOUND) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.goto(f"{shown.base}/#/courses")
    page.locator("#taught a").wait_for()
    assert page.evaluate(FOUND) == []


@pytest.mark.parametrize("state", ["empty", "away", "held"])
def test_axe_finds_nothing_in_the_other_states(
    visit: Visiting, answers: Answers, state: str
) -> None:
    if state == "empty":
        answers.of["learners"]["items"] = []
        answers.of["course"] |= {"learners": 0, "assessments": [], "progress": None}
    if state == "away":
        answers.of |= {"course": None, "learners": None}
    page = visit().open_course(query="?severity=high" if state == "held" else "")
    page.evaluate(axe_text())
    assert page.evaluate(FOUND) == []


def test_everything_is_reached_and_used_by_the_keyboard_alone(
    visit: Visiting, answers: Answers
) -> None:
    page = opened(visit())
    every = 'a, button, select, summary, [tabindex="0"]'
    wanted = page.locator(every).count()
    reached = set()
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "every => [...document.querySelectorAll(every)].indexOf(document.activeElement)",
                every,
            )
        )
    assert len(reached - {-1}) == wanted
    page.get_by_role("button", name="Material").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".more [role=status]").last).to_contain_text("Noted")
    assert [each[2]["kind"] for each in answers.written] == ["material"]
    page.locator("#glance button").nth(1).focus()
    page.keyboard.press("Space")
    is_asked(answers, page, severity="low,medium,high")
    expect(page.locator("#glance button").nth(1)).to_be_focused()


def test_what_can_be_pressed_is_large_enough(visit: Visiting) -> None:
    page = opened(visit(viewport={"width": 360, "height": 700}))
    for each in page.locator("button, select, summary, nav a").all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 44, each.inner_text()
    for each in page.locator("main a").all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 24


def test_what_is_drawn_has_a_sentence_and_a_table_of_the_same_figures(visit: Visiting) -> None:
    page = opened(visit())
    assert page.locator("main svg:not([aria-hidden=true])").count() == 0  # a sentence is beside it
    days = page.get_by_role("region", name="Work of the last 28 days, in all courses, as a table")
    assert days.locator("tbody tr").count() == 28
    assert days.locator("tbody tr").last.inner_text() == "6 March\t0"
    for name, figures in (("Progress", ["30%", "40%", "45%"]), ("Average scores", ["58%"])):
        rows = page.get_by_role("region", name=name).locator("tbody td").all_inner_texts()
        assert rows[: len(figures)] == figures
    assert page.locator("#foretold tbody tr").count() == 5


def test_a_change_is_said_once_and_not_each_number(visit: Visiting, answers: Answers) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open_course()
    status = page.locator("body > #page > [role=status]")
    page.clock.run_for(11_000)
    assert status.inner_text() == ""
    answers.of["course"]["learners"] = 215
    page.clock.run_for(11_000)
    expect(status).to_contain_text("The course has changed")


def test_the_same_answers_give_the_same_picture(visit: Visiting) -> None:
    pictures = []
    for zone in ("Pacific/Auckland", "America/Lima"):
        page = opened(visit(timezone_id=zone, viewport={"width": 1000, "height": 800}))
        pictures.append(page.screenshot(full_page=True, animations="disabled", caret="hide"))
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("size", PHONE_AND_DESKTOP)
def test_nothing_moves_when_the_answers_come(visit: Visiting, size: dict[str, int]) -> None:
    shown = visit(viewport=size)
    shown.slow_down()
    shown.open_course().wait_for_timeout(200)
    assert shown.moved() < 0.05
