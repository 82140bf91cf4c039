"""What learns: exactly, in order, bit by bit the same after a restart, whatever it is given."""

import json
import random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from domain.examples import Example, Lesson
from domain.predictions import FORECASTS, TARGETS, Figure
from models.encoding import ENCODINGS
from models.learning import BadLearningError, Learning, UnknownLearningError
from tests.teaching import DAY, example, features_of, learned, lessons, say, served, snapshot

pytestmark = pytest.mark.long


def test_a_restart_changes_no_byte_of_what_is_learned_after_it() -> None:
    first = Learning()
    first.learn(lessons(600, 1))
    shown = served(first)
    kept = first.parts()
    second = Learning.restore(kept)
    assert second.parts() == kept
    assert second.snapshot(7, 123) == first.snapshot(7, 123)
    for learning in (first, second):
        learning.learn(lessons(150, 2, shown=shown))
    assert second.snapshot(8, 456) == first.snapshot(8, 456)
    assert second.parts() == first.parts() != kept


def test_a_restart_between_any_two_lessons_changes_no_byte() -> None:
    """The first ones matter most: keys are new, and sums are made in the order of what is there."""
    whole, parted = Learning(), Learning()
    for lesson in lessons(30):
        whole.learn([lesson])
        parted.learn([lesson])
        parted = Learning.restore(parted.parts())
    assert parted.parts() == whole.parts()


def test_only_the_parts_of_what_was_learned_change() -> None:
    learning = learned(300)
    before = learning.parts()
    assert learning.parts() == before
    rng = random.Random(5)
    features = features_of("next_missing", rng)
    learning.learn([Lesson(user_id="1", at=9, examples=(example("next_missing", features, 1),))])
    after = learning.parts()
    assert {name for name in after if after[name] != before[name]} == {"head", "model:next_missing"}
    shown = example("next_missing", features, 1, Figure(300, 400))
    learning.learn([Lesson(user_id="1", at=9, examples=(shown,))])
    changed = {name for name, part in learning.parts().items() if part != after[name]}
    assert changed == {"head", "model:next_missing", "judged:next_missing"}
    learning.learn([Lesson(user_id="1", at=9, course_id="course-0", outcome=1)])
    assert learning.parts()["base_rates"] != after["base_rates"]


def test_a_days_examples_are_learned_in_an_order_of_their_own() -> None:
    day = [replace(lesson, at=lesson.at % DAY) for lesson in lessons(200)]
    shuffled = random.Random(4).sample(day, len(day))
    parted = [
        replace(
            lesson, examples=(one,), outcome=lesson.outcome if one is lesson.examples[0] else None
        )
        for lesson in day
        for one in lesson.examples
    ]
    bytes_of = []
    for told in (day, shuffled, parted):
        learning = Learning()
        learning.learn_in_order(told)
        bytes_of.append(learning.parts())
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]
    as_told = Learning()
    as_told.learn(day)
    assert as_told.parts() != bytes_of[0]


def test_every_target_learns_to_tell_better_than_its_baseline() -> None:
    learning = learned(1200)
    shown = served(learning)
    learning.learn(lessons(400, 2, shown=shown))
    reports = snapshot(learning).reports
    for target in TARGETS:
        scores = reports[target].total
        assert scores.count == (1600 if target in FORECASTS else 400)
        if target in ENCODINGS:
            assert scores.auc is not None
            assert scores.auc > 0.75, target
            assert scores.log_loss is not None
            assert scores.naive_log_loss is not None
            assert scores.log_loss < scores.naive_log_loss, target
        else:
            assert scores.mae is not None
            assert scores.naive_mae is not None
            assert scores.mae < 0.6 * scores.naive_mae, target
            assert scores.coverage is not None
            assert 0.85 < scores.coverage < 1, target


def test_a_score_that_is_always_the_same_is_predicted_as_that() -> None:
    learning, serving = Learning(), served(Learning())
    features = [700, 0, 0, 0, 0, 0, 700, 700, 1, 0]
    for number in range(3_000):
        if number % 500 == 0:
            serving = served(learning)
        one = example("score", features, 700, say(serving, "score", features))
        lesson = Lesson(user_id="1", at=number * DAY, series="series-0", examples=(one,))
        learning.learn([replace(lesson, course_id="c")])
    said = say(served(learning), "score", features)
    assert said is not None
    assert (said.low, said.value, said.high) == (700, 700, 700)
    assert snapshot(learning).reports["score"].total.coverage == 1


def test_labels_that_were_shuffled_teach_nothing() -> None:
    """Then the score of what is shown falls to chance: nothing of a label is in the features."""
    rng = random.Random(9)
    told = list(lessons(1200))
    shuffled = []
    for place in range(len(TARGETS)):
        labels = [lesson.examples[place].label for lesson in told]
        rng.shuffle(labels)
        shuffled.append(labels)
    learning = Learning()
    learning.learn(
        replace(
            lesson,
            examples=tuple(
                replace(one, label=shuffled[place][number])
                for place, one in enumerate(lesson.examples)
            ),
        )
        for number, lesson in enumerate(told)
    )
    shown = served(learning)
    learning.learn(lessons(400, 2, shown=shown))
    for target in ENCODINGS:
        auc = snapshot(learning).reports[target].total.auc
        assert auc is not None
        assert 0.38 < auc < 0.62, target


def test_what_was_shown_is_judged_and_what_was_not_is_only_learned() -> None:
    learning = Learning()
    rng = random.Random(2)
    features = features_of("inactivity_7", rng)
    figures = [None, Figure(250, 400), Figure(900)]
    learning.learn(
        [
            Lesson(user_id="1", at=9, examples=(example("inactivity_7", features, 1, figure),))
            for figure in figures
        ]
    )
    report = snapshot(learning).reports["inactivity_7"]
    assert learning.examples["inactivity_7"] == report.examples == 3
    assert report.total.count == 2
    assert report.total.brier == pytest.approx((0.75**2 + 0.1**2) / 2)
    assert report.total.naive_brier == pytest.approx(0.6**2)


def _odd(one: Example, **changes: Any) -> Example:
    return replace(one, **changes)


@pytest.mark.parametrize(
    ("target", "changes", "reason"),
    [
        ("inactivity_7", {"target": "shoe_size"}, "unknown_target"),
        ("inactivity_7", {"features": [1, 2, 3]}, "features"),
        ("inactivity_7", {"features": [99] * 12}, "features"),
        ("inactivity_7", {"features": [float("nan")] * 12}, "features"),
        ("score", {"features": [float("nan")] * 10}, "features"),
        ("score", {"features": [700, 0, 0, 0, 0, 0, 700, 700, -1, 0]}, "features"),
        ("score", {"features": [700, 0, 0, 0, 0, 0, 700, 700, 1, 50]}, "features"),
        ("submission", {"features": [0, 0, 0, 0, 100]}, "features"),
        ("submission", {"features": [0, 0, 0, 400, 1]}, "features"),
        ("not_passing", {"label": 2}, "label"),
        ("not_passing", {"label": float("nan")}, "label"),
        ("score", {"label": 1001}, "label"),
        ("score", {"label": -1}, "label"),
        ("submission", {"label": 10_001}, "label"),
        ("score", {"assessment": None}, "assessment"),
        ("forecast_7", {"features": [2, 100]}, "features"),
        ("forecast_28", {"features": [1, 0]}, "features"),
        ("forecast_84", {"label": 1001}, "label"),
        ("forecast_7", {"shown": None}, "shown"),
        ("forecast_7", {"shown": Figure(700, 700, 600, 1001)}, "shown"),
        ("not_passing", {"shown": Figure(1001)}, "shown"),
        ("not_passing", {"shown": Figure(500, -1)}, "shown"),
        ("score", {"shown": Figure(500, 500, low=float("nan"), high=600)}, "shown"),  # type: ignore[arg-type]
    ],
)
def test_what_is_at_fault_is_skipped_and_counted(
    target: str, changes: dict[str, Any], reason: str
) -> None:
    learning = learned(20)
    before = {name: part for name, part in learning.parts().items() if name != "head"}
    [lesson] = lessons(1)
    one = next(it for it in lesson.examples if it.target == target)
    learning.learn([replace(lesson, examples=(_odd(one, **changes),), outcome=None)])
    assert learning.skipped == {reason: 1}
    assert learning.examples == dict.fromkeys(TARGETS, 20)
    after = {name: part for name, part in learning.parts().items() if name != "head"}
    assert after == before
    assert snapshot(learning).skipped == {reason: 1}


def test_an_amount_without_a_course_is_skipped() -> None:
    learning = Learning()
    [lesson] = lessons(1)
    learning.learn([replace(lesson, course_id=None, series=None, outcome=None)])
    assert learning.skipped == {"assessment": 2, "course": 3}
    assert learning.examples["inactivity_7"] == 1


@pytest.mark.parametrize("changes", [{"outcome": 2}, {"outcome": 1, "course_id": None}])
def test_an_outcome_that_is_none_is_skipped(changes: dict[str, Any]) -> None:
    learning = Learning()
    [lesson] = lessons(1)
    learning.learn([replace(lesson, examples=(), **changes)])
    assert learning.skipped == {"outcome": 1}
    assert snapshot(learning).base_rates == {}


def test_a_course_that_is_a_run_of_nothing_is_its_own_series() -> None:
    learning = Learning()
    [lesson] = lessons(1)
    learning.learn([replace(lesson, series=None, outcome=1)])
    assert snapshot(learning).base_rates["course-0"].series == "course-0"
    assert "course-0\x1ftma" in snapshot(learning).priors["score"].kinds


def test_an_outcome_is_counted_for_its_course() -> None:
    learning = Learning()
    learning.learn(
        Lesson(user_id="1", at=5, course_id=course, series="maths", outcome=outcome)
        for course, outcome in (("a", 1), ("a", 0), ("b", 0))
    )
    rates = snapshot(learning).base_rates
    assert (rates["a"].count, rates["a"].not_passed) == (2, 1)
    assert (rates["b"].count, rates["b"].not_passed, rates["b"].series) == (1, 0, "maths")


def test_learned_until_is_the_newest_label() -> None:
    learning = Learning()
    learning.learn([Lesson(user_id="1", at=at) for at in (7, 9, 8)])
    assert learning.learned_until == 9
    assert snapshot(learning).learned_until == 9
    assert Learning.restore(learning.parts()).learned_until == 9


def test_lateness_beyond_30_days_counts_as_30() -> None:
    learning = Learning()
    [lesson] = lessons(1)
    late = example("submission", [0, 0, 0, 0, 0], 900, Figure(0, 0, -10, 10))
    learning.learn([replace(lesson, examples=(late,), outcome=None)])
    after = snapshot(learning)
    assert after.reports["submission"].total.mae == 30.0
    assert after.priors["submission"].everything.total == 300


def test_a_part_of_a_newer_version_is_refused_and_says_what_to_do() -> None:
    parts = learned(5).parts()
    newer = json.loads(parts["model:score"]) | {"version": 2}
    with pytest.raises(UnknownLearningError, match=r"model:score .* version 2.* up to 1.* start"):
        Learning.restore(parts | {"model:score": json.dumps(newer).encode()})
    with pytest.raises(UnknownLearningError, match="model:mood"):
        Learning.restore(parts | {"model:mood": b"{}"})


@pytest.mark.parametrize("part", sorted(Learning().parts()))
def test_a_part_that_is_missing_or_cut_is_refused(part: str) -> None:
    parts = learned(5).parts()
    with pytest.raises(BadLearningError, match=f"{part}.*learn it again"):
        Learning.restore({name: it for name, it in parts.items() if name != part})
    for cut in (0, 1, len(parts[part]) // 2, len(parts[part]) - 1):
        with pytest.raises(BadLearningError, match=part):
            Learning.restore(parts | {part: parts[part][:cut]})


def test_a_part_with_nan_is_refused() -> None:
    parts = learned(5).parts()
    it = json.loads(parts["model:score"])
    it["state"]["regressor"]["robust"]["weights"][0][1] = None  # what NaN is in JSON
    with pytest.raises(BadLearningError, match="weights"):
        Learning.restore(parts | {"model:score": msgspec.json.encode(it)})


def test_nothing_grows_without_bound() -> None:
    learning = Learning()
    rng = random.Random(8)
    for number in range(4100):
        features = features_of("score", rng)
        one = replace(
            example("score", features, 700, Figure(700, 700, 600, 800)),
            assessment=f"assessment-{number}",
            kind=f"kind-{number}",
            slot=number,
        )
        learning.learn(
            [
                Lesson(
                    user_id="1",
                    at=number,
                    course_id=f"course-{number}",
                    series=f"series-{number}",
                    groups={"shoe": str(number)},
                    outcome=0,
                    examples=(one,),
                )
            ]
        )
    it = snapshot(learning)
    assert len(it.base_rates) == 2000
    assert len(it.priors["score"].assessments) == len(it.priors["score"].slots) == 4000
    assert len(it.priors["score"].kinds) == 500
    assert len(it.regressions["score"].weights) <= 2000 + 22
    assert len(it.regressions["score"].errors) == 2000
    assert len(it.regressions["score"].quantiles) == 2000
    assert len(it.reports["score"].courses) == 100
    assert len(it.reports["score"].groups) == 50
    assert "course-4099" in it.reports["score"].courses
    assert "course-4099" in it.base_rates
    assert max(map(len, learning.parts().values())) < 1_000_000
    assert say(served(learning), "score", features_of("score", rng)) is not None
