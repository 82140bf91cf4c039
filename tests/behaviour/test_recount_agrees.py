"""The recount and the fold come to the same figures, whatever comes, in whatever order.

They share no code, so a difference is a mistake in one of them. Hypothesis draws only seeds:
histories of random events are long, and drawing each field would take it minutes.
"""

import json
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import Any, Final, Literal

import msgspec
import pytest
from hypothesis import given

from domain.course_facts import Assessment, CourseFacts
from proof.recount import Figures, Recount
from proof.sample import figures_of, outgrown
from tests.factories import Bench, at, event, record
from tests.spelling import seeds
from tests.trying import tries

pytestmark = pytest.mark.long

LATER: Final = datetime.fromisoformat("2030-01-01T00:00:00+00:00")
DAY: Final = 24 * 60
thorough = tries(60)

_WORK: Final = (
    "content_viewed",
    "module_completed",
    "module_reopened",
    "assessment_submitted",
    "discussion_posted",
    "session_started",
)
_GRADES: Final = ("assessment_graded", "assessment_graded", "assessment_excused")
_MEMBERSHIPS: Final = ("enrolled", "unenrolled", "course_finished")
_ALL: Final = (*_WORK, *_GRADES, *_MEMBERSHIPS, "deadline_extended")


def a_grade(chance: Random) -> dict[str, Any]:
    """Fields may be null, which is the same as leaving them out."""
    pick = chance.choice
    return {
        "assessment_id": pick(["a0", "a0", "a1", "a2"]),
        "score": pick([None, -5, 10, 40, 60, 99, 120]),
        "max_score": pick([0, 50, 100, 100]),
        "banked": pick([True, None, None, None]),
        "missing": pick([True, None, None]),
        "attempt": pick([None, 0, 1, 2, 3]),
    }


def a_view(chance: Random) -> dict[str, Any]:
    kind = chance.choice(["page", "Page", "login", "HomePage"])
    return {"content_id": chance.choice("pq"), "content_kind": kind}


_FIELDS: Final[dict[str, Callable[[Random], dict[str, Any]]]] = {
    "content_viewed": a_view,
    "module_completed": lambda _: {"module_id": "m1"},
    "module_reopened": lambda _: {"module_id": "m1"},
    "assessment_graded": a_grade,
    "assessment_excused": lambda chance: {
        "assessment_id": chance.choice(["a0", "a1"]),
        "excused": chance.choice([True, False]),
    },
    "assessment_submitted": lambda chance: {"assessment_id": chance.choice(["a0", "a1"])},
    "deadline_extended": lambda _: {"assessment_id": "a0", "due_at": None},
    "course_finished": lambda _: {"outcome": "passed"},
    "discussion_posted": lambda _: {"post_id": "p"},
    **dict.fromkeys(("enrolled", "unenrolled", "session_started"), lambda _: {}),
}


def history(
    chance: Random, kinds: Sequence[str], minutes: int, zones: Sequence[str | None]
) -> list[dict[str, Any]]:
    """Up to 25 events in any order, some of them twice."""
    made = []
    for number in range(chance.randrange(1, 26)):
        kind = chance.choice(kinds)
        when = at(minutes=chance.randrange(minutes + 1))
        item = event(kind, when, 7, event_id=f"e{number}", **_FIELDS[kind](chance))
        if "course_id" in item:
            item["course_id"] = chance.choice(["c1", "c1", "c2"])
        zone = chance.choice(zones)
        precision = chance.choice([None, None, None, "day"])
        made.append(item | {"timezone": zone, "precision": precision})
        if chance.randrange(9) == 0:
            made.append(chance.choice(made))
    return made


def a_course(rule: Literal["latest", "best"]) -> CourseFacts:
    weights = {"a0": 1.0, "a1": 1.0, "a2": 0.0}
    return CourseFacts(
        course_id="c1",
        attempt_rule=rule,
        assessments=tuple(Assessment(id=name, weight=each) for name, each in weights.items()),
    )


def both(events: Sequence[dict[str, Any]], facts: CourseFacts) -> tuple[Figures, Figures] | None:
    """Recounted and folded; None where the learner outgrew a bound."""
    bench = Bench(facts=facts)
    bench.send(*[record(item, arrived=LATER) for item in events])
    if outgrown(bench.learner()):
        return None
    recount = Recount({b"7"}, {letter.record.offset for letter in bench.letters})
    for offset, item in enumerate(events):
        recount.take(offset, b"7", json.dumps(item).encode())
    plain = {facts.course_id: json.loads(msgspec.json.encode(facts))}
    return recount.figures(b"7", plain), figures_of(bench.learner(), bench.fold.facts)


@pytest.mark.parametrize(
    ("kinds", "minutes", "zones"),
    [
        (_ALL, 60 * DAY, (None,)),
        (_ALL, 4 * DAY, ("Asia/Tokyo",)),
        (("content_viewed",), 30 * 60, (None,)),
        (_GRADES, 4, (None,)),
        ((*_GRADES, *_MEMBERSHIPS), 20, (None,)),
        (_WORK, 4 * DAY, (None, None, "Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin")),
    ],
    ids=["all", "few days", "views", "grades", "memberships", "zones"],
)
@thorough
@given(chance=seeds)
def test_the_recount_and_the_fold_agree(
    kinds: Sequence[str], minutes: int, zones: Sequence[str | None], chance: Random
) -> None:
    events = history(chance, kinds, minutes, zones)
    figures = both(events, a_course(chance.choice(["latest", "best"])))
    if figures is None:
        return
    recounted, folded = figures
    assert recounted._replace(score=None) == folded._replace(score=None), events
    assert (recounted.score is None) == (folded.score is None), events
    assert math.isclose(recounted.score or 0, folded.score or 0, abs_tol=1e-6), events
