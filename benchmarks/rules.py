"""Rules, segments, schedule, levels and insights on OULAD, beside what came of the learners."""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from benchmarks.machine import heading
from benchmarks.outcome.alerts import Alerts
from benchmarks.outcome.cohorts import cohort_of, with_cohort
from benchmarks.outcome.judging import report
from benchmarks.outcome.labels import LabelRow, Labels, labels_of, labels_table
from benchmarks.outcome.replay import Moment, Replay
from benchmarks.outcome.ruled import RuleRow, rule_rows, rules_table
from benchmarks.outcome.said import Said, said_of
from benchmarks.outcome.truth import Truth, truth_of
from feeds.oulad import Oulad, OuladOptions, read_oulad
from metrics.view import View
from runtime.errors import UsageError

LEARNERS: Final = 400
EVERY_DAYS: Final = 10
_DESCRIPTION: Final = """Replays rules, segments, schedule, levels and insights of a folder in
OULAD's layout in event time, in memory, with the models as they learn, beside what came of the
learners. The status is 1 where something points the wrong way beyond its interval."""
_EVENING, _MIDDLE, _END = "evening", "mid course", "end"
_NOT_BEFORE: Final = 7  # days of a course
_PAGES: Final = """The same learners on the evening of the middle day and of the last day. Their
cohort is counted from them; its engagement percentiles are those of the level shown."""
_LABELS: Final = """Up to {} learners of each presentation with the course active, chosen by the
crc32 of their id, on two evenings in a row every {} days, from day 7 on. The difference is to the
mean of all who were looked at on that evening."""
_RULES: Final = """{:,.0f} learner-weeks. An alert counts for each severity that it had or passed,
from when it had it. The difference is to all others in the course on that day without such an alert
open; ± is half the 95 % interval, by learner. Rules about days with work are judged where there are
clicks."""


def main(arguments: list[str]) -> int:
    """Fold the folder once; print what was said, and what came of it. 1: something points wrong.

    Raises UsageError for a folder, a presentation or a number that cannot be replayed.
    """
    options = _options(arguments)
    wanted = frozenset(filter(None, options.presentations.split(",")))
    oulad = read_oulad(OuladOptions(options.folder, wanted))
    found = _Judging(oulad, truth_of(oulad), options.learners, options.every)
    found.run()
    rules, labels = rule_rows(found.alerts, found.truth), found.labels.rows()
    _print(found, rules, labels, options)
    if options.json is not None:
        _write(options.json, found, rules, labels)
    wrong = [f"{row.rule} {row.severity}".strip() for row in rules if row.verdict == "wrong"]
    wrong += [f"{row.kind} {row.name}" for row in labels if row.verdict == "wrong"]
    for name in wrong:
        print(f"POINTS THE WRONG WAY: {name}")
    return 1 if wrong else 0


class _Judging:
    """One replay, and what was seen on the way."""

    def __init__(self, oulad: Oulad, truth: Truth, learners: int, every: int) -> None:
        self.truth = truth
        self.alerts = Alerts()
        self.labels = Labels(truth)
        self.said: dict[Moment, list[Said]] = {}
        self.events = 0
        self._replay = Replay(oulad, self.alerts.take)
        self._learners, self._every = learners, every

    def run(self) -> None:
        """Fold everything, and look around."""
        self.events = self._replay.go_through(self._moments(), self._look)

    def _moments(self) -> Iterator[Moment]:
        """Two evenings in a row every so many days, then the middle and the end of each course."""
        for course in sorted(self.truth.facts):
            first, last = self.truth.span(course)
            for day in range(first + _NOT_BEFORE, last, self._every):
                yield Moment(course, _EVENING, day)
                yield Moment(course, _EVENING, day + 1)
            yield Moment(course, _MIDDLE, first + (last - first) // 2)
            yield Moment(course, _END, last)

    def _look(self, moment: Moment) -> None:
        course = moment.course_id
        views = list(islice(self._views(moment), self._learners))
        cohort = cohort_of(course, views)
        seen = (with_cohort(view, cohort) for view in views)
        if moment.name == _EVENING:
            self.labels.take(
                course, moment.day, {view.state.user_id: labels_of(view, course) for view in seen}
            )
        else:
            self.said[moment] = [said_of(view, course, self.truth) for view in seen]

    def _views(self, moment: Moment) -> Iterator[View]:
        """The first learners by the hash of their id who are in the course and have it active."""
        here = self.truth.present(moment.course_id, moment.day)
        for user in sorted(here, key=lambda user: crc32(user.encode())):
            view = self._replay.view(user, moment.day)
            if view is not None and moment.course_id in {c.course_id for c in view.courses}:
                yield view


def _print(
    found: _Judging, rules: list[RuleRow], labels: list[LabelRow], options: argparse.Namespace
) -> None:
    weeks = sum(found.truth.weeks(course) for course in found.truth.facts)
    clicks = len(found.truth.clicked_until)
    print(
        f"{heading()}\n\n{found.events:,} events, {len(found.truth.facts)} presentations, "
        f"{clicks} of them with clicks."
    )
    print(f"\n## Alerts\n\n{_RULES.format(weeks)}\n\n{rules_table(rules)}")
    method = _LABELS.format(options.learners, options.every)
    print(f"\n## Labels and insights\n\n{method}\n\n{labels_table(labels)}")
    print(f"\n## What the pages say\n\n{_PAGES}\n")
    print("\n\n".join(report(_groups(found.said))), "\n")


def _groups(said: dict[Moment, list[Said]]) -> dict[str, list[Said]]:
    """All of a moment together first, then course by course."""
    groups: dict[str, list[Said]] = defaultdict(list)
    for moment, each in said.items():
        groups[f"**all, {moment.name}**"] += each
    for moment in sorted(said, key=lambda m: (m.course_id, m.day)):
        groups[f"{moment.course_id}, {moment.name}"] = said[moment]
    return groups


def _write(path: Path, found: _Judging, rules: list[RuleRow], labels: list[LabelRow]) -> None:
    said = {
        "heading": heading(),
        "events": found.events,
        "presentations": sorted(found.truth.facts),
        "with_clicks": sorted(found.truth.clicked_until),
        "rules": rules,
        "labels": labels,
    }
    path.write_text(msgspec.json.format(msgspec.json.encode(said)).decode() + "\n")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks rules", description=_DESCRIPTION)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--presentations", default="", help="such as 2013B,AAA-2013J (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--learners", type=int, default=LEARNERS, help="a course and evening (400)")
    parser.add_argument("--every", type=int, default=EVERY_DAYS, help="days between looks (10)")
    options = parser.parse_args(arguments)
    for name in ("learners", "every"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name} is {getattr(options, name)}; it must be 1 or more")
    return options
