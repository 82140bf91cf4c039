"""`python -m tests.cases [DIR]`: every case of a folder on real stacks; 1 where one fails."""

import argparse
import json
import sys
from pathlib import Path

from tests.cases.judging import Row, table
from tests.cases.packing import packs
from tests.cases.reading import OWN, Case, load
from tests.cases.running import Ground, run, run_pack
from tests.faults.stage import servers


def main() -> int:
    """Print the table, a row a check."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=OWN, metavar="DIR")
    parser.add_argument("--only", default="", help="the names of some cases, by commas")
    parser.add_argument(
        "--ready", type=Path, help="what `learnstream up --ready-file` wrote: use that fresh stack"
    )
    arguments = parser.parse_args()
    wanted = set(filter(None, arguments.only.split(",")))
    cases = [each for each in load(arguments.folder) if not wanted or each.name in wanted]
    if not cases:
        parser.error(f"no case in {arguments.folder}")
    rows = _on_given(cases, arguments.ready) if arguments.ready else _on_own(cases)
    failed = sum(row.ok is False for row in rows)
    by_hand = sum(row.ok is None for row in rows)
    told = f"{len(cases)} cases, {len(rows)} rows: {failed} failed, {by_hand} by hand"
    sys.stdout.write(f"{table(rows)}\n\n{told}\n")
    return 1 if failed else 0


def _on_own(cases: list[Case]) -> list[Row]:
    with servers() as started:
        return list(run(cases, Ground(started.kafka, started.postgres, started.folder)))


def _on_given(cases: list[Case], ready: Path) -> list[Row]:
    """One stack has one clock and takes one pack: what else there is, is left out and said."""
    told = json.loads(ready.read_text())
    env = told["env"]
    clock, partitions = env["LEARNSTREAM_CLOCK"], int(env["LEARNSTREAM_PARTITIONS"])
    fitting = [each for each in cases if each.clock == clock]
    if not fitting:
        raise SystemExit(f"no case is for a stack whose clock is {clock}")
    largest = max(packs(fitting, partitions), key=lambda pack: len(pack.cases))
    left_out = [each.name for each in cases if each not in largest.cases]
    sys.stderr.write(f"not on this stack: {', '.join(left_out) or 'none'}\n")
    return list(run_pack(largest, str(ready), told["api"], env))


if __name__ == "__main__":
    sys.exit(main())
