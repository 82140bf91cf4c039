"""The counts of a feed as they are printed, and what to do where it was stopped."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from runtime.errors import StoppedError
from runtime.tables import table

_IDS: Final = frozenset({"first_learner"})


def rendered(report: Mapping[str, Any], *, as_json: bool) -> str:
    """One JSON object, or tables: the single counts first, then each group, then problems."""
    if as_json:
        return json.dumps(report)
    single = {k: v for k, v in report.items() if not isinstance(v, (Mapping, list))}
    groups = {k: v for k, v in report.items() if isinstance(v, Mapping) and v}
    parts = [table(("count", ""), [(_words(k), _single(k, v)) for k, v in single.items()])]
    parts += [_group(_words(name), group) for name, group in groups.items()]
    parts += [f"problem: {problem}" for problem in report["problems"]]
    return "\n\n".join(parts)


def _group(name: str, group: Mapping[str, Any]) -> str:
    """A table of counts, or of rows where each member has counts of its own."""
    rows = {key: value for key, value in group.items() if isinstance(value, Mapping)}
    if not rows:
        return table((name, "count"), list(group.items()))
    columns = list(next(iter(rows.values())))
    headings = (name, *(_words(column) for column in columns))
    return table(
        headings, [(key, *(_cell(row[column]) for column in columns)) for key, row in rows.items()]
    )


def _cell(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{count:,} {why}" for why, count in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _single(name: str, value: object) -> object:
    return str(value) if name in _IDS else value


def _words(name: str) -> str:
    return name.replace("_", " ")


@contextmanager
def continued_by(arguments: Sequence[str]) -> Iterator[None]:
    """On Ctrl-C, say how far a feed came and with which command it continues.

    Raises StoppedError in place of KeyboardInterrupt.
    """
    command = shlex.join(["learnstream", *(each for each in arguments if each != "--restart")])
    try:
        yield
    except StoppedError as error:
        raise StoppedError(f"{error}; to continue: {command}") from error
    except KeyboardInterrupt as error:
        raise StoppedError(f"stopped before the end; to continue: {command}") from error
