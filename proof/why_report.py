"""What `why` prints: each transition of an alert with its cause, as text or as one JSON object."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from contracts.alert_event import instant
from domain.alerts import Evidence, Spoken, Transition
from domain.texts import text
from proof.why import Cause, Step, Told, Why
from runtime.tables import table

_SHOWN_MAX: Final = 60
_ABOUT: Final = ("assessment_id", "module_id", "content_id", "question_id", "post_id", "goal_id")


def rendered(found: Why, *, as_json: bool) -> str:
    """All of it; times in RFC 3339."""
    if as_json:
        return json.dumps(as_object(found))
    return "\n".join(_lines(found))


def as_object(found: Why) -> dict[str, Any]:
    """The same for machines."""
    first = found.steps[0].transition
    return {
        "alert_id": found.alert_id,
        "user_id": first.user_id or None,
        "rule": {"name": first.category, "version": first.rule_version},
        "course_id": first.course_id,
        "subject": msgspec.to_builtins(first.subject),
        "problem": found.problem,
        "steps": [
            {
                "transition": _transition(step.transition),
                "delivery": None if step.delivery is None else step.delivery._asdict(),
                "cause": msgspec.to_builtins(_plain(step.cause)),
            }
            for step in found.steps
        ],
    }


def _transition(each: Transition) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(each)
    for name in ("at", "raised_at", "expires_at", "resolved_at", "deferred_until"):
        told[name] = None if told[name] is None else instant(told[name])
    told["message"] = _message(each)
    return told


def _plain(cause: Cause | None) -> Any:
    """Rows by the names of their fields."""
    if cause is None:
        return None
    told: dict[str, Any] = msgspec.to_builtins(cause)
    return told | {
        "trigger": cause.trigger._asdict(),
        "events": [each._asdict() for each in cause.events],
        "changed": [each._asdict() for each in cause.changed],
    }


def _lines(found: Why) -> Iterator[str]:
    first = found.steps[0].transition
    who = f"learner {first.user_id}" if first.user_id else "no learner"
    yield (
        f"{first.category} {found.alert_id}: rule version {first.rule_version}, about {who}, "
        f"course {first.course_id or '-'}, {first.subject.kind} {first.subject.id or '-'}"
    )
    for step in found.steps:
        yield ""
        yield from _step(step)
    if found.problem is not None:
        yield f"\nnot folded again: {found.problem}"


def _step(step: Step) -> Iterator[str]:
    each = step.transition
    said = _message(each)
    how = each.resolution or each.severity
    yield f"{each.revision}. {each.kind} at {instant(each.at)}, {how}{f': {said}' if said else ''}"
    yield f"   {_delivered(step)}"
    for evidence in each.evidence:
        yield f"   evidence: {_evidence(evidence)}"
    if each.spoken is not None:
        yield f"   model: {_spoken(each.spoken)}"
    if step.cause is not None:
        yield from _cause(step.cause)


def _delivered(step: Step) -> str:
    each, delivery = step.transition, step.delivery
    if delivery is not None:
        held = each.deferred_until
        later = "" if held is None else f", not before {instant(held)}"
        to = ", ".join(delivery.audience)
        return f"in alerts since {delivery.published_at}, for {to}{later} ({delivery.event_id})"
    if each.suppressed_reason is not None:
        return f"notified nobody: suppressed as {each.suppressed_reason}"
    return "notified nobody: the alert is suppressed" if not each.delivered else "not in alerts"


def _spoken(each: Spoken) -> str:
    parts = [f"{each.name}, snapshot {each.version}"]
    parts += [] if each.probability is None else [f"probability {each.probability:g}"]
    parts += [f"{part.feature} {part.log_odds:+g} log-odds" for part in each.contributions]
    return ", ".join(parts)


def _evidence(each: Evidence) -> str:
    parts = [f"{each.feature} {each.value:g} {each.unit}"]
    parts += [] if each.baseline is None else [f"baseline {each.baseline:g}"]
    parts += [] if each.threshold is None else [f"threshold {each.threshold:g}"]
    return ", ".join(parts)


def _cause(cause: Cause) -> Iterator[str]:
    trigger = cause.trigger
    place = "" if trigger.offset is None else f" at offset {trigger.offset}"
    yield f"   came with: {trigger.kind}{place}, {_short(trigger.content)}; clock {cause.clock}"
    if cause.thresholds:
        since = "the defaults" if cause.configured is None else f"input {cause.configured}"
        named = ", ".join(f"{name} {value}" for name, value in cause.thresholds.items())
        yield f"   thresholds ({since}): {named}"
    if cause.facts is not None:
        yield f"   course facts: {_plain_facts(cause.facts)}"
    if cause.snapshot:
        yield f"   models: snapshot {cause.snapshot}"
    if cause.events:
        more = f", and {cause.earlier_events} earlier ones" if cause.earlier_events else ""
        yield f"   events of the learner{more}:"
        rows = [_event(each) for each in cause.events]
        yield _indented(table(("offset", "occurred", "type", "about", "says"), rows))
    if cause.changed:
        yield "   figures of the state:"
        rows = [(each.figure, _short(each.before), _short(each.after)) for each in cause.changed]
        yield _indented(table(("figure", "before", "after"), rows))


def _plain_facts(facts: Mapping[str, Any]) -> str:
    """What is known of a course, without its lists; `--json` has all."""
    lists = list, tuple
    known = {k: v for k, v in facts.items() if v is not None and not isinstance(v, lists)}
    return ", ".join(f"{name} {value}" for name, value in known.items())


def _event(each: Told) -> tuple[Any, ...]:
    event = each.event
    if event["type"] == "rejected":
        return str(each.offset), each.came_at, "rejected", event["reason"], event["detail"]
    about = next((event[name] for name in _ABOUT if event.get(name)), event.get("course_id", "-"))
    said = ", ".join(
        f"{name} {event[name]}"
        for name in ("score", "max_score", "attempt", "due_at")
        if name in event
    )
    return str(each.offset), event["occurred_at"], event["type"], about, said or "-"


def _indented(lines: str) -> str:
    return "\n".join(f"     {line}" for line in lines.splitlines())


def _short(value: Any) -> str:
    said = "-" if value is None else value if isinstance(value, str) else json.dumps(value)
    return said if len(said) <= _SHOWN_MAX else f"{said[:_SHOWN_MAX]}..."


def _message(each: Transition) -> str | None:
    return None if each.message_code is None else text(each.message_code, each.params)
