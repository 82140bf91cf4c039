"""What `verify` says: for each thing compared expected, found, missing, extra, different."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

NAMED_MAX: Final = 5


@dataclass(slots=True)
class Check:
    """One comparison, summed over the partitions; the first few ids that differ are named."""

    expected: int = 0
    found: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    unverifiable: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether just what was expected was found; what cannot be verified is never equal."""
        return not (self.missing or self.extra or self.different or self.unverifiable)

    def miss(self, name: str) -> None:
        """Something expected is not there."""
        self.missing += 1
        self._name("missing", name)

    def add_extra(self, name: str) -> None:
        """Something is there that was not expected."""
        self.extra += 1
        self._name("extra", name)

    def differ(self, name: str) -> None:
        """Something is there and is not what was expected."""
        self.different += 1
        self._name("different", name)

    def give_up(self, count: int, name: str) -> None:
        """So many cannot be compared."""
        self.unverifiable += count
        if count:
            self._name("unverifiable", name)

    def _name(self, what: str, name: str) -> None:
        if len(self.named) < NAMED_MAX:
            self.named.append(f"{what}: {name}")


CHECKS: Final = (
    "progress.inputs",
    "progress.state: learners",
    "progress.state: partitions",
    "progress.state: courses",
    "progress.alerts",
    "alerts",
    "activity.dead-letter",
    "model.examples",
    "model.snapshots",
    "postgres: learners",
    "postgres: learners in courses",
    "postgres: partitions",
    "postgres: courses",
    "postgres: alerts",
    "postgres: snapshots",
    "recount: events",
    "recount: days with work",
    "recount: scores",
    "recount: streaks",
)


@dataclass(slots=True)
class Report:
    """All checks of one run, always in the same order."""

    checks: dict[str, Check] = field(default_factory=lambda: {name: Check() for name in CHECKS})
    events: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether every check found what it expected."""
        return all(check.equal for check in self.checks.values())

    def __getitem__(self, name: str) -> Check:
        return self.checks[name]

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        checks = {
            name: {"equal": check.equal, **asdict(check)} for name, check in self.checks.items()
        }
        return {
            "equal": self.equal,
            "events": self.events,
            "checks": checks,
            "notes": list(self.notes),
        }


def rendered(report: Report) -> str:
    """The report as a table, the ids that differ under their line."""
    return "\n".join(_lines(report))


def rendered_json(report: Report) -> str:
    """The report on one line."""
    return json.dumps(report.as_json())


_COLUMNS: Final = ("expected", "found", "missing", "extra", "different", "unverifiable")


def _lines(report: Report) -> Iterable[str]:
    yield f"{'':28}" + "".join(f"{column:>14}" for column in _COLUMNS)
    for name, check in report.checks.items():
        yield f"{name:28}" + "".join(f"{getattr(check, column):>14,}" for column in _COLUMNS)
        for named in check.named:
            yield f"    {named}"
    yield from report.notes
    verdict = "equal" if report.equal else "NOT PROVEN EQUAL"
    yield f"{report.events:,} records of the log folded: {verdict}"
