"""`learnstream alerts` on a real Postgres: precision by feedback, the median time to resolve."""

import asyncio
import json
from typing import Any

import pytest

from domain.alerts import Feedback, Published, Response
from operations.usefulness import printed, read_usefulness
from runtime.settings import Settings
from tests.asking import store
from tests.sinking import T0, a_transition, resolved

pytestmark = pytest.mark.integration


def alert(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def feedback(number: int, value: Feedback) -> Response:
    return Response(
        kind="feedback", alert_id=alert(number), user_id="ada", at=T0 + 9, feedback=value
    )


def test_feedback_and_times_to_resolve_are_counted_by_rule(settings: Settings) -> None:
    assert printed(read_usefulness(settings), as_json=False) == "no alert stands in Postgres yet"
    suppressed: dict[str, Any] = {
        "kind": "suppressed",
        "state": "suppressed",
        "suppressed_reason": "muted",
    }
    told: list[Published] = [
        *(a_transition("ada", alert(n)) for n in range(4)),
        a_transition("ada", alert(4), category="missed_deadline", **suppressed),
        *(resolved("ada", alert(n), 2, T0 + hours * 3600) for n, hours in ((0, 1), (1, 2), (2, 9))),
        Response(kind="acknowledged", alert_id=alert(0), user_id="ada", at=T0 + 5),
        feedback(0, "useful"),
        feedback(1, "acted"),
        feedback(2, "not_useful"),
    ]
    asyncio.run(store(settings, told=told))
    found = read_usefulness(settings)
    low, missed = found
    assert (low.rule, low.alerts, low.suppressed, low.acknowledged) == ("low_score", 4, 0, 1)
    assert (low.useful, low.acted, low.not_useful) == (1, 1, 1)
    assert (low.precision, low.resolved_after_hours) == (0.667, 2.0)
    assert (missed.rule, missed.alerts, missed.suppressed) == ("missed_deadline", 1, 1)
    assert (missed.precision, missed.resolved_after_hours) == (None, None)
    assert json.loads(printed(found, as_json=True))["rules"][0]["precision"] == 0.667
    assert printed(found, as_json=False).splitlines()[0].split()[0] == "rule"
