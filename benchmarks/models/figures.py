"""What was shown beside what came of it: the figures of models.md, from rows alone."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from benchmarks.models.hindsight import Hindsight
from benchmarks.models.rows import AMOUNTS, Row, only_shown
from domain.course_facts import DAY
from domain.examples import Example
from domain.predicting.predict import SILENCE_DAYS
from domain.predictions import Target

Figures: TypeAlias = dict[str, float | int | None]
Sets: TypeAlias = dict[str, Figures]
WEEKS: Final = (4, 8, 12, 20)
BINS: Final = 15
COVERED_LEAST: Final = 100
"""A decile or module of fewer rows has no coverage of its own."""
CLICKS, CLICKS_AGAIN = "with clicks", "with clicks, module seen before"
_TENTHS: Final = 10
_THOUSAND: Final = 1000
_SILENCE_DAYS: Final = dict(SILENCE_DAYS)
_LEAST: Final = 1e-6


# -- probabilities ---------------------------------------------------------------------------------


def probability(rows: Sequence[Row]) -> Figures:
    """AUC, log loss and calibration error, of the model, its baseline, and the two-way table.

    The baseline is the one that the snapshots serve; the table is counted here, from the labels.
    """
    labels = [row.example.label for row in rows]
    found: Figures = {"n": len(rows), "rate": _mean(labels)}
    said = {"": [row.probability for row in rows], "naive_": list(map(naive, rows))}
    if rows and rows[0].two_way is not None:
        said["two_way_"] = [row.two_way or 0.0 for row in rows]
    for name, values in said.items():
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


def naive(row: Row) -> float:
    """The probability of the baseline that was shown beside; one half where it knew nothing."""
    assert row.example.shown is not None
    said = row.example.shown.naive
    return 0.5 if said is None else said / _THOUSAND


# -- amounts ---------------------------------------------------------------------------------------


def amount(rows: Sequence[Row]) -> Figures:
    """Mean absolute error of the model and its baseline, and coverage of the 90 % interval.

    In points of percent, or days. Coverage also by tenth of what was shown, and by module: the
    least and the most of those with at least 100 rows.
    """
    labels = [row.example.label for row in rows]
    covered = [_covered(row.example) for row in rows]
    deciles = _shares(covered, _decile_of(rows))
    modules = _shares(covered, [row.module for row in rows])
    return {
        "n": len(rows),
        "mae": _error([row.shown for row in rows], labels),
        "naive_mae": _error([_naive_amount(row.example) for row in rows], labels),
        "coverage": _mean(covered),
        "decile_coverage_min": min(deciles.values(), default=None),
        "decile_coverage_max": max(deciles.values(), default=None),
        "module_coverage_min": min(modules.values(), default=None),
        "module_coverage_max": max(modules.values(), default=None),
    }


def _error(said: Sequence[int], labels: Sequence[int]) -> float | None:
    return _mean([abs(s - label) / _TENTHS for s, label in zip(said, labels, strict=True)])


def _decile_of(rows: Sequence[Row]) -> list[int]:
    """The tenth of all that was shown in which each row lies; equal figures lie in one."""
    values = sorted(row.shown for row in rows)
    edges = [values[len(values) * tenth // _TENTHS] for tenth in range(1, _TENTHS) if values]
    return [bisect_right(edges, row.shown) for row in rows]


def _shares(covered: Sequence[bool], groups: Sequence[object]) -> dict[object, float]:
    found: dict[object, list[bool]] = defaultdict(list)
    for group, each in zip(groups, covered, strict=True):
        found[group].append(each)
    return {
        group: sum(each) / len(each) for group, each in found.items() if len(each) >= COVERED_LEAST
    }


def _naive_amount(example: Example) -> int:
    assert example.shown is not None
    return example.shown.naive or 0


def _covered(example: Example) -> bool:
    shown = example.shown
    assert shown is not None
    assert shown.low is not None
    assert shown.high is not None
    return shown.low <= example.label <= shown.high


# -- all -------------------------------------------------------------------------------------------


def all_figures(rows: Mapping[Target, Sequence[Row]], known: Hindsight) -> dict[str, Sets]:
    """By target, then by set: all, a year in which courses began, a course, a week of it.

    Silence has two sets more: the predictions whose days all lie in a course's time with clicks,
    and those of them whose module had an earlier run with clicks.
    """
    return {target: _sets(target, only_shown(found), known) for target, found in rows.items()}


def _sets(target: Target, rows: Sequence[Row], known: Hindsight) -> Sets:
    measure = amount if target in AMOUNTS else probability
    found = {"all": measure(rows)}
    if target in _SILENCE_DAYS:
        clicked = [row for row in rows if _has_clicks(row, known)]
        found[CLICKS] = measure(clicked)
        found[CLICKS_AGAIN] = measure([r for r in clicked if known.seen_before(r.course_id)])
    found |= _each(rows, lambda row: str(row.year) if row.year else None, measure)
    found |= _each(rows, lambda row: row.course_id or None, measure)
    if target == "not_passing":
        for week in WEEKS:
            found[f"week {week}"] = measure([row for row in rows if row.week == week])
    return found


def _has_clicks(row: Row, known: Hindsight) -> bool:
    until = known.clicked_until.get(row.course_id, 0)
    return row.example.made_at // DAY + _SILENCE_DAYS[row.example.target] <= until


def _each(
    rows: Sequence[Row],
    name_of: Callable[[Row], str | None],
    measure: Callable[[Sequence[Row]], Figures],
) -> Sets:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        name = name_of(row)
        if name is not None:
            groups[name].append(row)
    return {name: measure(found) for name, found in sorted(groups.items())}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
