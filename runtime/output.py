"""What becomes of a program whose output nobody reads any more, as in `| head`."""

import os
import select
import sys
from typing import Final

PIPE_CLOSED: Final = 141
"""As a shell says of a program that SIGPIPE ended: 128 and the signal's number."""


def reader_is_gone() -> bool:
    """Whether the pipe of one of our outputs has no reader: no other connection was the cause."""
    watched = select.poll()
    for stream in (sys.stdout, sys.stderr):
        watched.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in watched.poll(0))


def discard_output() -> None:
    """Let what is still buffered go nowhere, so that the interpreter ends without a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
