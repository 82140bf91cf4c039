"""A partition halts where too much of it is rejected: then the producer is broken."""

from typing import Final

from domain.configuration import Halting
from domain.stored.checkpoint import BLOCK_RECORDS, WINDOW_BLOCKS, Checkpoint, Halted

HALTED_STATUS: Final = 65


def count_verdict(checkpoint: Checkpoint, halting: Halting, *, rejected: bool) -> None:
    """Count in the window of the last 10,000 (blocks of 100); halt where it is too much."""
    if not checkpoint.window or checkpoint.window_seen == BLOCK_RECORDS:
        checkpoint.window.append(0)
        checkpoint.window_seen = 0
        if len(checkpoint.window) > WINDOW_BLOCKS:
            del checkpoint.window[0]
    checkpoint.window_seen += 1
    checkpoint.window[-1] += rejected
    checkpoint.rejected_in_a_row = checkpoint.rejected_in_a_row + 1 if rejected else 0
    if checkpoint.rejected_in_a_row >= halting.in_a_row:
        reason = f"{checkpoint.rejected_in_a_row} events in a row were rejected"
        checkpoint.halted = Halted(HALTED_STATUS, reason)
    elif checkpoint.window_seen == BLOCK_RECORDS and len(checkpoint.window) == WINDOW_BLOCKS:
        refused, seen = sum(checkpoint.window), WINDOW_BLOCKS * BLOCK_RECORDS
        if refused > halting.ratio * seen:
            reason = f"{refused} of the last {seen} events were rejected"
            checkpoint.halted = Halted(HALTED_STATUS, reason)


def resume(checkpoint: Checkpoint) -> None:
    """Take events again, and count anew."""
    checkpoint.halted = None
    checkpoint.window.clear()
    checkpoint.window_seen = checkpoint.rejected_in_a_row = 0
