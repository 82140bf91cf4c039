"""What the models say of a learner, from the fold's own predictions to the words of the answer."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from domain.configuration import Configuration, Models
from domain.course_facts import Assessment, CourseFacts
from domain.predicting.features import COURSE, SILENCE
from domain.predictions import NUMBERS, Prediction, Target
from domain.state.learner import Learner
from metrics import effects, risk_words
from metrics.modelled import Said
from metrics.predictions import predictive_analytics
from metrics.risks import FACTORS_MAX, added_by, risks
from metrics.shapes_predictions import Inactivity, PredictiveAnalytics
from metrics.view import View
from models.encoding import ENCODINGS
from models.explaining import explain
from models.serving import Served
from tests.factories import Bench, at, enrolled, event, graded, seconds, submitted, viewed
from tests.modelling import adopting, models_of, served, serving
from tests.viewing import view

NUMBER = 3


def statistics(**fields: Any) -> CourseFacts:
    """Five essays, ten days apart, of a course of ninety days."""
    given = {
        "course_id": "c1",
        "title": "Statistics",
        "starts_at": seconds(at(0)),
        "ends_at": seconds(at(90)),
        "pass_mark": 50,
        "assessments": tuple(
            Assessment(id=f"a{n}", title=f"Essay {n}", kind="essay", due_at=seconds(at(10 * n)))
            for n in range(1, 6)
        ),
    }
    return CourseFacts(**{**given, **fields})


def learner(
    facts: CourseFacts | None = None,
    *,
    model: Served | None = None,
    configuration: Configuration | None = None,
) -> Bench:
    """Who has submitted the first essay, missed the second, and done nothing since day 12."""
    model = model or served(NUMBER)
    bench = Bench(
        facts=facts or statistics(), snapshots=serving(model), configuration=configuration
    )
    adopting(bench, model.number).send(enrolled(at(0)), viewed(at(0)))
    return bench.send(submitted(at(9), "a1"), graded(at(10), 45, "a1"), viewed(at(12)))


def seen(bench: Bench, day: float = 29, **given: Any) -> View:
    """What is seen after the timers of that day."""
    bench.tick(at(day, 1))
    return view(bench, at(day, 2), models=given.pop("models", models_of(served(NUMBER))))


def answer(bench: Bench, day: float = 29, **given: Any) -> PredictiveAnalytics:
    return predictive_analytics(seen(bench, day, **given), 30)


def made(state: Learner, target: Target, assessment: str | None = None) -> Prediction:
    number = NUMBERS[target]
    return next(
        each
        for each in state.predictions
        if each.target == number and assessment in {None, each.assessment}
    )


def figure(state: Learner, target: Target, assessment: str | None = None) -> Any:
    return made(state, target, assessment).shown


# -- what is said ----------------------------------------------------------------------------------


def test_probabilities_are_those_that_the_fold_showed() -> None:
    bench = learner()
    shown, state = answer(bench).predictions, bench.learner()
    silences: list[tuple[Inactivity, Target, int]] = [
        (shown.inactivity, "inactivity_7", 7),
        (shown.inactivity_14, "inactivity_14", 14),
    ]
    for section, target, days in silences:
        said = figure(state, target)
        assert (section.status, section.missing, section.note) == ("ok", [], None)
        assert (section.window_days, section.probability) == (days, said.value / 1000)
        assert section.naive_probability == said.naive / 1000
        assert section.model is not None
        assert (section.model.name, section.model.version) == (target, "3")
        assert section.model.learned_until == "2024-03-04T09:00:00Z"
    (risk,) = shown.not_passing
    assert (risk.course_id, risk.title, risk.course_status) == ("c1", "Statistics", "active")
    assert risk.probability == figure(state, "not_passing").value / 1000
    rate = served(NUMBER).base_rate("c1", "c1")
    assert risk.course_base_rate == round(rate or 0, 3)


def test_what_may_be_missing_is_the_heavy_work_of_the_next_28_days() -> None:
    bench = learner()
    shown = answer(bench).predictions.next_missing
    assert [(each.assessment_id, each.title) for each in shown] == [
        ("a3", "Essay 3"),
        ("a4", "Essay 4"),
        ("a5", "Essay 5"),
    ]
    for each in shown:
        said = figure(bench.learner(), "next_missing", each.assessment_id)
        assert each.probability == said.value / 1000
        assert each.naive_probability == said.naive / 1000
    assert shown[0].due_at == "2024-04-03T09:00:00Z"
    early = answer(learner(), 13).predictions.next_missing
    assert [each.assessment_id for each in early] == ["a2", "a3", "a4"]


def test_the_next_score_and_submissions_have_intervals() -> None:
    bench = learner()
    shown = answer(bench).predictions
    said, score = figure(bench.learner(), "score"), shown.next_assessment_score
    assert (score.assessment_id, score.title, score.course_id) == ("a3", "Essay 3", "c1")
    assert score.score is not None
    assert (score.score.value, score.score.low, score.score.high, score.score.level) == (
        said.value / 10,
        said.low / 10,
        said.high / 10,
        0.9,
    )
    assert score.naive_score == said.naive / 10
    assert [each.assessment_id for each in shown.submissions] == ["a3", "a4", "a5"]
    first = figure(bench.learner(), "submission", "a3")
    days = shown.submissions[0].days_from_due
    assert days is not None
    assert (days.value, days.low, days.high) == (first.value / 10, first.low / 10, first.high / 10)


def test_submissions_are_of_what_is_due_within_the_horizon_four_of_a_course() -> None:
    many = tuple(Assessment(id=f"b{n}", due_at=seconds(at(20 + n))) for n in range(6))
    bench = learner(statistics(assessments=many))
    looked = seen(bench, 15)
    found = predictive_analytics(looked, 30).predictions.submissions
    assert [each.assessment_id for each in found] == ["b0", "b1", "b2", "b3"]
    assert {each.status for each in found} == {"ok"}
    soon = predictive_analytics(looked, 6).predictions.submissions
    assert [each.assessment_id for each in soon] == ["b0", "b1"]


def test_the_score_of_what_is_due_first_is_told_or_of_the_first_of_which_any_is() -> None:
    facts = statistics(course_id="c2", starts_at=seconds(at(40)))
    bench = learner().adopt("course", facts).send(enrolled(at(12.5), course_id="c2"))
    shown = answer(bench).predictions.next_assessment_score
    assert (shown.course_id, shown.assessment_id, shown.status) == ("c1", "a3", "ok")
    alone = Bench(facts=statistics(starts_at=seconds(at(1))), snapshots=serving(served(NUMBER)))
    adopting(alone, NUMBER).send(enrolled(at(0)))
    waits = answer(alone, 0).predictions.next_assessment_score
    assert (waits.assessment_id, waits.score) == ("a1", None)
    assert waits.note is not None
    assert waits.note.code == "prediction.not_running"


@pytest.mark.parametrize(
    ("thousandths", "band"),
    [(0, "low"), (299, "low"), (300, "medium"), (699, "medium"), (700, "high"), (1000, "high")],
)
def test_a_probability_has_a_word(thousandths: int, band: str) -> None:
    said = figure(learner().learner(), "not_passing")
    shown = Said("ok", [], None, replace_value(said, thousandths))
    assert (shown.band, Said("ok", [], None).band) == (band, None)


def replace_value(said: Any, value: int) -> Any:
    return replace(said, value=value)


# -- why nothing is said ---------------------------------------------------------------------------


def sections(shown: PredictiveAnalytics) -> dict[str, Any]:
    found = shown.predictions
    return {
        "score": found.next_assessment_score,
        "inactivity_7": found.inactivity,
        "inactivity_14": found.inactivity_14,
        "not_passing": found.not_passing[0],
        "next_missing": found.next_missing[0],
        "submission": found.submissions[0],
    }


def figures_of(section: Any) -> set[Any]:
    names = "probability band naive_probability score naive_score days_from_due course_base_rate"
    return {getattr(section, name, None) for name in names.split()} | {section.model}


def test_before_anything_is_learned_it_says_what_is_missing_and_no_number() -> None:
    bench = Bench(facts=statistics()).send(enrolled(at(0)), viewed(at(0)))
    for name, section in sections(answer(bench, 5, models=models_of())).items():
        need = 200 if name in {"score", "submission"} else 500
        assert section.status == "insufficient_data"
        assert [(m.code, m.have, m.need) for m in section.missing] == [("examples", 0, need)]
        assert section.note.text == (
            f"Too little has been learned for this so far: 0 of the {need} results needed"
        )
        assert figures_of(section) == {None}


def test_a_model_that_has_learned_too_little_says_how_much() -> None:
    few = served(1, many=150)
    shown = answer(learner(model=few), models=models_of(few))
    for name, section in sections(shown).items():
        need = 200 if name in {"score", "submission"} else 500
        assert [(m.code, m.have, m.need) for m in section.missing] == [("examples", 150, need)]
        assert figures_of(section) == {None}


def test_not_passing_needs_outcomes_too() -> None:
    whole = served(NUMBER)
    rates = {key: replace(it, count=40) for key, it in whole.snapshot.base_rates.items()}
    few = Served(replace(whole.snapshot, base_rates=rates))
    shown = sections(answer(learner(model=few), models=models_of(few)))
    (missing,) = shown["not_passing"].missing
    assert (missing.code, missing.have, missing.need) == ("examples", 40, 500)
    assert shown["next_missing"].status == "ok"


def test_a_model_that_is_switched_off_says_so() -> None:
    switches = dict.fromkeys(Models.__struct_fields__, False)
    off = Configuration(models=Models(**switches))
    shown = answer(learner(configuration=off))
    for section in sections(shown).values():
        assert (section.status, section.missing) == ("unavailable", [])
        assert section.note.text == "This prediction is switched off"
        assert figures_of(section) == {None}
    assert {reason.code for reason in shown.prediction_confidence.reasons} >= {
        "confidence.switched_off"
    }
    named = {each.target for each in shown.prediction_confidence.models}
    assert named == {"forecast"}  # by a closed form: there is nothing to switch off
    assert (shown.risk_factors, shown.risk_explanations) == ([], [])
    one = Configuration(models=Models(not_passing=False))
    on = sections(answer(learner(configuration=one)))
    assert (on["not_passing"].status, on["next_missing"].status) == ("unavailable", "ok")


def test_without_the_snapshot_that_spoke_nothing_is_shown() -> None:
    looked = seen(learner(), models=models_of(adopted=NUMBER, newest=NUMBER))
    assert looked.models.missing(looked.state)
    shown = predictive_analytics(looked, 30)
    for section in sections(shown).values():
        assert (section.status, section.missing) == ("unavailable", [])
        assert section.note.text == "This prediction cannot be shown right now"
        assert figures_of(section) == {None}
    assert (shown.risk_factors, shown.risk_explanations) == ([], [])
    bare = Bench(facts=statistics()).send(enrolled(at(0)))
    unread = sections(answer(bare, 1, models=models_of(adopted=NUMBER, newest=NUMBER)))
    assert unread["inactivity_7"].status == "unavailable"


def test_a_course_without_dates_has_no_risk() -> None:
    shown = sections(answer(learner(statistics(ends_at=None)), 20))
    for name in ("not_passing", "next_missing"):
        assert [(m.code, m.have) for m in shown[name].missing] == [("course_facts", 0)]
        assert shown[name].note.text == "The course's start and end are not known"
    assert shown["score"].status == "ok"


def test_nothing_is_said_of_a_course_that_is_over_or_has_not_begun() -> None:
    bench = learner()
    before = view(bench, at(80), models=models_of(served(NUMBER)))
    assert predictive_analytics(before, 30).predictions.not_passing[0].status == "ok"
    over = predictive_analytics(view(bench, at(95), models=models_of(served(NUMBER))), 30)
    (risk,) = over.predictions.not_passing
    assert (risk.status, risk.probability) == ("insufficient_data", None)
    assert risk.note is not None
    assert risk.note.text == "Nothing is predicted while the course is not running"
    assert over.predictions.inactivity.probability is None
    assert (over.risk_factors, over.risk_explanations) == ([], [])
    left = answer(learner().send(event("unenrolled", at(13))))
    assert left.predictions.not_passing == []
    assert left.predictions.inactivity.note is not None
    assert left.predictions.inactivity.note.code == "prediction.not_running"


def test_silence_is_foretold_only_as_far_as_a_course_runs() -> None:
    shown = answer(learner(), 80).predictions
    assert (shown.inactivity.status, shown.inactivity_14.status) == ("ok", "insufficient_data")
    assert shown.inactivity_14.note is not None
    assert shown.inactivity_14.note.text == "None of your courses runs for another 14 days"


def test_where_nothing_is_due_no_score_is_foretold() -> None:
    shown = answer(learner(statistics(assessments=()))).predictions
    score = shown.next_assessment_score
    assert (score.status, score.assessment_id) == ("insufficient_data", None)
    assert score.note is not None
    assert score.note.text == "No assessment is due that you have not submitted"
    assert (shown.next_missing, shown.submissions) == ([], [])


def test_a_snapshot_that_was_just_adopted_speaks_with_the_next_event() -> None:
    bench = Bench(facts=statistics(), snapshots=serving(served(NUMBER))).send(enrolled(at(0)))
    adopting(bench, NUMBER)
    looked = view(bench, at(0, 1), models=models_of(served(NUMBER)))
    shown = sections(predictive_analytics(looked, 30))
    assert shown["not_passing"].missing == []
    assert shown["not_passing"].note.text == "There will be a prediction after your next activity"
    assert sections(answer(bench.send(viewed(at(1))), 1))["not_passing"].status == "ok"


# -- why a risk is what it is ----------------------------------------------------------------------


def test_intercept_shown_and_other_are_the_logit_exactly_as_printed() -> None:
    printed = msgspec.json.encode(answer(learner()))
    shown = json.loads(printed, parse_float=Decimal)
    explanations = shown["risk_explanations"]
    assert [(e["target"], e["course_id"]) for e in explanations] == [
        ("inactivity", None),
        ("not_passing", "c1"),
    ]
    for each in explanations:
        assert each["intercept"] + each["shown"] + each["other"] == each["logit"]
        parts = [
            factor["contribution"]
            for factor in shown["risk_factors"]
            if (factor["target"], factor["course_id"]) == (each["target"], each["course_id"])
        ]
        assert parts
        assert sum(parts) == each["shown"]


def test_an_explanation_is_of_the_probability_that_is_shown() -> None:
    shown = answer(learner())
    inactivity, not_passing = shown.risk_explanations
    assert inactivity.probability == shown.predictions.inactivity.probability
    assert not_passing.probability == shown.predictions.not_passing[0].probability
    whole = explain(served(NUMBER), "not_passing", made(learner_at(29), "not_passing").features)
    assert whole is not None
    assert not_passing.logit == whole.logit / 1_000_000
    assert not_passing.raw_probability == whole.raw / 1000


def learner_at(day: float) -> Learner:
    bench = learner()
    bench.tick(at(day, 1))
    return bench.learner()


def test_factors_are_the_largest_parts_that_have_words() -> None:
    shown = answer(learner())
    state = learner_at(29)
    whole = explain(served(NUMBER), "not_passing", made(state, "not_passing").features)
    assert whole is not None
    words = risk_words.COURSE
    parts = sorted(
        (
            part
            for part in whole.contributions
            if part.feature in words
            and words[part.feature].is_known(part.value)
            and abs(part.logit) >= 50_000
        ),
        key=lambda part: -abs(part.logit),
    )[:FACTORS_MAX]
    found = [each for each in shown.risk_factors if each.target == "not_passing"]
    assert [(each.feature, each.contribution) for each in found] == [
        (part.feature, part.logit / 1_000_000) for part in parts
    ]
    for each, part in zip(found, parts, strict=True):
        assert each.value == words[part.feature].value(part.value)
        assert words[part.feature].text(part.value) in each.text
        assert each.direction == ("raises" if part.logit > 0 else "lowers")
        assert each.changeable == words[part.feature].changeable


def test_the_baseline_is_where_a_feature_would_add_least() -> None:
    looked = seen(learner())
    for risk in risks(looked):
        for factor in risk.factors:
            place = [part.feature for part in risk.explanation.contributions].index(factor.feature)
            adds = {}
            for number in range(len(factor.word.bins)):
                changed = [*risk.features[:place], number, *risk.features[place + 1 :]]
                whole = explain(risk.served, risk.model, changed)
                assert whole is not None
                if factor.word.is_known(number):
                    adds[number] = whole.contributions[place].logit
            assert adds[factor.value] == factor.contribution
            least = min(abs(it) for it in adds.values())
            nearest = min(abs(n - factor.value) for n, it in adds.items() if abs(it) == least)
            assert abs(adds[factor.baseline]) == least
            assert abs(factor.baseline - factor.value) == nearest


def test_what_a_feature_adds_at_its_own_value_is_its_contribution() -> None:
    features = made(learner_at(29), "inactivity_7").features
    whole = explain(served(NUMBER), "inactivity_7", features)
    assert whole is not None
    for part in whole.contributions:
        adds = added_by(served(NUMBER), "inactivity_7", features, part.feature)
        assert adds[part.value] == part.logit


def test_who_never_worked_reads_no_days_since_then() -> None:
    bench = Bench(facts=statistics(), snapshots=serving(served(NUMBER)))
    adopting(bench, NUMBER).send(enrolled(at(0)))
    shown = answer(bench, 7)
    assert shown.risk_factors
    assert "days_since_work" not in {each.feature for each in shown.risk_factors}


@pytest.mark.parametrize(
    ("words", "features", "left_out"),
    [
        (
            risk_words.SILENCE,
            SILENCE,
            {"mean_gap", "days_by_mean_gap", "days_by_long_gap", "progress"},
        ),
        (risk_words.COURSE, COURSE, {"progress", "base_rate"}),
    ],
)
def test_every_feature_that_can_be_understood_has_words_for_each_of_its_bins(
    words: dict[str, risk_words.Word], features: tuple[Any, ...], left_out: set[str]
) -> None:
    assert {each.name for each in features} == set(words) | left_out
    assert not set(words) & left_out
    for feature in features:
        if feature.name in words:
            word = words[feature.name]
            assert len(word.bins) == feature.bins
            known = [number for number in range(feature.bins) if word.is_known(number)]
            values = [word.value(number) for number in known]
            assert values == sorted(values)
            assert len({word.text(number) for number in known}) == len(known)


@pytest.mark.parametrize(
    ("feature", "number", "text", "value"),
    [
        ("overdue", 0, "0", 0),
        ("overdue", 6, "6 or more", 6),
        ("average_score", 1, "0 to 30", 0),
        ("average_score", 5, "60 to 65", 60),
        ("average_score", 11, "90 or more", 90),
        ("level", 1, "less than -20", -20),
        ("level", 2, "-20 to -15", -20),
        ("days_since_work", 7, "7", 7),
        ("days_since_work", 8, "8 to 9", 8),
        ("days_since_work", 13, "28 or more", 28),
        ("share_submitted", 9, "90 to 99", 90),
        ("share_submitted", 10, "100", 100),
        ("next_due", 0, "0 to 1", 0),
        ("entered", 0, "less than -200", -200),
        ("entered", 6, "-10 to -1", -10),
    ],
)
def test_a_bin_is_said_as_it_is(feature: str, number: int, text: str, value: float) -> None:
    word = risk_words.COURSE[feature]
    assert (word.text(number), word.value(number)) == (text, value)


# -- what to do ------------------------------------------------------------------------------------


def test_effects_are_what_the_model_says_of_the_changed_features() -> None:
    bench = learner()
    looked = seen(bench, 28)
    shown = predictive_analytics(looked, 30)
    frozen = made(bench.learner(), "not_passing")
    assert frozen.made_at == seconds(at(28))
    bench.send(submitted(at(28, minutes=1), "a2"))
    after = made(bench.learner(), "not_passing")
    beside = {"days_since_work", "active_days_28", "next_due"}  # a minute later, with work
    names = [feature.name for feature in COURSE]
    changed = [
        old if name in beside else new
        for name, old, new in zip(names, frozen.features, after.features, strict=True)
    ]
    step = next(s for s in shown.learning_recommendations if s.action.target.id == "a2")
    said = served(NUMBER).probability("not_passing", changed)
    assert said is not None
    assert step.effect is not None
    assert step.effect.from_ == shown.predictions.not_passing[0].probability
    assert step.effect.to == said.value / 1000
    assert step.effect.to < step.effect.from_
    assert (step.effect.if_.feature, step.effect.if_.from_, step.effect.if_.to) == ("overdue", 1, 0)
    assert (step.effect.kind, step.source) == ("association", "rule")


def test_to_work_today_is_asked_of_the_model_of_silence() -> None:
    shown = answer(learner())
    step = next(s for s in shown.learning_recommendations if s.action.code == "plan_session")
    assert step.effect is not None
    assert (step.effect.target, step.effect.if_.feature) == ("inactivity", "days_since_work")
    features = dict(
        zip(
            [feature.name for feature in SILENCE],
            made(learner_at(29), "inactivity_7").features,
            strict=True,
        )
    )
    features |= {"days_since_work": 0, "days_by_mean_gap": 0, "days_by_long_gap": 0}
    features |= {"active_days_7": 1, "activities_7": 1}
    said = served(NUMBER).probability("inactivity_7", list(features.values()))
    assert said is not None
    assert step.effect.to == said.value / 1000


def test_a_last_score_at_the_pass_mark_is_asked_of_the_model() -> None:
    looked = seen(learner())
    effect = effects.if_scored(looked, "c1", 50)
    features = list(made(looked.state, "not_passing").features)
    place = [feature.name for feature in COURSE].index("last_score")
    features[place] = 5
    said = served(NUMBER).probability("not_passing", features)
    before = figure(looked.state, "not_passing").value
    assert said is not None
    assert (effect is None) == (said.value >= before)
    assert effects.if_scored(looked, "c9", 50) is None


def test_the_largest_effect_comes_first_and_rules_without_one_last() -> None:
    shown = answer(learner()).learning_recommendations
    gains = [0 if s.effect is None else s.effect.from_ - s.effect.to for s in shown]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0
    assert [step.rank for step in shown] == list(range(1, len(shown) + 1))


def test_what_a_risk_rests_on_is_recommended_where_no_rule_speaks_of_it() -> None:
    bench = Bench(facts=statistics(), snapshots=serving(served(NUMBER)))
    adopting(bench, NUMBER).send(enrolled(at(0)), viewed(at(0)), submitted(at(1), "a1"))
    looked = seen(bench, 6)
    shown = predictive_analytics(looked, 30).learning_recommendations
    by_model = [step for step in shown if step.source == "model"]
    raising = {
        factor.feature
        for risk in risks(looked)
        for factor in risk.factors
        if factor.contribution > 0 and factor.word.changeable
    }
    assert by_model
    for step in by_model:
        assert step.reason.code.removeprefix("risk.") in raising
        assert step.effect is None or step.effect.to < step.effect.from_


def tilted(target: Target, feature: str, number: int) -> Served:
    """A snapshot whose risk is raised by one feature's bin, and by nothing else."""
    base = served(NUMBER)
    encoding, model = ENCODINGS[target], base.snapshot.classifications[target]
    place = encoding.place(feature)
    features = [0] * len(encoding.features)
    features[place] = number
    weights = [0] * len(model.weights)
    weights[encoding.keys_of(place, features)[0]] = 900_000
    flat = replace(model, weights=weights, means=[0] * len(model.means))
    classifications = {**base.snapshot.classifications, target: flat}
    return Served(replace(base.snapshot, classifications=classifications))


def test_a_level_that_raises_a_risk_asks_for_help() -> None:
    model = tilted("not_passing", "last_score", 6)  # 60 to 70, which passes
    bench = Bench(facts=statistics(), snapshots=serving(model))
    adopting(bench, NUMBER).send(enrolled(at(0)), viewed(at(0)))
    bench.send(submitted(at(1), "a1"), graded(at(2), 65, "a1"))
    looked = view(bench, at(2, 1), models=models_of(model))
    shown = predictive_analytics(looked, 30)
    (factor,) = [each for each in shown.risk_factors if each.target == "not_passing"]
    assert (factor.text, factor.direction) == ("Your last score: 60 to 70%", "raises")
    assert (factor.contribution, factor.baseline) == (0.9, 50)
    step = next(s for s in shown.learning_recommendations if s.action.code == "ask_for_help")
    assert (step.source, step.reason.code) == ("model", "risk.last_score")
    assert (step.action.target.kind, step.action.target.id) == ("course", "c1")
    assert step.effect is not None
    assert (step.effect.if_.from_, step.effect.if_.to) == (60, 50)


def test_deadlines_that_raise_a_risk_name_what_is_open_longest() -> None:
    model = tilted("not_passing", "share_submitted", 0)
    bench = Bench(facts=statistics(), snapshots=serving(model))
    adopting(bench, NUMBER).send(enrolled(at(0)), viewed(at(10.5)))
    looked = view(bench, at(10.6), models=models_of(model))
    shown = predictive_analytics(looked, 30).learning_recommendations
    step = next(s for s in shown if s.action.code == "submit_assessment")
    assert (step.source, step.action.target.id) == ("model", "a1")


def test_where_nothing_is_open_no_submission_is_asked_for() -> None:
    model = tilted("not_passing", "overdue", 0)
    bench = Bench(facts=statistics(assessments=()), snapshots=serving(model))
    adopting(bench, NUMBER).send(enrolled(at(0)), viewed(at(0)))
    looked = view(bench, at(0.1), models=models_of(model))
    shown = predictive_analytics(looked, 30)
    assert [each.feature for each in shown.risk_factors if each.target == "not_passing"] == [
        "overdue"
    ]
    assert "submit_assessment" not in {s.action.code for s in shown.learning_recommendations}


def test_work_that_is_known_without_a_submission_has_an_effect_too() -> None:
    longer = event("deadline_extended", at(13), assessment_id="a2", due_at=at(21).isoformat())
    shown = answer(learner().send(longer)).learning_recommendations
    step = next(s for s in shown if s.action.target.id == "a2")
    assert step.effect is not None
    assert step.effect.if_.feature == "overdue"


def test_features_that_a_snapshot_does_not_know_are_not_explained() -> None:
    bench = learner()
    looked = seen(bench)
    for each in looked.state.predictions:
        each.features = [1]
    shown = predictive_analytics(looked, 30)
    assert shown.predictions.inactivity.probability is not None
    assert (shown.risk_factors, shown.risk_explanations) == ([], [])


def test_without_models_there_is_no_effect() -> None:
    looked = seen(learner(), models=models_of())
    shown = predictive_analytics(looked, 30).learning_recommendations
    assert {(step.source, step.effect) for step in shown} == {("rule", None)}
