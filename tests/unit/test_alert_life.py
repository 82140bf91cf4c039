"""The life of an alert: ids, revisions, staleness, expiry, and how many are kept."""

import uuid
from datetime import timedelta
from typing import Any, Final

import pytest

from domain.alerts import ALERT_NAMESPACE, Finding, Transition, alert_id
from domain.alerts.delivery import Moment
from domain.alerts.lifecycle import forget_expired, raise_alert, resolve_alert, update_alert
from domain.rules import RULES
from domain.rules.low_score import RULE
from domain.rules.reconcile import corrected, reconcile
from domain.state.learner import (
    Learner,
    new_learner,
)
from domain.state.limits import (
    CLOSED_ALERTS_MAX,
    OPEN_ALERTS_MAX,
)
from tests.factories import COURSE, USER, Bench, at, graded, record, seconds
from tests.ruling import step

DAY: Final = 86_400
NOW: Final = seconds(at(1))


def finding(cause: str = "cause", when: int = NOW, **fields: Any) -> Finding:
    fields = {"severity": "medium", "params": {"score": 45}} | fields
    return Finding(
        rule=RULE,
        course_id=COURSE,
        subject_id="a1",
        cause=cause,
        at=when,
        message_code="alert.low_score.message",
        evidence=(),
        **fields,
    )


def moment(when: int, stale_before: int = 0) -> Moment:
    return Moment(when, when, stale_before, "UTC")


def raised(state: Learner, found: Finding, stale_before: int) -> Transition | None:
    return raise_alert(state, found, found.id_of(state.user_id), moment(NOW, stale_before))


def learner(*causes: str) -> Learner:
    state = new_learner(USER)
    for cause in causes:
        assert raised(state, finding(cause), 0) is not None
    return state


def test_an_alert_expires_after_the_days_of_its_rule() -> None:
    assert finding().expires_at == NOW + 14 * DAY


def test_an_id_follows_from_learner_rule_subject_and_cause() -> None:
    name = f"{USER}\x1flow_score\x1fa1\x1fcause"
    assert alert_id(USER, "low_score", "a1", "cause") == uuid.uuid5(ALERT_NAMESPACE, name)
    assert uuid.UUID(bytes=finding().id_of(USER)) == uuid.uuid5(ALERT_NAMESPACE, name)
    without = f"{USER}\x1fdeclining_trend\x1f\x1fcause"
    named = alert_id(USER, "declining_trend", None, "cause")
    assert named == uuid.uuid5(ALERT_NAMESPACE, without)


def test_what_is_older_than_the_bound_is_suppressed_as_stale() -> None:
    for before, kind, state_is, reason in (
        (NOW, "raised", "open", None),
        (NOW + 1, "suppressed", "suppressed", "stale"),
    ):
        told = raised(new_learner(USER), finding(), before)
        assert told is not None
        assert (told.kind, told.state, told.suppressed_reason) == (kind, state_is, reason)
        assert told.delivered == (kind == "raised")


def test_stale_is_what_is_more_than_48_hours_older_than_the_clock() -> None:
    for late, kind in ((0, "raised"), (1, "suppressed")):
        arrived = at(3, 1) + timedelta(seconds=late)
        (told,) = Bench().send(record(graded(at(1, 1), 30), arrived=arrived)).published
        assert told.kind == kind


def test_a_change_that_is_not_stale_delivers_what_was_suppressed() -> None:
    for bound, kind in ((NOW + DAY, "raised"), (NOW + DAY + 1, "updated")):
        state = new_learner(USER)
        raised(state, finding(), NOW + 1)
        told = update_alert(state, state.alerts[0], finding(), moment(NOW + DAY, bound))
        assert (told.kind, told.revision) == (kind, 2)
        assert told.delivered == (kind == "raised") != state.alerts[0].suppressed


def test_what_is_open_is_updated_and_never_raised_again() -> None:
    state = learner("cause")
    found = finding(severity="high")
    told = update_alert(state, state.alerts[0], found, moment(NOW + 5, NOW + 9))
    assert (told.kind, told.severity, told.revision, told.at) == ("updated", "high", 2, NOW + 5)
    assert state.alerts[0].severity == "high"


def test_time_never_goes_back_within_an_alert() -> None:
    state = learner("cause")
    (alert,) = state.alerts
    assert update_alert(state, alert, finding(), moment(NOW + 5)).at == NOW + 5
    assert update_alert(state, alert, finding(), moment(NOW + 3)).at == NOW + 5
    ended = resolve_alert(state, alert, RULE, at=NOW + 4, resolution="cleared")
    assert (ended.at, ended.resolved_at, ended.revision) == (NOW + 5, NOW + 5, 4)
    assert (ended.state, ended.resolution, state.alerts) == ("resolved", "cleared", [])
    again = raised(state, finding(), 0)
    assert again is not None
    assert (again.revision, again.at, again.raised_at, state.closed) == (5, NOW + 5, NOW, [])


def test_the_end_of_what_was_suppressed_is_not_delivered() -> None:
    state = new_learner(USER)
    raised(state, finding(), NOW + 1)
    ended = resolve_alert(state, state.alerts[0], RULE, at=NOW, resolution="cleared")
    assert (ended.state, ended.delivered) == ("suppressed", False)


def test_64_alerts_are_open_at_most_and_others_are_counted() -> None:
    state = learner(*(f"cause {n}" for n in range(OPEN_ALERTS_MAX)))
    assert (len(state.alerts), state.overflow.alerts) == (64, 0)
    assert raised(state, finding("one more"), 0) is None
    assert (len(state.alerts), state.overflow.alerts) == (64, 1)


def test_32_that_are_over_are_remembered() -> None:
    state = new_learner(USER)
    for n in range(CLOSED_ALERTS_MAX + 1):
        raised(state, finding(f"cause {n}"), 0)
        resolve_alert(state, state.alerts[0], RULE, at=NOW, resolution="cleared")
    assert len(state.closed) == 32
    forgotten = raised(state, finding("cause 0"), 0)
    remembered = raised(state, finding("cause 1"), 0)
    assert forgotten is not None
    assert remembered is not None
    assert (forgotten.revision, remembered.revision) == (1, 3)


def test_an_alert_is_over_by_itself_at_its_expiry() -> None:
    state = learner("cause")
    raised(state, finding("later", NOW + 1), 0)
    forget_expired(state, NOW + 14 * DAY - 1)
    assert (len(state.alerts), len(state.closed)) == (2, 0)
    forget_expired(state, NOW + 14 * DAY)
    assert [each.raised_at for each in state.alerts] == [NOW + 1]
    assert [(each.revision, each.at) for each in state.closed] == [(1, NOW)]


# -- what is to be open against what is open -------------------------------------------------------


def reconciled(state: Learner, *wanted: Finding, days: float = 1) -> list[tuple[str, int]]:
    now = step(when=at(days))
    reconcile(state, RULE, wanted, now, among=lambda _: True)
    return [(told.kind, told.revision) for told in now.published]


def test_what_is_wanted_is_raised_and_what_is_not_is_corrected() -> None:
    state = learner("gone")
    now = step(when=at(1))
    reconcile(state, RULE, [finding("new")], now, among=lambda _: True)
    assert [(told.kind, told.resolution) for told in now.published] == [
        ("resolved", "corrected"),
        ("raised", None),
    ]
    assert reconciled(state, finding("new")) == []
    assert corrected(state.alerts[0]) == "corrected"


def test_what_says_something_else_or_expires_at_another_time_is_updated() -> None:
    state = learner("cause")
    assert reconciled(state, finding(params={"score": 44})) == [("updated", 2)]
    assert reconciled(state, finding(params={"score": 44}, severity="high")) == [("updated", 3)]
    assert reconciled(state, finding(params={"score": 44}, severity="high")) == []
    moved = finding(params={"score": 44}, severity="high", when=NOW + 1)
    assert reconciled(state, moved) == [("updated", 4)]


def test_what_would_be_expired_is_not_raised() -> None:
    for days, raised in ((15, 0), (14.9, 1)):
        assert len(reconciled(new_learner(USER), finding(), days=days)) == raised


def test_alerts_of_other_rules_and_subjects_are_left_alone() -> None:
    state = learner("cause")
    now = step(when=at(1))
    reconcile(state, RULES["declining_trend"], [], now, among=lambda _: True)
    reconcile(state, RULE, [], now, among=lambda _: False)
    assert (now.published, len(state.alerts)) == ([], 1)


@pytest.mark.parametrize("severity", ["low", "high"])
def test_severity_is_a_part_of_what_is_said(severity: str) -> None:
    assert finding().said == finding().said != finding(severity=severity).said
