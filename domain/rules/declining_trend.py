"""declining_trend: the newest scores of one kind in a course fall."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Final

from msgspec import Meta, Struct

from domain.alerts import DAY, Action, Evidence, Finding, Resolution, Rule, Target
from domain.changes import Change, ScoresChanged
from domain.exact import exceeds, reaches
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented, Percent
from domain.score_trend import fit_scores
from domain.scores import Scored, residuals
from domain.state import Learner, OpenAlert
from domain.step import Step

RULE: Final = Rule(
    category="declining_trend",
    version=2,
    type="performance",
    expires_days=14,
    audience=("learner", "instructor"),
    subject="none",
)
_CONTRADICTED_BY: Final = frozenset({"improving", "stable"})


class DecliningTrend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scores` falling residuals, `points` or more in all."""

    scores: Annotated[int, Meta(ge=2, le=10)] = 3
    points: Percent = 15.0
    cooldown_days: Annotated[int, Meta(ge=0, le=365)] = 14


TEXTS: Final = {
    "alert.declining_trend.title": "Declining Performance Trend",
    "alert.declining_trend.message": "Your last {scores} assessment scores show a declining trend",
}


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at the scores of the open courses again, after any of them changed."""
    assert isinstance(change, ScoresChanged)
    returned = {course.course_id: course.returned_at for course in state.courses}
    fall, ended = _follow(change.scores, step.thresholds(DecliningTrend))

    def how(alert: OpenAlert) -> Resolution:
        if ended and ended[-1] > alert.raised_at:
            return "cleared"
        return change.ending or "corrected"

    stands = [] if fall is None or _is_older(fall[-1], returned) else fall
    reconcile(state, RULE, _findings(stands, step), step, among=lambda _: True, ending=how)


def _is_older(last: Scored, returned: dict[str, int]) -> bool:
    """Whether a fall ended before the learner came back to its course."""
    return last.at < returned[last.course_id]


def _follow(
    scores: Sequence[Scored], rule: DecliningTrend
) -> tuple[list[Scored] | None, list[int]]:
    """The scores in order of time: the fall that stands, and when earlier ones were over.

    A fall is raised with its last score. It is over with the next score of its kind that lies
    above the mean of the fall, or when the trend of all scores says that nothing falls.
    """
    fall: list[Scored] | None = None
    raised_at, over = 0, list[int]()
    for count in range(rule.scores, len(scores) + 1):
        last = scores[count - 1]
        if fall is not None and _is_over(fall, scores[:count]):
            fall = None
            over.append(last.at)
        elif fall is None and (not raised_at or last.at >= raised_at + rule.cooldown_days * DAY):
            fall = _fall(scores[:count], rule)
            raised_at = raised_at if fall is None else last.at
    return fall, over


def _fall(scores: Sequence[Scored], rule: DecliningTrend) -> list[Scored] | None:
    """The newest scores of the last one's kind, where they fall far enough."""
    newest = _alike(scores, scores[-1])[-rule.scores :]
    found = residuals(newest)
    falling = all(exceeds(a, b) for a, b in pairwise(found))
    if len(newest) < rule.scores or not falling:
        return None
    if not reaches(found[0] - found[-1], rule.points):
        return None
    return None if fit_scores(scores).direction in _CONTRADICTED_BY else newest


def _is_over(fall: Sequence[Scored], scores: Sequence[Scored]) -> bool:
    last = scores[-1]
    if fit_scores(scores).direction in _CONTRADICTED_BY:
        return True
    if _kind(last) not in map(_kind, fall):
        return False
    *before, newest = residuals(_alike(scores, last)[-len(fall) - 1 :])
    return len(before) == len(fall) and exceeds(newest, sum(before) / len(before))


def _alike(scores: Sequence[Scored], like: Scored) -> list[Scored]:
    return [score for score in scores if _kind(score) == _kind(like)]


def _kind(score: Scored) -> tuple[str, str | None]:
    """Scores are compared within one kind of one course."""
    return score.course_id, score.kind


def _findings(fall: Sequence[Scored], step: Step) -> Iterator[Finding]:
    if not fall:
        return
    found = residuals(fall)
    points = step.thresholds(DecliningTrend).points
    yield Finding(
        rule=RULE,
        severity="medium",
        course_id=None,
        subject_id=None,
        cause=f"{fall[-1].course_id}:{fall[-1].at}",
        at=fall[-1].at,
        message_code="alert.declining_trend.message",
        params={"scores": len(fall)},
        evidence=(
            Evidence(
                feature="score_residual_change",
                value=round(found[-1] - found[0], 1),
                baseline=round(found[0], 1),
                threshold=-points,
                unit="points",
                direction="down",
            ),
        ),
        actions=(Action(code="plan_session", target=Target(kind="none")),),
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=DecliningTrend,
    texts=TEXTS,
    documented=Documented(
        severity="medium",
        raised=(
            "the last three counted scores of one kind in one course fall, by 15 points or more "
            "in all, unless the trend of all scores (`performance_trend`) is improving or stable"
        ),
        ends=(
            "the next score of that kind lies above the mean of the three before it, or the trend "
            "of all scores is improving or stable: `cleared`; a correction takes the fall away: "
            "`corrected`"
        ),
        cooldown="14 days",
        cause="course `:` time of the last falling score",
    ),
    changes=(ScoresChanged,),
    on=on,
)
