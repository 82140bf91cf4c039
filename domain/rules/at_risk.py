"""at_risk: the model gives a learner a high probability of not passing a course."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta, Struct

from domain.alerts import Finding, Resolution, Rule, in_course
from domain.changes import Change, Predicted
from domain.exact import reaches, under
from domain.keepers.courses import find_course
from domain.keepers.standing import standing
from domain.predictions import Figure, Prediction
from domain.rules.ordering import require_at_most
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented, Probability
from domain.rules.speaking import (
    how_it_ended,
    predicted,
    probability,
    risk_evidence,
    spoken,
)
from domain.state.course import Course
from domain.state.learner import (
    Learner,
    OpenAlert,
    Severity,
)
from domain.state.limits import NEVER
from domain.step import Step

RULE: Final = Rule(
    category="at_risk",
    version=1,
    type="performance",
    expires_days=28,
    audience=("instructor",),
    subject="course",
)
BAR_MAX: Final = 0.95
"""Where most do not pass, the bar would lie above every probability."""
_HOUR: Final = 3600


class AtRisk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bar is `probability`, or `above_base` over the course's base rate where that is more.

    It has to be reached twice, `hours` apart, and from `hours_after_due` on after the learner's
    first heavy due date. The alert ends `leave_below` under the bar; from `high` on it is severe.
    """

    probability: Probability = 0.7
    above_base: Probability = 0.3
    leave_below: Probability = 0.1
    high: Probability = 0.9
    hours: Annotated[int, Meta(ge=0, le=168)] = 24
    hours_after_due: Annotated[int, Meta(ge=0, le=8760)] = 48

    def __post_init__(self) -> None:
        """Refuse an alert that would never end, and one that is severe before it is raised."""
        require_at_most(self, "leave_below", "probability")
        require_at_most(self, "probability", "high")


TEXTS: Final = {
    "alert.at_risk.title": "At Risk of Not Passing",
    "alert.at_risk.message": (
        "{title}: the model gives this learner a high probability of not passing. "
        "A message now may help most"
    ),
}


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at what is predicted now."""
    assert isinstance(change, Predicted)
    made = {each.course_id: (each, shown) for each, shown in predicted(state, "not_passing")}
    wanted: list[Finding] = []
    for course in state.courses:
        known = made.get(course.course_id)
        if known is None:
            course.at_risk_since = NEVER
            continue
        wanted += _findings(state, course, *known, step)

    def ending(alert: OpenAlert) -> Resolution:
        return how_it_ended(find_course(state, alert.course_id or ""))

    reconcile(state, RULE, wanted, step, among=lambda _: True, ending=ending)


def due_at(state: Learner, step: Step) -> int | None:
    """When a probability at the bar is looked at for the second time, or when it may be spoken of.

    In between it is looked at whenever something is predicted.
    """
    made = {each.course_id: shown for each, shown in predicted(state, "not_passing")}
    moments = list[int]()
    for course in state.courses:
        if course.at_risk_since:
            hours = step.thresholds(AtRisk, course.course_id).hours
            moments.append(course.at_risk_since + hours * _HOUR)
        elif course.course_id in made and _is_at_bar(course, made[course.course_id], step):
            speaks_from = _speaks_from(course, step)
            moments += [] if speaks_from is None else [speaks_from]
    return min((at for at in moments if at >= step.now), default=None)


def _is_at_bar(course: Course, shown: Figure, step: Step) -> bool:
    return not under(probability(shown), _bar(course, step))


def _findings(
    state: Learner, course: Course, made: Prediction, shown: Figure, step: Step
) -> Iterator[Finding]:
    rule, chance = step.thresholds(AtRisk, course.course_id), probability(shown)
    bar = _bar(course, step)
    alert = _open_alert(state, course)
    low = under(chance, bar if alert is None else bar - rule.leave_below)
    if low or step.scorer.is_gated(course.course_id) or not _may_speak(course, made.made_at, step):
        course.at_risk_since = NEVER
        return
    course.at_risk_since = course.at_risk_since or made.made_at
    raised_at = course.at_risk_since + rule.hours * _HOUR
    if made.made_at < raised_at:
        return
    yield Finding(
        rule=RULE,
        severity=_severity(alert, chance, rule),
        course_id=course.course_id,
        subject_id=course.course_id,
        cause=f"{course.course_id}:{course.at_risk_since}",
        at=raised_at,
        message_code="alert.at_risk.message",
        params={"title": step.facts[course.course_id].title or course.course_id},
        evidence=(risk_evidence("probability_not_passing", shown, bar),),
        actions=in_course("ask_for_help", course.course_id),
        spoken=spoken(made, shown, step),
    )


def _bar(course: Course, step: Step) -> float:
    """The probability from which on the rule speaks."""
    rule, facts = step.thresholds(AtRisk, course.course_id), step.facts[course.course_id]
    rate = step.scorer.base_rate(course.course_id, facts.run_of)
    above = 0.0 if rate is None else min(BAR_MAX, rate + rule.above_base)
    return max(rule.probability, above)


def _speaks_from(course: Course, step: Step) -> int | None:
    """When the learner's first heavy work was due long enough ago; None where none is due."""
    heavy = standing(course, step.facts[course.course_id]).heavy
    first = next((each.due_at for each in heavy if each.due_at >= course.entered_at), None)
    after = step.thresholds(AtRisk, course.course_id).hours_after_due * _HOUR
    return None if first is None else first + after


def _may_speak(course: Course, moment: int, step: Step) -> bool:
    speaks_from = _speaks_from(course, step)
    return speaks_from is not None and moment >= speaks_from


def _open_alert(state: Learner, course: Course) -> OpenAlert | None:
    for alert in state.alerts:
        if alert.rule == RULE.category and alert.course_id == course.course_id:
            return alert
    return None


def _severity(alert: OpenAlert | None, chance: float, rule: AtRisk) -> Severity:
    """High from its bar on, until it falls as far under it as an alert falls to end."""
    was_high = alert is not None and alert.severity == "high"
    bar = rule.high - rule.leave_below if was_high else rule.high
    return "high" if reaches(chance, bar) else "medium"


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=AtRisk,
    texts=TEXTS,
    documented=Documented(
        severity="medium; high from a probability of .9",
        raised=(
            "the model's calibrated probability of not passing is .7 or more, or .3 above the "
            "course's base rate where that is more (at most .95), twice 24 hours apart, from 48 "
            "hours on after the learner's first heavy due date; only from 500 known outcomes on, "
            "and not while the course's gate is closed"
        ),
        ends=(
            "the probability falls to .1 under the bar, or the gate closes: `cleared`; the course "
            "is left or over: `unenrolled`, `course_finished`"
        ),
        cooldown="none",
        cause="course `:` time at which the probability came to the bar",
    ),
    changes=(Predicted,),
    on=on,
    due_at=due_at,
)
