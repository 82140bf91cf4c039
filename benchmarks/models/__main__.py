"""`python -m benchmarks.models oulad DIR` judges the models; `time DIR` says how long they take."""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.machine import heading
from benchmarks.models.aims import Aim, Judged, all_aims
from benchmarks.models.hindsight import Hindsight, hindsight
from benchmarks.models.judging import judge_run
from benchmarks.models.lockstep import kafka_run
from benchmarks.models.printed import report
from benchmarks.models.pure import PureRun
from benchmarks.models.recorded import Recorded, read
from benchmarks.models.timing import timed
from feeds.oulad import OuladOptions, read_oulad

_OULAD = """Folds the folder in memory (the default), replays it in lockstep over a Kafka of its own
(--kafka), or both, which must agree (--both). --from judges what an earlier run wrote by --lessons,
in a minute; the folder and the options must be those of that run."""
_DAYS = 50


def main() -> int:
    """Judge a run, or take the time of the models; 1 where two runners do not agree."""
    options = _arguments()
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _judge(options: argparse.Namespace) -> int:
    folder = _folder(options)
    runs = [_recorded(name, options, folder) for name in _runners(options)]
    known = hindsight(read_oulad(folder))
    print(f"{heading()}\n")
    said = [_said(run, known, options.marking_days) for run in runs]
    if options.json is not None:
        options.json.write_text(msgspec.json.format(msgspec.json.encode(said)).decode() + "\n")
    if len(runs) == 1:
        return 0
    agree = len({(run.digest, run.digest_of_alerts) for run in runs}) == 1
    print("the two runners agree" if agree else "THE TWO RUNNERS DO NOT AGREE")
    return 0 if agree else 1


def _runners(options: argparse.Namespace) -> Sequence[str]:
    if options.lessons_from is not None:
        return ("file",)
    return ("pure", "kafka") if options.both else (("kafka",) if options.kafka else ("pure",))


def _recorded(runner: str, options: argparse.Namespace, folder: OuladOptions) -> Recorded:
    if runner == "file":
        return read(options.lessons_from)
    if runner == "kafka":
        return kafka_run(folder, None if options.both else options.lessons)
    run, started = PureRun(read_oulad(folder)), time.monotonic()
    for number, _ in enumerate(run.run(options.lessons), 1):
        gc.freeze()  # all of it is kept: no collection has to look at it again
        if number % _DAYS == 0:
            seconds = time.monotonic() - started
            print(f"day {number}: {run.recorded.events:,} events, {seconds:.0f} s", flush=True)
    return run.recorded


def _said(run: Recorded, known: Hindsight, marking_days: int) -> dict[str, Any]:
    """Print the tables of one run; returns the same for a file."""
    judged = judge_run(run, known, marking_days)
    aims = all_aims(judged)
    head = _head(run)
    print(", ".join(f"{name} {value}" for name, value in head.items() if value is not None), "\n")
    for each in report(judged, aims):
        print(each)
    return {"heading": heading(), **head, **_plain(judged, aims)}


def _head(run: Recorded) -> dict[str, Any]:
    sizes = run.state_bytes
    return {
        "runner": run.runner,
        "events": run.events or None,
        "lessons": len(run.lessons),
        "alerts": None if run.raised is None else len(run.raised),
        "digest": run.digest,
        "digest_of_alerts": run.digest_of_alerts,
        "state_bytes_p50": sizes[len(sizes) // 2] if sizes else None,
        "state_bytes_p99": sizes[len(sizes) * 99 // 100] if sizes else None,
    }


def _plain(judged: Judged, aims: Sequence[Aim]) -> dict[str, Any]:
    return {**msgspec.to_builtins(judged), "aims": msgspec.to_builtins(aims)}


def _folder(options: argparse.Namespace) -> OuladOptions:
    wanted = frozenset(filter(None, options.presentations.split(",")))
    return OuladOptions(options.folder, wanted, options.marking_days, groups=True)


def _time(options: argparse.Namespace) -> int:
    print(f"{heading()}\n")
    print(timed(_folder(options)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="oulad | time")
    judge = commands.add_parser("oulad", help="judge the models", description=_OULAD)
    judge.set_defaults(run=_judge)
    judge.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    judge.add_argument("--lessons", type=Path, metavar="FILE", help="write all lessons there")
    runner = judge.add_mutually_exclusive_group()
    runner.add_argument("--kafka", action="store_true", help="over Kafka, in lockstep")
    runner.add_argument("--both", action="store_true", help="both runners, which must agree")
    runner.add_argument("--from", dest="lessons_from", type=Path, metavar="FILE", help="no run")
    timing = commands.add_parser("time", help="microseconds of each model, on one presentation")
    timing.set_defaults(run=_time)
    for each in (judge, timing):
        each.add_argument("folder", type=Path, metavar="DIR")
        each.add_argument("--presentations", default="", help="such as 2013B,AAA-2013J (all)")
        each.add_argument("--marking-days", type=int, default=0, help="how late grades come (0)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
