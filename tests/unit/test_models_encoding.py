"""Features become keys: one of each term, and no two terms share one."""

import random

import pytest

from domain.predicting.features import COURSE, SILENCE, Feature
from domain.predictions import Target
from models.encoding import BIAS, ENCODINGS, TABLES, Encoding, Part, Term
from tests.teaching import features_of


@pytest.mark.parametrize("target", ENCODINGS)
def test_every_key_of_a_term_is_its_own(target: Target) -> None:
    encoding = ENCODINGS[target]
    rng = random.Random(3)
    seen: list[set[int]] = [set() for _ in range(len(encoding.terms) + 1)]
    for _ in range(3000):
        keys = encoding.keys(features_of(target, rng))
        assert len(keys) == len(encoding.terms) + 1
        assert keys[0] == BIAS
        for place, key in zip(seen, keys, strict=True):
            place.add(key)
    assert sum(map(len, seen)) == len(set().union(*seen))
    assert max(map(max, seen)) < encoding.size


@pytest.mark.parametrize("target", ENCODINGS)
def test_all_keys_can_occur(target: Target) -> None:
    """So a key is no weight for nothing: the last of every term is that of the last bins."""
    encoding = ENCODINGS[target]
    first = encoding.keys([0] * len(encoding.features))
    last = encoding.keys([feature.bins - 1 for feature in encoding.features])
    starts = sorted(first)
    assert starts == sorted(set(starts))
    assert max(last) == encoding.size - 1


def test_a_cross_has_a_key_for_each_pair_of_bins() -> None:
    two = [Feature("colour", 3), Feature("size", 4)]
    cross = Term((Part(0, (0, 1, 2)), Part(1, (0, 1, 1, 1))))
    encoding = Encoding(two, [cross])
    assert encoding.size == 7
    keys = {tuple(encoding.keys([a, b])) for a in range(3) for b in range(4)}
    assert keys == {(0, key) for key in range(1, 7)}
    assert encoding.keys([2, 1]) == encoding.keys([2, 3])
    assert encoding.owners == (None, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("target", "terms"), [("inactivity_7", 16), ("not_passing", 35)])
def test_each_feature_stands_alone_and_in_the_measured_crosses(target: Target, terms: int) -> None:
    encoding = ENCODINGS[target]
    assert len(encoding.terms) == terms
    alone = [term.parts[0].feature for term in encoding.terms if len(term.parts) == 1]
    assert alone == list(range(len(encoding.features)))


def test_the_last_cross_of_silence_tells_recent_from_old_work() -> None:
    encoding = ENCODINGS["inactivity_14"]
    place = encoding.place("days_since_work")
    features = [0] * len(SILENCE)
    keys = []
    for days in (0, 6, 7, 13):
        features[place] = days
        keys.append(encoding.keys(features)[-1])
    assert keys[0] == keys[1] != keys[2] == keys[3]


@pytest.mark.parametrize(
    "features",
    [
        [0] * (len(COURSE) - 1),
        [0] * (len(COURSE) + 1),
        [-1] + [0] * (len(COURSE) - 1),
        [COURSE[0].bins] + [0] * (len(COURSE) - 1),
        [float("nan")] + [0] * (len(COURSE) - 1),
        [0.0] + [0] * (len(COURSE) - 1),
    ],
)
def test_features_that_are_out_of_their_bins_do_not_fit(features: list[int]) -> None:
    assert not ENCODINGS["not_passing"].fits(features)
    assert ENCODINGS["not_passing"].fits([0] * len(COURSE))
    assert ENCODINGS["not_passing"].fits([feature.bins - 1 for feature in COURSE])


def test_a_baseline_has_a_cell_for_each_pair_of_its_bins() -> None:
    assert TABLES["inactivity_7"].size == 1 + 14 * 9
    assert TABLES["next_missing"].size == 1 + 5 * 8
    assert TABLES["not_passing"].size == 1 + 12


def test_a_feature_that_there_is_not_has_no_place() -> None:
    with pytest.raises(ValueError, match="shoe_size"):
        ENCODINGS["not_passing"].place("shoe_size")
