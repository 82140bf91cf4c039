"""How far to believe predictions: by the report of what was shown, model by model, in words."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from domain.alerts import Param
from domain.exact import exceeds, reaches, rounded
from domain.keepers.days import day_month
from domain.predictions import FORECASTS, INTERVAL_LEVEL, MODELS, TARGETS, Target
from metrics.figures import instant, prob, sentence
from metrics.modelled import learned, running
from metrics.shapes import Band, Prob, Text
from metrics.shapes_predictions import ModelReport, PredictionConfidence, ReportTarget
from metrics.view import View
from models.encoding import ENCODINGS
from models.reports import Report, Scores
from models.serving import Served

CHECKED_MIN: Final = 100
"""So many predictions must have been compared with what came, or they are not believed."""
CHECKED_WELL: Final = 1_000
OFF_MAX: Final = 0.1
"""A calibration error, or a distance of the coverage from .9, over which nothing is believed."""
OFF_WELL: Final = 0.05
OLD_DAYS: Final = 28
_DAY: Final = 86_400
_ORDER: Final[tuple[Band, ...]] = ("low", "medium", "high")
_SHOWN_AS: Final[dict[Target, ReportTarget]] = {
    "score": "score",
    "submission": "submission",
    "inactivity_7": "inactivity",
    "inactivity_14": "inactivity",
    "not_passing": "not_passing",
    "next_missing": "next_missing",
    "forecast_7": "forecast",
    "forecast_28": "forecast",
    "forecast_84": "forecast",
}


class _Judged(NamedTuple):
    """What is thought of one model; `off` is how far probabilities or coverage are off."""

    target: Target
    report: Report
    level: Band
    off: float | None
    reasons: list[Text]


def prediction_confidence(view: View) -> PredictionConfidence:
    """The section `prediction_confidence`: the lowest level of all models that are switched on."""
    serving, newest = _snapshots(view)
    on = [target for target in TARGETS if target in FORECASTS or target in view.predicted]
    reasons = [_said("confidence.switched_off", each) for each in MODELS if each not in on]
    if serving is None or newest is None:
        reasons.insert(0, sentence("confidence.nothing_learned", {}))
        return PredictionConfidence(level="low", value=None, reasons=reasons, models=[])
    gated = list(_gated(view, serving))
    judged = [_judge(each, serving, newest, gated if each == "not_passing" else ()) for each in on]
    known = [1 - each.off for each in judged if each.off is not None]
    reasons += [reason for each in judged for reason in each.reasons]
    reasons += _of_learning(view, newest)
    return PredictionConfidence(
        level=min((each.level for each in judged), key=_ORDER.index, default="low"),
        value=prob(min(known)) if known else None,
        reasons=reasons or [sentence("confidence.checked", {})],
        models=[_model(each, serving) for each in judged],
    )


def _snapshots(view: View) -> tuple[Served | None, Served | None]:
    """The one that speaks to this learner, and the newest, which has the newest report."""
    known = view.models.snapshots
    newest = known.get(view.models.newest)
    adopted = known.get(view.models.adopted)
    return adopted or newest, newest or adopted


def _judge(target: Target, serving: Served, newest: Served, of_courses: Iterable[Text]) -> _Judged:
    report = newest.snapshot.reports[target]
    have, need = learned(serving, target)
    if have < need:
        few = _said("confidence.few_examples", target, have=have, need=need)
        return _Judged(target, report, "low", None, [few])
    scores = report.rolling
    off = _off(scores)
    faults = [*_faults(target, report), *of_courses]
    if faults or off is None:
        return _Judged(target, report, "low", off, faults)
    well = scores.count >= CHECKED_WELL and reaches(OFF_WELL, off)
    return _Judged(target, report, "high" if well else "medium", off, [])


def _faults(target: Target, report: Report) -> Iterator[Text]:
    """Why a model that has learned enough is not believed all the same."""
    scores, off = report.rolling, _off(report.rolling)
    checked = 0 if off is None else scores.count
    if off is None or checked < CHECKED_MIN:
        yield _said("confidence.few_checked", target, have=checked, need=CHECKED_MIN)
        return
    if exceeds(off, OFF_MAX):
        if target in ENCODINGS:
            yield _said("confidence.calibration", target, points=rounded(100 * off, 1))
        else:
            covered = rounded(100 * (scores.coverage or 0.0), 1)
            yield _said("confidence.coverage", target, percent=covered)
    if not _is_better(scores):
        yield _said("confidence.not_better", target)
    if report.drifted:
        yield _said("confidence.drifted", target)


def _gated(view: View, serving: Served) -> Iterator[Text]:
    """The learner's running courses for which `not_passing` is not to be believed."""
    for course_id in sorted(running(view)):
        gate = serving.snapshot.gates.get(course_id)
        if gate is not None:
            facts = view.facts.get(course_id)
            course = course_id if facts is None else facts.title or course_id
            points = rounded(100 * gate.error, 1)
            yield _said("confidence.course", "not_passing", course=course, points=points)


def _of_learning(view: View, newest: Served) -> Iterator[Text]:
    """What is unusual about the learning itself."""
    if view.models.pinned:
        yield sentence("confidence.pinned", {"version": str(view.models.serving)})
    until = newest.snapshot.learned_until
    date = day_month(until, view.zone)
    if view.models.frozen:
        yield sentence("confidence.frozen", {"date": date})
    elif view.now - until >= OLD_DAYS * _DAY:
        yield sentence("confidence.old", {"date": date})


def _off(scores: Scores) -> float | None:
    """How far probabilities, or the coverage of intervals, are off; None where nothing came yet."""
    if scores.coverage is not None:
        return abs(scores.coverage - INTERVAL_LEVEL)
    return scores.calibration_error


def _is_better(scores: Scores) -> bool:
    """Whether a model is better than its baseline; where that says nothing there is no worse."""
    loss, naive = scores.mae, scores.naive_mae
    if loss is None:
        loss, naive = scores.log_loss, scores.naive_log_loss
    return loss is None or naive is None or exceeds(naive, loss)


def _model(judged: _Judged, serving: Served) -> ModelReport:
    target, scores = judged.target, judged.report.rolling
    amount = target not in ENCODINGS
    score, naive = (scores.mae, scores.naive_mae) if amount else (scores.auc, scores.naive_auc)
    return ModelReport(
        name=target,
        version=str(serving.number),
        learned_until=instant(serving.snapshot.learned_until),
        target=_SHOWN_AS[target],
        examples_learned=serving.snapshot.examples.get(target, 0),
        metric="mae" if amount else "auc",
        score=_figure(score),
        naive_score=_figure(naive),
        calibration_error=_prob(scores.calibration_error),
        interval_coverage=_prob(scores.coverage),
        interval_level=INTERVAL_LEVEL,
        drifted=judged.report.drifted,
    )


def _said(code: str, target: Target, **params: Param) -> Text:
    """A sentence about one model; `target` is for those who translate, `model` its English name."""
    model = sentence(f"model.{target}", {}).text
    return sentence(code, {"target": target, "model": model, **params})


def _figure(value: float | None) -> float | None:
    return None if value is None else rounded(value, 3)


def _prob(value: float | None) -> Prob | None:
    return None if value is None else prob(value)
