"""`python -m tests.faults`: run seeds of faults, append their verdicts, print their tables."""

import argparse
import sys

from devstack.supervisor import StopRequestError, stop_requests
from tests.faults.plan import draw, made
from tests.faults.run import run
from tests.faults.stage import servers
from tests.faults.strikes import STRIKES
from tests.faults.verdicts import append, put_into_page, read, report


def main() -> int:
    """Run what was asked for; 1 where a seed did not hold."""
    args = _arguments()
    if args.table:
        put_into_page()
        say(report(read()))
        return 0
    seeds = range(args.first, args.first + args.seeds) if args.seed is None else [args.seed]
    failed = []
    with stop_requests(lambda: None), servers() as started:
        try:
            for seed in seeds:
                plan = made(seed, args.only) if args.only else draw(seed)
                say(plan.said())
                verdict = run(started, plan, say)
                if not args.only:
                    append(verdict)
                say(f"seed {seed}: {verdict.word}, {verdict.figures}")
                if verdict.word != "held":
                    failed.append(seed)
                    for line in (*verdict.violations, *verdict.invalid):
                        say(f"  {line}")
                    say(f"again: make faults SEED={seed}")
        except StopRequestError:
            say("stopped")
            return 130
        finally:
            put_into_page()
    say(f"{len(seeds)} seeds, not held: {failed or 'none'}")
    return 1 if failed else 0


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds (1)")
    parser.add_argument("--first", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--seed", type=int, help="just this one")
    parser.add_argument(
        "--only", nargs="+", choices=sorted(STRIKES), help="these faults; no verdict is kept"
    )
    parser.add_argument("--table", action="store_true", help="print the tables of the verdicts")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
