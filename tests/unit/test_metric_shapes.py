"""The keys of every answer, as the API's contract names them."""

from typing import Any

from pydantic import TypeAdapter

from metrics.dashboard import dashboard
from metrics.predictions import predictive_analytics
from metrics.shapes_dashboard import Dashboard
from metrics.shapes_predictions import Change, Effect, PredictiveAnalytics
from metrics.shapes_trends import TrendAnalysis
from metrics.trends import trend_analysis
from tests.factories import Bench, at, completed, course, enrolled, event, graded, seconds, viewed
from tests.modelling import adopting, models_of, served, serving
from tests.viewing import view

S = "status missing"
TREND = "direction probability slope per low high level unit n needed"
SILENCE = f"{S} window_days probability band naive_probability note model"
COURSE = "course_id title course_status outcome"
KEYS = {
    "progress_summary": "overall_progress modules_completed total_modules current_level "
    "level_for_now streak_days longest_streak_days active_today streak_ends_at basis courses",
    "progress_summary.courses": f"{COURSE} progress expected_progress basis modules_completed "
    "total_modules average_score weighted_score level ends_on next_due",
    "realtime_metrics": "daily_activities daily_assessments weekly_activities weekly_assessments "
    "average_score score_count engagement_level engagement_basis cohort_as_of "
    "performance_trend days_inactive",
    "comparison": "activities minutes average_score",
    "recent_activities": "event_id type occurred_at by course_id course_title object score count "
    "duration_seconds",
    "recent_activities.object": "kind id title",
    "performance_trends": f"{S} from to trend average_score score_count daily",
    "performance_trends.trend": TREND,
    "performance_trends.daily": "date average_score moving_average assessments activities minutes",
    "learning_sessions": f"{S} current today_count today_minutes week_count week_minutes "
    "median_minutes gap_minutes",
    "learning_sessions.current": "session_id started_at last_activity_at minutes activities",
    "goals": "goal_id metric course_id target current unit progress status set_at due_at "
    "achieved_at",
    "insight_details": "code params text area tone evidence",
    "insight_details.evidence": "feature value baseline threshold unit direction",
    "learning_trends": f"{S} activity_trend activities active_days minutes modules_completed "
    "completion_rate due done on_time_rate activity_pattern daily previous",
    "learning_trends.daily": "date activities minutes modules_completed assessments",
    "learning_trends.previous": "activities active_days minutes completion_rate",
    "engagement_trends": f"{S} engagement_level trend components consistency_score "
    "hour_concentration weekday_concentration weekly weekday_pattern segment segment_reason",
    "engagement_trends.components": "code value target weight score",
    "engagement_trends.weekly": "week_start active_days activities minutes",
    "engagement_trends.weekday_pattern": "weekday activities minutes",
    "pattern_analysis": f"{S} learning_preferences productivity_peaks submission_habits",
    "pattern_analysis.learning_preferences": "content_kind activities minutes share",
    "pattern_analysis.productivity_peaks": f"{S} based_on hours weekdays hour_histogram",
    "pattern_analysis.submission_habits": f"{S} early last_day late median_hours_before_due",
    "session_analysis": f"{S} count total_minutes median_minutes p90_minutes longest_minutes "
    "per_week trend",
    "forecast": "performance activities",
    "forecast.performance": f"{S} unit level trend points note",
    "forecast.performance.points": "date value low high",
    "forecast.activities": f"{S} points",
    "predictions": "next_assessment_score inactivity inactivity_14 not_passing next_missing "
    "submissions",
    "predictions.next_assessment_score": f"{S} course_id assessment_id title due_at score "
    "naive_score note model",
    "predictions.next_assessment_score.score": "value low high level",
    "predictions.next_assessment_score.model": "name version learned_until",
    "predictions.inactivity": SILENCE,
    "predictions.inactivity_14": SILENCE,
    "predictions.not_passing": f"{COURSE} {S} probability band course_base_rate note model",
    "predictions.next_missing": f"{S} course_id assessment_id title due_at probability band "
    "naive_probability note model",
    "predictions.submissions": f"{S} course_id assessment_id due_at days_from_due note model",
    "performance_forecast": f"{S} unit level trend points note",
    "completion_predictions": f"{COURSE} {S} progress remaining_units pace_per_week "
    "needed_pace_per_week expected_date earliest_date latest_date course_ends_on "
    "probability_by_horizon probability_by_course_end confidence schedule",
    "learning_recommendations": "rank reason action source effect",
    "learning_recommendations.action": "code params text target due_at",
    "learning_recommendations.action.target": "kind id course_id",
    "learning_recommendations.effect": "target course_id from to if kind",
    "learning_recommendations.effect.if": "feature from to",
    "risk_factors": "code params text target course_id feature value baseline unit direction "
    "contribution changeable",
    "risk_explanations": "target course_id intercept shown other logit raw_probability probability",
    "prediction_confidence": "level value reasons models",
    "prediction_confidence.models": "name version learned_until target examples_learned metric "
    "score naive_score calibration_error interval_coverage interval_level drifted",
}
ANALYSIS_KEYS = (
    "level volatility volatility_band moving_averages by_course by_assessment_kind by_skill"
)


def answers() -> tuple[Any, Any, Any]:
    """The three answers about one learner, as they go over the wire."""
    facts = course(4, {"a9": at(8)}, starts_at=seconds(at(0)), ends_at=seconds(at(60)))
    bench = adopting(Bench(facts=facts, snapshots=serving(served())))
    bench.send(enrolled(at(0)), *(completed(at(n), f"m{n + 1}") for n in range(2)))
    bench.send(*(graded(at(n), 85 + n, f"b{n}") for n in range(5)))
    bench.send(event("goal_set", at(5), goal_id="g", metric="streak_days", target=3))
    bench.send(event("question_answered", at(5), question_id="q", correct=True, skills=["s"]))
    bench.send(viewed(at(6)))
    looked = view(bench, at(6, minutes=10), models=models_of(served()))
    return (
        TypeAdapter(Dashboard).dump_python(dashboard(looked)),
        TypeAdapter(TrendAnalysis).dump_python(trend_analysis(looked, 30, "comprehensive")),
        TypeAdapter(PredictiveAnalytics).dump_python(predictive_analytics(looked, 30)),
    )


def found(answer: Any, path: str) -> Any:
    """The first value at a path of keys, stepping into lists."""
    for key in path.split("."):
        if isinstance(answer, list):
            answer = answer[0]
        answer = answer[key]
    return answer[0] if isinstance(answer, list) else answer


def test_every_section_has_exactly_its_keys() -> None:
    board, trends, predicted = answers()
    seen = set()
    for path, keys in KEYS.items():
        top = path.split(".")[0]
        for answer in (board, trends, predicted):
            if top not in answer or (answer is trends and top == "performance_trends"):
                continue
            assert set(found(answer, path)) == set(keys.split()), path
            seen.add(path)
    assert seen == set(KEYS)
    extra = set(trends["performance_trends"]) - set(board["performance_trends"])
    assert extra == set(ANALYSIS_KEYS.split())


def test_reserved_words_go_over_the_wire_as_they_are() -> None:
    effect = Effect(
        target="inactivity",
        course_id=None,
        from_=0.2,
        to=0.1,
        if_=Change(feature="active_days", from_=1, to=3),
        kind="association",
    )
    assert TypeAdapter(Effect).dump_python(effect) == {
        "target": "inactivity",
        "course_id": None,
        "from": 0.2,
        "to": 0.1,
        "if": {"feature": "active_days", "from": 1.0, "to": 3.0},
        "kind": "association",
    }
