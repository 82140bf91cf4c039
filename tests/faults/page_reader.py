"""A browser as a reader: one learner's page, open through all faults, and all that it showed."""

import os
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from playwright.sync_api import ConsoleMessage, Page, sync_playwright
from playwright.sync_api import Error as BrowserError
from typing_extensions import override

from benchmarks.chromium import NO_BROWSER, browser_path
from operations.token import issue_ticket
from runtime.clock import WallClock
from runtime.settings import Settings
from runtime.tickets import page_link
from tests.browsing import REQUIRED
from tests.faults.load import Sender
from tests.faults.page_judge import PageJudge
from tests.faults.shown import SHOWN
from tests.faults.watching import ANSWER_FAILED, Watcher

OPEN_MS: Final = 30_000
_TAKE_MS: Final = 250
_ASK_SECONDS: Final = 3.0
OBSERVE: Final = """
window.seen = [];
{
  const before = new Map();
  const look = () => {
    const now = new Map();
    const add = (kind, place, element) => element && now.set(kind + place, [kind, element.textContent]);
    add("done", 0, document.querySelector("#courses li > p:not(.note)"));
    add("longest", 0, document.querySelectorAll("#week .tiles > div")[3]?.querySelector(".note"));
    document.querySelectorAll(".state, .block > p.note, #scores > p:first-of-type, [role=alert], [role=status]").forEach(
      (each, place) => add("line", place, each));
    for (const [place, shown] of now) if (before.get(place)?.[1] !== shown[1]) window.seen.push(shown);
    before.clear();
    now.forEach((shown, place) => before.set(place, shown));
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}
"""  # noqa: E501 - JavaScript
TAKE: Final = "() => window.seen.splice(0)"


class PageReader(Watcher):
    """Keeps one tab open; what its document showed at any moment is judged in its order (I6)."""

    def __init__(self, settings: Settings, sender: Sender, path: str) -> None:
        super().__init__("page reader", (*ANSWER_FAILED, BrowserError))
        self.judge = PageJudge(self.wrong)
        self.opened = 0
        """How often the page had to be opened: once, where the browser lasts."""
        self.failed = ""
        """What the browser last said against us."""
        self._api = f"http://127.0.0.1:{settings.api_port}"
        self._settings = settings
        self._sender = sender
        self._path = path
        self._page: Page

    @override
    def open(self) -> Callable[[], object]:
        if SHOWN not in self._sender.learners:
            raise ConnectionError("the learner whose page it is has sent nothing yet")
        with urllib.request.urlopen(f"{self._api}/healthz", timeout=_ASK_SECONDS):
            pass
        with ExitStack() as opened:
            try:
                self._page = self._a_page(opened)
            except BrowserError as error:
                self.failed = error.message
                raise
            self.opened += 1
            return opened.pop_all().close

    @override
    def look(self) -> None:
        self._page.wait_for_timeout(_TAKE_MS)  # the browser is heard meanwhile
        self.take()

    def take(self) -> None:
        """Judge what came to the screen since the last time."""
        for kind, text in self._page.evaluate(TAKE):
            self.judge.take(kind, text)

    def _a_page(self, opened: ExitStack) -> Page:
        playwright = opened.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=self._path)
        opened.callback(browser.close)
        page = browser.new_page(locale="en-GB")
        page.add_init_script(OBSERVE)
        page.on("pageerror", lambda error: self.judge.take("fault", str(error)))
        page.on("console", self._heard)
        ticket = issue_ticket(self._settings, user=SHOWN, clock=WallClock())
        page.goto(page_link(self._api, ticket), timeout=OPEN_MS)
        page.locator("h1").wait_for(timeout=OPEN_MS)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        # That the API is away is what a run is about; the browser says so of each request.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.judge.take("fault", message.text)


def a_page_reader(settings: Settings, sender: Sender) -> PageReader | None:
    """One where this machine has a browser; where one is required and there is none, it fails."""
    path = browser_path()
    if path is None:
        assert not os.environ.get(REQUIRED), NO_BROWSER
        return None
    return PageReader(settings, sender, path)
