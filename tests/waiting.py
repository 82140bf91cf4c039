"""Wait for what is about to be true; never sleep for what may be."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_for(condition: Callable[[], Value], deadline: float, *, poll: float = 0.05) -> Value:
    """Return the first truthy answer; after `deadline` seconds fail with the last one."""
    end = time.monotonic() + deadline
    while not (answer := condition()):
        if time.monotonic() > end:
            message = f"not true within {deadline} s, the last answer was {answer!r}"
            raise AssertionError(message)
        time.sleep(poll)
    return answer
