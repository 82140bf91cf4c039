"""The owner of one partition: takes what waits, folds it, commits it, and only then continues."""

import asyncio
import copy
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import structlog

from agents.backfill import Backfill
from agents.courses import CourseLetters, CourseReader
from agents.halting import explained
from agents.takeover import Loaded, Taken, take_over
from agents.transaction import Committer, Encoded, Writing
from agents.transport import Batch, Standing
from domain.checkpoint import FOLD_VERSION, Counters
from domain.codec import UnknownVersionError, encode_learner
from domain.configuration import Configuration, canonical
from domain.decode import Record
from domain.fold import DeadLetter, Effects, PartitionFold
from domain.inputs import FoldVersion, Tick
from domain.scoring import Scorer
from runtime.clock import Clock
from runtime.errors import CrashError, TooManyRejectedError, UsageError
from runtime.failpoints import Failpoints
from runtime.metrics import Metrics
from runtime.settings import Settings

DEADLINE_SECONDS: Final = 40.0
"""Around each batch and each take-over: retries of a produce request have no end of their own."""
TICK_SECONDS: Final = 60
_POLL_SECONDS: Final = 1.0
_CHUNK_RECORDS: Final = 1_000
_LETTERS_PARTITION: Final = 0
_STOP_SECONDS: Final = 5.0

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Context:
    """What every owner of a worker shares."""

    settings: Settings
    configuration: Configuration
    scorer: Scorer
    clock: Clock
    courses: CourseReader
    metrics: Metrics
    failpoints: Failpoints


@dataclass(slots=True)
class _Waiting:
    """Batches that were delivered and not yet folded."""

    batches: deque[Batch] = field(default_factory=deque)
    records: int = 0

    def add(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.records += len(batch.records)

    def take(self, limit: int) -> Iterator[Record]:
        """Whole batches, merged up to `limit` records, at least one."""
        taken = 0
        while self.batches and (taken == 0 or taken + len(self.batches[0].records) <= limit):
            batch = self.batches.popleft()
            taken += len(batch.records)
            self.records -= len(batch.records)
            for record in batch.records:
                yield Record(record.offset, record.timestamp, record.key, record.value)


class Owner:
    """One partition's owner, from its assignment to its revocation.

    Invariants:
        I1, I4: a batch begins where the last one ended; states stand in memory only when committed.
    """

    def __init__(self, context: Context, partition: int, loaded: Loaded | None) -> None:
        self.partition = partition
        self.loaded = loaded
        self.advances = 0
        """Moves with every commit."""
        self.turns = 0
        """Moves once a second at least, work or not, unless a turn or the end of all hangs."""
        self.halted = False
        """Whether it ended because too many events were rejected: it takes no more."""
        self._context = context
        self._waiting = _Waiting()
        self._wake = asyncio.Event()
        self._stopping = False
        self._expected: int | None = None
        self._courses_version = -1
        self._ticked_at = 0
        self._backfill = Backfill()
        self._letters: CourseLetters | None = None
        self._fold: PartitionFold
        self._committer: Committer

    @property
    def accepts_more(self) -> bool:
        """Whether another fetch fits: one batch is being folded, about one more may wait."""
        return not self.halted and self._waiting.records < self._context.settings.batch_records

    @property
    def waiting(self) -> int:
        """How many records were delivered and not yet folded."""
        return self._waiting.records

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopping

    @property
    def opened(self) -> bool:
        """Whether the take-over is over and records may come."""
        return self._expected is not None

    def deliver(self, batch: Batch) -> None:
        """Take a batch; the next turn folds it."""
        if self._stopping or self.halted:
            return
        if batch.start != self._expected:
            raise CrashError(
                f"partition {self.partition}: a batch from {batch.start} on came, "
                f"expected {self._expected}"
            )
        self._expected = batch.records[-1].offset + 1
        self._waiting.add(batch)
        self._wake.set()

    def wake(self) -> None:
        """Look whether there is something to do: course facts may have come."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """End after the transaction that runs now."""
        self._stopping = True
        self._wake.set()

    async def run(
        self,
        open_at: Callable[[int], Awaitable[bool]],
        standing: Callable[[], Standing],
    ) -> None:
        """Take the partition over and own it until asked to stop.

        Raises TooManyRejectedError where the partition halts or is halted, and is `halted` from
        then on; everything else that it raises is the end of the process.
        """
        try:
            await self._own(open_at, standing)
        except TooManyRejectedError as error:
            self.halted = True
            raise await explained(error, self._context.settings, self.partition) from error

    async def resume(self) -> None:
        """Take a halted partition over, resume it, and leave it to whoever owns it next."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            taken = await self._take_over(resume=True)
        await self._close(taken)

    async def _own(
        self,
        open_at: Callable[[int], Awaitable[bool]],
        standing: Callable[[], Standing],
    ) -> None:
        started = time.monotonic()
        async with asyncio.timeout(DEADLINE_SECONDS):
            taken = await self._take_over(resume=False)
        try:
            await self._take_turns(open_at, standing, started)
        except TooManyRejectedError:
            await self._close(taken)
            raise
        # Any other error is the end of the process: to close in order may wait for ever.
        await self._close(taken)

    async def _take_turns(
        self,
        open_at: Callable[[int], Awaitable[bool]],
        standing: Callable[[], Standing],
        started: float,
    ) -> None:
        self._expected = self._fold.checkpoint.next
        if not self._stopping and not await open_at(self._expected):
            return  # a rebalance came between: a new owner starts after it
        self._context.metrics.took("takeover_seconds", self.partition, time.monotonic() - started)
        log.info("partition_taken", partition=self.partition, next=self._expected)
        while not self._stopping:
            await self._pause()
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._turn(standing)
            self.turns += 1

    async def _close(self, taken: Taken) -> None:
        async with asyncio.timeout(_STOP_SECONDS):
            await taken.producer.stop()
            if self._letters is not None:
                await self._letters.stop()

    # -- take-over -------------------------------------------------------------------------------

    async def _take_over(self, *, resume: bool) -> Taken:
        try:
            return await self._taken_over(resume=resume)
        except UnknownVersionError as error:
            raise UsageError(f"partition {self.partition}: {error}") from error

    async def _taken_over(self, *, resume: bool) -> Taken:
        context = self._context
        taken = await take_over(context.settings, self.partition, self.loaded, resume=resume)
        try:
            self.loaded = taken.loaded
            self._committer = Committer(
                taken.producer, context.settings, self.partition, context.failpoints
            )
            self._fold = PartitionFold(
                taken.checkpoint,
                context.configuration,
                taken.loaded.facts,
                taken.loaded.table,
                context.scorer,
            )
            await context.courses.caught_up()
            if self.partition == _LETTERS_PARTITION:
                self._letters = CourseLetters(context.settings, taken.checkpoint.courses)
                await self._letters.start()
            await self._adopt_what_is_new()
        except BaseException:
            await taken.producer.stop()
            raise
        return taken

    async def _adopt_what_is_new(self) -> None:
        """What changed since the last owner: the code, the configuration, the course facts."""
        fold, checkpoint = self._fold, self._fold.checkpoint
        effects = fold.begin()
        if checkpoint.fold_version != FOLD_VERSION:
            fold.adopt(fold.next_input("fold_version", FoldVersion(FOLD_VERSION)), effects)
        if checkpoint.configuration != canonical(self._context.configuration):
            fold.adopt(fold.next_input("configuration", self._context.configuration), effects)
        if checkpoint.halted is not None:
            log.warning("partition_resumed", partition=self.partition, was=checkpoint.halted.reason)
            fold.adopt(fold.next_input("resume", {}), effects)
        self._adopt_courses(effects)
        if effects.inputs:
            await self._commit(effects, [])

    def _adopt_courses(self, effects: Effects) -> None:
        courses = self._context.courses
        if self._courses_version == courses.version:
            return
        self._courses_version = courses.version
        for facts in list(courses.changed(self._fold.facts)):
            self._fold.adopt(self._fold.next_input("course", facts), effects)

    # -- one turn --------------------------------------------------------------------------------

    async def _pause(self) -> None:
        """Until something waits, or a second: a timer may be due."""
        if self._waiting.records:
            return
        self._wake.clear()
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _turn(self, standing: Callable[[], Standing]) -> None:
        """One batch, and before it what came beside events; all of it is one transaction."""
        fold = self._fold
        before = fold.checkpoint.next
        counters = copy.copy(fold.checkpoint.counters)
        effects = fold.begin()
        self._adopt_courses(effects)
        self._adopt_tick(effects, standing)
        letters = await self._letters_of_courses()
        started = time.monotonic()
        records = list(self._waiting.take(self._context.settings.batch_records))
        for first in range(0, len(records), _CHUNK_RECORDS):
            fold.fold(records[first : first + _CHUNK_RECORDS], effects)
            await asyncio.sleep(0)  # the other owners' requests go out meanwhile
        if effects.backfill:
            self._backfill.came(self._context.clock.now())
        if records:
            self._context.metrics.took("fold_seconds", self.partition, time.monotonic() - started)
        if effects.empty and not letters and fold.checkpoint.next == before:
            return
        await self._commit(effects, letters)
        self._report(effects, counters)
        if fold.checkpoint.halted is not None:
            raise TooManyRejectedError(
                f"partition {self.partition} halted at offset {fold.checkpoint.next}: "
                f"{fold.checkpoint.halted.reason}"
            )

    def _adopt_tick(self, effects: Effects, standing: Callable[[], Standing]) -> None:
        """Wake who was due; the events of a backlog or a backfill come first: they know better.

        A tick fires what was due before it, so at the very moment of a timer it is too early.
        """
        fold = self._fold
        due = fold.due_at()
        if fold.checkpoint.clock_mode != "wall" or due is None:
            return
        now = self._context.clock.now()
        if due >= now or now - self._ticked_at < TICK_SECONDS:
            return
        position, end = standing()
        idle = position is not None and end is not None and position >= end
        if not (idle and not self._waiting.records) and now - fold.checkpoint.clock > TICK_SECONDS:
            return
        if self._backfill.holds_ticks(now):
            return
        self._ticked_at = now
        self._backfill.ticked(now)
        fold.adopt(fold.next_input("tick", Tick(now)), effects)

    async def _letters_of_courses(self) -> list[tuple[int, DeadLetter]]:
        if self._letters is None:
            return []
        letters, self._fold.checkpoint.courses = await self._letters.next()
        return letters

    async def _commit(self, effects: Effects, letters: list[tuple[int, DeadLetter]]) -> None:
        """Write it all; only then do the new states stand in memory."""
        loaded = self.loaded
        assert loaded is not None, "taken over"
        table = loaded.table
        encoded = [
            Encoded(user_id, encode_learner(state), state)
            for user_id, state in effects.changed.items()
        ]
        writing = Writing(
            checkpoint=self._fold.checkpoint,
            alert_source=self._fold.configuration.alert_source,
            effects=effects,
            encoded=encoded,
            letters_of_courses=letters,
        )
        started = time.monotonic()
        committed = await self._committer.commit(writing)
        self._context.metrics.took(
            "transaction_seconds", self.partition, time.monotonic() - started
        )
        for user_id, data, state in encoded:
            table.put(user_id, data, state)
        loaded.checkpoint, table.next = committed
        self.advances += 1

    def _report(self, effects: Effects, before: Counters) -> None:
        """Metrics, and a loud line for every defect of ours."""
        checkpoint, metrics = self._fold.checkpoint, self._context.metrics
        now = checkpoint.counters
        metrics.count("batches", self.partition)
        metrics.count("events", self.partition, now.events - before.events)
        metrics.count("rejected", self.partition, now.rejected - before.rejected)
        metrics.count("duplicates", self.partition, now.duplicates - before.duplicates)
        metrics.count("defects", self.partition, now.defects - before.defects)
        metrics.count("inputs", self.partition, len(effects.inputs))
        metrics.count("transitions", self.partition, len(effects.transitions))
        metrics.show("clock", self.partition, checkpoint.clock)
        for letter in effects.dead_letters:
            if letter.reason == "defect":
                log.error(
                    "event_defect",
                    partition=self.partition,
                    offset=letter.record.offset,
                    detail=letter.detail,
                )
