"""The models as an operator sees them: snapshots, which one serves, and orders to the trainer."""

import json
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from contracts.lessons import encode_order
from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_KEY,
    Serving,
    Trainer,
    decode_serving,
    decode_trainer,
    snapshot_number,
)
from contracts.topics import EXAMPLES, SNAPSHOTS
from domain.examples import Order
from models.reports import DriftEpisode, Report
from models.snapshot import BadSnapshotError, Snapshot, UnknownSnapshotError, decode_snapshot
from runtime.errors import CrashError, NotCaughtUpError, UsageError
from runtime.kafka import committed_reader, keyed_producer, reaching_kafka
from runtime.servers import wait_for_kafka
from runtime.settings import Settings
from runtime.tables import table

ORDER_SECONDS: Final = 30.0
"""So long an order is waited for: the trainer commits about once a second."""
_POLL_MS: Final = 200
_SEE: Final = "`learnstream models list` has them all"
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot as it stands in the topic; `problem` where it cannot be read here."""

    number: int
    at: int
    size: int
    data: bytes = field(repr=False)

    def decoded(self) -> Snapshot:
        """The snapshot; raises UsageError where it cannot be read."""
        try:
            return decode_snapshot(self.data)
        except (UnknownSnapshotError, BadSnapshotError) as error:
            raise UsageError(f"snapshot {self.number}: {error}") from error


@dataclass(slots=True)
class Models:
    """What stands in `model.snapshots`."""

    snapshots: dict[int, Published] = field(default_factory=dict)
    serving: Serving = field(default_factory=Serving)
    trainer: Trainer | None = None


def read_models(settings: Settings) -> Models:
    """Everything that is committed now; raises CrashError where Kafka does not answer."""
    wait_for_kafka(settings)
    found = Models()
    with reaching_kafka(settings), closing(_reader(settings)) as reader:
        _catch_up(reader, found)
    return found


def _reader(settings: Settings) -> KafkaConsumer:
    reader = committed_reader(settings, check_crcs=False)  # in Python, and the broker has checked
    place = TopicPartition(settings.topic(SNAPSHOTS.name), 0)
    reader.assign([place])
    reader.seek_to_beginning()
    return reader


def _catch_up(reader: KafkaConsumer, found: Models) -> None:
    """Read what came since."""
    (place,) = reader.assignment()
    end = reader.end_offsets([place])[place]
    while reader.position(place) < end:
        for record in reader.poll(timeout_ms=_POLL_MS).get(place, ()):
            _take(found, record)


def _take(found: Models, record: Any) -> None:
    key, value = record.key or b"", record.value
    if value is None:
        return
    try:
        if (number := snapshot_number(key)) is not None:
            at = record.timestamp // 1000
            found.snapshots.setdefault(number, Published(number, at, len(value), value))
        elif key == SERVING_KEY:
            found.serving = decode_serving(value)
        elif key == TRAINER_KEY:
            found.trainer = decode_trainer(value)
    except msgspec.DecodeError:
        return  # the one before it counts, as it does for workers


def order(settings: Settings, given: Order, *, seconds: float = ORDER_SECONDS) -> Serving:
    """Give the trainer an order and return what serves once it is carried out.

    Raises UsageError for a snapshot that is not there, NotCaughtUpError where the trainer does not
    carry it out in time: it will when it runs, unless the order is taken back.
    """
    wait_for_kafka(settings)
    found = Models()
    with reaching_kafka(settings), closing(_reader(settings)) as reader:
        _catch_up(reader, found)
        if given.order == "pin" and given.snapshot not in found.snapshots:
            raise UsageError(f"there is no snapshot {given.snapshot}; {_SEE}")
        offset = _send(settings, given)
        deadline = time.monotonic() + seconds
        while found.trainer is None or found.trainer.next <= offset:
            if time.monotonic() > deadline:
                raise NotCaughtUpError(
                    f"the trainer has not carried out `{given.order}` within {seconds:g} s: it "
                    "will when it runs and has learned what came before"
                )
            time.sleep(_LOOK_SECONDS)
            _catch_up(reader, found)
    return found.trainer.serving


def _send(settings: Settings, given: Order) -> int:
    try:
        with closing(keyed_producer(settings)) as producer:
            topic = settings.topic(EXAMPLES.name)
            sent = producer.send(topic, value=encode_order(given), partition=0)
            return int(sent.get(timeout=20).offset)
    except KafkaError as error:
        raise CrashError(f"Kafka did not take the order: {error}") from error


# -- for people and machines ---------------------------------------------------------------------


def listed(models: Models, *, as_json: bool) -> str:
    """Every snapshot, newest first, with what serves."""
    rows = [_row(models.snapshots[number]) for number in sorted(models.snapshots, reverse=True)]
    if as_json:
        trainer = None if models.trainer is None else msgspec.to_builtins(models.trainer)
        serving = msgspec.to_builtins(models.serving)
        return json.dumps({"serving": serving, "trainer": trainer, "snapshots": rows})
    shown = [
        (
            _mark(row["number"], models.serving),
            row["number"],
            row["published_at"],
            row["learned_until"] or row["problem"],
            row["examples"],
            row["drifted"],
        )
        for row in rows
    ]
    headings = ("", "number", "published", "learned until", "examples", "drifted")
    return f"{table(headings, shown)}\n\n{said(models.serving)}"


def said(serving: Serving) -> str:
    """Which snapshot serves, in words."""
    if serving.newest == 0:
        return "no snapshot yet: the models have learned too little"
    what = f"snapshot {serving.number} serves; the newest is {serving.newest}"
    what += ", pinned" if serving.pinned else ""
    return what + (", and learning is frozen" if serving.frozen else "")


def shown(models: Models, number: int | None, *, as_json: bool) -> str:
    """One snapshot's report, by default that of what serves; UsageError where it is not there."""
    number = models.serving.number if number is None else number
    if number not in models.snapshots:
        raise UsageError(f"there is no snapshot {number}; {_SEE}")
    published = models.snapshots[number]
    snapshot = published.decoded()
    reports = snapshot.reports
    if as_json:
        return json.dumps(
            {
                **_row(published),
                "reports": msgspec.to_builtins(reports),
                "gates": msgspec.to_builtins(snapshot.gates),
                "skipped": snapshot.skipped,
            }
        )
    headings = ("target", "examples", "shown", "error", "naive", "calibration", "coverage", "")
    lines = [_report(target, report) for target, report in reports.items()]
    when = f"snapshot {number}, published {_time(published.at)}"
    text = f"{when}, learned until {_time(snapshot.learned_until)}\n\n{table(headings, lines)}"
    drifts = [_episode(target, each) for target, it in reports.items() for each in it.episodes]
    if drifts:
        seen = ("target", "drifted", "until", "loss before", "after", "told of by")
        text += f"\n\n{table(seen, drifts)}"
    if snapshot.gates:
        rows = [
            (course_id, gate.target, gate.count, f"{gate.error:.3f}")
            for course_id, gate in snapshot.gates.items()
        ]
        text += f"\n\n{table(('not believed in', 'by', 'judged', 'calibration'), rows)}"
    return text


def _row(published: Published) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": published.number,
        "published_at": _time(published.at),
        "bytes": published.size,
        "learned_until": None,
        "examples": 0,
        "drifted": "",
        "problem": None,
    }
    try:
        snapshot = published.decoded()
    except UsageError as error:
        return row | {"problem": str(error)}
    drifted = [target for target, report in snapshot.reports.items() if report.drifted]
    return row | {
        "learned_until": _time(snapshot.learned_until),
        "examples": sum(snapshot.examples.values()),
        "drifted": ", ".join(drifted),
    }


def _report(target: str, report: Report) -> tuple[object, ...]:
    """Of probabilities the log loss, of amounts the mean absolute error, beside the baseline's."""
    scores = report.total
    error = scores.log_loss if scores.mae is None else scores.mae
    naive = scores.naive_log_loss if scores.mae is None else scores.naive_mae
    figures = (error, naive, scores.calibration_error, scores.coverage)
    return (
        target,
        report.examples,
        scores.count,
        *("-" if each is None else f"{each:.3f}" for each in figures),
        "drifted" if report.drifted else "",
    )


def _episode(target: str, told: DriftEpisode) -> tuple[object, ...]:
    """The loss is the Brier score of a probability, else the mean error in points or days."""
    until = "now" if told.ended_at is None else _time(told.ended_at)
    losses = (f"{told.before:.3f}", f"{told.after:.3f}")
    return (target, _time(told.began_at), until, *losses, told.raised_in or "-")


def _mark(number: int, serving: Serving) -> str:
    return "*" if number == serving.number else ""


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
