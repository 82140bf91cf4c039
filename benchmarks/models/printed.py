"""The figures as they are printed: a table a part, in Markdown."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.models.aims import Aim, Judged
from benchmarks.models.figures import Figures


def report(judged: Judged, aims: Sequence[Aim]) -> Iterator[str]:
    """Every table of one run."""
    for target, sets in judged.figures.items():
        yield table(target, "set", sets)
    yield table("not_passing beside a batch fit", "rows", judged.batch)
    for category, by_set in judged.alerts.items():
        for name, rules in by_set.items():
            yield table(f"{category}, {name}", "rule", rules)
    yield table("An instructor's weekly list", "order", judged.lists)
    for attribute, modules in judged.groups.items():
        yield table(f"Gaps between groups: {attribute}", "module", modules)
    yield aims_table("Aims", aims)


def table(title: str, first: str, rows: Mapping[str, Figures]) -> str:
    """One table; a line that says so where it has no row."""
    columns = [list(figures) for figures in rows.values()]
    names = max(columns, key=len, default=[])
    if not names:
        return f"## {title}\n\nnothing to judge\n"
    lines = [f"## {title}\n", _line([first, *names]), "|---" * (len(names) + 1) + "|"]
    lines += [_line([name, *(cell(own.get(key)) for key in names)]) for name, own in rows.items()]
    return "\n".join(lines) + "\n"


def aims_table(title: str, aims: Sequence[Aim]) -> str:
    """The aims: what was reached, whether that is met, and what is naive."""
    said = {True: "met", False: "not met", None: "-"}
    lines = [f"## {title}\n", _line(["what", "aim", "reached", "", "naive"]), "|---" * 5 + "|"]
    for each in aims:
        reached, naive = cell(each.reached), cell(each.naive)
        lines.append(_line([each.what, each.aim, reached, said[each.met], naive]))
    return "\n".join(lines) + "\n"


def cell(value: float | None) -> str:
    """A count with its thousands, a figure with three places, a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
