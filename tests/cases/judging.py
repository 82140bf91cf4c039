"""What is seen of cases that were sent: the API's pages, the dead letters, the proof."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from devstack.environment import PROGRAM
from runtime.settings import Settings
from tests.asking import a_token
from tests.cases import paths
from tests.cases.reading import PAGES, Case, Check
from tests.cases.sending import Place

VERIFY_SECONDS: Final = 30
_SHOWN: Final = 160


class Row(NamedTuple):
    """One line of the table; `ok` None: for a person to judge."""

    case: str
    clock: str
    what: str
    seen: str
    expected: str
    ok: bool | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Judge:
    """Looks at one stack to which cases were sent."""

    api: str
    settings: Settings
    places: dict[str, list[Place]]
    letters: dict[Place, dict[str, str]]
    verified: int

    def rows(self, case: Case) -> Iterator[Row]:
        """Every check of a case; without any, what is seen of it."""
        answers: dict[str, Answer] = {}
        for check in case.checks:
            if check.endpoint not in answers:
                answers[check.endpoint] = self._answer(case, check.endpoint)
            yield _row(case, check, answers[check.endpoint])
        if not case.checks:
            yield Row(case.name, case.clock, "by hand", self._seen(case), "", None)

    def _answer(self, case: Case, endpoint: str) -> Answer:
        if endpoint == "verify":
            return Answer(200, {"status": self.verified})
        if endpoint == "dead-letters":
            nothing = {"reason": None, "detail": None}
            found = [self.letters.get(place, nothing) for place in self.places.get(case.name, [])]
            return Answer(200, found)
        return self._ask(endpoint, case.user or "")

    def _ask(self, endpoint: str, user: str) -> Answer:
        request = urllib.request.Request(
            f"{self.api}/api/v1/progress/{endpoint}",
            headers={"Authorization": f"Bearer {a_token(self.settings, user)}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, {})

    def _seen(self, case: Case) -> str:
        found = self._answer(case, "dead-letters").body
        said = [f"{each['reason']}: {each['detail']}" for each in found if each["reason"]]
        if case.user is not None:
            asked = {page: self._ask(page, case.user) for page in PAGES}
            said += [f"{page} {a.status}" for page, a in asked.items() if a.status != 200]
            alerts = asked["performance-alerts"].body.get("current_alerts", [])
            said += [f"alert {each['message']}" for each in alerts]
        return "; ".join(said) or "accepted"


def verify(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The proof; worker and sink have passed all that was sent when it says 0 or 1."""
    return subprocess.run(
        [*PROGRAM, "verify", "--wait", str(VERIFY_SECONDS), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown."""
    head = ("case", "clock", "what", "seen", "expected", "ok")
    marks = {True: "yes", False: "**no**", None: "by hand"}
    lines = [
        [row.case, row.clock, row.what, row.seen[:_SHOWN], row.expected, marks[row.ok]]
        for row in rows
    ]
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(c.replace('|', '/') for c in line)} |" for line in cells)


def _row(case: Case, check: Check, answer: Answer) -> Row:
    seen = answer.status if check.path == "@status" else paths.at(answer.body, check.path)
    expected = json.dumps(check.value)
    return Row(
        case=case.name,
        clock=case.clock,
        what=f"{check.endpoint} {check.path}",
        seen=json.dumps(seen) if answer.status == 200 else f"status {answer.status}",
        expected=expected if check.operator == "==" else f"{check.operator} {expected}",
        ok=paths.holds(seen, check.operator, check.value),
    )
