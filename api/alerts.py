"""What performance-alerts answers: rendered from codes, expired when read, counted, suggested."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, Literal, cast

from api.alert_query import AlertQuery, Filter, Place, write_cursor
from api.alert_rows import AlertCount, AlertRow, snapshot_number
from api.alert_shapes import (
    Alert,
    AlertHistory,
    AlertRecommendation,
    AlertRule,
    AlertStatistics,
    AlertSubject,
    BySeverity,
    ByType,
    Filters,
    PerformanceAlerts,
    ShownState,
)
from api.parameters import SEVERITIES
from api.pending import NOTHING, Pending, Said
from api.preferences import preferences_of
from api.rows import Rows
from contracts.alert_event import instant
from domain import alerts
from domain.alerts import ALERT_TYPES, Param, Resolution, Spoken
from domain.course_facts import CourseFacts
from domain.state.learner import Severity
from domain.texts import text
from metrics.shapes import Action, ActionTarget, Evidence, Model, Text

DAYS: Final = 7
RECOMMENDED_MAX: Final = 5


def performance_alerts(
    rows: Rows, query: AlertQuery, facts: Mapping[str, CourseFacts], now: int
) -> PerformanceAlerts:
    """The alerts of one learner at `now`."""
    found, pending = rows.alerts, rows.pending
    show = partial(shown_alert, facts=facts, now=now, learned=found.learned, pending=pending)
    current = [show(row) for row in found.current if row.expires_at > now]
    unseen = [each for each in found.unacknowledged if not _is_acknowledged(pending, each)]
    return PerformanceAlerts(
        filters=_filters(query.filter),
        current_alerts=current,
        alert_statistics=statistics(found.counts, unacknowledged=len(unseen)),
        alert_history=_history(found.history, query, show),
        recommendations=recommendations(current),
        preferences=preferences_of(rows),
    )


def _is_acknowledged(pending: Pending, alert_id: str) -> bool:
    return pending.over(alert_id, Said()).acknowledged_at is not None


def shown_alert(
    row: AlertRow,
    facts: Mapping[str, CourseFacts],
    now: int,
    learned: Mapping[int, int],
    pending: Pending = NOTHING,
) -> Alert:
    """An alert as it stands at `now`; an open one whose time is over has expired.

    `learned` says until when a snapshot of the models had learned, by number; `pending` is what
    lies over the row.
    """
    transition, spoken = row.transition, row.transition.spoken
    said = pending.over(row.alert_id, row.said)
    course = facts.get(transition.course_id or "")
    title_code = transition.title_code or f"alert.{transition.category}.title"
    message_code = transition.message_code or title_code
    actions = [_action(action) for action in transition.suggested_actions]
    return Alert(
        id=row.alert_id,
        type=transition.type,
        severity=cast("Severity", row.severity),
        category=transition.category,
        title=sentence(title_code, transition.params),
        message=sentence(message_code, transition.params),
        actionable=bool(actions),
        timestamp=instant(row.raised_at),
        title_code=title_code,
        message_code=message_code,
        params=transition.params,
        state=shown_state(row, said, now),
        revision=row.revision,
        updated_at=instant(row.updated_at),
        resolved_at=_instant(row.resolved_at),
        resolution=cast("Resolution | None", row.resolution),
        suppressed_reason=transition.suppressed_reason,
        deferred_until=_instant(transition.deferred_until),
        expires_at=instant(row.expires_at),
        acknowledged_at=_instant(said.acknowledged_at),
        feedback=said.feedback,
        audience=list(transition.audience),
        course_id=transition.course_id,
        course_title=None if course is None else course.title,
        subject=AlertSubject(kind=transition.subject.kind, id=transition.subject.id),
        rule=AlertRule(name=transition.category, version=transition.rule_version),
        evidence=[shown_evidence(each) for each in transition.evidence],
        probability=None if spoken is None else spoken.probability,
        model=None if spoken is None else _model(spoken, learned),
        suggested_actions=actions,
    )


def statistics(counts: Iterable[AlertCount], *, unacknowledged: int) -> AlertStatistics:
    """Count what was raised in the last week, and what is open; never filtered."""
    by_type = dict.fromkeys(ALERT_TYPES, 0)
    by_severity = dict.fromkeys(SEVERITIES, 0)
    total = suppressed = still_open = 0
    for each in counts:
        by_type[cast("alerts.AlertType", each.type)] += each.raised
        by_severity[cast("Severity", each.severity)] += each.raised
        total += each.raised
        suppressed += each.suppressed
        still_open += each.open
    return AlertStatistics(
        total_alerts_last_week=total,
        alert_frequency=_frequency(total / DAYS),
        average_alerts_per_day=round(total / DAYS, 2),
        by_type=ByType(**by_type),
        by_severity=BySeverity(**by_severity),
        suppressed_last_week=suppressed,
        open=still_open,
        unacknowledged=unacknowledged,
    )


def recommendations(current: Sequence[Alert]) -> list[AlertRecommendation]:
    """The distinct next steps of the current alerts, the gravest alert's first."""
    suggested: dict[tuple[object, ...], tuple[Alert, Action, list[str]]] = {}
    for alert in current:
        for action in alert.suggested_actions:
            if action.code == "celebrate":
                continue  # nothing to do
            target = action.target
            same = action.code, target.kind, target.id, target.course_id
            suggested.setdefault(same, (alert, action, []))[2].append(alert.id)
    return [
        AlertRecommendation(
            reason=Text(code=alert.message_code, params=alert.params, text=alert.message),
            action=action,
            alert_ids=identities,
        )
        for alert, action, identities in list(suggested.values())[:RECOMMENDED_MAX]
    ]


def sentence(code: str, params: Mapping[str, Param]) -> str:
    """The English text; of a code that a newer worker speaks, the code itself."""
    try:
        return text(code, params)
    except (KeyError, ValueError):
        return code


def _history(
    rows: Sequence[AlertRow], query: AlertQuery, show: Callable[[AlertRow], Alert]
) -> AlertHistory:
    page = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        cursor = write_cursor(query.filter, Place(page[-1].raised_at, page[-1].alert_id))
    items = [show(row) for row in page]
    return AlertHistory(items=items, limit=query.limit, next_cursor=cursor)


def _model(spoken: Spoken, learned: Mapping[int, int]) -> Model | None:
    """Who spoke; None where its snapshot is not in Postgres."""
    until = learned.get(snapshot_number(spoken))
    if until is None:
        return None
    return Model(name=spoken.name, version=spoken.version, learned_until=instant(until))


def _filters(asked: Filter) -> Filters:
    return Filters(
        types=list(asked.types or ALERT_TYPES),
        severity=list(asked.severities or SEVERITIES),
        since=_instant(asked.since),
    )


def shown_state(row: AlertRow, said: Said, now: int) -> ShownState:
    """How an alert stands at `now`, given what its learner said about it."""
    if row.state != "open":
        return cast("ShownState", row.state)
    if row.expires_at <= now:
        return "expired"
    return "open" if said.acknowledged_at is None else "acknowledged"


def _frequency(a_day: float) -> Literal["none", "low", "medium", "high"]:
    if a_day == 0:
        return "none"
    if a_day < 1:
        return "low"
    return "medium" if a_day < 3 else "high"  # noqa: PLR2004 - the definition's own bounds


def shown_evidence(each: alerts.Evidence) -> Evidence:
    """The figure that made a rule speak, as it is shown."""
    return Evidence(
        feature=each.feature,
        value=each.value,
        baseline=each.baseline,
        threshold=each.threshold,
        unit=each.unit,
        direction=each.direction,
    )


def _action(action: alerts.Action) -> Action:
    target = action.target
    return Action(
        code=action.code,
        params=action.params,
        text=sentence(f"action.{action.code}", action.params),
        target=ActionTarget(kind=target.kind, id=target.id, course_id=target.course_id),
        due_at=_instant(action.due_at),
    )


def _instant(at: int | None) -> str | None:
    return None if at is None else instant(at)
