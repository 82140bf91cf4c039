"""Predictions rest on what was known: with labels shuffled in time nothing is left to predict."""

from collections.abc import Sequence
from random import Random

import pytest
from msgspec.structs import replace

from benchmarks.models.figures import area_under_curve
from domain.examples import Lesson
from models.learning import Learning
from models.serving import Served
from models.snapshot import decode_snapshot
from tests.modelling import lessons

pytestmark = pytest.mark.long

LESSONS = 1_800
STEP = 200


def prequential_auc(told: Sequence[Lesson]) -> float:
    """What snapshots say of silence before they learn of it, beside what came."""
    learning, values, labels = Learning(), list[float](), list[int]()
    for first in range(0, len(told), STEP):
        served = Served(decode_snapshot(learning.snapshot(1, first)))
        batch = told[first : first + STEP]
        for example in (each for lesson in batch for each in lesson.examples):
            if example.target == "inactivity_7":
                shown = served.probability("inactivity_7", example.features)
                if shown is not None:
                    values.append(shown.value)
                    labels.append(example.label)
        learning.learn(batch)
    found = area_under_curve(values, labels)
    assert found is not None
    return found


def shuffled_in_time(told: Sequence[Lesson]) -> list[Lesson]:
    """The same examples, each with the label of another time."""
    labels = [[example.label for example in lesson.examples] for lesson in told]
    Random(3).shuffle(labels)
    return [
        replace(
            lesson,
            examples=tuple(
                replace(example, label=label)
                for example, label in zip(lesson.examples, others, strict=True)
            ),
        )
        for lesson, others in zip(told, labels, strict=True)
    ]


def test_labels_shuffled_in_time_leave_the_score_at_chance() -> None:
    told = list(lessons(many=LESSONS))
    assert prequential_auc(told) > 0.7
    assert 0.45 < prequential_auc(shuffled_in_time(told)) < 0.55
