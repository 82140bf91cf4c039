"""Every alert of a fold, and for each rule and severity what came of those about whom it spoke."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from benchmarks.outcome.truth import Truth, day_of
from domain.alerts import AlertType, Transition

SEVERITIES: Final = ("low", "medium", "high")
INSTRUCTORS: Final = "to instructors"
SEPARATE: Final = frozenset({"low_weekly_engagement", "progress_milestone"})
"""Rules whose alerts are about different things, each with a message of its own."""
_NEVER: Final = 10**12


class Told(NamedTuple):
    """One alert about one learner in one course; `since` and `until` are days (ordinals).

    It was open at the end of each day from `since` on, up to and without `until`.
    """

    course_id: str
    user: str
    since: int
    until: int


@dataclass(slots=True)
class Published:
    """One alert. `since` says when it first had each severity, or a graver one, in epoch seconds.

    `severity` is its last, `messages` what a notification service receives of it, `again` how often
    it was true again after it was over.
    """

    rule: str
    type: AlertType
    severity: str
    course_id: str | None
    subject: str | None
    user: str
    raised_at: int
    over_at: int = _NEVER
    since: dict[str, int] = field(default_factory=dict)
    messages: int = 0
    again: int = 0
    at_once: bool = False


@dataclass(slots=True)
class Alerts:
    """Every alert of a fold, by its id."""

    published: dict[str, Published] = field(default_factory=dict)

    def take(self, transitions: Iterable[Transition]) -> None:
        """Note what a batch published; alerts about models and data are not judged."""
        for step in transitions:
            if step.in_history:
                self._take(step)

    def _take(self, step: Transition) -> None:
        alert = self.published.get(step.alert_id)
        if alert is None:
            alert = self.published[step.alert_id] = Published(
                rule=_name(step),
                type=step.type,
                severity=step.severity,
                course_id=step.course_id,
                subject=step.subject.id,
                user=step.user_id,
                raised_at=step.raised_at,
            )
        elif step.kind == "raised":
            alert.again += 1
        alert.messages += step.delivered
        alert.severity = step.severity
        if step.kind == "resolved":
            alert.over_at = step.at
            alert.at_once |= step.at == step.raised_at
            return
        # What is praised is over when it expires, what is warned of when it is no longer true.
        alert.over_at = step.expires_at if step.type == "achievement" else _NEVER
        for severity in SEVERITIES[: SEVERITIES.index(step.severity) + 1]:
            alert.since.setdefault(severity, step.at)
        if "instructor" in step.audience:
            alert.since.setdefault(INSTRUCTORS, step.at)

    def groups(self, truth: Truth) -> dict[tuple[str, str], list[Published]]:
        """The alerts of each rule and severity (those that had it, or a graver one), and sums."""
        exams = {a.id for f in truth.facts.values() for a in f.assessments if a.kind == "Exam"}
        found: dict[tuple[str, str], list[Published]] = defaultdict(list)
        for alert in self.published.values():
            for severity in alert.since:
                if severity != INSTRUCTORS:
                    found[alert.rule, severity].append(alert)
            found["all", ""].append(alert)
            if INSTRUCTORS in alert.since:
                found[INSTRUCTORS, ""].append(alert)
            if alert.subject in exams:
                found["about exams", ""].append(alert)
        for rule in {alert.rule for alert in self.published.values()}:
            _only_new(found, rule)
        return found


def told(alerts: Sequence[Published], severity: str, truth: Truth) -> Iterator[Told]:
    """Whom these alerts are about, from when on they had that severity.

    One about no course is about each that the learner was in on that day. What is raised about
    nobody who is still in the course is left out.
    """
    for alert in alerts:
        at = alert.since.get(severity, alert.raised_at)
        day = day_of(at)
        courses = [alert.course_id] if alert.course_id else truth.courses_of(alert.user, day)
        for course in courses:
            if alert.user in truth.present(course, day):
                until = _NEVER if alert.over_at == _NEVER else day_of(alert.over_at)
                yield Told(course, alert.user, day, until)


def _name(step: Transition) -> str:
    """The rule, and the part of it where its parts are about different things."""
    if step.category not in SEPARATE or step.message_code is None:
        return step.category
    return f"{step.category} {step.message_code.rsplit('.', 1)[1]}"


def _only_new(found: dict[tuple[str, str], list[Published]], rule: str) -> None:
    """Drop the severities under the least one that the rule has: they say the same."""
    for lower, higher in (("low", "medium"), ("medium", "high")):
        if len(found.get((rule, lower), ())) == len(found.get((rule, higher), ())):
            found.pop((rule, lower), None)
