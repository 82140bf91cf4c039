"""How often property tests try: `make check` a little, `make test` EXAMPLES times as much."""

import os
from typing import Final

from hypothesis import settings

_TIMES: Final = int(os.environ.get("EXAMPLES", "1"))


def tries(count: int) -> settings:
    """The settings of a property test that takes a while: the same examples in every run."""
    return settings(max_examples=count * _TIMES, deadline=None, derandomize=True)
