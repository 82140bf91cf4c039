"""`python -m benchmarks NAME [ARGS]`: the figures of the README; without a name, all there are."""

import importlib
import sys
from pathlib import Path

from runtime.errors import UsageError

_NOT_BENCHMARKS = {
    *("__init__", "__main__"),
    *("chromium", "idiomatic_faust", "machine", "sending", "served", "stack"),
}


def main() -> int:
    """Run one benchmark, or list them."""
    folder = Path(__file__).parent
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem not in _NOT_BENCHMARKS)
    if len(sys.argv) > 1 and sys.argv[1] in names:
        try:
            return importlib.import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:]) or 0
        except UsageError as error:
            print(error, file=sys.stderr)
            return error.exit_status
    print("usage: python -m benchmarks NAME [ARGS]\n")
    for name in names:
        document = importlib.import_module(f"benchmarks.{name}").__doc__ or ""
        print(f"  {name:<12} {document.strip().splitlines()[0]}")
    return 0 if len(sys.argv) == 1 else 2


if __name__ == "__main__":
    sys.exit(main())
