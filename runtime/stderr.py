"""Standard error that never fails: a full disk must not keep a process from its work, or its end.

A log line that cannot be written raises where it is written. With the log on a full disk that was
in the last words of a process, which then continued without what had ended.
"""

import sys
from contextlib import suppress
from typing import Any, TextIO, cast


class Unbreakable:
    """A text stream of which a line is lost, rather than raising, where it cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what can be handed over."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own."""
        return getattr(self._stream, name)


def make_stderr_unbreakable() -> None:
    """Do it for the rest of the process; before anything logs."""
    sys.stderr = cast(TextIO, Unbreakable(sys.stderr))
