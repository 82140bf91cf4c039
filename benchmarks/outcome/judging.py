"""How often what was said came true: tables over the learners of a moment."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final, TypeAlias

from benchmarks.outcome.said import Judged, Said
from benchmarks.outcome.tables import Cell, mean, share, table

FINISHED_FROM: Final = 95.0
SILENT_TREND: Final = "insufficient_data"
NO_TREND: Final = {SILENT_TREND, "unclear"}

Groups: TypeAlias = Mapping[str, Sequence[Said]]

_LABELS: Final[dict[str, tuple[Callable[[Said], str], tuple[str, ...]]]] = {
    "Trend": (
        lambda said: said.trend,
        ("improving", "stable", "declining", "unclear", SILENT_TREND),
    ),
    "Segment": (
        lambda said: said.segment,
        ("highly_engaged", "typical", "struggling", "disengaging", "inactive", "none"),
    ),
    "Schedule": (
        lambda said: said.schedule,
        ("done", "ahead", "on_track", "behind", "unknown"),
    ),
}


def report(groups: Groups) -> Iterable[str]:
    """All tables, with their headings."""
    yield "### Who is published something (share of the learners with the course active)"
    yield _speaks(groups)
    for name, (label, labels) in _LABELS.items():
        yield f"### {name}: share that passes (learners)"
        yield _passing(groups, label, labels)
    yield "### Trend: the next score, less what its assessment comes to; and less the last score"
    yield _nexts(groups)
    yield "### Intervals of the next score (nominal 90 %)"
    yield _intervals(groups)
    yield "### Progress, insights, overdue work"
    yield _rest(groups)


def _speaks(groups: Groups) -> str:
    head = (
        *("", "n", "pass", "trend (not insufficient_data)", "trend (nor unclear)"),
        *("forecast", "next score", "segment", "schedule"),
    )
    return table(
        head,
        (
            (
                name,
                len(each),
                _part(each, lambda s: s.passed),
                _part(each, lambda s: s.trend != SILENT_TREND),
                _part(each, lambda s: s.trend not in NO_TREND),
                _part(each, lambda s: s.forecast_ok),
                _part(each, lambda s: s.score_ok),
                _part(each, lambda s: s.segment != "none"),
                _part(each, lambda s: s.schedule != "unknown"),
            )
            for name, each in groups.items()
        ),
    )


def _passing(groups: Groups, label: Callable[[Said], str], labels: Sequence[str]) -> str:
    def row(name: str, each: Sequence[Said]) -> Sequence[Cell]:
        by = _by(each, label)
        return (name, *(f"{_passed(by[one])} ({len(by[one])})" for one in labels))

    return table(("", *labels), (row(name, each) for name, each in groups.items()))


def _nexts(groups: Groups) -> str:
    labels = _LABELS["Trend"][1]

    def row(name: str, each: Sequence[Said]) -> Sequence[Cell]:
        by = _by([s for s in each if s.next_residual is not None], lambda s: s.trend)
        cells = []
        for one in labels:
            residual = mean([s.next_residual for s in by[one] if s.next_residual is not None])
            change = mean([s.next_change for s in by[one] if s.next_change is not None])
            cells.append(f"{residual}; {change} ({len(by[one])})")
        return (name, *cells)

    return table(("", *labels), (row(name, each) for name, each in groups.items()))


def _intervals(groups: Groups) -> str:
    head = (
        *("", "next score: n", "covered", "mean width", "MAE", "MAE of naive_score"),
        *("forecast: n in 30 days", "covered", "mean width", "width as shown"),
    )

    def row(name: str, each: Sequence[Said]) -> Sequence[Cell]:
        scores = [s.score for s in each if s.score is not None]
        forecasts = [s.forecast for s in each if s.forecast is not None]
        naive = [s.naive_error for s in scores if s.naive_error is not None]
        return (
            name,
            *_interval(scores),
            mean([s.error for s in scores]),
            mean(naive),
            *_interval(forecasts),
            mean([s.forecast_width for s in each if s.forecast_width is not None]),
        )

    return table(head, (row(name, each) for name, each in groups.items()))


def _interval(judged: Sequence[Judged]) -> tuple[Cell, Cell, Cell]:
    return (
        len(judged),
        share(sum(each.covered for each in judged), len(judged)),
        mean([each.width for each in judged]),
    )


def _rest(groups: Groups) -> str:
    head = (
        *("", "passers' mean progress", f"passers at {FINISHED_FROM:.0f} % or more"),
        *("no insight", "silent 14 days: praised"),
        "missed_deadline open: no recommendation names it",
    )

    def row(name: str, each: Sequence[Said]) -> Sequence[Cell]:
        done = [s.progress for s in each if s.passed and s.progress is not None]
        praised = [s.praised_in_silence for s in each if s.praised_in_silence is not None]
        overdue = [s for s in each if s.overdue_alert]
        return (
            name,
            mean(done),
            share(sum(progress >= FINISHED_FROM for progress in done), len(done)),
            _part(each, lambda s: not s.insights),
            f"{sum(praised)} of {len(praised)}",
            f"{sum(not s.overdue_published for s in overdue)} of {len(overdue)}",
        )

    return table(head, (row(name, each) for name, each in groups.items()))


def _by(each: Iterable[Said], label: Callable[[Said], str]) -> Mapping[str, list[Said]]:
    found: dict[str, list[Said]] = defaultdict(list)
    for said in each:
        found[label(said)].append(said)
    return found


def _part(each: Sequence[Said], holds: Callable[[Said], bool]) -> str:
    return share(sum(map(holds, each)), len(each))


def _passed(each: Sequence[Said]) -> str:
    return f"{100 * fmean(said.passed for said in each):.0f} %" if each else "-"
