"""declining_trend: the level of a learner's scores has fallen, and far under what is expected."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from domain.alerts import DAY, Action, Evidence, Finding, Resolution, Rule, Target
from domain.changes import Change, ScoresChanged
from domain.exact import exceeds, reaches
from domain.keepers.score_trend import SCORES_MIN, ScoreLevel, fit_level, fit_scores
from domain.keepers.scores import Scored, residuals
from domain.rules.ordering import require_at_most
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented, Percent
from domain.state.learner import (
    Learner,
    OpenAlert,
)
from domain.step import Step

RULE: Final = Rule(
    category="declining_trend",
    version=3,
    type="performance",
    expires_days=14,
    audience=("learner", "instructor"),
    subject="none",
)
_CONTRADICTED_BY: Final = frozenset({"improving", "stable"})


class DecliningTrend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The level fell with `fell_percent` or more and is `below` points or more under expectation.

    It ends at `fell_percent_until` or less, or above `below_until`. Where fewer than three
    expectations are known: `scores` falling scores of one kind, `points` or more in all.
    """

    fell_percent: Percent = 60.0
    fell_percent_until: Percent = 50.0
    below: Percent = 10.0
    below_until: Percent = 5.0
    scores: Annotated[int, Meta(ge=2, le=10)] = 3
    points: Percent = 15.0
    cooldown_days: Annotated[int, Meta(ge=0, le=365)] = 14

    def __post_init__(self) -> None:
        """Refuse to leave at more than what enters."""
        require_at_most(self, "fell_percent_until", "fell_percent")
        require_at_most(self, "below_until", "below")


TEXTS: Final = {
    "alert.declining_trend.title": "Declining Performance Trend",
    "alert.declining_trend.message": "Your last {scores} assessment scores show a declining trend",
    "alert.declining_trend.below": "Your recent scores are well below your usual level",
    "alert.declining_trend.message.third": (
        "The last {scores} assessment scores show a declining trend"
    ),
    "alert.declining_trend.below.third": (
        "The recent scores are well below the learner's usual level"
    ),
}


class _Fall(NamedTuple):
    """A fall, with the score that showed it.

    `scores` are the newest that are compared; `level` is None where it was found by kind.
    """

    last: Scored
    scores: Sequence[Scored]
    level: ScoreLevel | None = None


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at the scores of the open courses again, after any of them changed."""
    assert isinstance(change, ScoresChanged)
    returned = {course.course_id: course.returned_at for course in state.courses}
    fall, ended = _follow(change.scores, step.thresholds(DecliningTrend))

    def how(alert: OpenAlert) -> Resolution:
        if ended and ended[-1] > alert.raised_at:
            return "cleared"
        return change.ending or "corrected"

    stands = None if fall is None or _is_older(fall.last, returned) else fall
    reconcile(state, RULE, _findings(stands, step), step, among=lambda _: True, ending=how)


def _is_older(last: Scored, returned: dict[str, int]) -> bool:
    """Whether a fall ended before the learner came back to its course."""
    return last.at < returned[last.course_id]


def _follow(scores: Sequence[Scored], rule: DecliningTrend) -> tuple[_Fall | None, list[int]]:
    """The scores in order of time: the fall that stands, and when earlier ones were over.

    A fall is raised with its last score, and is over with the first one after it that says so.
    """
    fall: _Fall | None = None
    raised_at, over = 0, list[int]()
    for count in range(min(rule.scores, SCORES_MIN), len(scores) + 1):
        known = scores[:count]
        last, level = known[-1], fit_level(known)
        if fall is not None and _is_over(fall, known, level, rule):
            fall = None
            over.append(last.at)
        elif fall is None and (not raised_at or last.at >= raised_at + rule.cooldown_days * DAY):
            fall = _fall(known, level, rule)
            raised_at = raised_at if fall is None else last.at
    return fall, over


def _fall(scores: Sequence[Scored], level: ScoreLevel | None, rule: DecliningTrend) -> _Fall | None:
    """The fall that the last of these scores shows; None where it shows none."""
    if level is None:
        return _fall_of_kind(scores, rule)
    if not reaches(100 * level.fell, rule.fell_percent) or not reaches(-rule.below, level.now):
        return None
    expected = [score for score in scores if score.expected is not None]
    return _Fall(scores[-1], expected[-rule.scores :], level)


def _is_over(
    fall: _Fall, scores: Sequence[Scored], level: ScoreLevel | None, rule: DecliningTrend
) -> bool:
    """Whether the last of these scores ends the fall."""
    if level is None:
        return _is_over_of_kind(fall.scores, scores)
    even = reaches(rule.fell_percent_until, 100 * level.fell)
    return even or exceeds(level.now, -rule.below_until)


def _fall_of_kind(scores: Sequence[Scored], rule: DecliningTrend) -> _Fall | None:
    """The newest scores of the last one's kind, where they fall far enough.

    Not where the trend of all scores says that nothing falls.
    """
    newest = _alike(scores, scores[-1])[-rule.scores :]
    if len(newest) < rule.scores or not _is_falling(newest):
        return None
    found = residuals(newest)
    if not reaches(found[0] - found[-1], rule.points):
        return None
    if fit_scores(scores).direction in _CONTRADICTED_BY:
        return None
    return _Fall(scores[-1], newest)


def _is_over_of_kind(fall: Sequence[Scored], scores: Sequence[Scored]) -> bool:
    """Whether the last score is of the fall's kind and above its mean, or all do not fall."""
    last = scores[-1]
    if fit_scores(scores).direction in _CONTRADICTED_BY:
        return True
    if _kind(last) not in map(_kind, fall):
        return False
    *before, newest = residuals(_alike(scores, last)[-len(fall) - 1 :])
    return len(before) == len(fall) and exceeds(newest, sum(before) / len(before))


def _is_falling(scores: Sequence[Scored]) -> bool:
    """Whether each score lies under the one before it, against expectations where all are known."""
    return all(exceeds(a, b) for a, b in pairwise(residuals(scores)))


def _alike(scores: Sequence[Scored], like: Scored) -> list[Scored]:
    return [score for score in scores if _kind(score) == _kind(like)]


def _kind(score: Scored) -> tuple[str, str | None]:
    """Scores are compared within one kind of one course."""
    return score.course_id, score.kind


def _findings(fall: _Fall | None, step: Step) -> Iterator[Finding]:
    if fall is None:
        return
    falling = _is_falling(fall.scores)
    yield Finding(
        rule=RULE,
        severity="medium",
        course_id=None,
        subject_id=None,
        cause=f"{fall.last.course_id}:{fall.last.at}",
        at=fall.last.at,
        message_code=f"alert.declining_trend.{'message' if falling else 'below'}",
        params={"scores": len(fall.scores)} if falling else {},
        evidence=tuple(_evidence(fall, step.thresholds(DecliningTrend))),
        actions=(Action(code="plan_session", target=Target(kind="none")),),
    )


def _evidence(fall: _Fall, rule: DecliningTrend) -> Iterator[Evidence]:
    level = fall.level
    if level is None:
        found = residuals(fall.scores)
        yield Evidence(
            feature="score_residual_change",
            value=round(found[-1] - found[0], 1),
            baseline=round(found[0], 1),
            threshold=-rule.points,
            unit="points",
            direction="down",
        )
        return
    yield Evidence(
        feature="score_level",
        value=round(level.now, 1),
        baseline=round(level.now - level.change, 1),
        threshold=-rule.below,
        unit="points",
        direction="down",
    )
    yield Evidence(
        feature="score_level_fell",
        value=round(100 * level.fell, 1),
        threshold=rule.fell_percent,
        unit="percent",
        direction="up",
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=DecliningTrend,
    texts=TEXTS,
    documented=Documented(
        severity="medium",
        raised=(
            "the level of the last 8 counted scores against what their assessments expect "
            "(`performance_trend`) has fallen with probability .6 or more, and is 10 points or "
            "more under expectation. Where fewer than 3 of them have an expectation: the last "
            "three counted scores of one kind in one course fall, by 15 points or more in all, "
            "unless the trend of all scores is improving or stable"
        ),
        ends=(
            "the probability is .5 or less, or the level above 5 points under expectation; by "
            "kind: the next score of that kind lies above the mean of the three before it, or the "
            "trend of all scores is improving or stable: `cleared`; a correction takes the fall "
            "away: `corrected`"
        ),
        cooldown="14 days",
        cause="course `:` time of the score that showed it",
    ),
    changes=(ScoresChanged,),
    on=on,
)
