"""The kept log, and the states that each version of the code made of it.

`log.bin` holds stretches of logs: a name, a clock, and steps in order, each `activity` (key, value,
timestamp), `course` (id, the producer's JSON), `tick` (epoch seconds) or `configuration` (JSON).
They hold simulated learners and hand-written cases, and learners who outgrow every bound. It was
made once and never changes. `state_vN.bin` holds what the last code of state version N made of it.
"""

import lzma
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from contracts.course_facts import decode_course_facts
from contracts.inputs import encode_input
from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.events.decode import Record
from domain.state.learner import STATE_VERSION
from domain.stored.checkpoint import CHECKPOINT_VERSION, FOLD_VERSION, ClockMode
from domain.stored.codec import encode_checkpoint, encode_facts
from tests.factories import Bench

FOLDER: Final = Path(__file__).parent
BATCH_RECORDS: Final = 50

Step: TypeAlias = tuple[Any, ...]


class Stretch(msgspec.Struct, array_like=True, frozen=True):
    """A stretch of one partition's log, to be folded from nothing."""

    name: str
    clock: ClockMode
    steps: list[Step]


class State(msgspec.Struct, array_like=True, frozen=True):
    """One learner's state, by the stretch that it was made of."""

    stretch: str
    user_id: str
    data: bytes


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What one version of the code made of the log; checkpoints are by the stretch's name."""

    state_version: int
    fold_version: int
    checkpoint_version: int
    states: list[State]
    checkpoints: dict[str, bytes]
    inputs: list[bytes]
    facts: list[bytes]


@cache
def read_log() -> list[Stretch]:
    """The kept log."""
    data = lzma.decompress((FOLDER / "log.bin").read_bytes())
    return msgspec.msgpack.decode(data, type=list[Stretch])


@cache
def read_kept(version: int) -> Kept:
    """What the last code of this version of states made of the log."""
    data = lzma.decompress((FOLDER / f"state_v{version}.bin").read_bytes())
    return msgspec.msgpack.decode(data, type=Kept)


def kept_versions() -> list[int]:
    """Every version of states that is kept, oldest first."""
    return sorted(int(path.stem.removeprefix("state_v")) for path in FOLDER.glob("state_v*.bin"))


def fold_stretch(stretch: Stretch, bench: Bench | None = None) -> Bench:
    """Fold a stretch with this code, from nothing or on from what `bench` holds."""
    made = bench or Bench(clock=stretch.clock)
    for _, run in groupby(enumerate(stretch.steps), _batch):
        steps = [step for _, step in run]
        if steps[0][0] == "activity":
            made.send(*[Record(0, at, key, value) for _, key, value, at in steps])
        else:
            made.adopt(*_input(steps[0]))
    return made


def facts_of(stretch: Stretch) -> list[object]:
    """The course facts that stand in a stretch."""
    return [_input(step)[1] for step in stretch.steps if step[0] == "course"]


def fold_log() -> Kept:
    """What this code makes of the log."""
    benches = {stretch.name: fold_stretch(stretch) for stretch in read_log()}
    return Kept(
        state_version=STATE_VERSION,
        fold_version=FOLD_VERSION,
        checkpoint_version=CHECKPOINT_VERSION,
        states=list(_states(benches)),
        checkpoints={name: encode_checkpoint(b.fold.checkpoint) for name, b in benches.items()},
        inputs=[encode_input(each) for each in benches["tokyo"].inputs],
        facts=[encode_facts(each) for each in benches["week"].fold.facts.values()],
    )


def write_kept(kept: Kept) -> Path:
    """Keep what this code makes of the log."""
    path = FOLDER / f"state_v{kept.state_version}.bin"
    path.write_bytes(lzma.compress(msgspec.msgpack.encode(kept), preset=9 | lzma.PRESET_EXTREME))
    return path


def _batch(numbered: tuple[int, Step]) -> tuple[bool, int]:
    """Events in batches, everything else alone."""
    number, step = numbered
    is_event = step[0] == "activity"
    return is_event, number // BATCH_RECORDS if is_event else number


def _input(step: Step) -> tuple[str, object]:
    match step:
        case ("course", key, value):
            facts = decode_course_facts(key, value)
            assert isinstance(facts, CourseFacts), facts
            return "course", facts
        case ("configuration", value):
            return "configuration", msgspec.json.decode(value, type=Configuration)
        case _:
            return "tick", {"at": step[1]}


def _states(benches: dict[str, Bench]) -> Iterator[State]:
    for name, bench in benches.items():
        for user_id, data in sorted(bench.store.committed.items()):
            yield State(name, user_id, data)
