"""What a learner says about alerts: preferences, acknowledgements and feedback, in any order."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any, Final
from uuid import UUID

from contracts.alert_event import decode_published, encode_transition
from domain.alerts import Response
from domain.state.learner import Preferences
from domain.state.limits import CLOSED_ALERTS_MAX
from sinks.batch import Responses
from tests.factories import Bench, at, course, event, graded, seconds, submitted

OTHERS: Final = "317e2e7a-da00-5340-88e0-3a9845434937"


def said(kind: str, when: float, **fields: Any) -> dict[str, Any]:
    return {**event(kind, at(when), **fields), "course_id": None}


def wanted(when: float, **fields: Any) -> dict[str, Any]:
    return said("preferences_set", when, **fields)


def told(bench: Bench) -> list[Any]:
    """The transitions of low scores: a pass is a milestone, too."""
    return [each for each in bench.published if each.category == "low_score"]


def marked() -> Bench:
    """A partition that knows the pass mark of the course, 50."""
    return Bench(facts=course(pass_mark=50))


def responses(bench: Bench) -> list[tuple[str, str, int, str | None]]:
    return [(each.kind, each.alert_id, each.at, each.feedback) for each in bench.responses]


def test_preferences_are_kept_as_they_were_set() -> None:
    given = {
        "muted_types": ["system", "achievement", "system"],
        "muted_categories": ["low_score"],
        "min_severity": "medium",
        "quiet_hours": {"from": "22:05", "to": "07:30"},
        "max_per_day": 3,
        "version": 4,
    }
    kept = Bench().send(wanted(1, **given)).learner().preferences
    assert kept == Preferences(
        at=seconds(at(1)),
        version=4,
        muted_types=["achievement", "system"],
        muted_categories=["low_score"],
        min_severity="medium",
        quiet=(22 * 60 + 5, 7 * 60 + 30),
        max_per_day=3,
    )


def test_what_is_not_given_holds_nothing_back() -> None:
    kept = Bench().send(wanted(1)).learner().preferences
    assert kept == Preferences(seconds(at(1)), 1, [], [], "low", None, None)


def test_the_newest_preferences_count_in_any_order_and_of_one_time_the_later_ones() -> None:
    events = [wanted(1, max_per_day=1), wanted(2, max_per_day=2), wanted(3, max_per_day=3)]
    for order in permutations(events):
        kept = Bench().send(*order).learner().preferences
        assert kept is not None
        assert (kept.at, kept.max_per_day) == (seconds(at(3)), 3)
    same = Bench().send(wanted(3, max_per_day=3), wanted(3, max_per_day=4)).learner().preferences
    assert same is not None
    assert same.max_per_day == 4


def test_what_was_delivered_stays_counted_when_preferences_change() -> None:
    bench = marked().send(wanted(0.5, max_per_day=1), graded(at(1), 10))
    bench.send(wanted(1.1, max_per_day=2), graded(at(1.2), 40, "a2"), graded(at(1.2), 40, "a3"))
    kinds = [(each.kind, each.suppressed_reason) for each in bench.published]
    assert kinds == [("raised", None), ("raised", None), ("suppressed", "daily_cap")]


def test_a_muted_alert_is_kept_and_not_delivered_from_its_beginning_to_its_end() -> None:
    bench = marked().send(wanted(0.5, muted_categories=["low_score"]), graded(at(1), 45))
    bench.send(graded(at(2), 30), graded(at(3), 90, attempt=2))
    seen = [(t.kind, t.state, t.suppressed_reason, t.delivered) for t in told(bench)]
    assert seen == [
        ("suppressed", "suppressed", "muted", False),
        ("updated", "suppressed", "muted", False),
        ("resolved", "suppressed", None, False),
    ]


def test_a_change_that_nothing_holds_back_is_delivered_as_raised() -> None:
    bench = marked().send(wanted(0.5, min_severity="high"), graded(at(1), 45), graded(at(2), 29))
    seen = [(t.kind, t.severity, t.suppressed_reason, t.delivered) for t in told(bench)]
    assert seen == [
        ("suppressed", "medium", "below_severity", False),
        ("raised", "high", None, True),
    ]


def test_what_was_delivered_stays_so_whatever_is_muted_later() -> None:
    bench = marked().send(graded(at(1), 45), wanted(1.5, muted_types=["performance"]))
    bench.send(graded(at(2), 30), graded(at(3), 90, attempt=2))
    assert [(t.kind, t.delivered) for t in told(bench)] == [
        ("raised", True),
        ("updated", True),
        ("resolved", True),
    ]


def test_what_is_raised_in_quiet_hours_waits_and_what_is_updated_after_them_does_not() -> None:
    quiet = {"from": "08:00", "to": "10:00"}
    bench = marked().send(wanted(0.5, quiet_hours=quiet), graded(at(1), 45))
    bench.send(graded(at(1, 2), 40), graded(at(2), 30), graded(at(2, 0.5), 90, attempt=2))
    end = [int(datetime(2024, 3, day, 10, tzinfo=UTC).timestamp()) for day in (5, 6)]
    seen = [(t.kind, t.deferred_until, t.delivered) for t in told(bench)]
    assert seen == [
        ("raised", end[0], True),
        ("updated", None, True),
        ("updated", end[1], True),
        ("resolved", None, True),
    ]


def test_quiet_hours_go_by_the_zone_of_the_newest_event_that_carries_one() -> None:
    quiet = {"from": "17:00", "to": "19:00"}  # in Tokyo it is 18:00 at 09:00 UTC
    there = wanted(0.5, quiet_hours=quiet, timezone="Asia/Tokyo")
    (raised,) = marked().send(there, graded(at(1), 45)).published
    assert raised.deferred_until == seconds(at(1, 1))


def test_a_timer_in_quiet_hours_waits_whichever_way_it_fires() -> None:
    seen = []
    for way in ("tick", "event"):
        facts = course(assessments={"a1": at(10)}, starts_at=seconds(at(-20)))
        bench = Bench(facts=facts).send(submitted(at(0), "other"))
        bench.send(wanted(1, quiet_hours={"from": "09:00", "to": "09:01"}))
        if way == "tick":
            bench.tick(at(12, 1))
        else:
            bench.send(event("session_started", at(12, 1)))  # no work, so that the silence lasts
        seen.append(bench.published)
    assert seen[0] == seen[1]
    assert [(t.category, t.kind, t.deferred_until) for t in seen[0]] == [
        ("upcoming_deadline", "suppressed", None),  # more than two days old by then
        ("inactive_days", "suppressed", None),
        ("missed_deadline", "raised", seconds(at(12)) + 60),
    ]


def test_preferences_and_responses_are_no_activity() -> None:
    bench = marked().send(graded(at(1), 45))
    before = bench.learner()
    (alert,) = bench.published
    bench.send(wanted(2), said("alert_acknowledged", 2, alert_id=alert.alert_id))
    after = bench.learner()
    assert (after.recent, after.days, after.last_work_at) == (before.recent, before.days, 0)
    assert after.steps == before.steps + 2


def test_an_open_alert_and_one_that_is_over_take_responses() -> None:
    bench = marked().send(graded(at(1), 45))
    name = bench.published[0].alert_id
    bench.send(said("alert_acknowledged", 2, alert_id=name))
    bench.send(graded(at(3), 90, attempt=2))
    bench.send(said("alert_feedback", 4, alert_id=name, value="acted"))
    assert responses(bench) == [
        ("acknowledged", name, seconds(at(2)), None),
        ("feedback", name, seconds(at(4)), "acted"),
    ]
    assert [each.revision for each in told(bench)] == [1, 2]


def test_responses_stand_among_the_transitions_in_the_order_in_which_they_came() -> None:
    name = marked().send(graded(at(1), 45)).published[0].alert_id
    bench = marked()
    effects = bench.fold.begin()
    bench.folded_into(
        effects,
        graded(at(1), 45),
        said("alert_acknowledged", 2, alert_id=name),
        graded(at(3), 90, attempt=2),
        said("alert_feedback", 4, alert_id=name, value="acted"),
    )
    kinds = [each.kind for each in effects.published() if each.alert_id == name]
    assert kinds == ["raised", "acknowledged", "resolved", "feedback"]
    for each in effects.published():
        assert decode_published(encode_transition(each)) == each


def test_of_an_unknown_alert_and_of_anothers_nothing_is_published() -> None:
    bench = marked().send(graded(at(1), 45))
    name = bench.published[0].alert_id
    bench.send(said("alert_acknowledged", 2, alert_id=OTHERS))
    bench.send(said("alert_feedback", 2, alert_id=OTHERS, value="useful"))
    bench.send(said("alert_acknowledged", 2, user="8", alert_id=name))
    assert responses(bench) == []
    assert len(bench.published) == 1
    assert not bench.letters


def test_responses_are_taken_of_the_32_that_were_over_last() -> None:
    bench = marked()
    for n in range(CLOSED_ALERTS_MAX + 1):
        bench.send(graded(at(n), 45, f"a{n}"), graded(at(n, 1), 90, f"a{n}", attempt=2))
    names = [each.alert_id for each in told(bench) if each.kind == "raised"]
    closed = [str(UUID(bytes=each.alert_id)) for each in bench.learner().closed]
    assert len(closed) == 32
    bench.send(*(said("alert_acknowledged", 40, alert_id=name) for name in names))
    known = [name for name in names if name in closed]
    assert [each.alert_id for each in bench.responses] == known
    assert known != names


def test_a_row_takes_the_first_acknowledgement_and_the_newest_feedback_in_any_order() -> None:
    given = [
        Response(kind="acknowledged", alert_id=OTHERS, user_id="7", at=5),
        Response(kind="acknowledged", alert_id=OTHERS, user_id="7", at=3),
        Response(kind="feedback", alert_id=OTHERS, user_id="7", at=4, feedback="useful"),
        Response(kind="feedback", alert_id=OTHERS, user_id="7", at=6, feedback="acted"),
    ]
    for order in permutations(given):
        row = Responses(alert_id=OTHERS, user_id="7")
        for each in order:
            row.take(each)
        assert (row.acknowledged_at, row.feedback, row.feedback_at) == (3, "acted", 6)


def test_of_feedback_of_one_time_the_later_in_the_log_counts() -> None:
    row = Responses(alert_id=OTHERS, user_id="7")
    for value in ("acted", "useful"):
        row.take(Response(kind="feedback", alert_id=OTHERS, user_id="7", at=6, feedback=value))
    assert row.feedback == "useful"
