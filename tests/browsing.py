"""A real Chromium for tests of the page: found, started, and given answers that never change."""

import copy
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import axe_playwright_python
import pytest
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from api import models, problems
from api.compressed import compress
from api.course_routes import examples as course_examples
from api.operations import examples as operations_examples
from api.routes import examples
from api.server import listen
from api.site import site_router
from benchmarks.chromium import NO_BROWSER, browser_path
from runtime.settings import Settings
from tests.waiting import wait_for

REQUIRED: Final = "TEST_BROWSER_REQUIRED"
"""Set by .ci/run: no browser is a failure then, elsewhere the tests are skipped.

Its name is none of the product's: a command that finds an unknown LEARNSTREAM_ setting ends.
"""
SESSION: Final = {
    "user_id": "1042",
    "expires_at": "2024-04-10T09:00:00Z",
    "views": ["learner"],
    "may_note_help": False,
    "learners": [],
    "lms_url": None,
    "learner_url": None,
}
COURSES: Final = re.compile(
    r"v1/courses(?:/(?P<course>[^/]+)(?:/(?P<stream>stream)|/learners"
    r"(?:/(?P<learner>[^/]+)(?:/(?P<help>help)|/alerts/[^/]+/(?P<why>why))?)?)?)?"
)
"""A path of courses; the last group of the match says which answer it is."""
NOTHING_DONE: Final = {
    "reason": "none",
    "attention": None,
    "progress": None,
    "average_score": None,
    "score_count": 0,
    "scores": [],
    "last_work_on": None,
    "days": [0] * 28,
    "helped": {"at": "2026-02-20T10:00:00Z", "recently": True, "kinds": ["meeting", "message"]},
}
PROGRESS: Final = "/api/v1/progress/"
STREAM: Final = "retry: 600000\n\n"
"""A stream that gives no hint, and is not asked for again soon."""
NAMED: Final = {
    "real-time-dashboard": "dashboard",
    "predictive-analytics": "predictions",
    "performance-alerts": "alerts",
    "trend-analysis": "trends",
}


def need_browser() -> None:
    """Skip the module that calls it where there is no browser; fail it where one is required."""
    if browser_path() is None:
        assert not os.environ.get(REQUIRED), NO_BROWSER
        pytest.skip(NO_BROWSER, allow_module_level=True)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A running browser, where there is one."""
    path = browser_path()
    assert path is not None, "a module of tests of the page begins with need_browser()"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of an application that runs in a thread of this process."""
    settings = Settings.model_validate({"KAFKA_BOOTSTRAP": "none:1", "api_port": 0})
    with listen(settings) as listener:
        config = uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_for(lambda: server.started, 10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def the_page_alone() -> FastAPI:
    """Nothing but the page's files: the API's answers come from `Answers`."""
    app = FastAPI(openapi_url=None)
    problems.install(app, {})
    app.include_router(site_router())
    return app


def the_page_with(answers: "Answers") -> FastAPI:
    """The page and what it asks for, for a browser that no test drives."""
    app = the_page_alone()

    @app.get("/api/{path:path}")
    async def answer(path: str) -> Response:
        name = name_of(path)
        if name == "stream":
            return Response(STREAM, media_type="text/event-stream")
        return JSONResponse(answers.of[NAMED.get(name, name)])

    compress(app)
    return app


class Answers:
    """What the API says to a page: the documents' examples, until a test changes one.

    An answer that is an int is an error of that status; None is no answer at all.
    """

    def __init__(self) -> None:
        self.of: dict[str, Any] = {
            short: copy.deepcopy(examples()[name]) for name, short in NAMED.items()
        }
        for name in ("dashboard", "predictions", "alerts", "trends"):
            self.of[name]["timestamp"] = "2024-04-09T21:00:00Z"
        _fill(self.of["dashboard"]["performance_trends"], self.of["predictions"])
        self.of["session"] = dict(SESSION)
        self.of |= copy.deepcopy(of_courses())
        known = operations_examples()
        self.of |= {
            "operations": copy.deepcopy(known["operations"]),
            "operations/dead-letters": copy.deepcopy(known["deadLetters"]),
            "models": copy.deepcopy(models.example()),
        }
        self.sought: list[str] = []
        """The addresses of the lists of learners that were asked for, with their queries."""
        self.asked: list[tuple[str, str, Any]] = []
        """Method, path and body of everything that was asked."""

    @property
    def written(self) -> list[tuple[str, str, Any]]:
        """What was written, of `asked`."""
        return [each for each in self.asked if each[0] != "GET"]

    def wait_for_more_than(self, asked: int, page: Page) -> None:
        """Until more has been asked, and a moment for what is asked with it to be shown."""
        for _ in range(100):
            if len(self.asked) > asked:
                break
            page.wait_for_timeout(100)
        assert len(self.asked) > asked, "nothing was asked for ten seconds"
        page.wait_for_timeout(200)

    def teach(self, *, may_note_help: bool = True) -> None:
        """Let the session be an instructor's, too."""
        views = ["learner", "instructor"]
        self.of["session"] |= {"views": views, "may_note_help": may_note_help}

    def operate(self) -> None:
        """Let the session be an operator's, too."""
        self.of["session"]["views"] = [*self.of["session"]["views"], "operator"]

    def serve(self, page: Page) -> None:
        """Answer all that this page asks of the API."""
        page.route(re.compile("/api/"), self._answer)

    def _answer(self, route: Route, request: Request) -> None:
        address = request.url.partition("/api/")[2]
        path = address.partition("?")[0]
        body = request.post_data
        self.asked.append((request.method, f"/api/{path}", json.loads(body) if body else None))
        name = name_of(path)
        if name == "learners":
            self.sought.append(address)
        if name == "stream":
            route.fulfill(body=STREAM, content_type="text/event-stream")
            return
        answer = self.of.get(NAMED.get(name, name), {})
        if answer is None:
            route.abort()
            return
        status, shown = (answer, _problem(answer)) if isinstance(answer, int) else (200, answer)
        if request.method in {"PUT", "POST"} and name != "session" and status == 200:
            status = 202
        text = json.dumps(shown)
        route.fulfill(status=status, body=text, content_type="application/json")


def name_of(path: str) -> str:
    """Which answer a path below /api asks for."""
    found = COURSES.fullmatch(path.rstrip("/"))
    if found is None:
        return path.removeprefix("v1/progress/").removeprefix("v1/")
    if found.lastgroup is None:
        return "courses"
    if found.lastgroup == "course":
        return "learners" if path.endswith("/learners") else "course"
    return found.lastgroup


@cache
def of_courses() -> dict[str, Any]:
    """The documents' examples, with five learners in the list instead of one."""
    known = course_examples()
    named = {
        "courses": "courses",
        "course": "course",
        "learners": "courseLearners",
        "learner": "courseLearner",
        "help": "noteHelp",
        "why": "courseAlertWhy",
    }
    made = {name: copy.deepcopy(known[operation]) for name, operation in named.items()}
    (first,) = made["learners"]["items"]
    made["learners"]["items"] = [
        first,
        first | {"user_id": "ada lovelace", "reason": "not_passing", "not_passing": 0.71},
        first | {"user_id": 17, "reason": "alert", "helped": None},
        first | {"user_id": 18, "reason": "none", "attention": None, "scores": [88.0, 91.0]},
        first | {"user_id": 19} | NOTHING_DONE,
    ]
    return made


def _problem(status: int) -> Mapping[str, Any]:
    codes = {401: "unauthorized", 429: "too_many_requests", 503: "unavailable", 409: "conflict"}
    codes |= {403: "forbidden", 404: "not_found", 422: "invalid_parameter"}
    return {"code": codes.get(status, "other"), "detail": "it says why", "status": status}


def _fill(trends: dict[str, Any], predictions: dict[str, Any]) -> None:
    """Thirty days up to 9 April 2024 with work on most and a score a week, and what is expected."""
    last = date(2024, 4, 9)
    scores, average, days = {27: 62.0, 20: 78.0, 13: 71.0, 6: 84.0, 2: 66.0}, None, []
    for ago in range(29, -1, -1):
        score = scores.get(ago)
        if score is not None:
            average = score if average is None else round(average + 0.3 * (score - average), 1)
        done = 0 if ago % 7 == 5 else (ago * 5) % 11
        days.append(
            {
                "date": (last - timedelta(ago)).isoformat(),
                "average_score": score,
                "moving_average": average,
                "assessments": int(score is not None),
                "activities": done,
                "minutes": 12 * done,
            }
        )
    trends["daily"] = days
    points = [
        {
            "date": (last + timedelta(n)).isoformat(),
            "value": 73.0,
            "low": 58.0 - n / 3,
            "high": 90.0,
        }
        for n in range(1, 31)
    ]
    predictions["performance_forecast"] |= {"status": "ok", "missing": [], "points": points}


_COUNT_MOVES: Final = """globalThis.moved = 0;
new PerformanceObserver(list => list.getEntries().forEach(each => { moved += each.value; }))
  .observe({type: "layout-shift", buffered: true});"""
_SLOW_NETWORK: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 93_750,
}
"""Lighthouse's slow 4G: milliseconds, and bytes a second."""
PHONE_AND_DESKTOP: Final = ({"width": 412, "height": 823}, {"width": 1280, "height": 900})


class Visit:
    """A tab with the page in it, and everything that its console said."""

    def __init__(self, page: Page, base: str, answers: Answers) -> None:
        self.page = page
        self.base = base
        self.answers = answers
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._heard)

    def slow_down(self) -> None:
        """Give the tab a phone's processor and network, and count what moves in it."""
        self.page.add_init_script(_COUNT_MOVES)
        session = self.page.context.new_cdp_session(self.page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", _SLOW_NETWORK)

    def moved(self) -> float:
        """The layout shift (CLS) since the tab was slowed down: .1 is what Web Vitals call good."""
        found: float = self.page.evaluate("() => moved")
        return found

    def open(self, fragment: str = "") -> Page:
        """Load the page and wait until its first answers are shown."""
        self.page.goto(f"{self.base}/{fragment}")
        self.page.locator("h1").wait_for()
        self.page.wait_for_function("() => !document.querySelector('#week[aria-busy=true]')")
        return self.page

    def open_course(self, course: str = "c1", query: str = "") -> Page:
        """Load the view of a course and wait until its list is shown."""
        self.page.goto(f"{self.base}/#/courses/{quote(course, safe='')}{query}")
        self.page.locator("#contact .people, #contact .note").first.wait_for()
        self.page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
        return self.page

    def open_operations(self) -> Page:
        """Load the operators' view and wait until all of it is shown."""
        self.page.goto(f"{self.base}/#/operations")
        self.page.locator("#useful").wait_for()
        self.page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
        return self.page

    def block(self, name: str) -> str:
        """The text of one block."""
        return self.page.locator(f"#{name}").inner_text()

    def _heard(self, message: Any) -> None:
        # That a request was answered with an error is said by the browser, and meant by the test.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)


def axe_text() -> str:
    """The program of axe, to be run in a page."""
    found = sorted(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))
    return found[0].read_text(encoding="utf-8")


Visiting = Callable[..., Visit]
