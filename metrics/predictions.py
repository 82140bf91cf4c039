"""predictive-analytics: what the models said, and plainly nothing where they know too little."""

from typing import Final

from domain.keepers.days import iso_date
from domain.keepers.standing import HeavyWork
from domain.predicting.predict import SILENCE_DAYS
from domain.predictions import Target
from domain.state.course import Course
from metrics.assessments import Due, heavy_ahead, next_dues
from metrics.completion import completion_predictions
from metrics.confidence import prediction_confidence
from metrics.figures import instant, pct, prob, sentence
from metrics.forecast import performance_forecast
from metrics.modelled import Said, estimate, of_course, of_silence, said, waits_for
from metrics.recommendations import learning_recommendations
from metrics.risks import risk_explanations, risk_factors
from metrics.shapes import CourseRef, Prob
from metrics.shapes_predictions import (
    Inactivity,
    NextAssessmentScore,
    NextMissing,
    NotPassing,
    Predictions,
    PredictiveAnalytics,
)
from metrics.submissions import submissions
from metrics.view import View

_TENTHS: Final = 10


def predictive_analytics(view: View, horizon: int) -> PredictiveAnalytics:
    """All that predictive-analytics answers, but for what opens every answer."""
    (week, _), (fortnight, _) = SILENCE_DAYS
    return PredictiveAnalytics(
        horizon=horizon,
        horizon_ends_on=iso_date(view.today + horizon),
        predictions=Predictions(
            next_assessment_score=next_assessment_score(view),
            inactivity=inactivity(view, week),
            inactivity_14=inactivity(view, fortnight),
            not_passing=[not_passing(view, ref) for ref in view.refs.values()],
            next_missing=[_missing(view, *each) for each in heavy_ahead(view)],
            submissions=submissions(view, horizon),
        ),
        performance_forecast=performance_forecast(view, horizon),
        completion_predictions=completion_predictions(view, horizon),
        learning_recommendations=learning_recommendations(view),
        risk_factors=risk_factors(view),
        risk_explanations=risk_explanations(view),
        prediction_confidence=prediction_confidence(view),
    )


def next_assessment_score(view: View) -> NextAssessmentScore:
    """The score of what is due next; where nothing is said of that, of what is due after it."""
    dues = next_dues(view)
    found = [(due, _score_of(view, due)) for due in dues]
    due, made = next((each for each in found if each[1].figure is not None), None) or (
        found[0] if found else (None, _nothing_due(view))
    )
    figure = made.figure
    naive = None if figure is None or figure.naive is None else figure.naive / _TENTHS
    return NextAssessmentScore(
        status=made.status,
        missing=made.missing,
        note=made.note,
        course_id=None if due is None else due.course.course_id,
        assessment_id=None if due is None else due.fact.id,
        title=None if due is None else due.fact.title,
        due_at=None if due is None else instant(due.due_at),
        score=estimate(figure),
        naive_score=pct(naive),
        model=made.model,
    )


def inactivity(view: View, target: Target) -> Inactivity:
    """Whether there will be no work in the days that the target looks ahead."""
    days = dict(SILENCE_DAYS)[target]
    made = of_silence(view, target)
    return Inactivity(
        status=made.status,
        missing=made.missing,
        note=made.note,
        window_days=days,
        probability=_prob(made.probability),
        band=made.band,
        naive_probability=_prob(made.naive),
        model=made.model,
    )


def not_passing(view: View, ref: CourseRef) -> NotPassing:
    """Whether one open course will not be passed; only of courses with dates."""
    course_id = ref.course_id
    assert course_id is not None, "an open course has an id"
    made = of_course(view, "not_passing", course_id)
    facts = view.facts.get(course_id)
    rate = None
    if made.served is not None and facts is not None:
        rate = made.served.base_rate(course_id, facts.run_of)
    return NotPassing(
        course_id=course_id,
        title=ref.title,
        course_status=ref.course_status,
        outcome=ref.outcome,
        status=made.status,
        missing=made.missing,
        note=made.note,
        probability=_prob(made.probability),
        band=made.band,
        course_base_rate=_prob(rate),
        model=made.model,
    )


def _missing(view: View, course: Course, work: HeavyWork) -> NextMissing:
    name = work.assessment.id
    made = of_course(view, "next_missing", course.course_id, name)
    return NextMissing(
        status=made.status,
        missing=made.missing,
        note=made.note,
        course_id=course.course_id,
        assessment_id=name,
        title=work.assessment.title,
        due_at=instant(work.due_at),
        probability=_prob(made.probability),
        band=made.band,
        naive_probability=_prob(made.naive),
        model=made.model,
    )


def _score_of(view: View, due: Due) -> Said:
    course_id = due.course.course_id
    return said(view, "score", course_id, due.fact.id, waits=waits_for(view, course_id))


def _nothing_due(view: View) -> Said:
    return said(view, "score", waits=sentence("prediction.nothing_due", {}))


def _prob(value: float | None) -> Prob | None:
    return None if value is None else prob(value)
