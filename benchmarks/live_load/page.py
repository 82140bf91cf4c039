"""One learner's page in a real browser: when its number changed, and what it waited for.

One clock: the machine's wall clock in ms, read before the producer's send, and by `Date.now()` in
the observer of the document. What the browser then takes to paint (a frame, 16 ms) is not in it.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Page, async_playwright

from benchmarks.live_load.load import Sending
from benchmarks.sending import paced
from benchmarks.stack import Running
from operations.token import issue_ticket
from runtime.clock import WallClock
from runtime.tickets import page_link

SHOWN: Final = "shown"
"""The learner whose page is open."""
SETTLE_SECONDS: Final = 20.0
OPEN_MS: Final = 60_000
STAGES: Final = (
    ("send -> asked again", "broker, worker, sink, notice, hint"),
    ("asked again -> answered", "the dashboard, beside two other answers"),
    ("answered -> DOM", "parsed, rendered"),
)
_READY: Final = "() => document.querySelector('#week[aria-busy=false] dd.figure') !== null"
_OBSERVE: Final = """() => {
  const offset = Date.now() - performance.now();
  const number = () => Number(document.querySelector("#week dd.figure").textContent.replace(/\\D/g, ""));
  window.seen = [];
  window.asked = [];
  let before = number();
  new MutationObserver(() => {
    const now = number();
    if (now !== before) window.seen.push([now, Date.now()]);
    before = now;
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      if (!each.name.includes("real-time-dashboard")) continue;
      window.asked.push([each.startTime + offset, each.responseEnd + offset]);
    }
  }).observe({ type: "resource" });
  return before;
}"""  # noqa: E501 - one statement of JavaScript


@dataclass(frozen=True, slots=True)
class Changed:
    """What the page saw of the events of its learner, in ms since the epoch."""

    began: int
    """The number before the first of them."""
    sent: Sequence[float]
    seen: Sequence[tuple[int, float]]
    """Numbers, and when each was there."""
    asked: Sequence[tuple[float, float]]
    """When the dashboard was asked for, and when it was answered."""

    def missing(self) -> int:
        """How many events the number never came to show."""
        most = max((number for number, _ in self.seen), default=self.began)
        return self.began + len(self.sent) - most

    def times(self) -> list[float]:
        """From the send of each event to the number that counts it."""
        return [shown - sent for sent, shown in self._pairs()]

    def stages(self) -> list[list[float]]:
        """Each event's stages, where the answer that showed it is known."""
        found = []
        for sent, shown in self._pairs():
            answers = [each for each in self.asked if each[0] >= sent and each[1] <= shown + 1]
            if answers:
                start, end = answers[-1]
                found.append([start - sent, end - start, shown - end])
        return found

    def _pairs(self) -> list[tuple[float, float]]:
        pairs = []
        for place, sent in enumerate(self.sent, self.began + 1):
            shown = next((at for number, at in self.seen if number >= place), None)
            if shown is not None:
                pairs.append((sent, shown))
        return pairs


@asynccontextmanager
async def a_page(stack: Running, path: str) -> AsyncIterator[Page]:
    """The page of the learner, open and up to date, in the browser of that path."""
    ticket = issue_ticket(stack.settings(), user=SHOWN, clock=WallClock())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path)
        page = await browser.new_page(locale="en-GB")
        page.set_default_timeout(OPEN_MS)
        await page.goto(page_link(stack.api, ticket))
        await page.wait_for_function(_READY)
        yield page
        await browser.close()


async def watch(page: Page, load: Sending, rate: float, seconds: float) -> Changed:
    """Send the learner's events, so many a second, and return what the page saw of them."""
    began = int(await page.evaluate(_OBSERVE))
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(load.send(SHOWN)) async for _ in paced(rate, seconds)]
    expected = began + len(sent)
    await _settle(page, expected)
    found: dict[str, Any] = await page.evaluate(
        "() => ({ seen: window.seen, asked: window.asked })"
    )
    return Changed(began, [each.result() for each in sent], found["seen"], found["asked"])


async def _settle(page: Page, expected: int) -> None:
    """Wait until the number is what it must be in the end, for a while."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_SECONDS
    while loop.time() < deadline:
        if await page.evaluate("() => window.seen.at(-1)?.[0] ?? 0") >= expected:
            return
        await asyncio.sleep(SETTLE_SECONDS / 100)


def percentiles(times: Sequence[float]) -> str:
    """p50, p95, p99 and the largest."""
    cuts = statistics.quantiles(times, n=100)
    return f"{cuts[49]:>7.0f} {cuts[94]:>7.0f} {cuts[98]:>7.0f} {max(times):>7.0f}"
