"""Where the log ends, asked by a client of its own: what the fetcher believes is no witness."""

import threading
import time
from collections.abc import Mapping
from typing import Final

import structlog
from kafka import KafkaConsumer, TopicPartition
from typing_extensions import override

from contracts.topics import Topic
from runtime.kafka import committed_reader
from runtime.servers import require_kafka
from runtime.settings import Settings

ASK_SECONDS: Final = 5.0
_ANSWER_MS: Final = 10_000

log = structlog.get_logger()


class LogEnds(threading.Thread):
    """Asks once in five seconds, in a thread of its own, as an answer may take long.

    A fetch that never comes back, or is never sent, leaves the fetcher where the log ended for it.
    Only somebody else can know that the log has moved on since.
    """

    def __init__(self, settings: Settings, source: Topic) -> None:
        super().__init__(name="log-ends", daemon=True)
        self._settings = settings
        self._topic = settings.topic(source.name)
        self._ends: Mapping[int, int] = {}
        self._said: str | None = None
        self._reader: KafkaConsumer | None = None

    def of(self, partition: int) -> int | None:
        """Where the partition's committed records end; None while nobody answers."""
        return self._ends.get(partition)

    @override
    def run(self) -> None:
        """Ask until the process ends; what fails is said once and tried again."""
        while True:
            try:
                self._ask()
            except Exception as error:  # noqa: BLE001 - a witness that leaves would be silent
                self._failed(str(error) or type(error).__name__)
            time.sleep(ASK_SECONDS)

    def _ask(self) -> None:
        reader = self._reader = self._reader or self._connected()
        numbers = reader.partitions_for_topic(self._topic) or ()
        places = [TopicPartition(self._topic, number) for number in numbers]
        ends = reader.end_offsets(places)
        self._ends = {place.partition: end for place, end in ends.items()}
        self._said = None

    def _connected(self) -> KafkaConsumer:
        """A reader for good: it connects again by itself.

        Where kafka-python 3.0 cannot connect at once, it leaves a thread behind that keeps trying
        for ever: so it is not made before a broker lets us in.
        """
        require_kafka(self._settings)
        return committed_reader(self._settings, request_timeout_ms=_ANSWER_MS)

    def _failed(self, reason: str) -> None:
        self._ends = {}
        if self._said is None:
            log.warning("log_ends_unknown", reason=reason)
        self._said = reason
