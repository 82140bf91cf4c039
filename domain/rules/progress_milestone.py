"""progress_milestone: a quarter of a course, the first pass, a personal best."""

from typing import Final

from domain.alerts import Action, Evidence, Finding, Param, Rule, Target, raise_alert
from domain.progress import course_progress
from domain.rules.low_score import Graded, pass_mark
from domain.rules.step import Step
from domain.scores import PERCENT_MAX
from domain.state import Course, Learner

RULE: Final = Rule(
    category="progress_milestone",
    version=1,
    type="achievement",
    expires_days=14,
    audience=("learner",),
    subject="course",
)


def on_unit(state: Learner, course: Course, step: Step) -> None:
    """Tell every share of the course that is reached now and was not told before."""
    percent = course_progress(course, step.facts.get(course.course_id)).percent
    if percent is None:
        return
    for bit, wanted in enumerate(step.configuration.rules.progress_milestone.percents):
        if percent + 1e-9 >= wanted and not course.milestones & (1 << bit):
            course.milestones |= 1 << bit
            _tell(
                state,
                course.course_id,
                f"{course.course_id}:{wanted}",
                ("percent", {"percent": wanted}),
                Evidence(
                    feature="course_progress",
                    value=round(percent, 1),
                    threshold=wanted,
                    unit="percent",
                    direction="up",
                ),
                step,
            )


def on_grade(state: Learner, graded: Graded, step: Step) -> None:
    """Tell the first passed assessment of a course, and a personal best."""
    course, percent = graded.course, min(graded.grade.percent, PERCENT_MAX)
    mark = pass_mark(course.course_id, step)
    passed = graded.grade.passed if graded.grade.passed is not None else percent >= mark
    score = round(percent, 1)
    if passed and not course.first_pass_told:
        course.first_pass_told = True
        evidence = Evidence(
            feature="score", value=score, threshold=mark, unit="percent", direction="up"
        )
        message: tuple[str, dict[str, Param]] = ("first_pass", {"score": score})
        _tell(state, course.course_id, step.event_id, message, evidence, step)
    if not graded.regrade:
        _personal_best(state, course, percent, step)
    state.best_score = max(percent, state.best_score or 0.0)
    state.scores_seen += graded.first


def _personal_best(state: Learner, course: Course, percent: float, step: Step) -> None:
    rule = step.configuration.rules.progress_milestone
    best = state.best_score
    if best is not None and state.scores_seen >= rule.best_after and percent >= best + rule.best_by:
        evidence = Evidence(
            feature="score",
            value=round(percent, 1),
            baseline=round(best, 1),
            threshold=round(best + rule.best_by, 1),
            unit="percent",
            direction="up",
        )
        params: dict[str, Param] = {"score": round(percent, 1), "best": round(best, 1)}
        cause = f"{step.event_id}:best"
        _tell(state, course.course_id, cause, ("best", params), evidence, step)


def _tell(
    state: Learner,
    course_id: str,
    cause: str,
    message: tuple[str, dict[str, Param]],
    evidence: Evidence,
    step: Step,
) -> None:
    finding = Finding(
        rule=RULE,
        severity="low",
        course_id=course_id,
        subject_id=course_id,
        cause=cause,
        at=step.at,
        message_code=f"alert.progress_milestone.{message[0]}",
        params=message[1],
        evidence=(evidence,),
        actions=(Action(code="celebrate", target=Target(kind="course", course_id=course_id)),),
    )
    step.told.append(raise_alert(state, finding, step.stale_before, keep=False))
