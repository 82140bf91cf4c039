"""`python -m tests.attack [--slice]`: attacks a stack of its own; 1 where anything did not hold."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.stack import a_folder, a_stack
from tests.attack.attacks import SLICE, WHOLE, all_of
from tests.attack.target import Target


@contextmanager
def a_target() -> Iterator[Target]:
    """A stack without learners, whose parts log JSON."""
    with a_folder() as folder:
        data = folder / "data"
        with a_stack(folder, "--data", str(data), LEARNSTREAM_LOG_FORMAT="json") as running:
            yield Target(running, data / "logs")


def main() -> int:
    """Print a line an attack."""
    held = True
    with a_target() as target:
        for finding in all_of(target, SLICE if sys.argv[1:] == ["--slice"] else WHOLE):
            held = held and finding.ok
            verdict = "held" if finding.ok else "DID NOT HOLD"
            sys.stdout.write(f"{verdict}: {finding.attack}: {finding.seen}\n")
            sys.stdout.flush()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
