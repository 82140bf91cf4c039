"""A probability is taken apart exactly, and says what would change it."""

import random

import pytest

from domain.predictions import Target
from models.encoding import ENCODINGS
from models.explaining import explain, if_changed
from models.learning import Learning
from models.serving import calibrated
from tests.teaching import MANY, features_of, learned, lessons, served

SERVED = served(learned())


@pytest.mark.parametrize("target", ENCODINGS)
def test_contributions_and_intercept_add_up_to_the_logit_exactly(target: Target) -> None:
    rng = random.Random(6)
    model = SERVED.snapshot.classifications[target]
    for _ in range(500):
        features = features_of(target, rng)
        it = explain(SERVED, target, features)
        assert it is not None
        assert it.intercept + sum(one.logit for one in it.contributions) == it.logit
        assert it.logit == sum(model.weights[key] for key in ENCODINGS[target].keys(features))
        assert [one.value for one in it.contributions] == features
        assert it.probability == calibrated(model, it.logit)
        figure = SERVED.probability(target, features)
        assert figure is not None
        assert it.probability == figure.value
        assert 0 <= it.raw <= 1000


@pytest.mark.parametrize("target", ENCODINGS)
def test_contributions_are_nothing_on_average_over_what_was_learned(target: Target) -> None:
    sums: dict[str, int] = {}
    count = 0
    for lesson in lessons(MANY):
        [one] = [it for it in lesson.examples if it.target == target]
        it = explain(SERVED, target, one.features)
        assert it is not None
        count += 1
        for part in it.contributions:
            sums[part.feature] = sums.get(part.feature, 0) + part.logit
    assert len(sums) == len(ENCODINGS[target].features)
    assert max(abs(it) for it in sums.values()) <= count / 2  # each mean is a whole millionth


def test_what_tells_of_the_label_contributes_most() -> None:
    features = [0] * len(ENCODINGS["inactivity_7"].features)
    features[0] = 13
    it = explain(SERVED, "inactivity_7", features)
    assert it is not None
    assert max(it.contributions, key=lambda one: one.logit).feature == "days_since_work"


def test_the_probability_if_a_feature_were_another_is_that_of_the_others_as_they_are() -> None:
    rng = random.Random(7)
    features = features_of("not_passing", rng)
    features[0] = 6
    changed = [0, *features[1:]]
    figure = SERVED.probability("not_passing", changed)
    assert figure is not None
    lower = if_changed(SERVED, "not_passing", features, {"overdue": 0})
    assert lower == figure.value
    now = SERVED.probability("not_passing", features)
    assert now is not None
    assert lower < now.value


def test_what_is_out_of_its_bins_changes_nothing() -> None:
    features = [0] * len(ENCODINGS["not_passing"].features)
    assert if_changed(SERVED, "not_passing", features, {"overdue": 99}) is None
    with pytest.raises(ValueError, match="shoe_size"):
        if_changed(SERVED, "not_passing", features, {"shoe_size": 1})


def test_a_model_that_says_nothing_explains_nothing() -> None:
    empty = served(Learning())
    features = [0] * len(ENCODINGS["not_passing"].features)
    assert explain(empty, "not_passing", features) is None
    assert empty.contributions("not_passing", features) == []
    assert if_changed(empty, "not_passing", features, {"overdue": 1}) is None
