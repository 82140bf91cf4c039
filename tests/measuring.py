"""What a process that a test starts needs, so that `make test MEASURED=1` sees what it runs."""

import os
from typing import Final

_MEASURED: Final = {
    name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_")
}
"""Taken out of the environment: what is measured is slower, and most tests care for time."""


def measuring() -> dict[str, str]:
    """The environment by which coverage starts in a process; empty where nothing is measured."""
    return _MEASURED
