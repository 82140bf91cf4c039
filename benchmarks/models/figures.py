"""What was shown beside what came of it: the figures of models.md, from lessons alone."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from domain.course_facts import DAY, CourseFacts
from domain.examples import Example, Lesson
from domain.predictions import Target

Figures: TypeAlias = dict[str, float | int | None]
WEEKS: Final = (4, 8, 12, 20)
BINS: Final = 15
_TENTHS: Final = 10
_THOUSAND: Final = 1000
_LEAST: Final = 1e-6


class Judged(NamedTuple):
    """One example whose prediction was shown, with the course it belongs to."""

    course_id: str
    week: int
    example: Example
    naive: int | None

    @property
    def year(self) -> str:
        """The presentation's year, where the course's id ends with `-YYYY.`."""
        return self.course_id[-5:-1]


def judged(lessons: Iterable[Lesson], facts: Mapping[str, CourseFacts]) -> list[Judged]:
    """Every example of which something was shown."""
    return [
        Judged(lesson.course_id or "", _week(lesson, example, facts), example, example.shown.naive)
        for lesson in lessons
        for example in lesson.examples
        if example.shown is not None
    ]


def _week(lesson: Lesson, example: Example, facts: Mapping[str, CourseFacts]) -> int:
    known = facts.get(lesson.course_id or "")
    start = None if known is None else known.starts_at
    return 0 if start is None else (example.made_at - start) // (7 * DAY)


# -- probabilities ---------------------------------------------------------------------------------


def probability(rows: Sequence[Judged]) -> Figures:
    """AUC, log loss and calibration error, of the model and of its baseline."""
    labels = [row.example.label for row in rows]
    shown = [_of(row.example) / _THOUSAND for row in rows]
    naive = [0.5 if row.naive is None else row.naive / _THOUSAND for row in rows]
    found: Figures = {"n": len(rows), "rate": _mean(labels)}
    for name, values in (("", shown), ("naive_", naive)):
        found[f"{name}auc"] = area_under_curve(values, labels)
        found[f"{name}log_loss"] = _log_loss(values, labels)
        found[f"{name}calibration_error"] = calibration_error(values, labels)
    return found


def area_under_curve(values: Sequence[float], labels: Sequence[int]) -> float | None:
    """The area under the ROC curve, ties counting half (Mann and Whitney, 1947)."""
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    groups: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for value, label in zip(values, labels, strict=True):
        groups[value][label] += 1
    below = area = 0.0
    for value in sorted(groups):
        no, yes = groups[value]
        area += yes * (below + no / 2)
        below += no
    return area / (positives * negatives)


def calibration_error(values: Sequence[float], labels: Sequence[int]) -> float | None:
    """The mean over 15 bins of equal width of |predicted - came|, weighted by count."""
    bins: dict[int, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for value, label in zip(values, labels, strict=True):
        each = bins[min(int(value * BINS), BINS - 1)]
        each[0] += 1
        each[1] += value
        each[2] += label
    return sum(abs(p - y) for _, p, y in bins.values()) / len(values) if values else None


def _log_loss(values: Sequence[float], labels: Sequence[int]) -> float | None:
    losses = [
        -math.log(max(_LEAST, value if label else 1 - value))
        for value, label in zip(values, labels, strict=True)
    ]
    return _mean(losses)


# -- amounts ---------------------------------------------------------------------------------------


def amount(rows: Sequence[Judged]) -> Figures:
    """Mean absolute error of the model and its baseline, and coverage of the 90 % interval."""
    errors = [abs(_of(row.example) - row.example.label) / _TENTHS for row in rows]
    naive = [abs((row.naive or 0) - row.example.label) / _TENTHS for row in rows]
    covered = [_covered(row.example) for row in rows]
    return {
        "n": len(rows),
        "mae": _mean(errors),
        "naive_mae": _mean(naive),
        "coverage": _mean(covered),
        "lowest_decile_coverage": min(_by_decile(rows, covered), default=None),
        "lowest_module_coverage": min(_by_module(rows, covered), default=None),
    }


def _by_decile(rows: Sequence[Judged], covered: Sequence[bool]) -> list[float]:
    values = sorted(_of(row.example) for row in rows)
    edges = [values[len(values) * tenth // _TENTHS] for tenth in range(1, _TENTHS)]
    return _shares(covered, [bisect_right(edges, _of(row.example)) for row in rows])


def _by_module(rows: Sequence[Judged], covered: Sequence[bool]) -> list[float]:
    return _shares(covered, [row.course_id.split("-")[0] for row in rows])


def _shares(covered: Sequence[bool], groups: Sequence[object]) -> list[float]:
    found: dict[object, list[bool]] = defaultdict(list)
    for group, each in zip(groups, covered, strict=True):
        found[group].append(each)
    return [sum(each) / len(each) for each in found.values()]


def _covered(example: Example) -> bool:
    shown = example.shown
    assert shown is not None
    assert shown.low is not None
    assert shown.high is not None
    return shown.low <= example.label <= shown.high


# -- all -------------------------------------------------------------------------------------------


def all_figures(rows: Sequence[Judged]) -> dict[str, dict[str, Figures]]:
    """By target, then by set: all, a year of presentations, a course, a week of the course."""
    by_target: dict[Target, list[Judged]] = defaultdict(list)
    for row in rows:
        by_target[row.example.target].append(row)
    return {target: _sets(target, found) for target, found in sorted(by_target.items())}


def _sets(target: Target, rows: Sequence[Judged]) -> dict[str, Figures]:
    measure = amount if target in {"score", "submission"} else probability
    found = {"all": measure(rows)}
    found |= _each(rows, lambda row: row.year if row.course_id else None, measure)
    found |= _each(rows, lambda row: row.course_id or None, measure)
    if target == "not_passing":
        for week in WEEKS:
            of_week = [row for row in rows if row.week == week]
            found[f"week {week}"] = measure(of_week)
    return found


def _each(
    rows: Sequence[Judged],
    name_of: Callable[[Judged], str | None],
    measure: Callable[[Sequence[Judged]], Figures],
) -> dict[str, Figures]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        name = name_of(row)
        if name is not None:
            groups[name].append(row)
    return {name: measure(found) for name, found in sorted(groups.items())}


def _of(example: Example) -> int:
    assert example.shown is not None
    return example.shown.value


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
