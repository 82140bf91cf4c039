"""What the pages call learners on many evenings: segment, schedule, levels, insights."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from msgspec import Struct

from benchmarks.outcome.ruled import scope_of
from benchmarks.outcome.same_day import Group, Points, SameDay, Verdict, same_day
from benchmarks.outcome.tables import pair, share, signed, table
from benchmarks.outcome.truth import Truth
from metrics.engagement import engagement
from metrics.insights import insights
from metrics.progress_summary import progress_summary
from metrics.schedule import schedule
from metrics.segments import segment
from metrics.view import View

NONE: Final = "none"
_DAYS_A_WEEK: Final = 7


class Label(NamedTuple):
    """One thing that is said of a learner: the measure, its value, and where that should point."""

    kind: str
    name: str
    points: Points | None = None

    @property
    def needs_clicks(self) -> bool:
        """Whether it is about days with work: segments are, and some insights."""
        code = self.name.split(" ")[0]
        return self.kind == "segment" or (self.kind == "insight" and code in _NEEDS_CLICKS)


class LabelRow(Struct, frozen=True, kw_only=True):
    """One label, over all learners and evenings that were looked at; `share` is from 0 to 1.

    `same_day.others` is the mean of all who were looked at on that evening. `flips` is how often a
    learner's label of that kind changes in a week; None for insights, of which there are many.
    """

    kind: str
    name: str
    said: int
    share: float
    same_day: SameDay | None
    flips: float | None
    points: Points | None
    verdict: Verdict


_POINTS: Final[dict[tuple[str, str], Points]] = {
    ("segment", "inactive"): "down",
    ("segment", "disengaging"): "down",
    ("segment", "struggling"): "down",
    ("segment", "highly_engaged"): "up",
    ("schedule", "behind"): "down",
    ("schedule", "ahead"): "up",
    ("current_level", "Beginner"): "down",
    ("current_level", "Advanced"): "up",
    ("level_for_now", "Beginner"): "down",
    ("level_for_now", "Advanced"): "up",
}
_TONES: Final[dict[str, Points]] = {"praise": "up", "warning": "down"}
_NEEDS_CLICKS: Final = frozenset(
    {"back", "deadline_near", "engagement_high", "rhythm", "silent", "streak"}
)


def labels_of(view: View, course_id: str) -> list[Label]:
    """All that is said of a learner that can be judged, about the course or altogether."""
    course = next(each for each in view.courses if each.course_id == course_id)
    where, _ = segment(view)
    summary = progress_summary(view)
    names = {
        "segment": where,
        "schedule": schedule(view, course),
        "current_level": summary.current_level,
        "level_for_now": summary.level_for_now,
    }
    found = [
        Label(kind, name or NONE, _POINTS.get((kind, name or NONE))) for kind, name in names.items()
    ]
    for each in insights(view, engagement(view)):
        name = each.code.removeprefix("insight.")
        found.append(Label("insight", f"{name} ({each.tone})", _TONES.get(each.tone)))
    return found


@dataclass(slots=True)
class Labels:
    """What was said on all evenings that were looked at.

    `looked` counts learners and evenings: all of them, and those where there are clicks.
    """

    truth: Truth
    groups: dict[Label, list[Group]] = field(default_factory=lambda: defaultdict(list))
    looked: dict[bool, int] = field(default_factory=lambda: defaultdict(int))
    flips: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    _before: dict[str, tuple[int, dict[tuple[str, str], str]]] = field(default_factory=dict)

    def take(self, course_id: str, day: int, said: dict[str, list[Label]]) -> None:
        """Note what was said on one evening, by learner."""
        clicks = day <= scope_of(self.truth, needs_clicks=True).get(course_id, 0)
        by_label: dict[Label, list[str]] = defaultdict(list)
        now: dict[tuple[str, str], str] = {}
        for user, labels in said.items():
            for label in labels:
                if label.needs_clicks and not clicks:
                    continue
                by_label[label].append(user)
                if label.kind != "insight":
                    now[user, label.kind] = label.name
        for needs_clicks in {False, clicks}:
            self.looked[needs_clicks] += len(said)
        for label, users in by_label.items():
            self.groups[label].append(Group(course_id, users, said.keys()))
        self._compare(course_id, day, now)

    def rows(self) -> list[LabelRow]:
        """A row for each label, by kind."""
        return [
            self._row(label) for label in sorted(self.groups, key=lambda one: (one.kind, one.name))
        ]

    def _compare(self, course_id: str, day: int, now: dict[tuple[str, str], str]) -> None:
        last, before = self._before.get(course_id, (0, {}))
        if last == day - 1:
            for (user, kind), name in now.items():
                if (user, kind) in before:
                    self.flips[kind].append(before[user, kind] != name)
        self._before[course_id] = day, now

    def _row(self, label: Label) -> LabelRow:
        groups = self.groups[label]
        said = sum(len(each.said) for each in groups)
        found, flips = same_day(groups, self.truth.passed), self.flips.get(label.kind)
        return LabelRow(
            kind=label.kind,
            name=label.name,
            said=said,
            share=said / self.looked[label.needs_clicks],
            same_day=found,
            flips=_DAYS_A_WEEK * sum(flips) / len(flips) if flips else None,
            points=label.points,
            verdict="not judged" if found is None else found.verdict(label.points),
        )


def labels_table(rows: Sequence[LabelRow]) -> str:
    """The same as a table."""
    head = (
        *("", "said", "share of learner-days", "pass / mean of that day", "difference"),
        *("changes a learner-week", ""),
    )
    return table(head, _cells(rows))


def _cells(rows: Sequence[LabelRow]) -> Iterator[Sequence[str]]:
    for row in rows:
        same = row.same_day
        yield (
            f"{row.kind}: {row.name}",
            f"{row.said:,}",
            share(row.share, 1),
            "-" if same is None else pair(same.told, same.others),
            "-" if same is None else signed(same.difference, same.half),
            "-" if row.flips is None else f"{row.flips:.3f}",
            row.verdict,
        )
