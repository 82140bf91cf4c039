"""How many alerts each rule raises, about whom, and how many of them are noise."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean

from benchmarks.outcome.tables import mean, share, table
from benchmarks.outcome.truth import Truth, day_of
from domain.alerts import Transition


@dataclass(slots=True)
class Published:
    """One alert; `severity` is its last, `messages` what a notification service receives of it."""

    rule: str
    severity: str
    course_id: str | None
    subject: str | None
    user: str
    raised_at: int
    instructor: bool
    messages: int = 0
    at_once: bool = False


@dataclass(slots=True)
class Alerts:
    """Every alert of a fold."""

    published: dict[str, Published] = field(default_factory=dict)

    def take(self, transitions: Iterable[Transition]) -> None:
        """Note what a batch published."""
        for step in transitions:
            alert = self.published.get(step.alert_id)
            if alert is None:
                alert = self.published[step.alert_id] = Published(
                    rule=step.category,
                    severity=step.severity,
                    course_id=step.course_id,
                    subject=step.subject.id,
                    user=step.user_id,
                    raised_at=step.raised_at,
                    instructor="instructor" in step.audience,
                )
            alert.messages += step.delivered
            alert.severity = step.severity
            alert.instructor |= "instructor" in step.audience
            alert.at_once |= step.kind == "resolved" and step.at == step.raised_at

    def table(self, truth: Truth) -> str:
        """One row a rule and severity, one a rule, and sums."""
        weeks = sum(truth.weeks(course) for course in truth.facts)
        exams = {a.id for f in truth.facts.values() for a in f.assessments if a.kind == "Exam"}
        groups: dict[tuple[str, str], list[Published]] = defaultdict(list)
        for alert in self.published.values():
            groups["all", ""].append(alert)
            groups[alert.rule, ""].append(alert)
            groups[alert.rule, alert.severity].append(alert)
            if alert.instructor:
                groups["to instructors", ""].append(alert)
            if alert.subject in exams:
                groups["about exams", ""].append(alert)
        sums = ("about exams", "all", "to instructors")
        order = sorted(groups, key=lambda name: (name[0] in sums, name))
        head = (
            *("rule", "severity", "alerts", "per 1,000 learner-weeks", "about passers"),
            "against the same day",
            *("messages an alert", "raised and resolved in one second"),
        )
        rows = [(*name, *_row(groups[name], weeks, truth)) for name in order]
        return f"{weeks:,.0f} learner-weeks.\n\n{table(head, rows)}"


def _same_day(alerts: list[Published], truth: Truth) -> str:
    """By how many points those with the alert pass more than the others in the course that day."""
    differences = [
        100 * (truth.passed(alert.course_id, alert.user) - others)
        for alert in alerts
        if alert.course_id is not None
        and (others := truth.others_passing(alert.course_id, alert.user, day_of(alert.raised_at)))
        is not None
    ]
    return f"{fmean(differences):+.0f}" if differences else "-"


def _row(alerts: list[Published], weeks: float, truth: Truth) -> tuple[str, ...]:
    passing = [
        known
        for alert in alerts
        if (known := truth.passing(alert.course_id, alert.user, day_of(alert.raised_at)))
        is not None
    ]
    return (
        f"{len(alerts):,}",
        f"{1000 * len(alerts) / weeks:.1f}",
        share(sum(passing), len(passing)),
        _same_day(alerts, truth),
        mean([alert.messages for alert in alerts], 2),
        f"{sum(alert.at_once for alert in alerts):,}",
    )
