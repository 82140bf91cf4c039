"""The trainer's fold: lessons are learned; snapshots stand beside their position."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog
from msgspec.structs import replace
from typing_extensions import override

from agents.partition_owner.job import Fold, Message, Position, Writing
from agents.partition_owner.transport import Raw
from agents.trainer.context import Context
from contracts.alert_event import HEADERS, encode_alert_event
from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_KEY,
    Trainer,
    encode_serving,
    encode_trainer,
    learning_key,
    snapshot_key,
)
from contracts.topics import ALERTS
from models.drift_alerts import drift_alerts
from models.learning import Learning
from models.snapshot import decode_snapshot
from models.training import Published, Training

COMMIT_SECONDS: Final = 1.0
"""While examples stream in, what was learned is written no more often: it is some 300 KB."""

log = structlog.get_logger()


class Committed(Protocol):
    """What was committed last of what the trainer has learned."""

    parts: dict[str, bytes]
    record: bytes | None


@dataclass(slots=True)
class _Written:
    """What the running transaction writes, to be kept once it is committed."""

    trainer: Trainer
    record: bytes
    parts: Mapping[str, bytes]
    published: list[Published] = field(default_factory=list)
    alerts: int = 0


class TrainerFold(Fold):
    """`Training` with what the shell knows: the time, and what was committed.

    Invariants:
        I3, I4: what was learned, the snapshots made of it, the alerts that follow from these and
        the position are one transaction.
        Each example is learned once: what was not committed is learned again from what was.
    """

    def __init__(
        self, context: Context, stored: Committed, training: Training, learning: Learning
    ) -> None:
        self._context = context
        self._stored = stored
        self._training = training
        self._learning = learning
        self._committed = training.trainer
        self._committed_at = time.monotonic() - COMMIT_SECONDS
        self._written: _Written | None = None
        if training.trainer.published_at == 0:  # an hour without a snapshot begins now
            self._stamp()
        context.metrics.stands(training.trainer)

    @property
    @override
    def position(self) -> Position:
        trainer = self._training.trainer
        return Position(trainer.topic_id, trainer.partitions, trainer.next)

    @override
    def begin(self) -> None:
        self._written = None

    @override
    async def adopt(self, *, idle: bool) -> None:
        """Nothing comes beside the records."""

    @override
    def fold(self, records: Sequence[Raw]) -> None:
        for record in records:
            problem = self._training.take(record)
            if problem is not None:
                log.warning(
                    "lesson_rejected",
                    offset=record.offset,
                    reason=problem.reason,
                    detail=problem.detail,
                )

    @override
    def writing(self) -> Writing | None:
        training = self._training
        if training.is_due(self._context.clock.now()):
            training.publish()
        if training.published:
            self._stamp()
        trainer = training.trainer
        if not self._is_worth_it(trainer):
            return None
        states = [Message(snapshot_key(each.number), each.data) for each in training.published]
        if training.published or trainer.serving != self._committed.serving:
            states.append(Message(SERVING_KEY, encode_serving(trainer.serving)))
        parts = self._changed_parts()
        states += [Message(learning_key(part), data) for part, data in parts.items()]
        record = encode_trainer(trainer)
        alerts = self._alerts()
        self._written = _Written(trainer, record, parts, list(training.published), len(alerts))
        return Writing(
            outputs=[(ALERTS, alerts)],
            states=[*states, Message(TRAINER_KEY, record)],
            next=trainer.next,
        )

    @override
    def committed(self) -> None:
        written = self._written
        assert written is not None, "committed what was not written"
        self._stored.parts |= written.parts
        self._stored.record = written.record
        self._committed, self._committed_at = written.trainer, time.monotonic()
        self._training.published.clear()

    @override
    def report(self) -> None:
        written = self._written
        assert written is not None, "reported what was not written"
        self._context.metrics.stands(written.trainer)
        self._context.metrics.published(len(written.published), written.alerts)
        for each in written.published:
            log.info(
                "snapshot_published",
                number=each.number,
                bytes=len(each.data),
                learned=written.trainer.learned,
                next=written.trainer.next,
            )

    @override
    async def close(self) -> None:
        """Nothing is read from."""

    def _is_worth_it(self, trainer: Trainer) -> bool:
        """Whether there is something to commit, and nothing was a moment ago.

        Nothing is committed while a day is gathered: the position would stand behind what was not
        learned, or an order before the day's end would be carried out twice.
        """
        training = self._training
        if training.gathers and not training.published:
            return False
        if training.published or trainer.serving != self._committed.serving:
            return True
        late = time.monotonic() - self._committed_at >= COMMIT_SECONDS
        return late and trainer != self._committed

    def _alerts(self) -> list[Message]:
        """What the snapshots of the running transaction are the first to tell of drift."""
        source = self._context.settings.alert_source
        return [
            Message(each.about.encode(), encode_alert_event(each, source), HEADERS)
            for published in self._training.published
            for each in drift_alerts(decode_snapshot(published.data))
        ]

    def _changed_parts(self) -> dict[str, bytes]:
        known = self._stored.parts
        return {
            part: data for part, data in self._learning.parts().items() if known.get(part) != data
        }

    def _stamp(self) -> None:
        trainer, now = self._training.trainer, self._context.clock.now()
        self._training.trainer = replace(trainer, published_at=now)
