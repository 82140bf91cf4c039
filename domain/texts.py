"""The English text of every code that the API and the alerts speak, as `docs/i18n/en.json`."""

from collections.abc import Mapping
from typing import Final

from domain.rules import TABLE

_COMMON: Final[Mapping[str, str]] = {
    "insight.score_high": "Excellent performance! You're consistently scoring above {threshold}%",
    "insight.engagement_high": "High engagement today! Keep up the great momentum",
    "insight.trend_declining": (
        "Your recent scores are falling by about {points} points per assessment"
    ),
    "insight.level_declining": (
        "Over your last {scores} assessments your results have fallen by about {points} points, "
        "allowing for how hard each one was"
    ),
    "insight.streak": "You have worked {days} days in a row",
    "insight.deadline_near": "Submit {assessment} in the next {hours} h",
    "insight.overdue": "{assessment} has not been submitted",
    "insight.silent": "You have not worked for {days} days",
    "segment.inactive": "No work for {days} days",
    "segment.disengaging_silent": "No work for {days} days, after work in the week before",
    "segment.disengaging_low": (
        "Your engagement, punctuality aside, is {level}; most of the course has {threshold} or more"
    ),
    "segment.struggling": (
        "Your last {scores} scores average {average}%; the pass mark is {pass_mark}%"
    ),
    "segment.struggling_not_passed": "You passed none of your last {scores} assessments",
    "segment.highly_engaged": (
        "Your engagement, punctuality aside, is {level}; few in the course reach {threshold}"
    ),
    "segment.typical": (
        "Your engagement, punctuality aside, is {level}, which is usual in the course"
    ),
    "confidence.baseline": (
        "The next score is predicted from your own earlier scores only; no model has learned yet"
    ),
    "confidence.few_examples": (
        "Only {have} predictions could be checked against a score so far; {need} are needed"
    ),
    "confidence.other_scores": (
        "Your scores have changed since the prediction; the next grade brings a new one"
    ),
    "confidence.few_scores": "Only {have} of {need} scores are known",
    "confidence.no_labels": (
        "No risk prediction yet: no model has learned from finished courses so far"
    ),
    "forecast.too_wide": (
        "Your next scores cannot be told to within {width} points, so no forecast is drawn"
    ),
    "forecast.too_wide_from": (
        "From {date} on, your scores cannot be told to within {width} points, so the forecast "
        "ends before"
    ),
    "recommendation.deadline": "{assessment} has not been submitted yet",
    "recommendation.overdue": "{assessment} is overdue and has not been submitted",
    "recommendation.behind": "{course}: {progress}% done; the schedule expects {expected}%",
    "recommendation.low_score": "{assessment}: {score}%; the pass mark is {pass_mark}%",
    "recommendation.not_passed": "{assessment}: {score}%, not passed",
    "recommendation.declining": "Your scores are falling by about {points} points per assessment",
    "recommendation.level_declining": (
        "Your results have fallen by about {points} points over your last {scores} assessments, "
        "allowing for how hard each one was"
    ),
    "recommendation.inactive": "You have not worked for {days} days",
    "action.submit_assessment": "Submit the assignment",
    "action.review_module": "Review the module",
    "action.resume_course": "Continue the course",
    "action.plan_session": "Plan a study session",
    "action.ask_for_help": "Ask your instructor for help",
    "action.set_goal": "Set a goal",
    "action.celebrate": "Well done: take a moment to enjoy it",
}
TEXTS: Final[Mapping[str, str]] = dict(_COMMON) | {
    code: said for rule in TABLE for code, said in rule.texts.items()
}


def text(code: str, params: Mapping[str, object]) -> str:
    """The sentence of `code`; raises KeyError for a code that the catalogue does not have."""
    return TEXTS[code].format_map({name: _plain(value) for name, value in params.items()})


def _plain(value: object) -> object:
    """41.0 is said as 41."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
