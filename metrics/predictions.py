"""predictive-analytics: honest baselines, and plainly nothing where nothing is learned yet."""

from typing import Final

from domain.days import iso_date
from domain.exact import rounded
from domain.state import ScorePrediction
from metrics.assessments import open_dues
from metrics.completion import completion_predictions
from metrics.figures import Status, instant, needs, pct, percent, prob, sentence
from metrics.forecast import performance_forecast
from metrics.recommendations import learning_recommendations
from metrics.shapes import Est, Model, Text
from metrics.shapes_predictions import (
    Inactivity,
    ModelReport,
    NextAssessmentScore,
    NotPassing,
    PredictionConfidence,
    Predictions,
    PredictiveAnalytics,
)
from metrics.submissions import submissions
from metrics.view import View

SCORE_MODEL: Final = "baseline.own_mean"
SCORE_MODEL_VERSION: Final = "2"
SCORES_MIN: Final = 3
INTERVAL_LEVEL: Final = 0.9
INACTIVITY_DAYS: Final = 7
LABELS_MIN: Final = 500
CHECKED_MIN: Final = 10


def predictive_analytics(view: View, horizon: int) -> PredictiveAnalytics:
    """All that predictive-analytics answers, but for what opens every answer."""
    return PredictiveAnalytics(
        horizon=horizon,
        horizon_ends_on=iso_date(view.today + horizon),
        predictions=Predictions(
            next_assessment_score=next_assessment_score(view),
            inactivity=_inactivity(),
            not_passing=_not_passing(view),
            submissions=submissions(view, horizon),
        ),
        performance_forecast=performance_forecast(view, horizon),
        completion_predictions=completion_predictions(view, horizon),
        learning_recommendations=learning_recommendations(view),
        risk_factors=[],
        risk_explanations=[],
        prediction_confidence=prediction_confidence(view),
    )


def next_assessment_score(view: View) -> NextAssessmentScore:
    """What the state's prediction says of the next assessment; `naive_score`: the last score."""
    shown = _shown(view)
    nexts = open_dues(view)
    due = nexts[0] if nexts else None
    status = _score_status(view)
    return NextAssessmentScore(
        status=status.status,
        missing=status.missing,
        course_id=None if due is None else due.course.course_id,
        assessment_id=None if due is None else due.fact.id,
        title=None if due is None else due.fact.title,
        due_at=None if due is None else instant(due.due_at),
        score=None if shown is None else _estimate(shown.value, shown.low, shown.high),
        naive_score=None if shown is None else pct(shown.naive),
        model=None if shown is None else _score_model(shown),
    )


def prediction_confidence(view: View) -> PredictionConfidence:
    """Low, and why: only baselines speak, and the running error of what was shown so far."""
    return PredictionConfidence(
        level="low", value=None, reasons=_reasons(view), models=_models(view)
    )


def _shown(view: View) -> ScorePrediction | None:
    """The state's prediction, where it rests on the scores that count now."""
    made = view.state.prediction
    return made if made is not None and made.examples == len(view.scores) else None


def _score_status(view: View) -> Status:
    """What is missing: scores; or a prediction from all of them, where other ones count now."""
    if len(view.scores) < SCORES_MIN or _shown(view) is not None:
        return needs(("scores", len(view.scores), SCORES_MIN))
    return needs(("examples", 0, len(view.scores)))


def _estimate(value: float, low: float, high: float) -> Est:
    return Est(
        value=percent(value),
        low=percent(low),
        high=percent(high),
        level=INTERVAL_LEVEL,
    )


def _score_model(shown: ScorePrediction) -> Model:
    return Model(
        name=SCORE_MODEL, version=SCORE_MODEL_VERSION, learned_until=instant(shown.made_at)
    )


def _inactivity() -> Inactivity:
    """No model has learned this yet: never a made-up number."""
    status = needs(("examples", 0, LABELS_MIN))
    return Inactivity(
        status=status.status,
        missing=status.missing,
        window_days=INACTIVITY_DAYS,
        probability=None,
        band=None,
        naive_probability=None,
        model=None,
    )


def _not_passing(view: View) -> list[NotPassing]:
    status = needs(("examples", 0, LABELS_MIN))
    return [
        NotPassing(
            course_id=ref.course_id,
            title=ref.title,
            course_status=ref.course_status,
            outcome=ref.outcome,
            status=status.status,
            missing=status.missing,
            probability=None,
            band=None,
            course_base_rate=None,
            model=None,
        )
        for ref in view.refs.values()
    ]


def _reasons(view: View) -> list[Text]:
    state = view.state
    reasons = [sentence("confidence.no_labels", {})]
    if len(view.scores) < SCORES_MIN:
        have = {"have": len(view.scores), "need": SCORES_MIN}
        reasons.append(sentence("confidence.few_scores", {**have}))
        return reasons
    if _shown(view) is None:
        reasons.append(sentence("confidence.other_scores", {}))
        return reasons
    reasons.append(sentence("confidence.baseline", {}))
    if state.error.count < CHECKED_MIN:
        have = {"have": state.error.count, "need": CHECKED_MIN}
        reasons.append(sentence("confidence.few_examples", {**have}))
    return reasons


def _models(view: View) -> list[ModelReport]:
    shown, error = _shown(view), view.state.error
    if shown is None:
        return []
    model, checked = _score_model(shown), error.count
    return [
        ModelReport(
            name=model.name,
            version=model.version,
            learned_until=model.learned_until,
            target="score",
            examples_learned=shown.examples,
            metric="mae",
            score=rounded(error.absolute_sum / checked, 2) if checked else None,
            naive_score=rounded(error.naive_absolute_sum / checked, 2) if checked else None,
            calibration_error=None,
            interval_coverage=prob(error.covered / checked) if checked else None,
            interval_level=INTERVAL_LEVEL,
            drifted=False,
        )
    ]
