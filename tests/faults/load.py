"""The LMS of a run: simulated learners at a steady rate, and the one who is shown."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count, islice
from typing import Any, Final

from typing_extensions import override

from contracts.topics import ACTIVITY, COURSES
from domain.ids import partition_of
from feeds.faults import Faults, Tally
from feeds.records import Record
from feeds.simulate import Simulation
from runtime.clock import WallClock
from runtime.kafka import keyed_producer
from runtime.settings import Settings
from tests.faults.plan import PARTITIONS, Plan
from tests.faults.shown import shown_events, shown_facts

_ROUND_SECONDS: Final = 0.05
_STREAM_UNTIL: Final = 1_735_000_000
_SEEDS_APART: Final = 1_000_000


class Sender(threading.Thread):
    """Sends until told to stop; every record must be acknowledged in the end."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        super().__init__(name="load", daemon=True)
        load = plan.load
        until = _STREAM_UNTIL if plan.clock == "stream" else WallClock().now() // 86_400 * 86_400
        shares = Faults(duplicates=load.duplicates, late=load.late, bad=load.bad)
        self._simulation = Simulation(load.learners, load.days, plan.seed, until, shares)
        self._settings = settings
        self._rate = load.rate
        self._stop_asked = threading.Event()
        self._shown = shown_events(self._simulation.first)
        self.shown_sent = 0
        """Of the learner whose page is open: one a second, while there are any."""
        self.sent = 0
        self.acknowledged = 0
        self.problem: str | None = None
        self.following = dict.fromkeys(range(PARTITIONS), 0)
        """Behind the last acknowledged record of each partition."""
        self.learners: list[str] = []
        """Who has sent something that was acknowledged."""
        self._seen: set[bytes] = set()

    def send_courses(self) -> None:
        """The course facts, before anything else."""
        with closing(keyed_producer(self._settings)) as producer:
            for record in (*self._simulation.facts(), shown_facts()):
                name = self._settings.topic(COURSES.name)
                producer.send(name, key=record.key, value=record.value, partition=0)
            producer.flush(30)

    def finish(self) -> None:
        """Stop, and wait until everything is acknowledged."""
        self._stop_asked.set()
        if self.ident is None:  # never started
            return
        self.join(60)
        if self.is_alive():
            self.problem = "the last records were not acknowledged within 60 s"

    @override
    def run(self) -> None:
        try:
            self._send_all()
        except Exception as error:  # noqa: BLE001 - it is told by the main thread
            self.problem = f"the load failed: {error!r}"

    def _send_all(self) -> None:
        records = self._records()
        started = time.monotonic()
        with closing(keyed_producer(self._settings, delivery_timeout_ms=120_000)) as producer:
            while not self._stop_asked.wait(_ROUND_SECONDS):
                passed = time.monotonic() - started
                self._send_shown(producer, int(passed) + 1 - self.shown_sent)
                due = int(passed * self._rate) - self.sent
                for record in islice(records, min(max(due, 0), 2 * self._rate)):
                    self._send(producer, record)
            producer.flush(60)
        if self.acknowledged != self.sent:
            self.problem = f"{self.sent} sent, {self.acknowledged} acknowledged"

    def _records(self) -> Iterator[Record]:
        """The simulated days, and further ones for as long as a slow machine takes for a run.

        Under the wall clock they are the same days again: nothing happens in the future.
        """
        first = self._simulation
        later = first.days * 86_400 if self._settings.clock == "stream" else 0
        for number in count():
            seed, until = first.seed + number * _SEEDS_APART, first.until + number * later
            yield from replace(first, seed=seed, until=until).records(Tally())

    def _send_shown(self, producer: Any, due: int) -> None:
        for record in islice(self._shown, max(due, 0)):
            self.shown_sent += 1
            self._send(producer, record)

    def _send(self, producer: Any, record: Record) -> None:
        home = 0 if record.key is None else partition_of(record.key, PARTITIONS)
        place = (home + record.shift) % PARTITIONS
        self.sent += 1
        future = producer.send(
            self._settings.topic(ACTIVITY.name),
            key=record.key,
            value=record.value,
            partition=place,
        )
        future.add_callback(self._acknowledged, record.key)
        future.add_errback(self._refused)

    def _acknowledged(self, key: bytes | None, stored: Any) -> None:
        self.acknowledged += 1
        self.following[stored.partition] = max(self.following[stored.partition], stored.offset + 1)
        if key is not None and key not in self._seen:
            self._seen.add(key)
            self.learners.append(key.decode())

    def _refused(self, error: BaseException) -> None:
        self.problem = f"a record was not acknowledged: {error!r}"
