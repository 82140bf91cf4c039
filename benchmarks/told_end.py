"""How far behind the end of a log is that a broker tells which has just started (decision 12)."""

import argparse
import asyncio
import logging
import shutil
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from benchmarks.machine import heading
from devstack.kafka import EmbeddedKafka
from runtime.kafka import READ_COMMITTED

TOPIC: Final = "states"
PARTITIONS: Final = 16
COMPACTED: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": "1048576",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "3000",
}
ASKERS: Final = 3
CALM_SECONDS: Final = 3.0
AFTER_SECONDS: Final = 8.0
_RECORD_AND_MARKER: Final = 2
_POLL_SECONDS: Final = 0.02
_STUCK_SECONDS: Final = 40


def main(arguments: list[str]) -> None:
    """Restart a broker under transactions, and compare what it tells with what was complete."""
    parser = argparse.ArgumentParser(prog="benchmarks told_end", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args(arguments)
    for name in ("aiokafka", "kafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    print(heading())
    folder = Path(tempfile.mkdtemp(prefix="learnstream-told-end-"))
    folder.chmod(0o755)
    broker = EmbeddedKafka(folder / "kafka")
    broker.prepare()
    broker.start()
    try:
        with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
            admin.create_topics(
                {
                    TOPIC: {
                        "num_partitions": PARTITIONS,
                        "replication_factor": 1,
                        "configs": COMPACTED,
                    }
                }
            )
            admin.wait_for_topics([TOPIC])
        asyncio.run(_restarts(broker, options.rounds))
    finally:
        broker.kill()
        shutil.rmtree(folder)


async def _restarts(broker: EmbeddedKafka, rounds: int) -> None:
    for number in range(rounds):
        killed = bool(number % 2)
        found = Found()
        tasks = [asyncio.create_task(found.write(broker, p)) for p in range(PARTITIONS)]
        tasks += [asyncio.create_task(found.ask(broker)) for _ in range(ASKERS)]
        await asyncio.sleep(CALM_SECONDS)
        if killed:
            broker.child.kill()
        else:
            broker.child.ask_to_stop()
        while broker.child.running():  # noqa: ASYNC110 - a process tells nobody that it ended
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.to_thread(broker.launch)
        await asyncio.sleep(AFTER_SECONDS)
        found.over.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        how = "SIGKILL" if killed else "SIGTERM"
        worst = max(found.behind, default=0)
        print(
            f"{how}: asked {found.asked} times, {len(found.behind)} ends too early, "
            f"by {worst} offsets at most"
        )


class Found:
    """What one round found; `complete` is where each partition surely ends."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.asked = 0
        self.behind: list[int] = []
        self.complete: dict[int, int] = {}

    async def write(self, broker: EmbeddedKafka, partition: int) -> None:
        """One small transaction after the other; a fenced or stuck producer ends."""
        producer = AIOKafkaProducer(
            bootstrap_servers=broker.bootstrap, transactional_id=f"writer-{partition}"
        )
        await producer.start()
        with suppress(Exception):
            await self._transactions(producer, partition)
        with suppress(Exception):
            await asyncio.wait_for(producer.stop(), 5)

    async def _transactions(self, producer: AIOKafkaProducer, partition: int) -> None:
        before: int | None = None
        while not self.over.is_set():
            async with asyncio.timeout(_STUCK_SECONDS):
                await producer.begin_transaction()
                sent: Any = await producer.send(TOPIC, b"x" * 200, b"key", partition=partition)
                offset = (await sent).offset
                await producer.commit_transaction()
            if before is not None:  # the one before is complete: this one could begin
                self.complete[partition] = before + _RECORD_AND_MARKER
            before = offset

    async def ask(self, broker: EmbeddedKafka) -> None:
        """What every new reader is told, again and again."""
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        while not self.over.is_set():
            reader = AIOKafkaConsumer(
                bootstrap_servers=broker.bootstrap, isolation_level=READ_COMMITTED
            )
            with suppress(Exception):
                await reader.start()
                complete = dict(self.complete)
                ends = await reader.end_offsets(places)
                self.asked += 1
                late = [complete.get(each.partition, 0) - end for each, end in ends.items()]
                self.behind += [offsets for offsets in late if offsets > 0]
            with suppress(Exception):
                await reader.stop()
            await asyncio.sleep(_POLL_SECONDS)
