"""What the reader of the fault runs sees of the page, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import Answers, Visit, Visiting, need_browser
from tests.faults.page_judge import PageJudge
from tests.faults.page_reader import OBSERVE, TAKE

need_browser()

AGAIN = "() => document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def judge(told: list[str]) -> PageJudge:
    return PageJudge(told.append)


@pytest.fixture
def watched(visit: Visiting, answers: Answers) -> Visit:
    made: Visit = visit()
    made.page.add_init_script(OBSERVE)
    put(answers, done=40, longest=3)
    return made


def put(answers: Answers, *, done: float, longest: int) -> None:
    summary = answers.of["dashboard"]["progress_summary"]
    course = summary["courses"][0]
    summary["courses"] = [course | {"progress": done, "expected_progress": None}]
    summary["longest_streak_days"] = longest


def shown(page: Page, done: int) -> None:
    """Let the page ask again, until it shows so much."""
    page.evaluate(AGAIN)
    expect(page.locator("#courses li").first).to_contain_text(f"{done}% done")


def few_scores(answers: Answers) -> None:
    trends = answers.of["dashboard"]["performance_trends"]
    trends |= {"status": "insufficient_data", "missing": [{"code": "scores", "have": 0, "need": 3}]}
    for day in trends["daily"]:
        day["average_score"] = None


def take(page: Page, judge: PageJudge) -> None:
    for kind, text in page.evaluate(TAKE):
        judge.take(kind, text)


def test_every_number_is_seen_one_that_goes_back_for_a_moment_too(
    watched: Visit, answers: Answers, judge: PageJudge, told: list[str]
) -> None:
    page = watched.open()
    for done in (41, 39, 42):
        put(answers, done=done, longest=done)
        shown(page, done)
    take(page, judge)
    assert judge.numbers == {"done": [40, 41, 39, 42], "longest": [3, 41, 39, 42]}
    assert told == [
        "I6: 'done' of the page went back from 41 to 39",
        "I6: 'longest' of the page went back from 41 to 39",
    ]


def test_every_line_is_seen_one_that_is_no_sentence_too(
    watched: Visit, answers: Answers, judge: PageJudge, told: list[str]
) -> None:
    page = watched.open()
    few_scores(answers)
    page.evaluate(AGAIN)
    expect(page.locator("#scores li")).to_have_text("0 of 3 scores")  # no line of its own
    for name in ("predictions", "alerts", "trends"):
        answers.of[name] = 503
    kept, answers.of["dashboard"] = answers.of["dashboard"], None
    page.evaluate(AGAIN)
    expect(page.locator(".state")).to_contain_text("Not connected")
    take(page, judge)
    page.reload()  # what it had seen is gone with it
    expect(page.locator("#week > .note")).to_contain_text("does not answer")
    take(page, judge)
    assert told == []
    away = "The server does not answer. This page tries again by itself."
    assert {"Not connected, trying again", away} <= set(judge.lines)

    answers.of["dashboard"] = kept
    shown(page, 40)
    page.evaluate("() => { document.querySelector('.state').textContent = 'Failed to fetch'; }")
    take(page, judge)
    (said,) = told
    assert "'Failed to fetch'" in said
