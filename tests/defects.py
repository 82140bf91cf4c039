"""A defect of ours about chosen events, put into the fold from outside: the product holds none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest

import domain.fold.partition
from domain.events.activity import AnyEvent

Defect: TypeAlias = Callable[[AnyEvent], None]


class DeliberateError(Exception):
    """What a defect raises where a test names nothing else."""


def about(*event_ids: str) -> Defect:
    """The defect that raises for exactly these events."""

    def raise_for(event: AnyEvent) -> None:
        if event.event_id in event_ids:
            raise DeliberateError(event.event_id)

    return raise_for


def with_defect(defect: Defect) -> Callable[..., Any]:
    """`advance` as `domain.fold.partition` has it now, with the defect before it."""
    real: Callable[..., Any] = getattr(domain.fold.partition, "advance")  # noqa: B009 - not its to export

    def advance(state: Any, accepted: Any, *rest: Any) -> Any:
        defect(accepted.event)
        return real(state, accepted, *rest)

    return advance


@contextmanager
def folding_with(defect: Defect | None) -> Iterator[None]:
    """Inside, every fold of this process has the defect; with None nothing is changed."""
    if defect is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(domain.fold.partition, "advance", with_defect(defect))
        yield
