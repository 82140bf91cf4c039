"""What docs say of the rules, made of the rules; `python -m tests.documented` makes it anew.

The two tables of docs/alerts.md, the names of the rules in docs/asyncapi.yaml, the catalogue
docs/i18n/en.json, and after them the JSON Schema files.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from domain.alerts import Rule
from domain.configuration import Rules
from domain.rules import EVERY_RULE, RULES
from domain.texts import TEXTS

DOCS: Final = Path(__file__).parents[1] / "docs"
_RULES: Final = (
    "rule",
    "type",
    "severity",
    "raised when (defaults)",
    "resolved when",
    "cooldown",
    "expires",
    "audience",
    "subject",
    "cause",
    "version",
)
_NAMES: Final = re.compile(r"(RuleName: \{.*examples: \[)[^]]*")


def documented() -> dict[Path, str]:
    """The text of every page that says something of the rules, by its file."""
    alerts, asyncapi = DOCS / "alerts.md", DOCS / "asyncapi.yaml"
    page = _with_table(alerts.read_text(), _RULES, _rules())
    return {
        alerts: _with_table(page, ("setting", "default"), _settings()),
        asyncapi: _NAMES.sub(rf"\g<1>{', '.join(RULES)}", asyncapi.read_text()),
        DOCS / "i18n" / "en.json": json.dumps(TEXTS, indent=2, ensure_ascii=False) + "\n",
    }


def _rules() -> Iterator[tuple[str, ...]]:
    for rule in EVERY_RULE:
        spec, said = rule.spec, rule.documented
        expires = said.expires or f"{spec.expires_days} days"
        yield (
            f"`{spec.category}`",
            spec.type,
            said.severity,
            said.raised,
            said.ends,
            said.cooldown,
            expires,
            _audience(spec),
            spec.subject,
            said.cause,
            str(spec.version),
        )


def _audience(spec: Rule) -> str:
    everybody = ", ".join(spec.audience)
    low = ", ".join(spec.low_audience or ())
    return f"{everybody}; of low severity: {low}" if low else everybody


def _settings() -> Iterator[tuple[str, ...]]:
    for rule, thresholds in msgspec.to_builtins(Rules()).items():
        for name, default in thresholds.items():
            yield f"`{rule}.{name}`", json.dumps(default)


def _with_table(page: str, heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """The page with the table of that heading made anew."""
    first = _line(heading)
    before, rest = page.split(first, 1)
    after = rest[rest.index("\n\n") :]
    table = [first, "|" + "---|" * len(heading), *map(_line, rows)]
    return before + "\n".join(table) + after


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for file, text in documented().items():
        file.write_text(text)

    from tests.published import write  # reads asyncapi.yaml as it is imported

    write()
