"""A browser for each module of tests of the page; each test has a tab of its own.

Not one for the session: while Playwright runs, its loop does, and no test of asyncio can.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browsing import Answers, Visit, Visiting, a_browser, served, the_page_alone

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served(the_page_alone()) as address:
        yield address


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def visit(browser: Browser, site: str, answers: Answers) -> Iterator[Visiting]:
    """Opens tabs; at the end no console may have said an error."""
    made: list[Visit] = []

    def make(**options: Any) -> Visit:
        given = {"locale": "en-GB", "timezone_id": "Pacific/Auckland", "reduced_motion": "reduce"}
        context = browser.new_context(**{**given, **options})
        page = context.new_page()
        page.set_default_timeout(10_000)
        answers.serve(page)
        made.append(Visit(page, site, answers))
        return made[-1]

    yield make
    for each in made:
        each.page.context.close()
    assert [fault for each in made for fault in each.faults] == []
