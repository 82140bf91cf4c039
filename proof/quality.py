"""The alerts about the data of a partition: which they are, and what was folded when each came."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from contracts.alert_event import encode_alert_event, instant
from domain.alerts import Transition
from domain.events.decode import REASONS, Record
from domain.fold.effects import DeadLetter
from domain.fold.inputs import Input
from domain.rules.data_quality import ACCEPTED, RULE, longest_pause
from domain.scoring import Snapshots
from domain.state.limits import VERDICTS_MAX
from domain.state.quality import Sender
from domain.stored.checkpoint import Checkpoint
from proof.logs import Entry
from proof.refold import Cut, Refold, merged


class _Data(msgspec.Struct):
    category: str
    alert_id: str
    user_id: int | str | None


class _Event(msgspec.Struct):
    data: _Data


_events: Final = msgspec.json.Decoder(_Event)


class AboutData(NamedTuple):
    """An alert about data as it stands in `alerts`; `user_id` is empty where it is about none."""

    value: bytes
    alert_id: str
    user_id: str


def about_data(record: Entry) -> AboutData | None:
    """The alert about what arrives at its partition; None where it is another alert."""
    value = record.value or b""
    try:
        data = _events.decode(value).data
    except msgspec.DecodeError:
        return None
    if data.category != RULE.category:
        return None
    return AboutData(value, data.alert_id, "" if data.user_id is None else str(data.user_id))


class Arrival(NamedTuple):
    """A record as it was folded; `letter` None: it was accepted."""

    record: Record
    letter: DeadLetter | None

    @property
    def rejection(self) -> dict[str, str] | None:
        """Why it was rejected, without anything that stands in it."""
        letter = self.letter
        if letter is None:
            return None
        return {"type": "rejected", "reason": letter.reason, "detail": letter.detail}


class DataMoment(NamedTuple):
    """What was folded when a transition came; the figures are those of what the alert is about.

    `event` is the CloudEvent as it is to stand in `alerts`; `arrivals` are the newest records under
    the learner's key, up to here, where it is about one. Otherwise as in `proof.solo.Moment`.
    """

    transition: Transition
    event: bytes
    folded: Arrival | Input
    clock: int
    thresholds: dict[str, Any]
    configured: int | None
    arrivals: Sequence[Arrival]
    before: dict[str, Any]
    after: dict[str, Any]


_Step: TypeAlias = tuple[Arrival | Input, list[Transition]]


def data_moments(
    cut: Cut,
    batches: Iterable[Sequence[Record]],
    snapshots: Snapshots,
    alert_id: str,
    user_id: str,
) -> Iterator[DataMoment]:
    """When each transition of the alert came, in order; `user_id` empty: about the source.

    The whole partition is folded: whether a record is accepted depends on its learner's state.
    """
    refold = Refold.begun(cut, snapshots)
    configured: int | None = None
    arrivals: deque[Arrival] = deque(maxlen=VERDICTS_MAX)
    own = refold.fold.checkpoint
    for part in merged(cut.inputs, batches):
        before = _figures(own, user_id)
        if isinstance(part, Input):
            if part.kind == "configuration":
                configured = part.seq
            steps: Iterable[_Step] = [(part, refold.adopt(part).transitions)]
        else:
            steps = _arrivals(refold, part)
        for folded, transitions in steps:
            if isinstance(folded, Arrival) and folded.record.key == user_id.encode():
                arrivals.append(folded)
            for each in transitions:
                if each.alert_id == alert_id:
                    adopted = refold.fold.configuration
                    yield DataMoment(
                        transition=each,
                        event=encode_alert_event(each, adopted.alert_source),
                        folded=folded,
                        clock=own.clock,
                        thresholds=msgspec.to_builtins(adopted.rules.data_quality),
                        configured=configured,
                        arrivals=tuple(arrivals),
                        before=before,
                        after=_figures(own, user_id),
                    )
            before = _figures(own, user_id)


def _arrivals(refold: Refold, records: Sequence[Record]) -> Iterator[_Step]:
    """Fold records in one batch, and say of each what became of it and what was published."""
    with refold.batch() as effects:
        for record in records:
            letters, published = len(effects.dead_letters), len(effects.transitions)
            refold.fold.fold([record], effects)
            letter = next(iter(effects.dead_letters[letters:]), None)
            yield Arrival(record, letter), effects.transitions[published:]


def _figures(own: Checkpoint, user_id: str) -> dict[str, Any]:
    """What the rule goes by."""
    quality = own.quality
    if user_id:
        verdicts = quality.senders.get(user_id, Sender()).verdicts
        reasons = Counter[str](REASONS[each - 1] for each in verdicts if each != ACCEPTED)
        return {"records": len(verdicts), "rejected": reasons.total(), **reasons}
    return {
        "accepted_last_at": instant(quality.last_at) if quality.last_at else None,
        "days_with_records": quality.days.bit_count(),
        "longest_pause_days": longest_pause(quality.days),
        "rejected_since": own.rejected_in_a_row,
    }
