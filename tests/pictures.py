"""The pictures of the page that the README shows: `python -m tests.pictures` takes them anew.

The answers are the documents' examples at a fixed time, so the same page gives the same pictures.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page

from benchmarks.chromium import NO_BROWSER, browser_path
from tests.browsing import Answers, Visit, a_browser, served, the_page_alone

PICTURES: Final = Path(__file__).parents[1] / "docs" / "pictures"
VIEWS: Final[dict[str, Callable[[Visit], Page]]] = {
    "learner": Visit.open,
    "course": Visit.open_course,
    "operations": Visit.open_operations,
}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_WIDTH, _HEIGHT = 1100, 1000


def take(
    browser: Browser, site: str, opened: Callable[[Visit], Page], scheme: Literal["light", "dark"]
) -> bytes:
    """A picture of the upper part of one view, as PNG."""
    answers = Answers()
    answers.teach()
    answers.operate()
    context = browser.new_context(
        locale="en-GB",
        timezone_id="Europe/Berlin",
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": _WIDTH, "height": _HEIGHT},
    )
    page = context.new_page()
    answers.serve(page)
    opened(Visit(page, site, answers))
    picture = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return picture


def main() -> None:
    """Take every picture; exits with 1 where there is no browser."""
    if browser_path() is None:
        sys.exit(NO_BROWSER)
    PICTURES.mkdir(exist_ok=True)
    with a_browser() as browser, served(the_page_alone()) as site:
        for name, opened in VIEWS.items():
            for scheme in SCHEMES:
                file = PICTURES / f"{name}-{scheme}.png"
                file.write_bytes(take(browser, site, opened, scheme))


if __name__ == "__main__":
    main()
