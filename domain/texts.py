"""The English text of every code that the API and the alerts speak, as `docs/i18n/en.json`."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "insight.score_high": "Excellent performance! You're consistently scoring above {threshold}%",
    "insight.engagement_high": "High engagement today! Keep up the great momentum",
    "insight.trend_declining": (
        "Your recent scores are falling by about {points} points an assessment"
    ),
    "insight.streak": "You have worked {days} days in a row",
    "insight.deadline_near": "{title} is due in {hours} h",
    "segment.inactive": "No work for {days} days",
    "segment.disengaging_silent": "No work for {days} days, after work in the week before",
    "segment.disengaging_low": (
        "An engagement of {level} is below what is usual in the course, {threshold} and more"
    ),
    "segment.struggling": (
        "The last {scores} scores average {average}% where {pass_mark}% is needed to pass"
    ),
    "segment.highly_engaged": (
        "An engagement of {level} is above what is usual in the course, up to {threshold}"
    ),
    "segment.typical": "An engagement of {level} is usual in the course",
    "confidence.baseline": (
        "The next score is foreseen from your own earlier scores only; no model has learned yet"
    ),
    "confidence.few_examples": "Only {have} of {need} shown predictions could be checked so far",
    "confidence.few_scores": "Only {have} of {need} scores are known",
    "confidence.no_labels": "Nothing is foreseen of risks: no course outcomes are learned yet",
    "recommendation.deadline": "{title} is due on {date} and not handed in yet",
    "recommendation.overdue": "{title} was due on {date} and is not handed in yet",
    "recommendation.behind": (
        "You have done {progress}% of the course where the schedule expects {expected}%"
    ),
    "recommendation.low_score": "Your last score was {score}% where {pass_mark}% is needed to pass",
    "recommendation.declining": "Your scores fall by about {points} points an assessment",
    "recommendation.inactive": "You have not worked for {days} days",
    "recommendation.no_goal": "A goal of your own helps to keep going; you have set none",
    "recommendation.streak": "You have worked {days} days in a row",
    "alert.low_score.title": "Low Assessment Score",
    "alert.low_score.message": "You scored {score}% where {pass_mark}% is needed to pass",
    "alert.declining_trend.title": "Declining Performance Trend",
    "alert.declining_trend.message": "Your last {scores} assessment scores show a declining trend",
    "alert.streak_milestone.title": "Streak Milestone",
    "alert.streak_milestone.message": "You have worked {days} days in a row",
    "alert.progress_milestone.title": "Progress Milestone",
    "alert.progress_milestone.percent": "You have done {percent}% of the course",
    "alert.progress_milestone.first_pass": "Your first passed assessment of the course: {score}%",
    "alert.progress_milestone.best": "A personal best: {score}%, your best so far was {best}%",
    "alert.missed_deadline.title": "Missed Deadline",
    "alert.missed_deadline.message": (
        "An assessment was due {days} days ago and nothing is handed in"
    ),
    "action.submit_assessment": "Hand the assessment in",
    "action.review_module": "Go over the module again",
    "action.resume_course": "Go on with the course",
    "action.plan_session": "Plan a study session",
    "action.ask_for_help": "Ask your instructor for help",
    "action.set_goal": "Set a goal",
    "action.celebrate": "Well done: take a moment to enjoy it",
}


def text(code: str, params: Mapping[str, object]) -> str:
    """The sentence of `code`; raises KeyError for a code that the catalogue does not have."""
    return TEXTS[code].format_map({name: _plain(value) for name, value in params.items()})


def _plain(value: object) -> object:
    """41.0 is said as 41."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
