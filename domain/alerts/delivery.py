"""Whether an alert is delivered: raised and kept, it may still not be one that notifies anybody."""

from domain.alerts import SuppressedReason
from domain.state.learner import OpenAlert


def is_held_back(at: int, stale_before: int) -> bool:
    """Whether a transition of that time is suppressed: a backfill does not notify."""
    return at < stale_before


def suppressed_reason(alert: OpenAlert) -> SuppressedReason | None:
    """Why an open alert is not delivered; None where it is."""
    return "stale" if alert.suppressed else None
