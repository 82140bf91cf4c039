"""Whether groups of learners are treated alike: error, calibration and flags, within module."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from benchmarks.models.bars import Bars
from benchmarks.models.figures import Figures
from benchmarks.models.hindsight import Hindsight, Member
from benchmarks.models.rows import Row, only_shown

ATTRIBUTES: Final = ("gender", "age_band", "disability")
GROUP_LEAST: Final = 50
"""A rate of fewer learners is no rate to compare."""
GAPS: Final = ("calibration_gap", "tpr_gap", "fpr_gap")
ALL: Final = "all modules, weighted"


class Treated(NamedTuple):
    """A learner in a course: what came, whether the bar of `at_risk` was met, and all rows."""

    label: int
    flagged: bool
    rows: tuple[Row, ...]


class Group(NamedTuple):
    """One group's figures: None where they rest on fewer than 50 learners."""

    learners: int
    brier: float
    calibration: float  # the mean probability that was shown, less the share to whom it came
    tpr: float | None
    fpr: float | None


def by_group(rows: Iterable[Row], known: Hindsight, bars: Bars) -> dict[str, dict[str, Figures]]:
    """By attribute, then module: the largest gap between two of its groups, signed.

    Of the courses that began in the newest year; `rows` are those of `not_passing`. A learner is
    flagged where a probability at the end of a week reached the bar of `at_risk`. `brier` is the
    mean squared error; a gap is a group's figure less another's; over all modules gaps are weighted
    by the smaller group, so that a mix of modules is no gap.
    """
    members: dict[Member, list[Row]] = defaultdict(list)
    for row in only_shown(rows):
        if row.year == known.newest and row.course_id:
            members[row.user_id, row.course_id].append(row)
    found = {}
    for attribute in ATTRIBUTES:
        by_module: dict[str, dict[str, list[Treated]]] = defaultdict(lambda: defaultdict(list))
        for member, own in members.items():
            name = known.groups.get(member, {}).get(attribute)
            if name is not None:
                by_module[own[0].module][name].append(_treated(own, bars))
        found[attribute] = _modules(by_module)
    return {attribute: modules for attribute, modules in found.items() if modules}


def _treated(rows: Sequence[Row], bars: Bars) -> Treated:
    flagged = any(r.probability >= bars.bar(r.course_id, r.example.made_at) for r in rows)
    return Treated(rows[0].example.label, flagged, tuple(rows))


def _modules(by_module: dict[str, dict[str, list[Treated]]]) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    pairs: dict[tuple[str, str], list[tuple[Group, Group]]] = defaultdict(list)
    for module, groups in sorted(by_module.items()):
        figures = {
            name: measured(own) for name, own in sorted(groups.items()) if len(own) >= GROUP_LEAST
        }
        both = list(combinations(figures, 2))
        for one, other in both:
            pairs[one, other].append((figures[one], figures[other]))
        if both:
            gaps = [_gaps([(figures[one], figures[other])]) for one, other in both]
            found[module] = {"learners": sum(it.learners for it in figures.values())}
            found[module] |= {name: _largest(gap[name] for gap in gaps) for name in gaps[0]}
    for (one, other), each in sorted(pairs.items()):
        learners = sum(a.learners + b.learners for a, b in each)
        found[f"{ALL}: {one} - {other}"] = {"learners": learners} | _gaps(each)
    return found


def measured(learners: Sequence[Treated]) -> Group:
    """The figures of one group in one module."""
    rows = [row for it in learners for row in it.rows]
    errors = [row.probability - row.example.label for row in rows]
    flags = {label: [it.flagged for it in learners if it.label == label] for label in (0, 1)}
    return Group(
        learners=len(learners),
        brier=sum(error**2 for error in errors) / len(errors),
        calibration=sum(errors) / len(errors),
        tpr=_rate(flags[1]),
        fpr=_rate(flags[0]),
    )


def _rate(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if len(flags) >= GROUP_LEAST else None


def _gaps(pairs: Sequence[tuple[Group, Group]]) -> Figures:
    """The mean over modules of one group's figure less the other's."""
    return {
        "brier_gap": _mean([(a.brier, b.brier) for a, b in pairs], pairs),
        "calibration_gap": _mean([(a.calibration, b.calibration) for a, b in pairs], pairs),
        "tpr_gap": _mean([(a.tpr, b.tpr) for a, b in pairs], pairs),
        "fpr_gap": _mean([(a.fpr, b.fpr) for a, b in pairs], pairs),
    }


def _mean(
    values: Sequence[tuple[float | None, float | None]], pairs: Sequence[tuple[Group, Group]]
) -> float | None:
    total = weights = 0.0
    for (one, other), (a, b) in zip(values, pairs, strict=True):
        if one is not None and other is not None:
            weight = min(a.learners, b.learners)
            total, weights = total + weight * (one - other), weights + weight
    return total / weights if weights else None


def _largest(gaps: Iterable[float | int | None]) -> float | None:
    return max((gap for gap in gaps if gap is not None), key=abs, default=None)
