"""The models' own figures, for operators: from the newest snapshot's reports."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from domain.exact import rounded
from domain.predictions import FORECASTS, TARGETS, Target
from metrics.figures import instant, maybe_instant, prob
from metrics.modelled import learned
from metrics.shapes import Prob
from metrics.shapes_models import (
    AdoptedModel,
    CalibrationBin,
    CourseGate,
    CourseModelScores,
    Drift,
    DriftEpisode,
    GroupModelScores,
    ModelFigures,
    ModelScores,
    ModelsReport,
)
from metrics.view import Models
from models.drift_alerts import drift_alert_id
from models.encoding import ENCODINGS
from models.reports import Bin, Gate, Report, Scores
from models.reports import DriftEpisode as Told

DIGITS: Final = 4
_NOTHING: Final = Scores()


def models_report(
    models: Models, adopted: Mapping[int, int], predicted: frozenset[Target]
) -> ModelsReport:
    """The answer of `GET /api/v1/models`.

    `adopted` has the snapshot's number of each partition; `predicted` is what is switched on.
    """
    newest = models.snapshots.get(models.newest)
    return ModelsReport(
        serving_version=_version(models.serving),
        newest_version=_version(models.newest),
        pinned=models.pinned,
        frozen=models.frozen,
        learned_until=None if newest is None else instant(newest.snapshot.learned_until),
        adopted=[
            AdoptedModel(partition=partition, version=_version(number))
            for partition, number in sorted(adopted.items())
        ],
        gates=[] if newest is None else [_gate(*each) for each in newest.snapshot.gates.items()],
        models=[
            _figures(models, target, on=target in predicted or target in FORECASTS)
            for target in TARGETS
        ],
    )


def gauges(models: Models) -> Iterator[tuple[Target, str, str, float]]:
    """Every figure that is known, as (model, over what, name, value): total, rolling, learned."""
    newest = models.snapshots.get(models.newest)
    if newest is None:
        return
    yield "not_passing", "rolling", "gated_courses", float(len(newest.snapshot.gates))
    for target, report in newest.snapshot.reports.items():
        yield target, "learned", "examples", float(newest.snapshot.examples.get(target, 0))
        yield target, "rolling", "drifted", float(report.drifted)
        yield target, "total", "drifts", float(report.drifts)
        for over, scores in (("total", report.total), ("rolling", report.rolling)):
            shown = _scores(scores)
            for name in ModelScores.__dataclass_fields__:
                value = getattr(shown, name)
                if value is not None:
                    yield target, over, name, float(value)


def _gate(course_id: str, gate: Gate) -> CourseGate:
    return CourseGate(
        course_id=course_id,
        model=gate.target,
        count=gate.count,
        calibration_error=prob(gate.error),
    )


def _figures(models: Models, target: Target, *, on: bool) -> ModelFigures:
    newest = models.snapshots.get(models.newest)
    report = Report(target=target) if newest is None else newest.snapshot.reports[target]
    have, need = learned(newest, target)
    return ModelFigures(
        name=target,
        unit=_unit(target),
        switched_on=on,
        speaks=have >= need,
        examples_learned=report.examples if newest is None else newest.snapshot.examples[target],
        examples_needed=need,
        total=_scores(report.total),
        rolling=_scores(report.rolling),
        calibration=list(_bins(target, report.total.bins)),
        courses=[
            CourseModelScores(course_id=course_id, scores=_scores(scores))
            for course_id, scores in sorted(report.courses.items())
        ],
        groups=[
            GroupModelScores(group=group, scores=_scores(scores))
            for group, scores in sorted(report.groups.items())
        ],
        drift=Drift(
            drifted=report.drifted,
            drifted_at=maybe_instant(report.drifted_at),
            count=report.drifts,
            episodes=[_episode(target, each) for each in reversed(report.episodes)],
        ),
    )


def _episode(target: Target, told: Told) -> DriftEpisode:
    return DriftEpisode(
        began_at=instant(told.began_at),
        ended_at=maybe_instant(told.ended_at),
        loss_before=rounded(told.before, DIGITS),
        loss_after=rounded(told.after, DIGITS),
        version=_version(told.raised_in),
        alert_id=drift_alert_id(target, told) if told.raised_in else None,
    )


def _unit(target: Target) -> Literal["probability", "percent", "days"]:
    if target in ENCODINGS:
        return "probability"
    return "days" if target == "submission" else "percent"


def _bins(target: Target, bins: Iterable[Bin]) -> Iterator[CalibrationBin]:
    known = list(bins)
    for place, each in enumerate(known):
        edges = (place / len(known), (place + 1) / len(known)) if target in ENCODINGS else None
        yield CalibrationBin(
            from_=None if edges is None else prob(edges[0]),
            to=None if edges is None else prob(edges[1]),
            count=each.count,
            predicted=_number(each.predicted) if each.count else None,
            came=prob(each.came) if each.count else None,
        )


def _scores(scores: Scores) -> ModelScores:
    return ModelScores(
        count=scores.count,
        rate=_number(scores.rate),
        log_loss=_number(scores.log_loss),
        naive_log_loss=_number(scores.naive_log_loss),
        brier=_number(scores.brier),
        naive_brier=_number(scores.naive_brier),
        auc=_number(scores.auc),
        naive_auc=_number(scores.naive_auc),
        calibration_error=_number(scores.calibration_error),
        naive_calibration_error=_number(scores.naive_calibration_error),
        mae=_number(scores.mae),
        naive_mae=_number(scores.naive_mae),
        interval_coverage=_number(scores.coverage),
        interval_width=_number(scores.width),
    )


def _number(value: float | None) -> Prob | None:
    return None if value is None else rounded(value, DIGITS)


def _version(number: int) -> str | None:
    return str(number) if number else None
