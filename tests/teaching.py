"""Lessons of a made-up world, in which features tell of labels; seeded."""

import math
import random
from collections.abc import Iterator
from functools import lru_cache

from domain.examples import Example, Lesson
from domain.predictions import FORECASTS, TARGETS, Figure, Reach, Target
from models.encoding import ENCODINGS
from models.learning import Learning
from models.serving import Served
from models.snapshot import Snapshot, decode_snapshot

DAY = 86_400
MANY = 1100
"""So many lessons are enough for every model to speak: every other one has an outcome."""


def features_of(target: Target, rng: random.Random) -> list[int]:
    """Features of any learner; of an amount the second one tells of the label."""
    if target in ENCODINGS:
        return [rng.randrange(feature.bins) for feature in ENCODINGS[target].features]
    if target == "score":
        above = rng.randrange(-150, 150)
        late = rng.choice([-3, 99])
        return [700, above, above, above, 0, above, 700, 700, rng.randrange(9), late]
    return [-20, rng.randrange(-100, 100), 0, 0, rng.randrange(9)]


def label_of(target: Target, features: list[int], rng: random.Random) -> int:
    """What comes of it: likelier with the first feature, or near the prior and the second one."""
    if target in ENCODINGS:
        logit = features[0] - ENCODINGS[target].features[0].bins / 2
        return int(rng.random() < 1 / (1 + math.exp(-logit)))
    label = features[0] + features[1] + rng.randrange(-50, 50)
    return min(1000, label) if target == "score" else label


def example(
    target: Target, features: list[int], label: int, shown: Figure | None = None, *, number: int = 0
) -> Example:
    """An example of the assessment of this number, of seven."""
    return Example(
        target=target,
        assessment=f"assessment-{number % 7}",
        kind=("tma", "cma", None)[number % 3],
        slot=number % 7,
        made_at=number * DAY,
        model=0,
        features=features,
        label=label,
        shown=shown,
    )


def lessons(count: int, seed: int = 1, *, shown: Served | None = None) -> Iterator[Lesson]:
    """Lessons of three courses in two series, with an example of each target, one lesson an hour.

    What was shown is what `shown` says.
    """
    rng = random.Random(seed)
    for number in range(count):
        examples = []
        for target in TARGETS:
            if target in FORECASTS:
                examples.append(forecast(target, rng, shown, number))
                continue
            features = features_of(target, rng)
            label = label_of(target, features, rng)
            figure = say(shown, target, features) if shown is not None else None
            examples.append(example(target, features, label, figure, number=number))
        yield Lesson(
            user_id=f"learner-{number % 50}",
            at=number * 3600,
            course_id=f"course-{number % 3}",
            series=f"series-{number % 2}",
            groups={"gender": "MF"[number % 2]} if number % 5 else None,
            outcome=rng.randrange(2) if number % 2 else None,
            examples=tuple(examples),
        )


def forecast(target: Target, rng: random.Random, shown: Served | None, number: int) -> Example:
    """A forecast as it was shown, and a score within six tenths of the formula's interval."""
    by_level, half, value = rng.randrange(2), rng.randrange(100, 200), rng.randrange(300, 700)
    reach = Reach(1000, 1000)
    if shown is not None:
        reach = shown.reach(f"series-{number % 2}", by_level=bool(by_level)) or reach
    low, high = value - half * reach.low // 1000, value + half * reach.high // 1000
    figure = Figure(value, value + rng.randrange(-200, 200), low, high)
    label = value + round(half * rng.uniform(-0.6, 0.6))
    return example(target, [by_level, half], label, figure, number=number)


def say(served: Served, target: Target, features: list[int]) -> Figure | None:
    """What a snapshot says of these features."""
    if target in ENCODINGS:
        return served.probability(target, features)
    return served.amount(target, features, "series-0", "tma")


def learned(count: int = MANY, seed: int = 1) -> Learning:
    """Learning that has learned so many lessons; one of its own, which a test may teach more."""
    return Learning.restore(_parts(count, seed))


@lru_cache
def _parts(count: int, seed: int) -> dict[str, bytes]:
    learning = Learning()
    learning.learn(lessons(count, seed))
    return learning.parts()


def served(learning: Learning, number: int = 7) -> Served:
    """What serves the snapshot of this number."""
    return Served(snapshot(learning, number))


def snapshot(learning: Learning, number: int = 7) -> Snapshot:
    """The snapshot of this number, decoded."""
    return decode_snapshot(learning.snapshot(number, learned=123))
