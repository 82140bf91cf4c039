"""The English text of every code that the API and the alerts speak, as `docs/i18n/en.json`."""

from collections.abc import Mapping
from typing import Final

from domain.rules import EVERY_RULE

_COMMON: Final[Mapping[str, str]] = {
    "insight.deadline_overdue_several": ("{previous} and {assessment} have not been submitted"),
    "insight.deadline_overdue": "{assessment} has not been submitted",
    "insight.deadline_near": "Submit {assessment} in the next {hours} h",
    "insight.deadline_next": "Next deadline: {assessment}",
    "insight.all_submitted": (
        "You have submitted all {count} important assignments that were due, none of them more "
        "than a day late"
    ),
    "insight.score_under_pass": "{assessment}: {score}%, which is not a pass",
    "insight.trend_declining": (
        "Comparing like with like, your results have fallen by about {points} points over your "
        "last {scores} assessments"
    ),
    "insight.score_below_usual": (
        "Your recent scores are about {points} points below what is usual for these assessments"
    ),
    "insight.score_high": "Excellent performance! You're consistently scoring above {threshold}%",
    "insight.trend_improving": (
        "Comparing like with like, your results have risen by about {points} points over your "
        "last {scores} assessments"
    ),
    "insight.score_above_usual": (
        "Your recent scores are about {points} points above what is usual for these assessments"
    ),
    "insight.score_steady": "Your last {scores} scores average {average}%",
    "insight.pass_secured": (
        "{course}: you have already earned the {pass_mark}% that passes the coursework listed here"
    ),
    "insight.pass_in_reach": (
        "{course}: an average of {needed}% in the rest of the coursework listed here is enough to "
        "pass it; yours so far is {average}%"
    ),
    "insight.pass_needs_more": (
        "{course}: passing the coursework listed here takes an average of {needed}% in the rest of "
        "it; yours so far is {average}%"
    ),
    "insight.silent": "Your last activity was on {date}",
    "insight.back": "You are working again after {days} days without activity",
    "insight.engagement_high": "High engagement today! Keep up the great momentum",
    "insight.streak": "You have worked {days} days in a row",
    "insight.rhythm": "You are keeping up a good rhythm: {days} days of work this week",
    "segment.inactive": "No work in the {days} days up to {date}",
    "segment.inactive_overdue": (
        "No work in the {days} days up to {date}, and {assessment} has not been submitted"
    ),
    "segment.disengaging": "No work in the {days} days up to {date}",
    "segment.disengaging_deadline": (
        "No work in the {days} days up to {date}, and {assessment} has not been submitted"
    ),
    "segment.struggling_score": "On {date} your last score was {score}%, which is not a pass",
    "segment.struggling_level": (
        "On {date} your scores were about {points} points below what is usual for these assessments"
    ),
    "segment.struggling_overdue": "On {date} {assessment} had not been submitted",
    "segment.highly_engaged": (
        "Your engagement, punctuality aside, is {level}, among the highest in the course"
    ),
    "segment.typical": "Your engagement, punctuality aside, is {level}, and nothing stands out",
    "prediction.few_examples": (
        "Too little has been learned for this so far: {have} of the {need} results needed"
    ),
    "prediction.course_facts": "The course's start and end are not known",
    "prediction.not_running": "Nothing is predicted while the course is not running",
    "prediction.ends_first": "None of your courses runs for another {days} days",
    "prediction.nothing_due": "No assessment is due that you have not submitted",
    "prediction.next_event": "There will be a prediction after your next activity",
    "prediction.switched_off": "This prediction is switched off",
    "prediction.unavailable": "This prediction cannot be shown right now",
    "model.score": "Next score",
    "model.submission": "Submission date",
    "model.inactivity_7": "A week without work",
    "model.inactivity_14": "Two weeks without work",
    "model.not_passing": "Not passing a course",
    "model.next_missing": "Missing the next deadline",
    "model.forecast_7": "Score forecast for a week ahead",
    "model.forecast_28": "Score forecast for four weeks ahead",
    "model.forecast_84": "Score forecast for twelve weeks ahead",
    "confidence.nothing_learned": "Nothing has been learned for predictions yet",
    "confidence.switched_off": "{model}: switched off",
    "confidence.few_examples": (
        "{model}: too little has been learned so far, {have} of the {need} results needed"
    ),
    "confidence.few_checked": (
        "{model}: only {have} predictions could be checked so far; at least {need} are needed"
    ),
    "confidence.calibration": (
        "{model}: the probabilities given lately were {points} percentage points off on average"
    ),
    "confidence.course": (
        "{model}: not reliable in {course}, which is unlike what was learned from; what was said "
        "there lately was {points} percentage points off on average"
    ),
    "confidence.coverage": (
        "{model}: lately {percent}% of results fell within the range given; it should be 90%"
    ),
    "confidence.not_better": "{model}: lately no better than a simple estimate",
    "confidence.drifted": "{model}: the predictions have become less reliable lately",
    "confidence.pinned": "An earlier version of the models is in use: {version}",
    "confidence.frozen": "The models stopped learning; their newest results are of {date}",
    "confidence.old": "The models have learned nothing new since {date}",
    "confidence.checked": "All predictions were checked against results, and they hold",
    "risk.days_since_work": "Days since you last worked: {value}",
    "risk.active_days_7": "Days you worked on in the last 7: {value}",
    "risk.active_days_28": "Days you worked on in the last 28: {value}",
    "risk.activities_7": "Activities in the last 7 days: {value}",
    "risk.next_due": "Days until your next important deadline: {value}",
    "risk.overdue": "Important assignments that are overdue: {value}",
    "risk.days_since_submission": "Days since you last submitted something: {value}",
    "risk.streak": "Days in a row you have worked: {value}",
    "risk.missed_in_row": "Important deadlines missed in a row: {value}",
    "risk.overdue_weight": "Share of the course that is overdue: {value}%",
    "risk.average_score": "Your average score: {value}%",
    "risk.last_score": "Your last score: {value}%",
    "risk.lowest_score": "Your lowest score: {value}%",
    "risk.level": (
        "Your scores against what is usual for these assessments: {value} points (minus means "
        "below)"
    ),
    "risk.lateness": (
        "Your submissions, on average: {value} days from the deadline (minus means before it)"
    ),
    "risk.last_lateness": (
        "Your last submission: {value} days from the deadline (minus means before it)"
    ),
    "risk.entered": (
        "Your enrolment: {value} days from the start of the course (minus means before it)"
    ),
    "risk.banked": "Results carried over from an earlier run: {value}",
    "risk.overdue_week": "Important assignments overdue for a week or more: {value}",
    "risk.due_so_far": "Important deadlines so far: {value}",
    "risk.share_submitted": "Important work submitted, of what was due so far: {value}%",
    "prediction.ends_first.third": "None of the courses runs for another {days} days",
    "prediction.nothing_due.third": "No assessment is due that has not been submitted",
    "prediction.next_event.third": "There will be a prediction after the learner's next activity",
    "risk.days_since_work.third": "Days since the learner last worked: {value}",
    "risk.active_days_7.third": "Days with work in the last 7: {value}",
    "risk.active_days_28.third": "Days with work in the last 28: {value}",
    "risk.next_due.third": "Days until the next important deadline: {value}",
    "risk.days_since_submission.third": "Days since the last submission: {value}",
    "risk.streak.third": "Days with work in a row: {value}",
    "risk.average_score.third": "Average score: {value}%",
    "risk.last_score.third": "Last score: {value}%",
    "risk.lowest_score.third": "Lowest score: {value}%",
    "risk.level.third": (
        "Scores against what is usual for these assessments: {value} points (minus means below)"
    ),
    "risk.lateness.third": (
        "Submissions, on average: {value} days from the deadline (minus means before it)"
    ),
    "risk.last_lateness.third": (
        "Last submission: {value} days from the deadline (minus means before it)"
    ),
    "risk.entered.third": (
        "Enrolment: {value} days from the start of the course (minus means before it)"
    ),
    "forecast.too_wide": (
        "Your next scores cannot be predicted to within {width} points, so no forecast is shown"
    ),
    "forecast.too_wide_from": (
        "From {date} on, your scores cannot be predicted to within {width} points, so the "
        "forecast ends there"
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
    "action.review_model": "Look at its scores: learnstream models show {snapshot}",
    "action.pin_model": (
        "If it stays so, serve an earlier snapshot: learnstream models list, then models pin NUMBER"
    ),
    "action.check_source": "Check that the source is still sending and can reach Kafka",
    "action.review_dead_letters": (
        "See what was rejected and why: learnstream dead-letters list --partition {partition} "
        "--reason {reason}"
    ),
}
TEXTS: Final[Mapping[str, str]] = dict(_COMMON) | {
    code: said for rule in EVERY_RULE for code, said in rule.texts.items()
}


def third(code: str) -> str:
    """The code of what instructors are told in the place of `code`: they are not who it is about.

    A sentence that addresses nobody is the same for both.
    """
    other = f"{code}.third"
    return other if other in TEXTS else code


def text(code: str, params: Mapping[str, object]) -> str:
    """The sentence of `code`; raises KeyError for a code that the catalogue does not have."""
    return TEXTS[code].format_map({name: _plain(value) for name, value in params.items()})


def _plain(value: object) -> object:
    """41.0 is said as 41."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
