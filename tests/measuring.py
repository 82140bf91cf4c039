"""What a process that a test starts needs, so that `make test MEASURED=1` sees what it runs."""

import os


def measuring() -> dict[str, str]:
    """The environment by which coverage starts in a process; empty where nothing is measured."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
