"""What one batch of records comes to: the newest of each key, as columns that Postgres takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from contracts.alert_event import decode_published
from contracts.snapshots import SERVING_KEY, Serving, decode_serving, snapshot_number
from contracts.state_keys import PARTITION_KEY, course_of, is_learner
from domain.alerts import Feedback, Response, Transition
from domain.state.learner import Learner
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import UnknownVersionError, decode_checkpoint, decode_learner
from domain.stored.rows import LearnerRow, learner_row
from models.snapshot import (
    BadSnapshotError,
    Snapshot,
    UnknownSnapshotError,
    decode_snapshot,
)
from runtime.errors import CrashError, UsageError


class Record(Protocol):
    """What is read of a Kafka record."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102


@dataclass(slots=True)
class Models:
    """What a batch of `model.snapshots` brings for readers; the trainer's own state passes by."""

    snapshots: dict[int, tuple[Snapshot, bytes]] = field(default_factory=dict)
    serving: Serving | None = None
    refused: list[str] = field(default_factory=list)
    """What is under a reader's key and cannot be read; workers refuse it too."""


@dataclass(slots=True)
class States:
    """The newest of a batch of `progress.state`; `decoded` are the learners' states."""

    learners: list[tuple[LearnerRow, bytes]] = field(default_factory=list)
    decoded: list[Learner] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    checkpoint: tuple[Checkpoint, bytes] | None = None
    facts: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Responses:
    """What a learner said about one alert, all in all."""

    alert_id: str
    user_id: str
    acknowledged_at: int | None = None
    feedback: Feedback | None = None
    feedback_at: int | None = None

    def take(self, said: Response) -> None:
        """The first acknowledgement counts, and the newest feedback; of one time, the later one."""
        if said.feedback is None:
            self.acknowledged_at = min(self.acknowledged_at or said.at, said.at)
        elif said.at >= (self.feedback_at or said.at):
            self.feedback, self.feedback_at = said.feedback, said.at


@dataclass(slots=True)
class Alerts:
    """Of each alert in a batch of `progress.alerts` the newest whole transition and end.

    What learners said about an alert counts whatever its revision, and is put together by rules
    that do not depend on where batches end; the alert's row is there, as the fold knew the alert.
    """

    published: list[tuple[Transition, bytes]] = field(default_factory=list)
    ended: list[Transition] = field(default_factory=list)
    responses: list[Responses] = field(default_factory=list)


def newest_states(records: Sequence[Record]) -> States:
    """Keep the last record of each key: offsets and `steps` grow together on a partition.

    Raises UsageError where a newer version of the code wrote one, CrashError where one is neither
    a state nor a checkpoint.
    """
    newest = {record.key: record for record in records}
    states = States()
    for key, record in newest.items():
        if key is None:
            raise CrashError(
                f"offset {record.offset} of the states has no key; expected a learner's id"
            )
        try:
            _sort_in(states, key, record.value)
        except UnknownVersionError as error:
            raise UsageError(f"offset {record.offset} of the states: {error}") from error
        except msgspec.DecodeError as error:
            raise CrashError(f"offset {record.offset} of the states: {error}") from error
    return states


def newest_models(records: Iterable[Record]) -> Models:
    """The snapshots that can be read, the first of each number, and which one serves."""
    models = Models()
    for record in records:
        key, value = record.key or b"", record.value
        number = snapshot_number(key)
        if value is None or not (number or key == SERVING_KEY):
            continue
        try:
            if number is None:
                models.serving = decode_serving(value)
            elif number not in models.snapshots:
                models.snapshots[number] = decode_snapshot(value), value
        except (UnknownSnapshotError, BadSnapshotError, msgspec.DecodeError) as error:
            models.refused.append(f"offset {record.offset}: {error}")
    return models


def newest_alerts(records: Iterable[Record]) -> Alerts:
    """Of each alert the last transition that has all of it, and the last that ends it.

    Only what raises the revision counts, as if each were written alone: so the rows do not depend
    on where batches begin and end.

    Raises CrashError where a record is no transition.
    """
    revisions: dict[str, int] = {}
    published: dict[str, tuple[Transition, bytes]] = {}
    ended: dict[str, Transition] = {}
    responses: dict[tuple[str, str], Responses] = {}
    for record in records:
        body = record.value or b""
        try:
            transition = decode_published(body)
        except msgspec.DecodeError as error:
            raise CrashError(f"offset {record.offset} of the transitions: {error}") from error
        if isinstance(transition, Response):
            about = transition.alert_id, transition.user_id
            known = responses.setdefault(about, Responses(alert_id=about[0], user_id=about[1]))
            known.take(transition)
            continue
        identity = transition.alert_id
        if transition.revision <= revisions.get(identity, 0):
            continue
        revisions[identity] = transition.revision
        if transition.kind == "resolved":
            ended[identity] = transition
        else:
            published[identity] = transition, body
    return Alerts(list(published.values()), list(ended.values()), list(responses.values()))


def learner_columns(learners: Sequence[tuple[LearnerRow, bytes]]) -> dict[str, list[object]]:
    """The columns of `write_learners`, in order of the key so that two writers never deadlock."""
    ordered = sorted(learners, key=lambda pair: pair[0].user_id)
    rows = [row for row, _ in ordered]
    return {
        "user_id": [row.user_id for row in rows],
        "steps": [row.steps for row in rows],
        "state": [state for _, state in ordered],
        "course_ids": [text_array(row.course_ids) for row in rows],
        "last_event_at": [row.last_event_at for row in rows],
        "first_day": [row.first_day for row in rows],
        "activities": [number_array(row.activities) for row in rows],
        "seconds": [number_array(row.seconds) for row in rows],
        "posts": [number_array(row.posts) for row in rows],
        "began_day": [row.began_day for row in rows],
        "timed": [number_array(row.timed) for row in rows],
        "not_passing": [number_array(row.not_passing) for row in rows],
        "next_missing": [number_array(row.next_missing) for row in rows],
    }


def snapshot_columns(models: Models) -> dict[str, list[object]]:
    """The columns of `write_snapshots`."""
    ordered = sorted(models.snapshots.items())
    return {
        "number": [number for number, _ in ordered],
        "learned_until": [snapshot.learned_until for _, (snapshot, _) in ordered],
        "snapshot": [data for _, (_, data) in ordered],
        "report": [msgspec.json.encode(snapshot.reports).decode() for _, (snapshot, _) in ordered],
    }


def published_columns(published: Sequence[tuple[Transition, bytes]]) -> dict[str, list[object]]:
    """The columns of `write_told_alerts`."""
    ordered = sorted(published, key=lambda pair: pair[0].alert_id)
    rows = [transition for transition, _ in ordered]
    return {
        "alert_id": [row.alert_id for row in rows],
        "user_id": [row.user_id for row in rows],
        "revision": [row.revision for row in rows],
        "type": [row.type for row in rows],
        "severity": [row.severity for row in rows],
        "state": [row.state for row in rows],
        "raised_at": [row.raised_at for row in rows],
        "updated_at": [row.at for row in rows],
        "expires_at": [row.expires_at for row in rows],
        "body": [body for _, body in ordered],
    }


def ended_columns(ended: Sequence[Transition]) -> dict[str, list[object]]:
    """The columns of `write_ended_alerts`."""
    rows = sorted(ended, key=lambda transition: transition.alert_id)
    return {
        "alert_id": [row.alert_id for row in rows],
        "revision": [row.revision for row in rows],
        "state": [row.state for row in rows],
        "updated_at": [row.at for row in rows],
        "resolved_at": [row.resolved_at for row in rows],
        "resolution": [row.resolution for row in rows],
    }


def response_columns(responses: Sequence[Responses]) -> dict[str, list[object]]:
    """The columns of `write_responses`."""
    rows = sorted(responses, key=lambda said: said.alert_id)
    return {
        "alert_id": [row.alert_id for row in rows],
        "user_id": [row.user_id for row in rows],
        "acknowledged_at": [row.acknowledged_at for row in rows],
        "feedback": [row.feedback for row in rows],
        "feedback_at": [row.feedback_at for row in rows],
    }


def number_array(values: Sequence[float | None]) -> str:
    """A Postgres array literal: arrays of arrays cannot be unnested, arrays of literals can."""
    text = "{" + str(list(values))[1:-1] + "}"  # half the time of a join
    return text.replace("None", "NULL")


def text_array(values: Sequence[str]) -> str:
    """As `number_array`, with each text quoted."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _sort_in(states: States, key: bytes, value: bytes | None) -> None:
    if is_learner(key):
        if value is None:
            states.removed.append(key.decode())
        else:
            state = decode_learner(value)
            states.learners.append((learner_row(state), value))
            states.decoded.append(state)
    elif value is None:
        return
    elif key == PARTITION_KEY:
        states.checkpoint = decode_checkpoint(value), value
    elif (course_id := course_of(key)) is not None:
        states.facts[course_id] = value
