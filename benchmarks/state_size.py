"""Bytes of a learner's state on the OULAD replay, and what folding one event costs; no Kafka."""

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine import OULAD, heading
from contracts.course_facts import decode_course_facts
from domain.configuration import Configuration
from domain.events.decode import Record, Rejected
from domain.fold.effects import Effects
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import no_snapshots
from domain.state.learner import (
    Header,
    Learner,
)
from domain.stored import codec
from feeds.oulad import OuladOptions, read_oulad

BATCH = 5_000


class Memory:
    """A store that keeps decoded states and, beside them, the bytes that a worker would write."""

    def __init__(self) -> None:
        self.states: dict[str, Learner] = {}
        self.sizes: dict[str, int] = {}
        self.largest = 0

    def get(self, user_id: str) -> Learner | None:
        """The learner's state."""
        return self.states.get(user_id)

    def reload(self, user_id: str) -> Learner | None:
        """Nothing raises here, so nothing is decoded again."""
        raise AssertionError(user_id)

    def headers(self) -> Iterator[Header]:
        """None at the start."""
        return iter(())

    def commit(self, effects: Effects) -> None:
        """Encode what changed, as the worker does once a batch."""
        for user_id, state in effects.changed.items():
            self.states[user_id] = state
            self.sizes[user_id] = len(codec.encode_learner(state))
            self.largest = max(self.largest, self.sizes[user_id])


def main(arguments: list[str]) -> None:
    """Print percentiles of the state's size and the fold's own rate."""
    parser = argparse.ArgumentParser(prog="benchmarks state_size", description=__doc__)
    parser.add_argument("--data", type=Path, default=OULAD)
    folder = parser.parse_args(arguments).data
    oulad = read_oulad(OuladOptions(folder))
    store = Memory()
    checkpoint = new_checkpoint(0, 1, "benchmark", "stream")
    fold = PartitionFold(checkpoint, Configuration(), {}, store, no_snapshots)
    effects = fold.begin()
    for item in oulad.courses():
        facts = decode_course_facts(item.key, item.value)
        assert not isinstance(facts, Rejected)
        fold.adopt(fold.next_input("course", facts), effects)
    seconds = 0.0
    now = 2_000_000_000_000
    batch: list[Record] = []
    sizes: list[float] = []
    for offset, item in enumerate(oulad.events()):
        batch.append(Record(offset, now, item.key, item.value))
        if len(batch) == BATCH:
            seconds += _fold(fold, store, batch)
            batch = []
            if offset % (BATCH * 40) == BATCH * 40 - 1:
                sizes.append(statistics.median(store.sizes.values()))
    seconds += _fold(fold, store, batch)
    counters = fold.checkpoint.counters
    at_peak = max(sizes, default=0.0)
    quantiles = statistics.quantiles(store.sizes.values(), n=100)
    print(heading())
    print(f"learners {len(store.sizes)}, events {counters.events}, rejected {counters.rejected}")
    print(
        f"bytes per learner at the end: p50 {quantiles[49]:.0f}, p99 {quantiles[98]:.0f}, "
        f"largest {max(store.sizes.values())}; highest p50 on the way {at_peak:.0f}, "
        f"largest ever {store.largest}"
    )
    print(f"fold and encode, one core: {seconds / (offset + 1) * 1e6:.1f} us/event")


def _fold(fold: PartitionFold, store: Memory, batch: list[Record]) -> float:
    started = time.perf_counter()
    effects = fold.begin()
    fold.fold(batch, effects)
    store.commit(effects)
    return time.perf_counter() - started
