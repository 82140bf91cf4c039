"""What each rule's alerts were worth: how many, about whom, and what came of those learners."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from statistics import fmean, median
from typing import Final, NamedTuple

from msgspec import Struct

from benchmarks.outcome.alerts import INSTRUCTORS, SEVERITIES, Alerts, Published, Told, told
from benchmarks.outcome.same_day import Group, Points, SameDay, Verdict, same_day
from benchmarks.outcome.tables import mean, pair, share, signed, table
from benchmarks.outcome.truth import Truth

NEEDS_CLICKS: Final = frozenset(
    {
        "account_inactivity",
        "inactive_days",
        "low_weekly_engagement few",
        "low_weekly_engagement own",
        "streak_milestone",
        "upcoming_deadline",
    }
)
"""Rules about days with work: in a course without clicks everybody is silent between deadlines."""
EXEMPT: Final = frozenset({"low_weekly_engagement own"})
"""It can only be about those who were busy, and goes to the learner alone (docs/alerts.md)."""
PEERS: Final = {"declining_trend": 3}
"""Rules that can only be about learners with so many scores are judged among these: where half of a
course submits nothing, to have scores at all says more of passing than how they go."""
_SUMS: Final = ("about exams", "all", INSTRUCTORS)


class RuleRow(Struct, frozen=True, kw_only=True):
    """The alerts of one rule that had one severity or a graver one; shares are from 0 to 1.

    `precision` is the share of the alerted learners who do not pass, `recall` that of those who do
    not pass who were alerted, `lead_days` the median from their first alert to the end of their
    stay. `again` counts how often alerts were true again after they were over. `among_peers` is the
    comparison that is judged where there is one; else `same_day` is.
    """

    rule: str
    severity: str
    alerts: int
    learners: int
    per_learner_week: float | None
    share_of_learners: float | None
    pass_with: float | None
    pass_without: float | None
    same_day: SameDay | None
    among_peers: SameDay | None
    about_passers: float | None
    precision: float | None
    recall: float | None
    lead_days: float | None
    again: int
    messages: float | None
    over_at_once: int
    points: Points | None
    verdict: Verdict


def rule_rows(alerts: Alerts, truth: Truth) -> list[RuleRow]:
    """A row for each rule and severity, then sums."""
    found = alerts.groups(truth)
    order = sorted(found, key=lambda key: (key[0] in _SUMS, key[0], _rank(key[1])))
    return [_row(*key, found[key], truth) for key in order]


def rules_table(rows: Sequence[RuleRow]) -> str:
    """The same as a table."""
    head = (
        *(
            "rule",
            "severity",
            "alerts",
            "per 1,000 learner-weeks",
            "learners",
            "pass with / without",
        ),
        *(
            "same day: with / without",
            "difference",
            "among peers",
            "about passers",
            "precision",
            "recall",
        ),
        *("lead, days", "true again", "messages an alert", "raised and resolved in one second", ""),
    )
    return table(head, (_cells(row) for row in rows))


def _cells(row: RuleRow) -> Sequence[str]:
    same, peers, weekly = row.same_day, row.among_peers, row.per_learner_week
    return (
        row.rule,
        row.severity,
        f"{row.alerts:,}",
        "-" if weekly is None else f"{1000 * weekly:.1f}",
        _percent(row.share_of_learners),
        pair(row.pass_with, row.pass_without),
        "-" if same is None else pair(same.told, same.others),
        "-" if same is None else signed(same.difference, same.half),
        "-" if peers is None else signed(peers.difference, peers.half),
        _percent(row.about_passers),
        "-" if row.precision is None else f"{row.precision:.2f}",
        "-" if row.recall is None else f"{row.recall:.2f}",
        "-" if row.lead_days is None else f"{row.lead_days:.0f}",
        f"{row.again:,}",
        mean([] if row.messages is None else [row.messages], 2),
        f"{row.over_at_once:,}",
        row.verdict,
    )


def _percent(part: float | None) -> str:
    return "-" if part is None else share(part, 1)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity else -1


def _row(rule: str, severity: str, alerts: Sequence[Published], truth: Truth) -> RuleRow:
    scope = scope_of(truth, needs_clicks=rule in NEEDS_CLICKS)
    mark = INSTRUCTORS if rule == INSTRUCTORS else severity
    spoken = [
        each
        for each in told(alerts, mark, truth)
        if each.course_id in scope and each.since <= scope[each.course_id]
    ]
    found = same_day(_groups(spoken, truth), truth.passed)
    peers = same_day(_groups(spoken, truth, PEERS[rule]), truth.passed) if rule in PEERS else None
    judged = found if rule not in PEERS else peers
    points = _points(rule, alerts)
    unjudged: Verdict = "too few" if scope else "no clicks"
    weeks = sum(truth.weeks(course, until) for course, until in scope.items())
    counted = _counted(spoken, scope, truth)
    passing = _mean([truth.passed(*member) for member in counted.alerted])
    leads = [truth.ended(*member) - counted.first[member] for member in counted.hit]
    return RuleRow(
        rule=rule,
        severity=severity,
        alerts=len(alerts),
        per_learner_week=_part(len(spoken), weeks),
        same_day=found,
        among_peers=peers,
        about_passers=_mean([truth.passed(each.course_id, each.user) for each in spoken]),
        again=sum(alert.again for alert in alerts),
        messages=_mean([alert.messages for alert in alerts]),
        over_at_once=sum(alert.at_once for alert in alerts),
        points=points,
        verdict=unjudged if judged is None else judged.verdict(points),
        learners=len(counted.first),
        share_of_learners=_part(len(counted.alerted), len(counted.everyone)),
        pass_with=passing,
        pass_without=_mean([truth.passed(*m) for m in counted.everyone - counted.alerted]),
        precision=None if passing is None else 1 - passing,
        recall=_part(len(counted.hit), len(counted.failing)),
        lead_days=median(leads) if leads else None,
    )


def _points(rule: str, alerts: Sequence[Published]) -> Points | None:
    """Achievements are for those who pass, all else for those who do not."""
    if rule in EXEMPT or rule in _SUMS:
        return None
    return "up" if alerts[0].type == "achievement" else "down"


def scope_of(truth: Truth, *, needs_clicks: bool) -> dict[str, int]:
    """The courses that are looked at, each with its last day (an ordinal)."""
    if not needs_clicks:
        return {course: truth.span(course)[1] for course in truth.facts}
    return {
        course: min(until, truth.span(course)[1]) for course, until in truth.clicked_until.items()
    }


def _groups(spoken: Sequence[Told], truth: Truth, scores: int = 0) -> list[Group]:
    """Those told on each day, beside all of the course who were not told and have nothing open.

    Of the others only those with so many scores by that day.
    """
    days: dict[tuple[str, int], list[str]] = defaultdict(list)
    by_course: dict[str, list[Told]] = defaultdict(list)
    for each in spoken:
        days[each.course_id, each.since].append(each.user)
        by_course[each.course_id].append(each)
    found = []
    for (course, day), users in days.items():
        having = {t.user for t in by_course[course] if t.since <= day < t.until}
        others = truth.present(course, day).difference(having, users)
        found.append(Group(course, users, truth.with_scores(others, scores, day)))
    return found


class _Counted(NamedTuple):
    """Learners by course: `first` is the day on which each was told first.

    The rest is of those who count: those told, those who do not pass, and of these those told.
    """

    first: dict[tuple[str, str], int]
    everyone: set[tuple[str, str]]
    alerted: set[tuple[str, str]]
    failing: set[tuple[str, str]]
    hit: set[tuple[str, str]]


def _counted(spoken: Sequence[Told], scope: Collection[str], truth: Truth) -> _Counted:
    first: dict[tuple[str, str], int] = {}
    for each in spoken:
        member = each.course_id, each.user
        first[member] = min(each.since, first.get(member, each.since))
    everyone = {(course, user) for course in scope for user in truth.population(course)}
    failing = {member for member in everyone if not truth.passed(*member)}
    told_of = first.keys()
    return _Counted(first, everyone, everyone & told_of, failing, failing & told_of)


def _part(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
