"""`python -m tests.next_version COMMAND`: the program as its next version would be.

States have one version more and so has the fold; the step between them counts one overflow, so that
an upgraded state can be told from one that was folded anew.
"""

import sys
from typing import Any

from domain.state import learner as state
from domain.state import upgrade
from domain.stored import checkpoint

LAST = state.STATE_VERSION
_OVERFLOW = state.Learner.__struct_fields__.index("overflow")


def _step(raw: list[Any]) -> list[Any]:
    overflow = raw[_OVERFLOW]
    return [*raw[:_OVERFLOW], [overflow[0], overflow[1] + 1, *overflow[2:]], *raw[_OVERFLOW + 1 :]]


def main() -> int:
    """Raise the versions before anything else has read them, and run the program."""
    checkpoint.FOLD_VERSION += 1  # type: ignore[misc]
    state.STATE_VERSION += 1  # type: ignore[misc]
    upgrade.LEARNER = {**upgrade.LEARNER, LAST: _step}  # type: ignore[misc]
    from cli.main import main as run  # noqa: PLC0415 - imports the versions

    return run()


if __name__ == "__main__":
    sys.exit(main())
