"""`why`: what led to an alert, from the log, and to whom each of its transitions went."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import msgspec

from contracts.alert_event import decode_published, encode_transition, instant
from contracts.topics import ACTIVITY, ALERTS, TRANSITIONS, Topic, partition_counts
from domain.alerts import Transition
from domain.events.decode import Record
from domain.fold.inputs import Input
from models.drift_alerts import drift_alerts
from models.snapshot import decode_snapshot
from proof import snapshots as published
from proof.drift import PARTITION
from proof.examples import Snapshot
from proof.figures import Change, changed
from proof.logs import Entry, Log, Logs, look_at
from proof.quality import AboutData, Arrival, DataMoment, about_data, data_moments
from proof.refold import read_cut
from proof.solo import Moment, Own, Solo, concerns
from runtime.errors import LossError, ProjectError
from runtime.process import collector_off
from runtime.servers import wait_for_kafka
from runtime.settings import Settings

EVENTS_MAX: Final = 50


class UnknownAlertError(ProjectError):
    """There is no such alert in the log."""


class Trigger(NamedTuple):
    """What was folded when a transition came.

    `kind` is `event`, `course`, `configuration`, `model` (a snapshot was adopted), `tick` (time had
    come), `clock` (the same, by another learner's event, under the stream clock), `rejected` (a
    record, of an alert about data) or `snapshot` (of an alert about a model). `offset` in
    `activity`: the event's, or the next one's; `content` is the event, the input, or why a record
    was rejected. Of an alert about data it is not the event: that may be another learner's.
    """

    kind: str
    offset: int | None
    content: Any


class Told(NamedTuple):
    """An event of the learner: its offset in `activity`, when it came, and what it says."""

    offset: int
    came_at: str
    event: Any


class Delivery(NamedTuple):
    """The record in `alerts` that a transition made, and since when it stands there."""

    event_id: str
    audience: tuple[str, ...]
    published_at: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What led to one transition.

    Attributes:
        trigger: what was folded when it came.
        clock: the partition's clock then.
        thresholds: of the rule, as they were adopted by the input of the number `configured`;
            None: never, so these are the defaults.
        snapshot: the number of the models' snapshot that predicted; 0: none.
        facts: of the alert's course, as they were adopted.
        events: the learner's own that concern the alert, up to here; the newest 50.
        earlier_events: how many more there are.
        changed: the figures of the learner's state that this step changed.
        before: all figures before it.
        after: all figures after it.
    """

    trigger: Trigger
    clock: str
    thresholds: dict[str, Any]
    configured: int | None
    snapshot: int
    facts: Any
    events: list[Told]
    earlier_events: int
    changed: list[Change]
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transition as it stands in the log; `cause` None: the fold did not publish it again."""

    transition: Transition
    delivery: Delivery | None
    cause: Cause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """All that the log says of one alert; `problem` says why a step has no cause."""

    alert_id: str
    steps: list[Step]
    problem: str | None = None


def why(settings: Settings, alert_id: str) -> Why:
    """What led to the alert, exactly: its learner is folded again.

    Raises UnknownAlertError where nothing of it stands in the log.
    """
    wait_for_kafka(settings, partition_counts(settings.partitions))
    log = look_at(settings, ACTIVITY)
    # Snapshots are asked for while a partition is read, so they have clients of their own.
    with Logs(settings) as logs, Logs(settings) as beside, collector_off():
        models = published.Snapshots(beside)
        for partition in range(log.partitions):
            transitions = _transitions(logs, partition, alert_id)
            if transitions:
                return _about_a_learner(logs, log, partition, transitions, models)
        for partition in range(log.partitions):
            events = _events_about_data(logs, partition, alert_id)
            if events:
                return _about_data(logs, log, partition, events, models)
        return _about_a_model(logs, log, alert_id, models)


class _Stands(NamedTuple):
    """A transition as it stands in `progress.alerts`: its bytes are what a fold must give."""

    data: bytes
    transition: Transition


def _transitions(logs: Logs, partition: int, alert_id: str) -> list[_Stands]:
    """Those of one alert, in order."""
    found = [
        (record.value or b"", decode_published(record.value or b""))
        for record in _records(logs, TRANSITIONS, partition, alert_id.encode())
    ]
    return [
        _Stands(data, each)
        for data, each in found
        if isinstance(each, Transition) and each.alert_id == alert_id
    ]


def _about_a_learner(
    logs: Logs, log: Log, partition: int, stands: list[_Stands], models: published.Snapshots
) -> Why:
    first = stands[0].transition
    deliveries = _deliveries(logs, partition, [each.transition for each in stands])
    causes: dict[bytes, Cause] = {}
    problem: str | None = None
    try:
        cut = read_cut(logs, log, partition, models)
    except LossError as error:
        cut, problem = None, str(error)
    if cut is not None:
        wanted = {each.data for each in stands}
        solo = Solo.of(cut, first.user_id, first.alert_id, models.get)
        for moment in solo.moments(cut.records(logs)):
            causes.setdefault(encode_transition(moment.transition), _cause(moment))
            if wanted <= causes.keys():
                break
    steps = [
        Step(
            transition=transition,
            delivery=deliveries.get(_event_id(transition)),
            cause=causes.get(data),
        )
        for data, transition in stands
    ]
    if problem is None and any(step.cause is None for step in steps):
        problem = "this program's fold does not publish the same: another version folded it"
    return Why(alert_id=first.alert_id, steps=steps, problem=problem)


def _events_about_data(logs: Logs, partition: int, alert_id: str) -> list[AboutData]:
    """What stands in `alerts` of an alert about the data of this partition, in order."""
    found = map(about_data, _records(logs, ALERTS, partition, alert_id.encode()))
    return [each for each in found if each is not None and each.alert_id == alert_id]


def _about_data(
    logs: Logs, log: Log, partition: int, stands: list[AboutData], models: published.Snapshots
) -> Why:
    """The whole partition is folded again: what it publishes must be the bytes in `alerts`.

    Raises LossError where the log is gone, or another version of the fold published it: nothing
    of the alert stands elsewhere.
    """
    (_, alert_id, user_id), wanted = stands[0], {each.value for each in stands}
    cut, moments = read_cut(logs, log, partition, models), list[DataMoment]()
    if cut is not None:
        every = data_moments(cut, cut.records(logs), models.get, alert_id, user_id)
        moments += islice((each for each in every if each.event in wanted), len(wanted))
    if not moments:
        raise LossError(
            f"{alert_id} is about the data of partition {partition}, and this program's fold "
            "does not publish it: another version folded it"
        )
    transitions = [each.transition for each in moments]
    deliveries = _deliveries(logs, partition, transitions)
    problem = None
    if len(moments) < len(wanted):
        problem = f"{len(wanted) - len(moments)} more in alerts that another version published"
    return Why(
        alert_id=alert_id,
        steps=[
            Step(
                transition=each.transition,
                delivery=deliveries.get(_event_id(each.transition)),
                cause=_cause_of_data(each),
            )
            for each in moments
        ],
        problem=problem,
    )


def _about_a_model(logs: Logs, log: Log, alert_id: str, models: published.Snapshots) -> Why:
    """The alert of a model: each transition follows from the snapshot that tells of it."""
    models.catch_up()
    told = [
        (snapshot, transition)
        for _, snapshot in sorted(models.found.items())
        for transition in drift_alerts(decode_snapshot(snapshot.data))
        if transition.alert_id == alert_id
    ]
    if not told:
        if any(_records(logs, ALERTS, PARTITION, alert_id.encode())):
            raise LossError(
                f"{alert_id} is about a model, and the snapshot that told of it is gone"
            )
        raise UnknownAlertError(
            f"no alert has the id {alert_id} in progress.alerts ({log.partitions} partitions) "
            "or among those about data or models"
        )
    transitions = [transition for _, transition in told]
    deliveries = _deliveries(logs, PARTITION, transitions)
    steps = [
        Step(
            transition=transition,
            delivery=deliveries.get(_event_id(transition)),
            cause=_cause_of_snapshot(snapshot),
        )
        for snapshot, transition in told
    ]
    return Why(alert_id=alert_id, steps=steps)


def _cause(moment: Moment) -> Cause:
    about = [own for own in moment.events if concerns(own, moment.transition)]
    shown = about[-EVENTS_MAX:]
    return Cause(
        trigger=_trigger(moment.folded),
        clock=instant(moment.clock),
        thresholds=moment.thresholds,
        configured=moment.configured,
        snapshot=moment.snapshot,
        facts=None if moment.facts is None else msgspec.to_builtins(moment.facts),
        events=[_told(own.record) for own in shown],
        earlier_events=len(about) - len(shown),
        changed=list(changed(moment.before, moment.after)),
        before=moment.before,
        after=moment.after,
    )


def _cause_of_snapshot(snapshot: Snapshot) -> Cause:
    """A model has no learner's state and no thresholds: all of it follows from the snapshot."""
    found = decode_snapshot(snapshot.data)
    return Cause(
        trigger=Trigger("snapshot", None, {"number": snapshot.number, "learned": snapshot.learned}),
        clock=instant(found.learned_until),
        thresholds={},
        configured=None,
        snapshot=snapshot.number,
        facts=None,
        events=[],
        earlier_events=0,
        changed=[],
        before={},
        after={},
    )


def _cause_of_data(moment: DataMoment) -> Cause:
    """Of an alert about a learner the learner's newest records; of one about a source, none."""
    folded, about = moment.folded, moment.arrivals[-EVENTS_MAX:]
    return Cause(
        trigger=_trigger(folded) if isinstance(folded, Input) else _trigger_of(folded),
        clock=instant(moment.clock),
        thresholds=moment.thresholds,
        configured=moment.configured,
        snapshot=0,
        facts=None,
        events=[_told(each.record, each.rejection) for each in about],
        earlier_events=len(moment.arrivals) - len(about),
        changed=list(changed(moment.before, moment.after)),
        before=moment.before,
        after=moment.after,
    )


def _trigger_of(arrival: Arrival) -> Trigger:
    """A record, and why it was rejected; what stands in one that was accepted is not shown."""
    rejected = arrival.rejection
    return Trigger("event" if rejected is None else "rejected", arrival.record.offset, rejected)


def _trigger(folded: Own | Input | None) -> Trigger:
    if folded is None:
        return Trigger("clock", None, None)
    if isinstance(folded, Own):
        return Trigger("event", folded.record.offset, _read(folded.record.value))
    return Trigger(folded.kind, folded.after, msgspec.json.decode(folded.payload))


def _told(record: Record, rejected: dict[str, str] | None = None) -> Told:
    said = _read(record.value) if rejected is None else rejected
    return Told(record.offset, instant(record.timestamp // 1000), said)


def _read(value: bytes | None) -> Any:
    return msgspec.json.decode(value or b"null")


def _deliveries(
    logs: Logs, partition: int, transitions: Iterable[Transition]
) -> dict[str, Delivery]:
    """What of these stands in `alerts`, by the CloudEvents id."""
    by_id = {_event_id(each): each for each in transitions}
    (alert_id,) = {each.alert_id for each in by_id.values()}
    found: dict[str, Delivery] = {}
    for record in _records(logs, ALERTS, partition, alert_id.encode()):
        event_id = _id_of(record.value or b"")
        if event_id in by_id:
            at, audience = instant(record.timestamp // 1000), by_id[event_id].audience
            found.setdefault(event_id, Delivery(event_id, audience, at, record.offset))
    return found


class _Named(msgspec.Struct):
    id: str


def _id_of(value: bytes) -> str:
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(value, type=_Named).id
    return ""


def _event_id(transition: Transition) -> str:
    return str(uuid5(UUID(transition.alert_id), str(transition.revision)))


def _records(logs: Logs, topic: Topic, partition: int, holding: bytes) -> Iterator[Entry]:
    """The records of a partition in whose values these bytes stand."""
    begin, end = logs.begin(topic, partition), logs.end(topic, partition)
    for batch in logs.read(topic, partition, begin, end):
        for record in batch:
            if record.value is not None and holding in record.value:
                yield record
