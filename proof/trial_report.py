"""What `rules try` says: counts per rule and week beside today's rules, and examples."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contracts.alert_event import instant
from domain.rules import PARTITION_RULES, TABLE
from proof.trial import Raised, Trial
from runtime.tables import table

EXAMPLES: Final = 10
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
_RULES: Final = [
    *(rule.spec.category for rule in TABLE),
    *(rule.spec.category for rule in PARTITION_RULES),
]
_SIDES: Final = {"tried": "+", "today": "-", "both": "="}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule: how often it was raised with the rules tried and with today's."""

    rule: str
    tried: int
    today: int
    difference: int
    only_tried: int
    """Alerts, by their ids, that today's rules do not raise."""
    only_today: int
    """Alerts that only today's rules raise."""
    suppressed_tried: int
    suppressed_today: int
    other_severity: int
    """Alerts that both raise, and not as severe."""
    learners: int
    """Those with an alert, with the rules tried."""
    per_week: float | None
    """None where the trial covers less than a day, of which no week can be told."""
    per_1000_learners: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRow:
    """One week, from a Monday at 00:00 UTC: alerts raised of one rule."""

    week: str
    rule: str
    tried: int
    today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An alert as it would have been raised; `side` says with which rules."""

    side: str
    alert_id: str
    rule: str
    user_id: str
    severity: str
    at: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """All of it; `since` is the moment that was asked for, or the log's beginning if later."""

    since: str
    until: str
    weeks: float
    learners: int
    rules: list[RuleRow]
    by_week: list[WeekRow]
    examples: list[Example]


def report(trial: Trial) -> TrialReport:
    """Count what came of a trial."""
    seconds = max(trial.ended - trial.began, 1)
    tried, today = trial.tried.raised, trial.today.raised
    return TrialReport(
        since=instant(trial.began),
        until=instant(trial.ended),
        weeks=round(seconds / _WEEK, 2),
        learners=trial.learners,
        rules=[_rule(name, trial, seconds) for name in _RULES],
        by_week=list(_weeks(tried, today, trial.began)),
        examples=_examples(tried, today),
    )


def rendered(found: TrialReport, *, as_json: bool) -> str:
    """The report as tables, or as one JSON object."""
    if as_json:
        return json.dumps(asdict(found))
    return "\n".join(_lines(found))


def _rule(name: str, trial: Trial, seconds: int) -> RuleRow:
    tried = [each for each in trial.tried.raised if each.rule == name]
    today = [each for each in trial.today.raised if each.rule == name]
    severities, severities_today = (
        {each.alert_id: each.severity for each in side} for side in (tried, today)
    )
    ids, ids_today = severities.keys(), severities_today.keys()
    return RuleRow(
        rule=name,
        tried=len(tried),
        today=len(today),
        difference=len(tried) - len(today),
        only_tried=len(ids - ids_today),
        only_today=len(ids_today - ids),
        suppressed_tried=trial.tried.suppressed[name],
        suppressed_today=trial.today.suppressed[name],
        other_severity=sum(severities[each] != severities_today[each] for each in ids & ids_today),
        learners=len({each.user_id for each in tried} - {""}),
        per_week=round(len(tried) * _WEEK / seconds, 2) if seconds >= _DAY else None,
        per_1000_learners=round(1000 * len(tried) / max(trial.learners, 1), 1),
    )


def _weeks(tried: Iterable[Raised], today: Iterable[Raised], began: int) -> Iterator[WeekRow]:
    """What happened before the moment and was found by the new rules counts for its first week."""
    counts = [
        Counter((_monday(max(each.at, began)), each.rule) for each in side)
        for side in (tried, today)
    ]
    for week, rule in sorted(counts[0] | counts[1], key=lambda key: (key[0], _RULES.index(key[1]))):
        yield WeekRow(
            week=week, rule=rule, tried=counts[0][week, rule], today=counts[1][week, rule]
        )


def _monday(at: int) -> str:
    day = datetime.fromtimestamp(at, UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def _examples(tried: Sequence[Raised], today: Sequence[Raised]) -> list[Example]:
    """Up to ten: first what only one of the two raises, then what both do; spread over time."""
    ids, ids_today = ({each.alert_id for each in side} for side in (tried, today))
    only_tried = _spread((each for each in tried if each.alert_id not in ids_today), EXAMPLES)
    only_today = _spread((each for each in today if each.alert_id not in ids), EXAMPLES)
    half = EXAMPLES // 2
    gained = only_tried[: max(half, EXAMPLES - len(only_today))]
    lost = only_today[: EXAMPLES - len(gained)]
    both = _spread(
        (each for each in tried if each.alert_id in ids_today), EXAMPLES - len(gained) - len(lost)
    )
    sides = (("tried", gained), ("today", lost), ("both", both))
    return [_example(side, each) for side, chosen in sides for each in chosen]


def _spread(found: Iterable[Raised], count: int) -> list[Raised]:
    """At most so many of them, evenly over their order in time."""
    known = sorted(found, key=lambda each: (each.at, each.alert_id))
    few = min(count, len(known))
    return [known[number * len(known) // few] for number in range(few)]


def _example(side: str, each: Raised) -> Example:
    return Example(
        side=side,
        alert_id=each.alert_id,
        rule=each.rule,
        user_id=each.user_id,
        severity=each.severity,
        at=instant(each.at),
        message=each.message,
    )


def _lines(found: TrialReport) -> Iterator[str]:
    yield (
        f"from {found.since} to {found.until}: {found.weeks:g} weeks, "
        f"{found.learners:,} learners; nothing was sent"
    )
    yield ""
    yield table(_headings(), [_cells(row) for row in found.rules])
    yield ""
    yield table(
        ("week", "rule", "tried", "today"),
        [(row.week, row.rule, row.tried, row.today) for row in found.by_week],
    )
    if found.examples:
        yield "\n+ only with these rules, - only with today's, = with both"
        yield table(
            ("", "raised", "learner", "rule", "severity", "message"),
            [
                (_SIDES[each.side], each.at, each.user_id, each.rule, each.severity, each.message)
                for each in found.examples
            ],
        )


def _headings() -> tuple[str, ...]:
    return (
        "rule",
        "tried",
        "today",
        "difference",
        "only tried",
        "only today",
        "other severity",
        "suppressed",
        "learners",
        "a week",
        "per 1,000 learners",
    )


def _cells(row: RuleRow) -> tuple[Any, ...]:
    return (
        row.rule,
        row.tried,
        row.today,
        row.difference,
        row.only_tried,
        row.only_today,
        row.other_severity,
        row.suppressed_tried,
        row.learners,
        "-" if row.per_week is None else row.per_week,
        row.per_1000_learners,
    )
