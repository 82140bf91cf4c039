"""What the API remembers for the time in which Postgres is away, and what it lets go."""

import time
from typing import Any

import pytest

import api.reads
from api.reads import Reads
from runtime.clock import WallClock
from runtime.settings import Settings

GIVEN = {"KAFKA_BOOTSTRAP": "none:1", "DATABASE_URL": "postgresql://none:1/none"}


async def test_rows_that_are_too_old_to_be_shown_are_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads = Reads(Settings.model_validate(GIVEN | {"stale_after_seconds": 60}), WallClock())
    rows: Any = object()
    for second, key in ((0, "a"), (30, "b"), (59, "a"), (100, "c")):
        monkeypatch.setattr(time, "monotonic", lambda at=second: float(at))
        reads._remember(key, rows)
    monkeypatch.undo()
    assert list(reads._remembered) == ["a", "c"]
    await reads.close()


async def test_no_more_rows_are_kept_than_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.reads, "REMEMBERED_MAX", 2)
    reads = Reads(Settings.model_validate(GIVEN), WallClock())
    rows: Any = object()
    for key in "abc":
        reads._remember(key, rows)
    assert list(reads._remembered) == ["b", "c"]
    await reads.close()
