"""What a model would say if a learner did the next step: computed, and an association only."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from domain.ids import short_id
from domain.keepers.standing import standing
from domain.predicting.features import COURSE as COURSE_FEATURES
from domain.predicting.features import SILENCE as SILENCE_FEATURES
from domain.predicting.features.course import LASTS, course_features
from domain.predicting.features.silence import lately
from domain.state.course import (
    Course,
    Submission,
    Work,
)
from metrics.assessments import Due
from metrics.figures import prob
from metrics.risk_words import COURSE, SILENCE, Word
from metrics.risks import Factor, Risk, risks
from metrics.shapes_predictions import Change, Effect
from metrics.view import View

_NAMES: Final = {
    "inactivity": [feature.name for feature in SILENCE_FEATURES],
    "not_passing": [feature.name for feature in COURSE_FEATURES],
}


def if_submitted(view: View, due: Due) -> Effect | None:
    """The risk of not passing its course, if this had been submitted when it was computed."""
    risk = _risk(view, "not_passing", due.course.course_id)
    facts = view.facts.get(due.course.course_id)
    if risk is None or facts is None:
        return None
    seen = lately(view.state, risk.made_at, view.zone)
    before, after = (
        course_features(course, facts, standing(course, facts), seen, None, risk.made_at)
        for course in (due.course, _with(due.course, due.fact.id, risk.made_at))
    )
    changes = {
        name: now
        for name, then, now in zip(_NAMES["not_passing"], before, after, strict=True)
        if then != now
    }
    return _effect(risk, changes, COURSE)


def if_worked(view: View) -> Effect | None:
    """The risk of a week without work, if the learner had just worked for the first time today."""
    risk = _risk(view, "inactivity", None)
    if risk is None:
        return None
    had = dict(zip(_NAMES["inactivity"], risk.features, strict=True))
    changes = {
        "days_since_work": 0,
        "days_by_mean_gap": 0,
        "days_by_long_gap": 0,
        "active_days_7": min(had["active_days_7"] + 1, 7),
        "activities_7": max(had["activities_7"], 1),
    }
    return _effect(risk, changes, SILENCE)


def if_scored(view: View, course_id: str, percent: float) -> Effect | None:
    """The risk of not passing a course, if the last score had been so many percent."""
    risk = _risk(view, "not_passing", course_id)
    if risk is None:
        return None
    return _effect(risk, {"last_score": 1 + bisect_right(LASTS, percent)}, COURSE)


def if_usual(risk: Risk, factor: Factor) -> Effect | None:
    """The risk, if one feature were what it would add least at."""
    words = SILENCE if risk.target == "inactivity" else COURSE
    return _effect(risk, {factor.feature: factor.baseline}, words)


def _risk(view: View, target: str, course_id: str | None) -> Risk | None:
    return next((r for r in risks(view) if (r.target, r.course_id) == (target, course_id)), None)


def _effect(risk: Risk, changes: Mapping[str, int], words: Mapping[str, Word]) -> Effect | None:
    """The effect of changes that lower a risk; it names the first that can be said in words."""
    assert risk.target != "next_missing", "of missing work a probability is shown, no effect"
    after = risk.if_changed(changes)
    if after >= risk.probability:
        return None
    names = _NAMES[risk.target]
    for name in sorted(changes, key=_comes_last):
        then, now, word = risk.features[names.index(name)], changes[name], words.get(name)
        if then == now or word is None or not (word.is_known(then) and word.is_known(now)):
            continue
        return Effect(
            target=risk.target,
            course_id=risk.course_id,
            from_=prob(risk.probability),
            to=prob(after),
            if_=Change(feature=name, from_=word.value(then), to=word.value(now)),
            kind="association",
        )
    return None


def _comes_last(name: str) -> bool:
    """Of what changes together, lateness is the least that a learner would think of."""
    return name in {"lateness", "last_lateness"}


def _with(course: Course, name: str, at: int) -> Course:
    """The course as it would be, had this been submitted then."""
    short, submission = short_id(name), Submission(at, 0)
    known = next((work for work in course.work if work.short == short), None)
    if known is None:
        return replace(course, work=[*course.work, Work(short, name, [submission])])
    done = replace(known, submissions=[*known.submissions, submission])
    return replace(course, work=[done if work is known else work for work in course.work])
