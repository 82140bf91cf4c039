"""Cursors, filters, statistics and texts of the alerts, without servers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api.alert_query import Filter, Place, alert_query, read_cursor, write_cursor
from api.alert_rows import AlertCount, AlertRow
from api.alert_shapes import Alert
from api.alerts import recommendations, sentence, shown_alert, statistics
from api.auth import is_id
from api.parameters import SEVERITIES
from api.problems import ProblemError
from api.why import WhyThreshold, _thresholds
from contracts.alert_event import instant
from domain.alerts import ALERT_TYPES, Action, ActionCode, AlertType, Spoken, Target
from domain.configuration import Configuration
from domain.rules import RULES
from domain.state.learner import Severity
from tests.sinking import T0, a_transition

IDENTITY = "00000000-0000-5000-8000-000000000001"


@given(
    types=st.sets(st.sampled_from(ALERT_TYPES)),
    severities=st.sets(st.sampled_from(SEVERITIES)),
    since=st.none() | st.integers(-62_135_596_800, 253_402_300_799),
    raised_at=st.integers(0, 253_402_300_799),
)
def test_a_cursor_gives_back_what_it_was_made_of(
    types: set[AlertType], severities: set[Severity], since: int | None, raised_at: int
) -> None:
    asked = Filter(types=tuple(types), severities=tuple(severities), since=since)
    place = Place(raised_at, IDENTITY)
    cursor = write_cursor(asked, place)
    assert read_cursor(cursor) == (asked, place)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?")


@given(st.text(max_size=200))
def test_any_other_text_is_a_broken_cursor(text: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_cursor(text)
    assert refused.value.errors[0].parameter == "cursor"


def test_a_cursor_with_times_out_of_range_is_broken() -> None:
    for since, raised_at in ((None, 2**63), (2**70, 0), (None, -(2**62))):
        with pytest.raises(ProblemError):
            read_cursor(write_cursor(Filter(since=since), Place(raised_at, IDENTITY)))


def test_names_are_in_our_order_and_all_of_them_are_all() -> None:
    def asked(types: str, severity: str) -> Filter:
        query = alert_query(types=types, severity=severity, since=None, limit=20, cursor=None)
        return query.filter

    assert asked("all", "all") == asked(",".join(ALERT_TYPES), "high,low,medium") == Filter()
    assert asked("system, performance", "high,high") == Filter(
        types=("performance", "system"), severities=("high",)
    )
    for wrong in ("", "all,system", "System", ","):
        with pytest.raises(ProblemError):
            asked(wrong, "all")


def test_since_is_kept_within_what_can_be_shown() -> None:
    for year, day in ((1, 1), (9999, 31)):
        since = datetime(year, 1 if day == 1 else 12, day, tzinfo=UTC)
        query = alert_query(types="all", severity="all", since=since, limit=1, cursor=None)
        assert query.filter.since == int(since.timestamp())


@pytest.mark.parametrize(
    ("total", "frequency", "a_day"),
    [(0, "none", 0), (3, "low", 0.43), (6, "low", 0.86), (7, "medium", 1), (21, "high", 3)],
)
def test_the_frequency_of_alerts(total: int, frequency: str, a_day: float) -> None:
    found = statistics([AlertCount("engagement", "low", total, 1, 2)], unacknowledged=1)
    assert (found.alert_frequency, found.average_alerts_per_day) == (frequency, a_day)
    assert (found.by_type.engagement, found.by_severity.low, found.suppressed_last_week) == (
        total,
        total,
        1,
    )


def test_a_code_of_a_newer_worker_stands_for_itself() -> None:
    assert sentence("alert.of_the_future.title", {}) == "alert.of_the_future.title"
    assert sentence("alert.low_score.message", {}) == "alert.low_score.message"
    assert sentence("alert.declining_trend.message", {"scores": 7}).startswith("Your last 7")


def test_what_can_be_a_learners_id() -> None:
    assert is_id("ada")
    assert is_id("42")
    for wrong in ("", "a\x00", "\ud800", 7, None):
        assert not is_id(wrong)


def an_alert(
    identity: str, code: ActionCode = "plan_session", spoken: Spoken | None = None
) -> Alert:
    action = Action(code=code, target=Target(kind="none"))
    told = a_transition("ada", identity, suggested_actions=(action,), spoken=spoken)
    row = AlertRow(
        alert_id=identity,
        revision=1,
        severity="low",
        state="open",
        raised_at=T0,
        updated_at=T0,
        expires_at=T0 + 60,
        resolved_at=None,
        resolution=None,
        transition=told,
    )
    return shown_alert(row, {}, T0, {3: T0 - 60})


def test_an_alert_names_the_model_that_spoke() -> None:
    spoken = Spoken(name="next_missing", version="3", probability=0.62)
    shown = an_alert("1", spoken=spoken)
    assert shown.probability == 0.62
    assert shown.model is not None
    assert (shown.model.name, shown.model.version) == ("next_missing", "3")
    assert shown.model.learned_until == instant(T0 - 60)
    for version in ("4", "x"):
        other = an_alert("1", spoken=Spoken(name="n", version=version, probability=0.5))
        assert (other.probability, other.model) == (0.5, None)
    silent = an_alert("1")
    assert (silent.probability, silent.model) == (None, None)


def test_only_what_can_be_done_is_recommended() -> None:
    alerts = [an_alert("1", "celebrate"), an_alert("2", "submit_assessment")]
    found = recommendations(alerts)
    assert [(each.action.code, each.alert_ids) for each in found] == [("submit_assessment", ["2"])]


@pytest.mark.parametrize("rule", RULES)
def test_every_threshold_is_shown_as_the_document_says(rule: str) -> None:
    """Pydantic warns of a value of another type, and a warning is an error in tests."""
    shown = _thresholds(rule, None, Configuration())
    TypeAdapter(list[WhyThreshold]).dump_json(shown)
    assert all(each.setting.startswith(f"{rule}.") for each in shown)
    assert shown or rule == "model_drift"
