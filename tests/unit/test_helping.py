"""Help that instructors note: kept with its course, in order of time; no sign of the learner."""

from itertools import permutations
from typing import Any
from uuid import UUID

from domain.keepers.helping import helps
from domain.state.course import Help
from domain.state.limits import HELPS_MAX
from tests.factories import Bench, at, course, enrolled, event, seconds, viewed

ALERT = "00000000-0000-5000-8000-000000000001"


def helped(day: float, kind: str = "message", **fields: Any) -> dict[str, Any]:
    return event("help_noted", at(day), kind=kind, **fields)


def kept(bench: Bench) -> list[Help]:
    (known,) = bench.learner().courses
    return helps(known)


def test_help_is_kept_with_its_kind_its_time_and_what_it_was_about() -> None:
    bench = Bench(facts=course()).send(enrolled(at(0)), helped(3, "meeting", alert_ids=[ALERT]))
    assert kept(bench) == [Help(seconds(at(3)), "meeting", [UUID(ALERT).bytes])]


def test_any_order_of_arrival_keeps_the_same_help() -> None:
    notes = [enrolled(at(0)), helped(1), helped(2, "meeting"), helped(3, "material")]
    for order in permutations(notes):
        assert [each.kind for each in kept(Bench().send(*order))] == [
            "message",
            "meeting",
            "material",
        ]


def test_the_newest_eight_are_kept_and_a_late_older_one_is_not() -> None:
    bench = Bench().send(enrolled(at(0)), *(helped(day) for day in range(2, 2 + HELPS_MAX)))
    bench.send(helped(1), helped(20))
    assert [each.at for each in kept(bench)] == [
        seconds(at(day)) for day in (*range(3, 2 + HELPS_MAX), 20)
    ]


def test_help_of_an_earlier_run_is_not_shown_in_the_next_one() -> None:
    over = event("course_finished", at(2), outcome="failed")
    bench = Bench().send(enrolled(at(0)), helped(1), over, enrolled(at(3)))
    assert kept(bench) == []
    assert [each.kind for each in kept(bench.send(helped(4)))] == ["message"]


def test_help_is_no_activity_and_no_sign_of_the_learner() -> None:
    bench = Bench(facts=course()).send(enrolled(at(0)), viewed(at(1)))
    before = bench.learner()
    after = bench.send(helped(9)).learner()
    assert (after.days, after.recent, after.last_work_at) == (
        before.days,
        before.recent,
        before.last_work_at,
    )
    assert (after.heard_at, after.last_event_at) == (seconds(at(1)), seconds(at(9)))


def test_an_account_that_is_not_used_stays_so_when_help_is_noted() -> None:
    bench = Bench(facts=course()).send(enrolled(at(0)), event("session_started", at(4)))
    bench.tick(at(34, 1))
    bench.send(helped(35))
    bench.tick(at(36))
    found = [t for t in bench.published if t.category == "account_inactivity"]
    assert [each.kind for each in found] == ["raised"]
    assert found[0].params["date"] == "8 March"


def test_help_without_a_kind_that_is_known_is_rejected() -> None:
    bench = Bench().send(
        helped(1, "money"), helped(2, alert_ids=["x"]), helped(3, alert_ids=[ALERT] * 5)
    )
    assert [letter.reason for letter in bench.letters] == ["wrong_type"] * 3


def test_help_in_a_course_of_which_only_last_figures_are_kept_is_counted_and_not_kept() -> None:
    bench = Bench().send(enrolled(at(0)), event("course_finished", at(2), outcome="failed"))
    bench.send(enrolled(at(100), course_id="c2"), helped(1))
    state = bench.learner()
    assert [each.course_id for each in state.courses] == ["c2"]
    assert state.overflow.finished == 1
