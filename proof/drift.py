"""The alerts about models: each follows from the snapshot that tells of it, learned again."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from contracts.alert_event import encode_alert_event
from contracts.topics import ALERTS
from models.drift_alerts import drift_alerts
from models.snapshot import decode_snapshot
from proof.compare import compare_sequences, event_id
from proof.logs import Entry, Follower, Logs
from proof.report import Report

PARTITION: Final = 0
"""Where alerts about models stand."""
_PREFIX: Final = b"model:"
_WHERE: Final = "models"


class _Model(msgspec.Struct):
    version: str


class _Data(msgspec.Struct):
    model: _Model | None
    user_id: int | str | None


class _Event(msgspec.Struct):
    source: str
    data: _Data


_events: Final = msgspec.json.Decoder(_Event)


def is_about_a_model(record: Entry) -> bool:
    """Whether an alert is the trainer's: a learner may be called as a model's key is."""
    return _version(record) is not None


def compare_drift_alerts(
    report: Report, logs: Logs, snapshots: Mapping[int, bytes], newest: int, why_not: str | None
) -> None:
    """What stands in `alerts` about models, against what the snapshots are to have told.

    `snapshots` were learned again; those up to `newest` are all there were when they were read.
    `source` is a setting of the trainer's process, and is taken as it stands there.
    """
    check, follower = report["alerts"], Follower(logs, ALERTS, PARTITION)
    follower.catch_up()
    found, unknown = [], 0
    for record in follower.records:
        version = _version(record)
        if version is None or version > newest:
            continue
        if version in snapshots:
            found.append(record.value or b"")
        else:
            unknown += 1
    why = why_not or "the snapshot that tells of it is gone"
    check.found += unknown
    check.give_up(unknown, f"{_WHERE}: {why}")
    wanted = list(_expected(snapshots, found))
    compare_sequences(
        check,
        [(event_id(data), data) for data in wanted],
        [(event_id(data), data) for data in found],
        _WHERE,
    )


def _expected(snapshots: Mapping[int, bytes], found: Iterable[bytes]) -> Iterable[bytes]:
    """Each alert as it is to stand there, from the source that it has there."""
    sources = {event_id(data): _events.decode(data).source for data in found}
    for _, snapshot in sorted(snapshots.items()):
        for transition in drift_alerts(decode_snapshot(snapshot)):
            event = encode_alert_event(transition, "")
            if (source := sources.get(event_id(event))) is not None:
                event = encode_alert_event(transition, source)
            yield event


def _version(record: Entry) -> int | None:
    """The snapshot that tells of an alert about a model; None where it is another alert."""
    if not (record.key or b"").startswith(_PREFIX):
        return None
    try:
        data = _events.decode(record.value or b"").data
    except msgspec.DecodeError:
        return None
    known = data.model is not None and data.user_id is None and data.model.version.isdecimal()
    return int(data.model.version) if known and data.model is not None else None
