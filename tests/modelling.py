"""Snapshots of the models as the trainer makes them, learned from lessons that tests make up."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from domain.examples import Example, Lesson
from domain.fold.inputs import ModelAdopted
from domain.predicting.features import COURSE, SCORE, SILENCE, SUBMISSION, Feature
from domain.predictions import FORECASTS, TARGETS, Figure, Target
from domain.scoring import NoModels, Scorer
from metrics.view import Models
from models.encoding import ENCODINGS
from models.learning import Learning
from models.reports import Gate, Report, Scores
from models.serving import Served
from models.snapshot import BaseRate, Snapshot, decode_snapshot
from tests.factories import START, Bench, seconds

LEARNED_UNTIL: Final = seconds(START)
DAY: Final = 86_400
MANY: Final = 600
"""More than any model needs to speak."""


def lessons(seed: int = 1, *, many: int = MANY, series: str = "c") -> Iterator[Lesson]:
    """Lessons of `many` learners, whose risks grow with overdue work and silence."""
    random = Random(seed)
    for number in range(many):
        at = LEARNED_UNTIL - DAY * (many - number - 1)
        silence, course = _bins(random, SILENCE), _bins(random, COURSE)
        quiet = random.random() < 0.1 + 0.8 * silence[0] / 13
        behind = random.random() < 0.1 + 0.8 * course[0] / 6
        yield Lesson(
            user_id=f"u{number}",
            at=at,
            course_id="earlier",
            series=series,
            groups={"age": "young" if number % 2 else "old"},
            outcome=int(behind),
            examples=(
                _example("inactivity_7", silence, int(quiet), at, 900 if silence[0] > 6 else 200),
                _example("inactivity_14", silence, int(quiet), at, 900 if silence[0] > 6 else 200),
                _example("not_passing", course, int(behind), at, 850 if course[0] > 3 else 150),
                _example("next_missing", course, int(behind), at, 850 if course[0] > 3 else 150),
                _amount("score", random, at),
                _amount("submission", random, at),
                *(_forecast(target, number, at) for target in FORECASTS),
            ),
        )


def _bins(random: Random, features: tuple[Feature, ...]) -> list[int]:
    return [random.randrange(feature.bins) for feature in features]


def _example(target: Target, features: list[int], label: int, at: int, shown: int) -> Example:
    name = "a1" if target == "next_missing" else None
    figure = Figure(shown, 500)
    return Example(target, name, None, 0, at - 7 * DAY, 1, features, label, figure)


def _amount(target: Target, random: Random, at: int) -> Example:
    score = target == "score"
    expected = random.randint(500, 900) if score else random.randint(-40, 20)
    label = max(-300, min(1000 if score else 300, expected + random.randint(-80, 80)))
    names = SCORE if score else SUBMISSION
    features = [expected, *[0] * (len(names) - 1)]
    shown = Figure(expected, expected + 100, expected - 70, expected + 70)
    return Example(target, "a1", "quiz", 1, at - 7 * DAY, 1, features, label, shown)


def _forecast(target: Target, number: int, at: int) -> Example:
    """A forecast whose interval the scores fill as the formula has it."""
    value, label = 700, 700 + 41 * (number % 9) - 164
    shown = Figure(value, value + 150, value - 164, value + 164)
    return Example(target, None, None, 0, at - 7 * DAY, 1, [1, 164], label, shown)


@lru_cache
def snapshot_bytes(number: int = 1, *, many: int = MANY, seed: int = 1) -> bytes:
    """The bytes of a snapshot that has learned from so many learners."""
    return Learning.restore(_parts(many, seed)).snapshot(number, many)


@lru_cache
def _parts(many: int, seed: int) -> dict[str, bytes]:
    learning = Learning()
    learning.learn(lessons(seed, many=many))
    return learning.parts()


def snapshot(number: int = 1, *, many: int = MANY, seed: int = 1) -> Snapshot:
    """The same, decoded."""
    return decode_snapshot(snapshot_bytes(number, many=many, seed=seed))


def served(number: int = 1, *, many: int = MANY, seed: int = 1) -> Served:
    """The same, as it serves."""
    return Served(snapshot(number, many=many, seed=seed))


def serving(*known: Served) -> Callable[[int], Scorer]:
    """What a fold asks for a snapshot by its number."""
    by_number: dict[int, Scorer] = {0: NoModels(), **{each.number: each for each in known}}
    return by_number.__getitem__


def adopting(bench: Bench, number: int = 1) -> Bench:
    """The bench, after its partition adopted a snapshot."""
    return bench.adopt("model", ModelAdopted(number=number))


def models_of(*known: Served, **given: Any) -> Models:
    """What a view knows of the models, where the last of these snapshots is adopted and newest."""
    number = known[-1].number if known else 0
    shown = {"adopted": number, "newest": number, "serving": number} | given
    return Models(snapshots={each.number: each for each in known}, **shown)


def reporting(base: Served, **reports: Report) -> Served:
    """A snapshot with other reports; those that are not given are of a model that is believed."""
    made = {target: reports.get(target, believed(target)) for target in TARGETS}
    return Served(replace(base.snapshot, reports=made))


def believed(target: Target, **scores: Any) -> Report:
    """The report of a model that nothing is to be said against, but for what is given."""
    amount = target not in ENCODINGS
    good: dict[str, Any] = {"count": 1_000}
    if amount:
        good |= {"mae": 9.0, "naive_mae": 12.0, "coverage": 0.9, "width": 30.0}
    else:
        good |= {"auc": 0.8, "naive_auc": 0.7, "log_loss": 0.4, "naive_log_loss": 0.5}
        good |= {"calibration_error": 0.02}
    rolling = Scores(**{**good, **scores})
    return Report(target=target, examples=2_000, total=rolling, rolling=rolling)


def gated(base: Served, *course_ids: str, error: float = 0.1234) -> Served:
    """The same, where the gates of these courses are closed by `next_missing`."""
    gates = {course_id: Gate("next_missing", 1_500, error) for course_id in course_ids}
    return Served(replace(base.snapshot, gates=gates))


def risky(number: int = 1, *, base_rate: float = 0.2) -> Served:
    """A snapshot whose course risks rest on overdue work alone: .12, .38, .73, .92 for 0 to 3.

    Its weights are made by hand, so that a rule's example stays what it is.
    """
    base = snapshot(number)
    encoding = ENCODINGS["not_passing"]
    place = encoding.place("overdue")
    weights = [0] * encoding.size
    for overdue in range(encoding.features[place].bins):
        features = [0] * len(encoding.features)
        features[place] = overdue
        (key,) = encoding.keys_of(place, features)
        weights[key] = 1_500_000 * overdue - 2_000_000
    means = [0] * len(encoding.features)
    means[place] = -1_000_000
    targets: tuple[Target, ...] = ("not_passing", "next_missing")
    made = dict(base.classifications)
    for target in targets:
        made[target] = replace(
            made[target], weights=weights, means=means, offset=0, slope=1_000_000
        )
    rates = {"earlier": BaseRate("c", 1_000, round(1_000 * base_rate))}
    return Served(replace(base, classifications=made, base_rates=rates))
