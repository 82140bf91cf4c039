"""`learnstream alerts` on a real Postgres: precision by feedback, the median time to resolve."""

import asyncio
import json
from typing import Any

import pytest

from domain.alerts import DAY, Action, Feedback, Published, Response, Subject, Target
from domain.ids import partition_of
from domain.state.learner import Learner
from operations.usefulness import printed, read_usefulness
from runtime.settings import Settings
from tests.asking import store
from tests.sinking import T0, TODAY, a_checkpoint, a_learner, a_transition, resolved

pytestmark = pytest.mark.integration


MUTED: dict[str, Any] = {
    "kind": "suppressed",
    "state": "suppressed",
    "suppressed_reason": "muted",
}


def alert(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def feedback(number: int, value: Feedback) -> Response:
    return Response(
        kind="feedback", alert_id=alert(number), user_id="ada", at=T0 + 9, feedback=value
    )


def test_feedback_and_times_to_resolve_are_counted_by_rule(settings: Settings) -> None:
    assert printed(read_usefulness(settings), as_json=False) == "no alert stands in Postgres yet"
    told: list[Published] = [
        *(a_transition("ada", alert(n)) for n in range(4)),
        a_transition("ada", alert(4), category="missed_deadline", **MUTED),
        *(resolved("ada", alert(n), 2, T0 + hours * 3600) for n, hours in ((0, 1), (1, 2), (2, 9))),
        Response(kind="acknowledged", alert_id=alert(0), user_id="ada", at=T0 + 5),
        feedback(0, "useful"),
        feedback(1, "acted"),
        feedback(2, "not_useful"),
    ]
    asyncio.run(store(settings, told=told))
    found = read_usefulness(settings)
    low, missed = found.rules
    assert (low.rule, low.alerts, low.suppressed, low.acknowledged) == ("low_score", 4, 0, 1)
    assert (low.useful, low.acted, low.not_useful) == (1, 1, 1)
    assert (low.precision, low.resolved_after_hours) == (0.667, 2.0)
    assert (missed.rule, missed.alerts, missed.suppressed) == ("missed_deadline", 1, 1)
    assert (missed.precision, missed.resolved_after_hours) == (None, None)
    assert json.loads(printed(found, as_json=True))["rules"][0]["precision"] == 0.667
    assert printed(found, as_json=False).splitlines()[0].split()[0] == "rule"
    assert found.actions == []


def test_a_rule_is_found_whatever_the_texts_of_an_alert_are(settings: Settings) -> None:
    """They hold what its key looks like, escaped, and letters that are cut between their bytes."""
    odd = 'x","category":"other","\\"category":"' + "\u00e9\u4e2d" * 9
    told = [a_transition(odd, alert(1), subject=Subject("assessment", odd), params={"title": odd})]
    asyncio.run(store(settings, told=told))
    assert [each.rule for each in read_usefulness(settings).rules] == ["low_score"]


def test_what_was_suggested_and_done_is_counted_by_whether_it_was_delivered(
    settings: Settings,
) -> None:
    """Forty learners: of those who were told every second one worked, of the others every fifth."""
    names = [f"learner-{number}" for number in range(43)]
    states: list[Learner] = []
    told: list[Published] = []
    for number, name in enumerate(names):
        muted = number >= 20
        works = number % (5 if muted else 2) == 0
        states.append(a_learner(name, 1, days=[TODAY - 20, TODAY + 3 if works else TODAY + 9]))
        told.append(
            a_transition(
                name,
                alert(number),
                category="inactive_days",
                suggested_actions=(Action(code="resume_course", target=Target(kind="course")),),
                **(MUTED if muted else {}),
            )
        )
    told.append(resolved(names[20], alert(20), 2, T0 + 3 * DAY, state="suppressed"))
    told += [
        resolved(name, alert(n), 2, T0 + DAY, resolution="corrected", state="suppressed")
        for n, name in list(enumerate(names))[41:]
    ]
    owners = {partition_of(name.encode(), settings.partitions) for name in names}
    checkpoints = [a_checkpoint(partition, clock=T0 + 10 * DAY) for partition in owners]
    asyncio.run(store(settings, *states, checkpoints=checkpoints, told=told))
    found = read_usefulness(settings)
    (row,) = found.actions
    assert (row.rule, row.action) == ("inactive_days", "resume_course")
    assert (row.delivered, row.delivered_did, row.delivered_share) == (20, 10, 0.5)
    assert (row.suppressed, row.suppressed_did, row.suppressed_share) == (21, 5, 0.238)
    said = printed(found, as_json=False)
    assert "an association, not an effect" in said
    assert "50.0 %" in said
    assert json.loads(printed(found, as_json=True))["actions"][0]["delivered_share"] == 0.5


def test_of_few_learners_and_of_young_alerts_no_share_is_given(settings: Settings) -> None:
    state = a_learner("ada", 1, days=[TODAY + 2])
    quoted = a_transition(
        "ada",
        alert(1),
        subject=Subject("assessment", 'a "quiz" \\ é'),
        suggested_actions=(Action(code="ask_for_help", target=Target(kind="none")),),
    )
    partition = partition_of(b"ada", settings.partitions)

    def read(days: int) -> str:
        clock = a_checkpoint(partition, clock=T0 + days * DAY, next=days)
        asyncio.run(store(settings, state, checkpoints=[clock], told=[quoted]))
        return printed(read_usefulness(settings), as_json=False)

    assert "ask_for_help" not in read(7)
    (line,) = [each for each in read(8).splitlines() if "ask_for_help" in each]
    assert " ".join(line.split()) == "low_score ask_for_help 1 1 under 20 0 0 under 20"
