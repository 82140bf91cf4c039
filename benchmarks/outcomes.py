"""What is said of OULAD's learners, and how often it came true; a fold in memory, no Kafka."""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Final
from zlib import crc32

from benchmarks.machine import heading
from benchmarks.outcome.alerts import Alerts
from benchmarks.outcome.cohorts import cohort_of, with_cohort
from benchmarks.outcome.judging import report
from benchmarks.outcome.replay import Moment, Replay
from benchmarks.outcome.said import Said, said_of
from feeds.oulad import OuladOptions, read_oulad
from metrics.view import View

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "oulad"
LEARNERS: Final = 400
_MOMENTS: Final = ("mid course", "end")
_METHOD: Final = """Up to {} learners of each presentation with the course active, chosen by the
crc32 of their id, on the evening of the middle day and of the last day. The cohort is counted from
the same learners; its engagement percentiles are those of the level shown."""


def main(arguments: list[str]) -> None:
    """Fold the folder once; print what the rules raised and what the pages said."""
    parser = argparse.ArgumentParser(prog="benchmarks outcomes", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA, metavar="DIR")
    parser.add_argument("--presentations", default="", help="such as 2013B,AAA-2013J (all)")
    parser.add_argument("--learners", type=int, default=LEARNERS, help="a course and moment (400)")
    options = parser.parse_args(arguments)
    wanted = frozenset(filter(None, options.presentations.split(",")))
    alerts = Alerts()
    replay = Replay(read_oulad(OuladOptions(options.folder, wanted)), alerts.take)
    looked: dict[Moment, list[View]] = {}
    said: dict[Moment, list[Said]] = {}

    def look(moment: Moment) -> None:
        looked[moment] = _look(replay, moment, options.learners)

    events = replay.run(_moments(replay), look)
    for moment, views in looked.items():
        cohort = cohort_of(moment.course_id, views)
        said[moment] = [
            said_of(with_cohort(view, cohort), moment.course_id, replay.truth) for view in views
        ]
    print(f"{heading()}\n\n{events:,} events, {len(replay.truth.facts)} presentations.")
    print(f"\n## Alerts\n\n{alerts.table(replay.truth)}")
    print(f"\n## What the pages say\n\n{_METHOD.format(options.learners)}\n")
    print("\n\n".join(report(_groups(said))))


def _moments(replay: Replay) -> list[Moment]:
    found = []
    for course in sorted(replay.truth.facts):
        first, last = replay.truth.span(course)
        days = (first + (last - first) // 2, last)
        found += [Moment(course, name, day) for name, day in zip(_MOMENTS, days, strict=True)]
    return found


def _look(replay: Replay, moment: Moment, most: int) -> list[View]:
    """The first learners by the hash of their id that have the course active."""
    found: list[View] = []
    for user in sorted(replay.truth.members[moment.course_id], key=lambda u: crc32(u.encode())):
        view = replay.view(user)
        if view is None or moment.course_id not in {c.course_id for c in view.courses}:
            continue
        found.append(view)
        if len(found) == most:
            break
    return found


def _groups(said: dict[Moment, list[Said]]) -> dict[str, list[Said]]:
    """All of a moment together first, then course by course."""
    groups: dict[str, list[Said]] = defaultdict(list)
    for moment, each in said.items():
        groups[f"**all, {moment.name}**"] += each
    for moment in sorted(said, key=lambda m: (m.course_id, m.day)):
        groups[f"{moment.course_id}, {moment.name}"] = said[moment]
    return groups
