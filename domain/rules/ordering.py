"""Thresholds of which one must not be above another."""

from msgspec import Struct


def require_at_most(thresholds: Struct, lower: str, upper: str) -> None:
    """Refuse a threshold that is above another one; raises ValueError with both."""
    low, high = getattr(thresholds, lower), getattr(thresholds, upper)
    if low > high:
        raise ValueError(f"{lower} is {low:g}, expected at most {upper}, which is {high:g}")


def require_less(thresholds: Struct, lower: str, upper: str) -> None:
    """Refuse a threshold that is not below another one; raises ValueError with both."""
    low, high = getattr(thresholds, lower), getattr(thresholds, upper)
    if low >= high:
        raise ValueError(f"{lower} is {low:g}, expected less than {upper}, which is {high:g}")
