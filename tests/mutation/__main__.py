"""`python -m tests.mutation`: does a test notice, if one token of the code is another one?

A seeded sample of all one-token mutants, each against the tests of `tests/unit`, `tests/behaviour`
and `tests/simulation` that run its line. Ends with 1 where too many survive.
"""

import argparse
import os
import sys
from fnmatch import fnmatch
from typing import Final

from tests.mutation.children import ROOT, warm_up
from tests.mutation.equivalents import known
from tests.mutation.judging import judge
from tests.mutation.mutants import mutants_of, sample
from tests.mutation.reach import reach
from tests.mutation.report import say, table, told
from tests.mutation.targets import targets, touched_lines

LEAST: Final = 0.95
"""The share of mutants that tests have to notice; of a small sample less can be asked."""


def main() -> int:
    """Judge a sample and print it."""
    args = _arguments()
    if args.record:
        reach()
        return 0
    mutants = [
        mutant
        for path in targets()
        for mutant in mutants_of(path, (ROOT / path).read_text(), args.seed)
        if fnmatch(path, args.only) or fnmatch(f"{path}:{mutant.line}", args.only)
    ]
    if args.since:
        touched = touched_lines(args.since)
        mutants = [each for each in mutants if each.line in touched[each.path]]
    chosen = sample(mutants, args.count)
    if not chosen:
        say("no line that is mutated was touched")
        return 0
    reasons = {mutant: reason for mutant in chosen if (reason := known(mutant)) is not None}
    seen = reach()
    warm_up(seen.modules)
    say(f"seed {args.seed}: {len(chosen)} of {len(mutants)} mutants")
    verdicts = []
    for verdict in judge([each for each in chosen if each not in reasons], seen, args.jobs):
        verdicts.append(verdict)
        if args.all or not verdict.killed:
            say(told(verdict))
    say(table(verdicts))
    for mutant, reason in reasons.items():
        say(f"equivalent: {mutant}\n    {reason}")
    return 0 if sum(each.killed for each in verdicts) >= args.least * len(verdicts) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many mutants (300)")
    parser.add_argument("--least", type=float, default=LEAST, help="share to be noticed (0.95)")
    parser.add_argument("--seed", type=int, default=1, help="which sample (1)")
    parser.add_argument("--since", help="only lines that changed since this revision")
    parser.add_argument(
        "--only", default="*", help="files as 'domain/rules/*', or a line: 'domain/ids.py:7'"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="side by side")
    parser.add_argument(
        "--record", action="store_true", help="only measure the tests, for `make coverage`"
    )
    parser.add_argument("--all", action="store_true", help="print those that were killed too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
