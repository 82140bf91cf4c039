"""What arrives at a partition is watched: does the source still send, whose records are rejected.

A silence is found by the first record or tick after the moment at which it is too long, and begins
at that moment, so it is the same alert whenever it is found. What the watch goes by stands in the
checkpoint; what is said, in `domain/rules/data_quality.py`.
"""

from typing import Final
from uuid import UUID

from msgspec.structs import replace

from domain.alerts import DAY, Resolution, Subject, Transition
from domain.events.decode import Reason, Record
from domain.events.json_objects import LEARNER_ID_MAX
from domain.ids import partition_of
from domain.rules.data_quality import (
    ACCEPTED,
    RULE,
    DataQuality,
    Said,
    exceeds_percent,
    rejected_of,
    rejections,
    severity_of,
    silence,
    stopped_at,
    verdict_of,
)
from domain.state.limits import NEVER, SENDERS_MAX, SOURCE_DAYS
from domain.state.quality import DataAlert, Sender
from domain.stored.checkpoint import Checkpoint

_EVERY_DAY: Final = (1 << SOURCE_DAYS) - 1


class QualityWatch:
    """Watches the records of one partition, by thresholds that may change.

    Each method appends what follows to `published`.
    """

    def __init__(self, checkpoint: Checkpoint, rule: DataQuality) -> None:
        self._checkpoint = checkpoint
        self._quality = checkpoint.quality
        self._rule = rule
        self._wall = checkpoint.clock_mode == "wall"
        known = self._quality.last_at and self._quality.stopped is None
        self._day_ends = (self._quality.last_at // DAY + 1) * DAY if known else NEVER

    def due_at(self) -> int | None:
        """When the source has been silent for too long, in epoch seconds; None: not foreseen."""
        stopped = self._quality.stopped
        if stopped is not None and stopped.is_open:
            return None
        return stopped_at(self._quality, self._rule)

    def accepted(self, user_id: str, record: Record, published: list[Transition]) -> None:
        """A record was accepted, if only as one that came before."""
        quality = self._quality
        if quality.senders and user_id in quality.senders:
            self._judge(user_id, ACCEPTED, record, published)
        if not self._wall:
            return
        at = record.timestamp // 1000
        if at > quality.last_at:
            if at >= self._day_ends:
                self._begin_day(at, published)
            quality.last_at = at

    def rejected(self, record: Record, reason: Reason, published: list[Transition]) -> None:
        """A record was rejected; one under no learner's key counts for nobody.

        It ends no silence, and shows that time has come so far.
        """
        if self._wall:
            self.ticked(record.timestamp // 1000, published)
        user_id = self._sender_of(record, reason)
        if user_id is None or not self._make_room(user_id, record):
            return
        senders = self._quality.senders
        known = senders.pop(user_id) if user_id in senders else Sender()
        senders[user_id] = known  # the newest comes last
        self._judge(user_id, verdict_of(reason), record, published)

    def ticked(self, at: int, published: list[Transition]) -> None:
        """Time has come to `at`: a silence that was too long before is found."""
        due = self.due_at()
        if due is not None and due < at:
            self._raise_silence(due, at, published)

    def configured(self, rule: DataQuality, published: list[Transition]) -> None:
        """Other thresholds hold: what is open and would not be raised by them is corrected.

        What they raise is found by the next tick, or by the learner's next record.
        """
        self._rule = rule
        quality, clock = self._quality, self._checkpoint.clock
        stopped = quality.stopped
        if stopped is not None and stopped.is_open:
            due = stopped_at(quality, rule)
            if due is None or due >= clock:
                self._resolve("", stopped, clock, "corrected", published)
        for user_id, sender in list(quality.senders.items()):
            sender.verdicts = sender.verdicts[-rule.records :]
            self._let_end(user_id, sender, clock, "corrected", published)
            self._forget_well(user_id, sender)

    # -- the source ------------------------------------------------------------------------------

    def _begin_day(self, at: int, published: list[Transition]) -> None:
        """The first accepted record of a day (UTC), or the first after an alert.

        No silence that is too long is shorter than a day, so only here can one have ended.
        """
        quality = self._quality
        self.ticked(at, published)
        stopped, quality.stopped = quality.stopped, None
        if stopped is not None and stopped.is_open:
            ended: Resolution = "cleared" if at > stopped.raised_at else "corrected"
            self._resolve("", stopped, at, ended, published)
        later = at // DAY - quality.last_at // DAY
        known = quality.days << later if later < SOURCE_DAYS else 0
        quality.days = known & _EVERY_DAY | 1
        self._day_ends = (at // DAY + 1) * DAY

    def _raise_silence(self, due: int, now: int, published: list[Transition]) -> None:
        quality, own = self._quality, self._checkpoint
        said = silence(quality, own.partition, own.rejected_in_a_row, self._rule)
        before = quality.stopped
        quality.stopped = alert = _begun(said.id_in(own.partition), due, before)
        self._day_ends = NEVER  # whatever record comes next, it is looked at
        if now < alert.expires_at:
            published.append(self._raised(said, alert))

    # -- learners --------------------------------------------------------------------------------

    def _sender_of(self, record: Record, reason: Reason) -> str | None:
        """The learner under whose key a record came; None where the key is no id of this partition.

        Where the value is about somebody else, it is not known whose the record is.
        """
        own, key = self._checkpoint, record.key
        if not key or reason == "key_mismatch" or b"\0" in key:
            return None
        if partition_of(key, own.partitions) != own.partition:
            return None
        try:
            user_id = key.decode()
        except UnicodeDecodeError:
            return None
        return user_id if len(user_id) <= LEARNER_ID_MAX else None

    def _make_room(self, user_id: str, record: Record) -> bool:
        """Let the learner go who was rejected longest ago and is in no open alert, if need be."""
        quality = self._quality
        if user_id in quality.senders or len(quality.senders) < SENDERS_MAX:
            return True
        quality.senders_let_go += 1
        now = self._now(record)
        for known, sender in quality.senders.items():
            if sender.alert is None or sender.alert.expires_at <= now:
                del quality.senders[known]
                return True
        return False

    def _judge(
        self, user_id: str, verdict: int, record: Record, published: list[Transition]
    ) -> None:
        """Note what became of one more record of a learner, and look at the newest of them."""
        sender, rule, now = self._quality.senders[user_id], self._rule, self._now(record)
        sender.verdicts = (sender.verdicts + bytes((verdict,)))[-rule.records :]
        if sender.alert is not None:
            self._let_end(user_id, sender, now, "cleared", published)
        elif (
            now
            and len(sender.verdicts) == rule.records
            and exceeds_percent(sender.verdicts, rule.rejected_percent)
        ):
            own, cause = self._checkpoint, f"{now}:{record.offset}"
            said = rejections(user_id, sender.verdicts, own.partition, cause, rule)
            sender.alert = _begun(said.id_in(own.partition), now, None)
            published.append(self._raised(said, sender.alert))
        self._forget_well(user_id, sender)

    def _let_end(
        self,
        user_id: str,
        sender: Sender,
        now: int,
        ended: Resolution,
        published: list[Transition],
    ) -> None:
        """End an alert where few enough are rejected; one that has expired ends without a word."""
        alert, until = sender.alert, self._rule.rejected_percent_until
        if alert is not None and not exceeds_percent(sender.verdicts, until):
            sender.alert = None
            self._resolve(user_id, alert, now, ended, published)

    def _forget_well(self, user_id: str, sender: Sender) -> None:
        """Of whom nothing was rejected lately there is nothing to watch."""
        if sender.alert is None and not rejected_of(sender.verdicts):
            del self._quality.senders[user_id]

    def _now(self, record: Record) -> int:
        """When a record came, by the partition's clock; 0 while a stream has no time yet."""
        return record.timestamp // 1000 if self._wall else self._checkpoint.clock

    # -- what is published -----------------------------------------------------------------------

    def _resolve(
        self,
        user_id: str,
        alert: DataAlert,
        now: int,
        ended: Resolution,
        published: list[Transition],
    ) -> None:
        alert.is_open = False
        if now >= alert.expires_at:
            return
        alert.revision += 1
        alert.at = max(now, alert.at)
        bare = self._transition(user_id, alert)
        published.append(
            replace(bare, kind="resolved", state="resolved", resolved_at=alert.at, resolution=ended)
        )

    def _raised(self, said: Said, alert: DataAlert) -> Transition:
        return replace(
            self._transition(said.user_id, alert),
            title_code="alert.data_quality.title",
            message_code=said.message_code,
            params=said.params,
            evidence=(said.evidence,),
            suggested_actions=(said.action,),
        )

    def _transition(self, user_id: str, alert: DataAlert) -> Transition:
        """What identifies an alert, as if it were raised."""
        partition = str(self._checkpoint.partition)
        return Transition(
            kind="raised",
            alert_id=str(UUID(bytes=alert.alert_id)),
            revision=alert.revision,
            user_id=user_id,
            type=RULE.type,
            category=RULE.category,
            rule_version=RULE.version,
            severity=severity_of(user_id),
            state="open",
            at=alert.at,
            raised_at=alert.raised_at,
            expires_at=alert.expires_at,
            audience=RULE.audience,
            course_id=None,
            subject=Subject(RULE.subject, partition),
        )


def _begun(name: bytes, at: int, before: DataAlert | None) -> DataAlert:
    """An alert that begins then, or goes on where it was corrected before."""
    return DataAlert(
        alert_id=name,
        revision=1 if before is None else before.revision + 1,
        raised_at=at,
        expires_at=at + RULE.expires_days * DAY,
        at=at if before is None else max(at, before.at),
        is_open=True,
    )
