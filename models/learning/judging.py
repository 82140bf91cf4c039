"""Which examples can be learned; what is wrong with the others."""

from typing import Final

from domain.examples import Example, Lesson
from domain.predictions import FORECASTS, TARGETS, Figure
from models import amounts
from models.encoding import ENCODINGS, whole, within

_LABELS: Final = {"score": (0, 1000), "submission": (-10_000, 10_000)}
_FORECAST_BOUNDS: Final = [(0, 1), (1, 10_000)]


def fault(lesson: Lesson, example: Example) -> str | None:
    """Why this example cannot be learned, in a word; None where it can."""
    target = example.target
    if target not in TARGETS:
        return "unknown_target"
    if target in FORECASTS:
        return _of_forecast(lesson, example)
    encoding = ENCODINGS.get(target)
    fits = encoding.fits(example.features) if encoding else amounts.fits(target, example.features)
    if not fits:
        return "features"
    low, high = _LABELS.get(target, (0, 1))
    if not whole(example.label, low, high):
        return "label"
    if not encoding and (example.assessment is None or lesson.course_id is None):
        return "assessment"
    if example.shown is not None and not _possible(example.shown, probability=bool(encoding)):
        return "shown"
    return None


def _of_forecast(lesson: Lesson, example: Example) -> str | None:
    if not within(example.features, _FORECAST_BOUNDS):
        return "features"
    if lesson.course_id is None:
        return "course"
    if not whole(example.label, 0, 1000):
        return "label"
    if example.shown is None or not _possible(example.shown, probability=False):
        return "shown"
    return None


def _possible(shown: Figure, *, probability: bool) -> bool:
    low, high = (0, 1000) if probability else (-1000, 1000)
    figures = (shown.naive, shown.low, shown.high)
    return whole(shown.value, low, high) and all(
        it is None or whole(it, low, high) for it in figures
    )
