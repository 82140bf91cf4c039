"""The operators' view in a real browser: what is wrong first, and nothing of any learner."""

import copy
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from domain.events.decode import REASONS
from tests.browsing import PHONE_AND_DESKTOP, Answers, Visiting, axe_text, need_browser

need_browser()

BLOCKS = ("wrong", "partitions", "behind", "rejected", "learned", "useful")
FOUND = "async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(autouse=True)
def _operator(answers: Answers) -> None:
    answers.operate()


def unfolded(page: Page) -> Page:
    for summary in page.locator("summary").all():
        summary.click()
    return page


def well(answers: Answers) -> None:
    """Let nothing be wrong."""
    body = answers.of["operations"]
    body |= {"ready": True, "reasons": []}
    for each in body["partitions"]:
        each |= {"halted": None, "lag_seconds": 0.0}
    answers.of["operations/dead-letters"] |= {
        "count_24h": 0,
        "about": False,
        "by_reason": [],
        "places": [],
    }


def later(answers: Answers, page: Page, seconds: int, lag: float, events: int) -> None:
    """Let time pass to the next readings, of which each has this lag and so many more events."""
    body = copy.deepcopy(answers.of["operations"])
    body["timestamp"] = f"2026-03-06T09:{seconds // 60:02}:{seconds % 60:02}Z"
    body["partitions"][1] |= {"lag_seconds": lag}
    body["partitions"][0]["events"] += events
    answers.of["operations"] = body
    asked = len(answers.asked)
    page.clock.run_for(10_500)
    answers.wait_for_more_than(asked, page)


# -- ways in -------------------------------------------------------------------------------------


def test_the_view_is_offered_to_operators_and_loaded_when_it_is_opened(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    loaded: list[str] = []
    shown.page.on("request", lambda request: loaded.append(request.url))
    page = shown.open()
    assert not [url for url in loaded if "operations" in url]
    page.get_by_role("link", name="Operation").click()
    expect(page.locator("h1")).to_have_text("Operation")
    expect(page.locator("h1")).to_be_focused()
    assert page.title() == "Operation"
    expect(page.locator("#wrong .tiles")).to_be_visible()
    page.get_by_role("link", name="My week").click()
    expect(page.locator("#week")).to_be_visible()
    answers.teach()
    answers.operate()
    page.reload()
    expect(page.locator("nav li")).to_have_text(["My week", "Courses", "Operation"])


def test_who_does_not_operate_is_offered_and_shown_nothing_of_it(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["session"]["views"] = ["learner"]
    answers.of |= {"operations": 403, "operations/dead-letters": 403, "models": 403}
    shown = visit()
    page = shown.open()
    assert page.locator("nav").count() == 0
    shown.page.goto(f"{shown.base}/#/operations")
    expect(page.locator("main")).to_contain_text("This is not yours to see")
    assert page.locator("main section").count() == 0


def test_who_operates_and_is_no_learner_is_shown_it_at_once(
    visit: Visiting, answers: Answers
) -> None:
    answers.of["dashboard"] = 404
    shown = visit()
    shown.page.goto(f"{shown.base}/")
    expect(shown.page.locator("h1")).to_have_text("Operation")


# -- what is shown -------------------------------------------------------------------------------


def test_what_is_wrong_stands_first_with_five_figures(visit: Visiting) -> None:
    shown = visit()
    page = shown.open_operations()
    said = shown.block("wrong")
    assert "▲Halted, as too many events were rejected: 1." in said
    tiles = [
        " ".join(each.split()) for each in page.locator("#wrong .tiles > div").all_inner_texts()
    ]
    assert tiles == [
        "Pages are answered ●yes",
        "Connection to Kafka ●up",
        "Furthest behind ▲912 s partition 1",
        "Halted partitions ▲1 of 2",
        "Rejected in 24 hours ▲1,015 about, estimated from the newest",
    ]
    assert page.locator("main section").first.get_attribute("id") == "wrong"


def test_where_nothing_is_wrong_one_sentence_says_so(visit: Visiting, answers: Answers) -> None:
    well(answers)
    shown = visit()
    shown.open_operations()
    assert "●Nothing is wrong" in shown.block("wrong")
    assert "▲" not in shown.block("wrong")
    assert "Nothing was rejected." in shown.block("rejected")


def test_a_halted_partition_is_said_with_the_command_that_resumes_it(visit: Visiting) -> None:
    shown = visit()
    page = shown.open_operations()
    rows = [row.split("\t") for row in page.locator("#partitions tbody tr").all_inner_texts()]
    assert [row[:3] for row in rows] == [
        ["0", "●runs", "0.4 s"],
        ["1", "▲halted: too many events were rejected", "912 s"],
    ]
    assert rows[0][4:] == ["47,980", "12", "31", "214"]
    assert page.locator("#partitions code").all_inner_texts() == ["learnstream worker --resume"]


def test_rejected_records_have_a_remedy_and_whole_commands(visit: Visiting) -> None:
    shown = visit()
    page = shown.open_operations()
    said = shown.block("rejected")
    for text in (
        "About 1,015 records were rejected in the last 24 hours",
        "about 1,003 in 24 hours, the newest 15 minutes ago",
        "set the producer's partitioner to murmur2",
        "activity, partition 1, offset 36203",
        "partition 1, murmur2 of the key: 0",
    ):
        assert text in said, text
    commands = page.locator("#rejected code").all_inner_texts()
    assert "learnstream dead-letters requeue --reason no_key --key-from-value" in commands
    assert "learnstream dead-letters show --partition 1 --offset 36203" in commands


def test_models_stand_beside_their_baselines_and_their_diagrams_beside_tables(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    page = unfolded(shown.open_operations())
    known = answers.of["models"]["models"]
    assert page.locator("#learned article").count() == len(known)
    drawn = page.locator("#learned svg[role=img]")
    assert drawn.count() > 0
    for each in drawn.all():
        name = each.get_attribute("aria-label")
        rows = page.get_by_role("region", name=name, exact=True).locator("tbody tr")
        assert rows.count() == each.locator("circle").count() > 0
    said = shown.block("learned")
    assert "Log loss" in said
    assert "As good as before" in said
    assert "worse" not in said


def test_a_model_that_has_become_worse_or_says_nothing_is_said_to(
    visit: Visiting, answers: Answers
) -> None:
    first, second = answers.of["models"]["models"][:2]
    first["drift"] |= {"drifted": True, "drifted_at": "2026-03-05T18:00:00Z", "count": 1}
    second["drift"] |= {"count": 2}
    second |= {"speaks": False, "calibration": []}
    second["total"] |= {"count": 0}
    answers.of["models"] |= {"pinned": True, "frozen": True}
    shown = visit(timezone_id="UTC")
    shown.open_operations()
    said = shown.block("learned")
    for text in (
        "▲Has become worse since Thu 5 March at 18:00",
        "As good as before (it had become worse 2 times)",
        "It says nothing yet.",
        "Nothing that it said could be checked yet.",
        "It is pinned",
        "Learning is frozen.",
    ):
        assert text in said, text


def test_alerts_stand_by_rule_with_what_learners_said(visit: Visiting) -> None:
    shown = visit()
    page = shown.open_operations()
    first, second = page.locator("#useful tbody tr").all_inner_texts()
    assert first.split("\t") == [
        *("Low Assessment Score", "14", "120", "9", "71", "43", "7", "86%", "49.5 h")
    ]
    assert second.split("\t")[-2:] == ["none", "none"]


def test_the_line_is_of_what_this_page_has_read_and_says_since_when(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit(timezone_id="UTC")
    shown.page.clock.install()
    page = shown.open_operations()
    assert "The line begins with the second reading" in shown.block("behind")
    assert "after the next reading" in shown.block("partitions")
    for seconds, lag in ((10, 800.0), (20, 700.0), (180, 3.0), (190, 2.0)):
        later(answers, page, seconds, lag, 50)
    expect(page.locator("#behind svg")).to_have_attribute(
        "aria-label", "Seconds behind: 912 at most, 2 now"
    )
    assert page.locator("#behind polyline").count() == 2  # broken where nothing was read
    assert "has read it since 9:00" in shown.block("behind")
    unfolded(page)
    assert page.locator("#behind tbody tr").count() == 5
    assert page.locator("#partitions tbody tr").first.inner_text().split("\t")[3] == "5"
    later(answers, page, 1_990, 1.0, 0)  # half an hour after the last: the others are too old
    expect(page.locator("#behind tbody tr")).to_have_count(2)


# -- states --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 429, 500, 503, None])
def test_an_error_is_a_sentence_and_never_the_browsers(
    visit: Visiting, answers: Answers, status: int | None
) -> None:
    answers.of |= {"operations": status, "operations/dead-letters": status, "models": status}
    shown = visit()
    shown.open_operations()
    for block in BLOCKS:
        text = shown.block(block)
        assert not re.search(r"fetch|error|it says why|\b[45]\d\d\b", text, re.IGNORECASE), text
        assert text.count(".") >= 1


def test_while_answers_are_on_their_way_blocks_keep_their_height(visit: Visiting) -> None:
    shown = visit()
    shown.page.route("**/api/v1/operations*", lambda _: None)  # never answered
    shown.page.goto(f"{shown.base}/#/operations")
    expect(shown.page.locator("#wrong")).to_have_attribute("aria-busy", "true")
    for block in ("wrong", "partitions", "behind", "useful"):
        assert shown.page.locator(f"#{block}").bounding_box()["height"] >= 190  # type: ignore[index]
        assert "Loading" in shown.block(block)


def test_kafka_that_is_away_leaves_what_postgres_knows(visit: Visiting, answers: Answers) -> None:
    answers.of["operations"] |= {
        "kafka": "away",
        "reasons": [{"code": "kafka_away", "detail": "x"}],
    }
    for each in answers.of["operations"]["partitions"]:
        each["lag_known"] = False
    answers.of["operations/dead-letters"] = 503
    shown = visit()
    shown.open_operations()
    assert "▲away" in shown.block("wrong")
    assert "Furthest behind\n◆not known" in shown.block("wrong")
    assert "Rejected in 24 hours\n◆not known" in shown.block("wrong")
    assert "Try again in a few seconds" in shown.block("rejected")
    assert "Low Assessment Score" in shown.block("useful")


def test_without_postgres_nothing_is_made_up(visit: Visiting, answers: Answers) -> None:
    answers.of["operations"] |= {
        "partitions": [],
        "alerts": None,
        "alerts_counted_at": None,
        "reasons": [{"code": "database_away", "detail": "Postgres does not answer"}],
    }
    answers.of["models"] = 503
    shown = visit()
    shown.open_operations()
    assert "Postgres does not answer" in shown.block("wrong")
    assert "Pages are answered\n▲no" in shown.block("wrong")
    assert "Nothing is known of partitions yet" in shown.block("partitions")
    assert "This cannot be shown right now" in shown.block("useful")


def test_a_stack_that_is_new_says_what_will_be_here(visit: Visiting, answers: Answers) -> None:
    well(answers)
    answers.of["operations"] |= {"alerts": []}
    answers.of["models"] |= {"newest_version": None, "serving_version": None, "models": []}
    shown = visit()
    shown.open_operations()
    assert "No alert stands in Postgres yet" in shown.block("useful")
    assert "No model has been published yet" in shown.block("learned")


def test_what_is_new_to_the_page_is_said_by_its_code(visit: Visiting, answers: Answers) -> None:
    answers.of["operations"]["reasons"] = [{"code": "a_new_one", "detail": "English"}]
    answers.of["operations"]["alerts"][0]["rule"] = "a_new_rule"
    answers.of["operations/dead-letters"]["by_reason"][0] |= {
        "reason": "unknown",
        "remedy": None,
        "command": None,
    }
    answers.of["operations/dead-letters"]["by_reason"][1]["reason"] = "one_of_tomorrow"
    shown = visit()
    shown.open_operations()
    assert "Something that this page does not know yet: a_new_one." in shown.block("wrong")
    assert "a_new_rule" in shown.block("useful")
    assert shown.block("rejected").count("this version does not know the reason") == 2


# -- whoever reads it ----------------------------------------------------------------------------


def test_nothing_untranslated_is_on_the_screen(visit: Visiting, answers: Answers) -> None:
    first = answers.of["operations/dead-letters"]["by_reason"][0]
    answers.of["operations/dead-letters"]["by_reason"] = [
        first | {"reason": reason, "command": None}
        for reason in REASONS
        if reason != "not_finite"  # its remedy is to send null
    ]
    for locale, own in (("en-GB", "Is anything wrong?"), ("de-DE", "Ist etwas nicht in Ordnung?")):
        page = unfolded(visit(locale=locale).open_operations())
        said = page.locator("body").inner_text()
        assert own in said
        assert not re.search(r"\bui\.|undefined|null\b|NaN|\[object|\{\w+\}|Invalid", said), said
        if locale == "de-DE":
            page.evaluate(
                "() => document.querySelectorAll('code, [lang=en]').forEach(e => e.remove())"
            )
            left = page.locator("body").inner_text()
            found = re.search(r"\b(the|since|none|were|events|rejected)\b", left)
            assert found is None, found


def test_what_the_api_says_is_text_and_no_markup(visit: Visiting, answers: Answers) -> None:
    place = answers.of["operations/dead-letters"]["places"][0]
    place |= {"topic": HOSTILE, "detail": HOSTILE, "reason": HOSTILE, "command": HOSTILE}
    answers.of["operations"]["alerts"][0]["rule"] = HOSTILE
    page = visit().open_operations()
    assert page.locator("main img, main script").count() == 0
    assert HOSTILE in page.locator("#rejected").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(visit: Visiting, answers: Answers, scheme: Any, width: int) -> None:
    shown = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
    shown.page.clock.install()
    page = shown.open_operations()
    later(answers, page, 10, 700.0, 50)
    unfolded(page)
    page.evaluate(axe_text())
    assert page.evaluate(FOUND) == []


def test_a_small_screen_scrolls_in_one_direction_only(visit: Visiting) -> None:
    shown = visit(viewport={"width": 360, "height": 800})
    page = unfolded(shown.open_operations())
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_everything_that_can_be_used_is_reached_by_keyboard(visit: Visiting) -> None:
    page = unfolded(visit().open_operations())
    wanted = page.locator("main summary, main .scrolls").count()
    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        at = page.evaluate(
            "() => [...document.querySelectorAll('main summary, main .scrolls')]"
            ".indexOf(document.activeElement)"
        )
        reached.add(at)
        if len(reached - {-1}) == wanted:
            return
    assert len(reached - {-1}) == wanted


def test_signing_out_leaves_nothing_of_the_stack_on_the_screen(visit: Visiting) -> None:
    page = visit().open_operations()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Open your link")
    assert "murmur2" not in page.locator("body").inner_text()


def test_a_change_of_what_is_wrong_is_said_aloud_and_a_growing_lag_is_not(
    visit: Visiting, answers: Answers
) -> None:
    shown = visit()
    shown.page.clock.install()
    page = shown.open_operations()
    later(answers, page, 10, 990.0, 50)
    expect(page.get_by_role("status")).to_have_text("")
    answers.of["operations"] |= {"reasons": [{"code": "kafka_away", "detail": "x"}]}
    later(answers, page, 20, 990.0, 50)
    expect(page.get_by_role("status")).to_have_text("Something about the stack has changed (1).")


@pytest.mark.parametrize("size", PHONE_AND_DESKTOP)
def test_nothing_moves_when_the_answers_come(visit: Visiting, size: dict[str, int]) -> None:
    shown = visit(viewport=size)
    shown.slow_down()
    shown.open_operations().wait_for_timeout(200)
    assert shown.moved() < 0.05
