"""next_missing: the model expects that the next heavy work will not be submitted in time."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta, Struct

from domain.alerts import DAY, Action, Finding, Resolution, Rule, Target
from domain.changes import Change, Predicted
from domain.exact import reaches, under
from domain.ids import short_id
from domain.keepers.courses import find_course
from domain.keepers.coursework import find_work, submitted
from domain.keepers.days import day_month
from domain.keepers.standing import HeavyWork, standing
from domain.naming import undated_name
from domain.predicting.awaiting import MISSING_AFTER
from domain.predictions import Prediction
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
)
from domain.step import Step

RULE: Final = Rule(
    category="next_missing",
    version=1,
    type="performance",
    expires_days=21,
    audience=("learner", "instructor"),
    subject="assessment",
)


class NextMissing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The probability to reach for what is due within `days`; it ends `leave_below` under it."""

    probability: Probability = 0.5
    leave_below: Probability = 0.1
    days: Annotated[int, Meta(ge=1, le=28)] = 14

    def __post_init__(self) -> None:
        """Refuse an alert that would never end."""
        require_at_most(self, "leave_below", "probability")


TEXTS: Final = {
    "alert.next_missing.title": "Coming Up",
    "alert.next_missing.message": (
        "{title} is due on {date} and has not been submitted. Starting now leaves time for it"
    ),
}


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at what is predicted now.

    What is open stays so while its work is: until it is submitted, a week after its due time, or
    until the model says clearly otherwise.
    """
    assert isinstance(change, Predicted)
    made = {(each.course_id, each.assessment): each for each, _ in predicted(state, "next_missing")}
    open_now = _open_now(state)
    wanted = []
    for course, work in _asked(state, step) if made or open_now else ():
        key = course.course_id, work.assessment.id
        rule = step.thresholds(NextMissing, course.course_id)
        if _speaks(work, made.get(key), open_now.get(key), rule):
            at = open_now[key].raised_at if key in open_now else made[key].made_at
            wanted.append(_finding(state, course, work, made.get(key), at, step))

    def ending(alert: OpenAlert) -> Resolution:
        return _ending(state, alert)

    reconcile(state, RULE, wanted, step, among=lambda _: True, ending=ending)


def due_at(state: Learner, step: Step) -> int | None:
    """The next moment from `step.now` on at which work that is open is a week past its due time."""
    open_now = _open_now(state)
    moments = (
        work.due_at + MISSING_AFTER
        for course, work in (_asked(state, step) if open_now else ())
        if (course.course_id, work.assessment.id) in open_now
    )
    return min(moments, default=None)


def _open_now(state: Learner) -> dict[tuple[str | None, str | None], OpenAlert]:
    return {(a.course_id, a.subject): a for a in state.alerts if a.rule == RULE.category}


def _asked(state: Learner, step: Step) -> Iterator[tuple[Course, HeavyWork]]:
    """Heavy work of the open courses that is not submitted and not missing yet."""
    for course in state.courses:
        facts = step.facts.get(course.course_id)
        if facts is None or not course.is_open:
            continue
        for work in standing(course, facts).heavy:
            if work.submitted_at is None and step.now < work.due_at + MISSING_AFTER:
                yield course, work


def _speaks(
    work: HeavyWork, made: Prediction | None, alert: OpenAlert | None, rule: NextMissing
) -> bool:
    if made is None or made.shown is None:
        return alert is not None
    if alert is not None:
        return not under(probability(made.shown), rule.probability - rule.leave_below)
    soon = work.due_at <= made.made_at + rule.days * DAY
    return soon and reaches(probability(made.shown), rule.probability)


def _finding(
    state: Learner, course: Course, work: HeavyWork, made: Prediction | None, at: int, step: Step
) -> Finding:
    facts, zone = step.facts[course.course_id], state.zone or step.zone
    others = list(step.other_facts(state, course))
    fact, bar = work.assessment, step.thresholds(NextMissing, course.course_id).probability
    shown = None if made is None else made.shown
    return Finding(
        rule=RULE,
        severity="medium",
        course_id=course.course_id,
        subject_id=fact.id,
        cause=f"{course.course_id}:{work.due_at}",
        at=at,
        message_code="alert.next_missing.message",
        params={
            "title": undated_name(facts, fact, others, zone),
            "date": day_month(work.due_at, zone),
        },
        evidence=() if shown is None else (risk_evidence("probability_missing", shown, bar),),
        actions=(
            Action(
                code="submit_assessment",
                target=Target(kind="assessment", id=fact.id, course_id=course.course_id),
                due_at=work.due_at,
            ),
        ),
        spoken=None if made is None or shown is None else spoken(made, shown, step),
    )


def _ending(state: Learner, alert: OpenAlert) -> Resolution:
    """Submitted, else the course is over, else it is asked no more or the model says otherwise."""
    course = find_course(state, alert.course_id or "")
    work = None if course is None else find_work(course, short_id(alert.subject or ""))
    if course is not None and submitted(course, work) is not None:
        return "cleared"
    return how_it_ended(course)


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=NextMissing,
    texts=TEXTS,
    documented=Documented(
        severity="medium",
        raised=(
            "heavy work is due within 14 days and not submitted, and the model's calibrated "
            "probability that it will be missing 7 days after its due time is .5 or more"
        ),
        ends=(
            "it is submitted, or the probability falls under .4: `cleared`; 7 days after the due "
            "time: `cleared`; the course is left or over: `unenrolled`, `course_finished`"
        ),
        cooldown="none",
        cause="course `:` due time",
    ),
    changes=(Predicted,),
    on=on,
    due_at=due_at,
)
