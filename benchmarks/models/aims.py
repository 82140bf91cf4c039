"""The aims of models.md section 4: what was reached, whether that is met, and what is naive."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from benchmarks.models.figures import CLICKS, CLICKS_AGAIN, WEEKS, Figures, Sets
from benchmarks.models.groups import ALL, GAPS
from benchmarks.models.weekly_list import NEXT_MISSING, NOT_PASSING

LATE_DAYS: Final = 14
"""With marks so late or later, the aim for scores is another."""
_COVERAGE: Final = (0.89, 0.91, 0.88)
_GAP: Final = 0.05
_BEHIND: Final = 0.003


class Aim(Struct, frozen=True):
    """One aim; `reached` and `met` are None where there was nothing to judge it by."""

    what: str
    aim: str
    reached: float | None
    met: bool | None
    naive: float | None = None


class Judged(Struct, frozen=True, kw_only=True):
    """All figures of one run.

    `newest` is the year in which the newest courses began. `alerts` are by rule's category and set.
    """

    newest: int
    marking_days: int
    figures: dict[str, Sets]
    batch: dict[str, Figures]
    alerts: dict[str, dict[str, Sets]]
    groups: dict[str, dict[str, Figures]]
    lists: dict[str, Figures]


def all_aims(judged: Judged) -> list[Aim]:
    """Every aim, in the order of models.md section 4."""
    return [
        *_amounts(judged),
        *_not_passing(judged),
        *_probabilities(judged.figures, str(judged.newest)),
        *_lists(judged.lists),
        *_groups(judged.groups),
    ]


def _amounts(judged: Judged) -> Iterator[Aim]:
    late = judged.marking_days >= LATE_DAYS
    bars = {"score": 11.4 if late else 10.5, "submission": 2.9}
    year, (low, high, least) = str(judged.newest), _COVERAGE
    for target, bar in bars.items():
        of_year = judged.figures[target].get(year, {})
        unit = "points" if target == "score" else "days"
        naive = of_year.get("naive_mae")
        what = f"{target}: mean error, {unit}, {year}"
        yield _at_most(what, of_year.get("mae"), bar, naive=naive)
    for target in bars:
        found = judged.figures[target]["all"]
        covers = found["coverage"]
        met = None if covers is None else low <= covers <= high
        yield Aim(f"{target}: coverage of the 90 % interval", f"{low} to {high}", covers, met)
        for part in ("decile", "module"):
            reached = found[f"{part}_coverage_min"]
            yield _at_least(f"{target}: coverage in the lowest {part}", reached, least)


def _not_passing(judged: Judged) -> Iterator[Aim]:
    year = judged.newest
    for week in WEEKS:
        found = judged.batch.get(f"{year}, week {week}", {})
        behind, batch = found.get("behind"), found.get("batch_auc")
        yield Aim(
            f"not_passing: AUC, {year}, week {week}",
            "no batch fit" if batch is None else f">= {batch:.3f} - {_BEHIND} (batch)",
            found.get("auc"),
            None if behind is None else behind <= _BEHIND,
            found.get("naive_auc"),
        )
    found = judged.figures["not_passing"].get(str(year), {})
    name = "calibration_error"
    naive = found.get(f"naive_{name}")
    yield _at_most(f"not_passing: calibration error, {year}", found.get(name), 0.02, naive=naive)


def _probabilities(figures: Mapping[str, Sets], year: str) -> Iterator[Aim]:
    again = CLICKS_AGAIN
    for target, name, auc, error in (
        ("inactivity_7", CLICKS, 0.83, 0.04),
        ("inactivity_7", again, 0.86, 0.015),
        ("inactivity_14", CLICKS, 0.85, None),
        ("next_missing", "all", 0.82, 0.02),
        ("next_missing", year, 0.82, 0.02),
    ):
        found = figures[target].get(name, {})
        bars = {"auc": auc, "calibration_error": error}
        for figure, bar in bars.items():
            if bar is None:
                continue
            judge: Callable[..., Aim] = _at_least if figure == "auc" else _at_most
            what = f"{target}: {figure.replace('_', ' ').replace('auc', 'AUC')}, {name}"
            yield judge(what, found.get(figure), bar, naive=found.get(f"two_way_{figure}"))


def _lists(lists: Mapping[str, Figures]) -> Iterator[Aim]:
    for name, figure, bar, plain in (
        (NOT_PASSING, "precision", 0.72, "misses in a row, 5 of 100"),
        (NOT_PASSING, "recall", 0.67, "misses in a row, 5 of 100"),
        (NEXT_MISSING, "precision", 0.79, "misses in a row, 5 of 50"),
        (NEXT_MISSING, "then_missing", 0.8, "misses in a row, 5 of 50"),
    ):
        what = f"list, {name}: {figure.replace('_', ' ')}"
        yield _at_least(what, lists[name][figure], bar, naive=lists[plain][figure])


def _groups(groups: Mapping[str, Mapping[str, Figures]]) -> Iterator[Aim]:
    """The largest gap of any attribute: over all modules, weighted, and in one module."""
    for where, wanted in (("all modules, weighted", True), ("the worst module", False)):
        for gap in GAPS:
            found = [
                abs(value)
                for modules in groups.values()
                for module, figures in modules.items()
                if module.startswith(ALL) is wanted and (value := figures[gap]) is not None
            ]
            what = f"groups: {gap.replace('_', ' ')}, {where}"
            yield _at_most(what, max(found, default=None), _GAP)


# -- one aim ---------------------------------------------------------------------------------------


def _at_most(
    what: str,
    reached: float | None,
    bar: float,
    *,
    naive: float | None = None,
) -> Aim:
    met = None if reached is None else reached <= bar
    return Aim(what, f"<= {bar}", reached, met, naive)


def _at_least(what: str, reached: float | None, bar: float, *, naive: float | None = None) -> Aim:
    return Aim(what, f">= {bar}", reached, None if reached is None else reached >= bar, naive)
