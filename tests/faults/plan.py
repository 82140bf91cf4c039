"""What one seed decides: the load, the kind of clock, and the faults in their order."""

import random
from dataclasses import dataclass
from typing import Any, Final, Literal

from runtime.failpoints import POINTS

FAULTS_MIN: Final = 10
PARTITIONS: Final = 4
ROUND: Final = 5
"""So many seeds in a row, from 1, 6, 11 ... on, strike with every kind."""

WORKER_KINDS: Final = (
    "worker_kill",
    "worker_storm",
    "worker_term",
    "worker_zombie",
    "worker_zombie_early",
    "worker_scale",
    *(f"worker_kill_{point}" for point in POINTS),
)
STORE_KINDS: Final = (
    "sink_kill",
    "sink_zombie",
    "sink_zombie_in_transaction",
    "postgres_immediate",
    "postgres_away",
    "postgres_connections",
    "api_kill",
    "disk_full_kafka",
    "disk_full_postgres",
)
TRAINER_KINDS: Final = (
    "trainer_kill",
    *(f"trainer_kill_{point}" for point in POINTS),
    "trainer_zombie",
    "trainer_twice",
    "trainer_away",
    "trainer_snapshot_corrupt",
)
KAFKA_KINDS: Final = ("kafka_term", "kafka_kill", "kafka_away", "everything_kill", "mixed")
KINDS: Final = (*WORKER_KINDS, *STORE_KINDS, *TRAINER_KINDS, *KAFKA_KINDS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault to come; `calm` says how long the load runs in peace before it."""

    kind: str
    calm: float
    chance: str
    """Seeds what the fault itself draws."""


@dataclass(frozen=True, slots=True)
class Load:
    """Who sends what: the shares are those of the issue."""

    learners: int
    days: int
    rate: int
    duplicates: float = 0.05
    late: float = 0.05
    bad: float = 0.01


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    clock: Literal["wall", "stream"]
    batch_records: int
    workers: int
    load: Load
    faults: tuple[Fault, ...]

    def said(self) -> str:
        """The plan in a few lines."""
        head = (
            f"seed {self.seed}: {self.clock} clock, {self.workers} worker(s), batches of "
            f"{self.batch_records}, {self.load.learners} learners at {self.load.rate}/s"
        )
        return "\n".join([head, "  " + ", ".join(fault.kind for fault in self.faults)])

    def as_json(self) -> dict[str, Any]:
        """What a verdict keeps of it."""
        return {
            "clock": self.clock,
            "batch_records": self.batch_records,
            "workers": self.workers,
            "learners": self.load.learners,
            "rate": self.load.rate,
            "schedule": [fault.kind for fault in self.faults],
        }


def draw(seed: int) -> Plan:
    """The plan of a seed: the same one every time."""
    kinds = [*_dealt(WORKER_KINDS, 5, seed), *_dealt(STORE_KINDS, 4, seed)]
    kinds += [*_dealt(TRAINER_KINDS, 3, seed), *_dealt(KAFKA_KINDS, 1, seed)]
    assert len(kinds) >= FAULTS_MIN
    random.Random(f"learnstream faults {seed}").shuffle(kinds)
    return made(seed, kinds)


def _dealt(kinds: tuple[str, ...], count: int, seed: int) -> list[str]:
    """So many different ones; the seeds of a round are dealt from one shuffled pack."""
    number, place = divmod(seed - 1, ROUND)
    pack = random.Random(f"learnstream round {number}").sample(kinds, len(kinds))
    return [pack[(place * count + card) % len(pack)] for card in range(count)]


def made(seed: int, kinds: list[str]) -> Plan:
    """A plan with just these faults; the load follows from the seed."""
    chance = random.Random(f"learnstream load {seed}")
    clock: Literal["wall", "stream"] = "wall" if seed % 2 else "stream"
    return Plan(
        seed=seed,
        clock=clock,
        batch_records=chance.choice((50, 200, 5_000)),
        workers=chance.choice((1, 1, 2)),
        load=_load(chance),
        faults=tuple(
            Fault(kind, round(chance.uniform(0.2, 1.2), 2), f"{seed} {number} {kind}")
            for number, kind in enumerate(kinds)
        ),
    )


def _load(chance: random.Random) -> Load:
    """Events for some eight minutes: a learner makes some 8 a day."""
    rate = chance.choice((40, 60, 100, 200))
    return Load(learners=int(rate * chance.uniform(1.8, 2.2)), days=30, rate=rate)
