"""What LEARNSTREAM_HOT_STATES_MIB buys: a worker's fold under several bounds, and its memory."""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from agents.worker.hot_states import HotStates
from agents.worker.table import Table
from benchmarks.machine import heading
from domain.configuration import Configuration
from domain.events.decode import Record
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import no_snapshots
from domain.stored.codec import decode_learner, encode_learner
from runtime.process import settle_memory

LEARNERS: Final = 100_000
EVENTS_EACH: Final = 20
BATCH: Final = 5_000
MEASURED_BATCHES: Final = 8
BOUNDS_MIB: Final = (1, 256, 1_024)
_START: Final = 1_709_542_800


def main(arguments: list[str]) -> None:
    """Print the rate and the memory under each bound, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="benchmarks hot_states", description=__doc__)
    parser.add_argument("--bound", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--learners", type=int, default=LEARNERS)
    options = parser.parse_args(arguments)
    if options.bound is not None:
        _measure(options.bound, options.learners)
        return
    print(heading())
    for bound in BOUNDS_MIB:
        command = [sys.executable, "-m", "benchmarks", "hot_states", f"--bound={bound}"]
        command.append(f"--learners={options.learners}")
        subprocess.run(command, check=True)  # noqa: S603 - ourselves


def _measure(bound_mib: int, learners: int) -> None:
    hot = HotStates(bound_mib << 20)
    table = Table(hot)
    everybody = [f"u{number}" for number in range(learners)]
    _fill(table, everybody)
    checkpoint = new_checkpoint(0, 1, "benchmark", "stream")
    fold = PartitionFold(checkpoint, Configuration(), {}, table, no_snapshots)
    for user in everybody:
        table.get(user)  # the cache is as full as it gets
    settle_memory()  # as a worker does
    chance = random.Random(7)  # noqa: S311 - a load
    started = time.process_time()
    for _ in range(MEASURED_BATCHES):
        _fold(fold, table, chance.choices(everybody, k=BATCH))
    rate = MEASURED_BATCHES * BATCH / (time.process_time() - started)
    held = sum(len(table.committed(user) or b"") for user in everybody)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{bound_mib:>5} MiB: {rate:>7,.0f} events/s of CPU, {len(hot):,} of {learners:,} states "
        f"of {held / learners:.0f} bytes are hot, peak {peak:,.0f} MiB"
    )


def _fill(table: Table, users: list[str]) -> None:
    """Give everybody the state of one learner who has viewed some pages."""
    checkpoint = new_checkpoint(0, 1, "benchmark", "stream")
    one = Table(HotStates(1))
    fold = PartitionFold(checkpoint, Configuration(), {}, one, no_snapshots)
    for _ in range(EVENTS_EACH):
        _fold(fold, one, ["u"])
    state = decode_learner(one.committed("u") or b"")
    for user in users:
        state.user_id = user
        table.load(user, encode_learner(state))


def _fold(fold: PartitionFold, table: Table, users: list[str]) -> None:
    effects = fold.begin()
    fold.fold(list(_records(fold.checkpoint.next, users)), effects)
    for user_id, state in effects.changed.items():
        table.put(user_id, encode_learner(state), state)


def _records(offset: int, users: list[str]) -> Iterator[Record]:
    """A page viewed by each, some seconds after the one before."""
    for number, user in enumerate(users, offset):
        at = _START + number // 10
        event = {
            "event_id": f"e{number}",
            "user_id": user,
            "type": "content_viewed",
            "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(),
            "course_id": "c1",
            "content_id": f"p{number % 50}",
            "content_kind": "page",
        }
        yield Record(number, at * 1000, user.encode(), json.dumps(event).encode())
