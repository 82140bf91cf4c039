"""How far predictions are to be believed, and the models' own report, from what was shown."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.configuration import Configuration, Models
from domain.predictions import TARGETS
from domain.texts import TEXTS
from metrics.confidence import prediction_confidence
from metrics.model_figures import gauges, models_report
from metrics.shapes_predictions import PredictionConfidence
from models.drift_alerts import drift_alert_id
from models.reports import DriftEpisode, Report, Scores
from models.serving import Served
from tests.factories import COURSE, Bench, at, enrolled
from tests.modelling import believed, gated, models_of, reporting, served
from tests.telling import essays
from tests.viewing import view

DAY = 86_400


def confidence(model: Served | None, day: float = 1, **given: Any) -> PredictionConfidence:
    known = () if model is None else (model,)
    return prediction_confidence(view(None, at(day), models=models_of(*known, **given)))


def good(**reports: Report) -> Served:
    return reporting(served(3), **reports)


def codes(shown: PredictionConfidence) -> list[str]:
    return [reason.code.removeprefix("confidence.") for reason in shown.reasons]


def test_before_anything_is_learned_nothing_is_believed() -> None:
    shown = confidence(None)
    assert (shown.level, shown.value, shown.models) == ("low", None, [])
    assert [reason.text for reason in shown.reasons] == [
        "Nothing has been learned for predictions yet"
    ]


def test_what_was_checked_often_and_holds_is_believed() -> None:
    shown = confidence(good())
    assert (shown.level, shown.value) == ("high", 0.98)
    assert [reason.text for reason in shown.reasons] == [
        "All predictions were checked against results, and they hold"
    ]
    assert [(each.name, each.target, each.metric) for each in shown.models] == [
        ("score", "score", "mae"),
        ("submission", "submission", "mae"),
        ("inactivity_7", "inactivity", "auc"),
        ("inactivity_14", "inactivity", "auc"),
        ("not_passing", "not_passing", "auc"),
        ("next_missing", "next_missing", "auc"),
        ("forecast_7", "forecast", "mae"),
        ("forecast_28", "forecast", "mae"),
        ("forecast_84", "forecast", "mae"),
    ]
    score, risk = shown.models[0], shown.models[4]
    assert (score.version, score.examples_learned, score.interval_level) == ("3", 600, 0.9)
    assert (score.score, score.naive_score, score.interval_coverage) == (9.0, 12.0, 0.9)
    assert (risk.score, risk.naive_score, risk.calibration_error) == (0.8, 0.7, 0.02)
    assert (score.calibration_error, risk.interval_coverage) == (None, None)
    assert risk.learned_until == "2024-03-04T09:00:00Z"


@pytest.mark.parametrize(
    ("target", "scores", "level"),
    [
        ("not_passing", {"count": 999}, "medium"),
        ("not_passing", {"calibration_error": 0.05}, "high"),
        ("not_passing", {"calibration_error": 0.0501}, "medium"),
        ("not_passing", {"calibration_error": 0.1}, "medium"),
        ("score", {"coverage": 0.95}, "high"),
        ("score", {"coverage": 0.849}, "medium"),
        ("score", {"coverage": 0.8}, "medium"),
    ],
)
def test_the_lowest_level_is_that_of_all(target: Any, scores: dict[str, Any], level: str) -> None:
    shown = confidence(good(**{target: believed(target, **scores)}))
    assert (shown.level, codes(shown)) == (level, ["checked"])


@pytest.mark.parametrize(
    ("target", "scores", "said"),
    [
        (
            "not_passing",
            {"count": 99},
            (
                "Not passing a course: only 99 predictions could be checked so far; "
                "at least 100 are needed"
            ),
        ),
        (
            "inactivity_7",
            {"calibration_error": 0.123},
            (
                "A week without work: the probabilities given lately were 12.3 percentage points "
                "off on average"
            ),
        ),
        (
            "score",
            {"coverage": 0.75},
            "Next score: lately 75% of results fell within the range given; it should be 90%",
        ),
        (
            "next_missing",
            {"log_loss": 0.5},
            "Missing the next deadline: lately no better than a simple estimate",
        ),
        (
            "submission",
            {"mae": 12.0},
            "Submission date: lately no better than a simple estimate",
        ),
        (
            "inactivity_14",
            {"calibration_error": None},
            (
                "Two weeks without work: only 0 predictions could be checked so far; "
                "at least 100 are needed"
            ),
        ),
    ],
)
def test_what_is_not_believed_says_why(target: Any, scores: dict[str, Any], said: str) -> None:
    shown = confidence(good(**{target: believed(target, **scores)}))
    assert (shown.level, [reason.text for reason in shown.reasons]) == ("low", [said])


def test_a_baseline_that_knows_nothing_is_not_better() -> None:
    silent = believed("not_passing", naive_log_loss=None)
    assert confidence(good(not_passing=silent)).level == "high"


def of_learner(model: Served, *, over: bool = False) -> PredictionConfidence:
    """What is believed for a learner of a course that runs for ten weeks, or that is over."""
    bench = Bench(facts=essays(5, 12)).send(enrolled(at(-1)))
    return prediction_confidence(view(bench, at(80 if over else 1), models=models_of(model)))


def test_in_a_course_whose_gate_is_closed_not_passing_is_not_believed() -> None:
    shown = of_learner(gated(good(), COURSE))
    assert (shown.level, codes(shown)) == ("low", ["course"])
    (reason,) = shown.reasons
    assert reason.text == (
        "Not passing a course: not reliable in Algebra, which is unlike what was learned from; "
        "what was said there lately was 12.3 percentage points off on average"
    )
    assert of_learner(gated(good(), "another")).level == "high"
    assert "course" not in codes(of_learner(gated(good(), COURSE), over=True))


def test_gates_are_shown_to_operators_with_why() -> None:
    models = models_of(gated(good(), "c1", "c2"))
    (one, _) = models_report(models, {}, frozenset()).gates
    assert (one.course_id, one.model, one.count) == ("c1", "next_missing", 1_500)
    assert one.calibration_error == 0.123
    figures = {each[:3]: each[3] for each in gauges(models)}
    assert figures["not_passing", "rolling", "gated_courses"] == 2
    assert models_report(models_of(), {}, frozenset()).gates == []


def test_episodes_of_drift_are_shown_newest_first_with_their_alert() -> None:
    told = DriftEpisode(began_at=DAY, judged=9, before=0.1, after=0.2, raised_in=4)
    unseen = DriftEpisode(began_at=0, judged=3, before=0.1, after=0.2, ended_at=5)
    model = good(score=replace(believed("score"), episodes=(unseen, told)))
    newest, oldest = models_report(models_of(model), {}, frozenset()).models[0].drift.episodes
    assert (newest.began_at, newest.ended_at, newest.version) == ("1970-01-02T00:00:00Z", None, "4")
    assert newest.alert_id == drift_alert_id("score", told)
    assert (oldest.ended_at, oldest.version, oldest.alert_id) == (
        "1970-01-01T00:00:05Z",
        None,
        None,
    )


def test_a_model_that_drifted_is_marked() -> None:
    drifted = replace(believed("score"), drifted_at=1, drifts=2)
    shown = confidence(good(score=drifted))
    assert (shown.level, codes(shown)) == ("low", ["drifted"])
    assert [each.drifted for each in shown.models] == [True, *[False] * 8]
    assert shown.reasons[0].text == ("Next score: the predictions have become less reliable lately")


def test_too_few_examples_are_named_with_how_many_are_needed() -> None:
    shown = confidence(served(3, many=150))
    assert shown.level == "low"
    assert [reason.params["need"] for reason in shown.reasons] == [200, 200, 500, 500, 500, 500]
    assert shown.reasons[0].text == (
        "Next score: too little has been learned so far, 150 of the 200 results needed"
    )
    assert shown.value == 0.9  # of the forecasts, which need none: their interval held every score


def test_a_switched_off_model_is_said_and_has_no_report() -> None:
    off = Configuration(models=Models(score=False, submission=False))
    bench = Bench(configuration=off).send(enrolled(at(0)))
    shown = prediction_confidence(view(bench, at(1), models=models_of(good())))
    assert [reason.text for reason in shown.reasons] == [
        "Next score: switched off",
        "Submission date: switched off",
    ]
    assert {each.name for each in shown.models} == set(TARGETS) - {"score", "submission"}
    nothing = prediction_confidence(view(bench, at(1), models=models_of()))
    assert codes(nothing) == ["nothing_learned", "switched_off", "switched_off"]


def test_the_report_is_the_newest_and_the_version_that_of_who_speaks() -> None:
    older, newer = served(3, many=MANY_LESS), good()
    newer = Served(replace(newer.snapshot, number=4))
    shown = prediction_confidence(view(None, at(1), models=models_of(older, newer, adopted=3)))
    assert {each.version for each in shown.models} == {"3"}
    assert {each.score for each in shown.models} == {9.0, 0.8}
    for away in ({"adopted": 9}, {"newest": 9}):
        one = prediction_confidence(view(None, at(1), models=models_of(newer, **away)))
        assert {each.version for each in one.models} == {"4"}


MANY_LESS = 550


def test_what_is_unusual_about_learning_is_said() -> None:
    assert codes(confidence(good(), 27.9)) == ["checked"]
    old = confidence(good(), 28)
    assert [reason.text for reason in old.reasons] == [
        "The models have learned nothing new since 4 March"
    ]
    frozen = confidence(good(), 28, frozen=True)
    assert [reason.text for reason in frozen.reasons] == [
        "The models stopped learning; their newest results are of 4 March"
    ]
    pinned = confidence(good(), pinned=True, serving=2)
    assert [reason.text for reason in pinned.reasons] == [
        "An earlier version of the models is in use: 2"
    ]


def test_every_model_has_a_name_in_the_catalogue() -> None:
    assert {f"model.{target}" for target in TARGETS} == {
        code for code in TEXTS if code.startswith("model.")
    }


# -- the report for operators ----------------------------------------------------------------------


def test_the_report_has_every_figure_of_the_newest_snapshot() -> None:
    known = served(3)
    shown = models_report(
        models_of(known, pinned=True, serving=2), {1: 0, 0: 3}, frozenset({"score"})
    )
    assert (shown.serving_version, shown.newest_version) == ("2", "3")
    assert (shown.pinned, shown.frozen) == (True, False)
    assert shown.learned_until == "2024-03-04T09:00:00Z"
    assert [(each.partition, each.version) for each in shown.adopted] == [(0, "3"), (1, None)]
    assert [each.name for each in shown.models] == list(TARGETS)
    assert [each.switched_on for each in shown.models] == [True, *[False] * 5, *[True] * 3]
    assert [each.unit for each in shown.models] == [
        "percent",
        "days",
        *["probability"] * 4,
        *["percent"] * 3,
    ]
    for each in shown.models:
        report = known.snapshot.reports[each.name]
        assert (each.examples_learned, each.speaks) == (600, True)
        assert each.total.count == report.total.count == 600
        for mine, theirs in PAIRS.items():
            value = getattr(report.total, theirs)
            assert getattr(each.total, mine) == (None if value is None else round(value, 4))
        assert [group.group for group in each.groups] == ["age=old", "age=young"]
        assert each.groups[0].scores.count == report.groups["age=old"].count
        assert [course.course_id for course in each.courses] == ["earlier"]
        assert (each.drift.drifted, each.drift.drifted_at) == (False, None)


PAIRS = {
    "rate": "rate",
    "log_loss": "log_loss",
    "naive_log_loss": "naive_log_loss",
    "brier": "brier",
    "naive_brier": "naive_brier",
    "auc": "auc",
    "naive_auc": "naive_auc",
    "calibration_error": "calibration_error",
    "naive_calibration_error": "naive_calibration_error",
    "mae": "mae",
    "naive_mae": "naive_mae",
    "interval_coverage": "coverage",
    "interval_width": "width",
}


def test_calibration_is_by_bin() -> None:
    score, _, _, _, _, missing, *_ = models_report(models_of(served(3)), {}, frozenset()).models
    assert [(each.from_, each.to) for each in missing.calibration][:2] == [
        (0.0, 0.067),
        (0.067, 0.133),
    ]
    report = served(3).snapshot.reports["next_missing"]
    for shown, known in zip(missing.calibration, report.total.bins, strict=True):
        assert shown.count == known.count
        assert shown.predicted == (round(known.predicted, 4) if known.count else None)
        assert shown.came == (round(known.came, 3) if known.count else None)
    assert {(each.from_, each.to) for each in score.calibration} == {(None, None)}


def test_drift_says_since_when() -> None:
    drifted = replace(believed("score"), drifted_at=DAY, drifts=2)
    shown = models_report(models_of(good(score=drifted)), {}, frozenset()).models[0].drift
    assert (shown.drifted, shown.drifted_at, shown.count) == (True, "1970-01-02T00:00:00Z", 2)


def test_before_there_is_a_snapshot_all_figures_are_unknown() -> None:
    shown = models_report(models_of(), {}, frozenset(TARGETS))
    assert (shown.serving_version, shown.newest_version, shown.learned_until) == (None, None, None)
    assert [(each.examples_learned, each.speaks) for each in shown.models] == [
        *[(0, False)] * 6,
        *[(0, True)] * 3,
    ]
    assert {each.examples_needed for each in shown.models} == {0, 200, 500}
    assert shown.models[0].total.mae is None
    assert list(gauges(models_of())) == []


def test_gauges_are_the_same_figures() -> None:
    found = {(model, over, name): value for model, over, name, value in gauges(models_of(good()))}
    assert found["score", "rolling", "mae"] == 9.0
    assert found["score", "total", "naive_mae"] == 12.0
    assert found["not_passing", "learned", "examples"] == 600
    assert found["not_passing", "rolling", "drifted"] == 0
    assert ("score", "total", "auc") not in found
    nothing = good(score=Report(target="score", total=Scores()))
    assert ("score", "total", "mae") not in {key[:3] for key in gauges(models_of(nothing))}
