"""What a snapshot serves: probabilities, amounts with intervals, priors and base rates."""

import random
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace
from typing_extensions import override

from domain.examples import Lesson
from domain.predictions import MODELS, Target
from domain.scoring import Scorer, Slot
from models.encoding import ENCODINGS
from models.learning import Learning
from models.serving import EXAMPLES_MIN, Served
from models.snapshot import BaseRate
from tests.teaching import example, features_of, learned, say, served, snapshot

SERVED = served(learned())
SLOT = Slot("course-0", "assessment-1", "series-1", "cma", 1)


def test_a_snapshot_is_a_scorer() -> None:
    scorer: Scorer = SERVED
    assert scorer.number == 7


def test_serving_needs_no_river() -> None:
    """A worker starts faster without it, and nothing of a prediction depends on its version."""
    code = "import models.serving, models.explaining, sys; sys.exit('river' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("target", MODELS)
def test_under_a_minimum_of_examples_nothing_is_said(target: Target) -> None:
    features = features_of(target, random.Random(1))
    for count, said in ((EXAMPLES_MIN[target] - 1, False), (EXAMPLES_MIN[target], True)):
        changed = replace(SERVED.snapshot, examples=SERVED.snapshot.examples | {target: count})
        assert (say(Served(changed), target, features) is not None) == said


def test_under_500_outcomes_nothing_is_said_of_passing() -> None:
    features = features_of("not_passing", random.Random(1))
    for outcomes, said in ((499, False), (500, True)):
        learning = learned(1)
        learning.learn(Lesson(user_id="1", at=1, course_id="a", outcome=0) for _ in range(outcomes))
        before = snapshot(learning)
        changed = replace(before, examples=before.examples | {"not_passing": 500})
        assert (Served(changed).probability("not_passing", features) is not None) == said


@pytest.mark.parametrize("target", MODELS)
def test_features_of_another_model_are_answered_with_nothing(target: Target) -> None:
    features = features_of(target, random.Random(1))
    for odd in (features[:-1], [*features, 0], [10_000, *features[1:]]):
        assert say(SERVED, target, odd) is None


def test_an_amount_is_no_probability_and_a_probability_no_amount() -> None:
    rng = random.Random(1)
    assert SERVED.probability("score", features_of("score", rng)) is None
    assert SERVED.amount("not_passing", features_of("not_passing", rng), "series-0", "tma") is None


@pytest.mark.parametrize("target", ENCODINGS)
def test_probabilities_are_thousandths_and_follow_the_feature_that_tells(target: Target) -> None:
    rng = random.Random(2)
    means = []
    for value in (0, ENCODINGS[target].features[0].bins - 1):
        figures = []
        for _ in range(200):
            figure = SERVED.probability(target, [value, *features_of(target, rng)[1:]])
            assert figure is not None
            assert 0 <= figure.value <= 1000
            assert figure.naive is not None
            assert 0 <= figure.naive <= 1000
            assert figure.low is figure.high is None
            figures.append(figure.value)
        means.append(sum(figures) / len(figures))
    assert means[0] < 400
    assert means[1] > 500


def test_the_baseline_is_the_rate_of_its_cell() -> None:
    """By days since work and active days for silence; shrunk to the rate of all."""
    learning = Learning()
    features = [0] * len(ENCODINGS["inactivity_7"].features)
    other = [13, *features[1:]]
    for label in [1] * 30 + [0] * 10:
        learning.learn([_one("inactivity_7", features, label)])
    for _ in range(460):
        learning.learn([_one("inactivity_7", other, 0)])
    figure = served(learning).probability("inactivity_7", features)
    assert figure is not None
    rate = 31 / 502
    assert figure.naive == round(1000 * (30 + 5 * rate) / 45)
    unseen = served(learning).probability("inactivity_7", [5, *features[1:]])
    assert unseen is not None
    assert unseen.naive == round(1000 * rate)


def test_an_amount_has_an_interval_around_it_and_stays_possible() -> None:
    rng = random.Random(3)
    for target, least, most in (("score", 0, 1000), ("submission", -300, 300)):
        for _ in range(300):
            figure = say(SERVED, target, features_of(target, rng))  # type: ignore[arg-type]
            assert figure is not None
            assert figure.low is not None
            assert figure.high is not None
            assert least <= figure.low <= figure.value <= figure.high <= most


def test_the_baseline_of_a_score_is_the_own_mean_and_of_a_submission_the_prior() -> None:
    first = SERVED.amount("score", [700, 0, 0, 0, 0, 0, 0, 0, 0, 99], "series-0", "tma")
    later = SERVED.amount("score", [700, 0, 0, 0, 0, 0, 500, 450, 3, 99], "series-0", "tma")
    sent = SERVED.amount("submission", [-45, 0, 0, 20, 3], "series-0", "tma")
    assert first is not None
    assert later is not None
    assert sent is not None
    assert (first.naive, later.naive, sent.naive) == (700, 450, -45)


def test_what_is_of_no_kind_and_of_a_series_never_seen_is_predicted_all_the_same() -> None:
    for series, kind in (("new", "tma"), ("series-0", None), ("new", "new")):
        assert SERVED.amount("score", features_of("score", random.Random(1)), series, kind)


def test_a_score_is_expected_from_ten_scores_on() -> None:
    learning = Learning()
    said = []
    for number in range(11):
        said.append(served(learning).expected_score(SLOT))
        lesson = _one("score", [700, 0, 0, 0, 0, 0, 0, 0, 0, 99], 900)
        [it] = lesson.examples
        one = replace(it, assessment=SLOT.assessment, kind=SLOT.kind, slot=SLOT.number)
        learning.learn(
            [replace(lesson, examples=(one,), course_id=SLOT.course_id, series="series-1")]
        )
        assert served(learning).score_prior(SLOT) > 70 + number / 2
    assert said[:10] == [None] * 10
    assert said[10] is not None
    assert 80 < said[10] < 90
    again = SLOT._replace(course_id="course-9", assessment="assessment-9")
    assert served(learning).expected_score(again) is not None, "the same slot in an earlier run"
    assert served(learning).expected_score(again._replace(number=0)) is None
    assert served(learning).expected_score(again._replace(number=2)) is None


def test_a_prior_is_shrunk_to_its_slot_kind_and_all() -> None:
    """The more narrowly it matches, the more a score of 90 raises it from 70."""
    learning = Learning()
    nothing = served(learning)
    assert nothing.score_prior(SLOT) == 70.0
    assert nothing.submission_prior(SLOT) == 0.0
    lesson = _one("score", [700, 0, 0, 0, 0, 0, 0, 0, 0, 99], 900)
    late = _one("submission", [0, 0, 0, 0, 0], 40)
    both = []
    for [one] in (lesson.examples, late.examples):
        both.append(replace(one, assessment=SLOT.assessment, kind=SLOT.kind, slot=SLOT.number))
    learning.learn([replace(lesson, examples=tuple(both), course_id="course-0", series="series-1")])
    it = served(learning)
    ladder = [
        Slot("course-9", "assessment-9", "series-9", "cma", 1),
        Slot("course-9", "assessment-9", "series-1", "cma", 0),
        Slot("course-9", "assessment-9", "series-1", "cma", 1),
        SLOT,
    ]
    for prior in (it.score_prior, it.submission_prior):
        said = [prior(slot) for slot in ladder]
        assert all(narrow > wide for wide, narrow in pairwise(said))


def test_a_base_rate_is_that_of_earlier_runs_else_of_all_other_courses() -> None:
    learning = Learning()
    assert served(learning).base_rate("a", "maths") is None
    for course, series, outcomes in (("a", "maths", (1, 1, 0, 0)), ("b", "art", (1, 0, 0, 0))):
        learning.learn(
            Lesson(user_id="1", at=1, course_id=course, series=series, outcome=outcome)
            for outcome in outcomes
        )
    it = served(learning)
    assert it.base_rate("c", "maths") == 0.5
    assert it.base_rate("c", "art") == 0.25
    assert it.base_rate("c", "physics") == 3 / 8
    assert it.base_rate("a", "maths") == 0.25, "its own outcomes are no earlier run's"


def test_a_base_rate_is_that_of_a_count_over_all_courses() -> None:
    """Served from totals; a course that is known under another series counts in its own."""
    rng = random.Random(4)
    rates = {
        f"course-{n}": BaseRate(
            f"series-{n % 3}", count := rng.randint(1, 9), rng.randint(0, count)
        )
        for n in range(12)
    }
    rates["alone"] = BaseRate("series-9", 4, 3)
    it = Served(replace(SERVED.snapshot, base_rates=rates))
    for course in (*rates, "new"):
        others = [rate for name, rate in rates.items() if name != course]
        for series in ("series-0", "series-1", "series-2", "series-9", "new"):
            runs = [rate for rate in others if rate.series == series] or others
            expected = sum(rate.not_passed for rate in runs) / sum(rate.count for rate in runs)
            assert it.base_rate(course, series) == expected


def test_a_base_rate_does_not_look_at_every_course() -> None:
    """The fold asks it of every course of every learner, every day."""

    class Counted(dict[str, BaseRate]):
        walks = 0

        @override
        def values(self) -> Any:
            Counted.walks += 1
            return super().values()

        @override
        def items(self) -> Any:
            Counted.walks += 1
            return super().items()

    rates = Counted(a=BaseRate("maths", 4, 1), b=BaseRate("maths", 4, 3))
    it = Served(replace(SERVED.snapshot, base_rates=rates))
    walks = Counted.walks
    assert it.base_rate("a", "maths") == 0.75
    assert Counted.walks == walks


def _one(target: Target, features: list[int], label: int) -> Lesson:
    return Lesson(
        user_id="1", at=1, course_id="course-0", examples=(example(target, features, label),)
    )
