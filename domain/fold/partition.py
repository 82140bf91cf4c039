"""THE fold: events and inputs of one partition, in, states and what is published, out.

One pure function of the log, called by the owner of a partition, by `verify` and by the simulation.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import msgspec

from domain.alerts import STALE_SECONDS
from domain.configuration import Configuration, adopted
from domain.course_facts import CourseFacts
from domain.events import decode as decoding
from domain.events.decode import Accepted, Record, Rejected
from domain.fold.advance import advance, review_all
from domain.fold.effects import DeadLetter, Effects
from domain.fold.halting import count_verdict, resume
from domain.fold.inputs import FoldVersion, Input, ModelAdopted, Tick
from domain.fold.quality import QualityWatch
from domain.fold.reacting import fire
from domain.keepers.deduplication import content_of, seen_content
from domain.scoring import Scorer, Snapshots
from domain.state.learner import Header, Learner, new_learner
from domain.state.limits import NEVER, SHRINK_STEPS
from domain.step import Step
from domain.stored.checkpoint import CHECKPOINT_VERSION, FOLD_VERSION, Checkpoint, ClockMode
from domain.stored.codec import decode_learner, encode_learner, shrink

HOUR: Final = 3600


class Store(Protocol):
    """Where the fold finds committed states; what it hands out is the fold's until the commit."""

    def get(self, user_id: str) -> Learner | None:
        """The learner's state, decoded, to be changed in place; None for a new learner."""
        ...

    def reload(self, user_id: str) -> Learner | None:
        """The learner's state decoded again from its last committed bytes."""
        ...

    def headers(self) -> Iterator[Header]:
        """The header of every learner of the partition."""
        ...


class _Turn(msgspec.Struct, frozen=True, gc=False):
    """What was folded in this batch, to be folded again for one learner after a defect."""

    until: int
    ticked: int
    stale_before: int
    scorer: Scorer
    accepted: Accepted | None


def new_checkpoint(
    partition: int, partitions: int, topic_id: str, clock_mode: ClockMode
) -> Checkpoint:
    """The record of a partition of which nothing is folded yet."""
    return Checkpoint(
        version=CHECKPOINT_VERSION,
        partition=partition,
        partitions=partitions,
        topic_id=topic_id,
        clock_mode=clock_mode,
    )


class PartitionFold:
    """The fold of one partition: its checkpoint, the facts it adopted, who is to be woken when.

    Invariants:
        I8: `checkpoint.clock` never goes back.
        A learner's `steps` moves by one for each event or input that changed its state.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        configuration: Configuration,
        facts: dict[str, CourseFacts],
        store: Store,
        snapshots: Snapshots,
    ) -> None:
        self.checkpoint = checkpoint
        self.configuration = configuration
        self.facts = facts
        self._store = store
        self._snapshots = snapshots
        scorer = snapshots(checkpoint.model)
        self._step = Step(NEVER, NEVER, NEVER, configuration.for_steps(), facts, scorer)
        self._watch = QualityWatch(checkpoint, configuration.rules.data_quality)
        self._trail: list[_Turn] = []
        self._skipped: set[tuple[str, int]] = set()
        self._bases: dict[str, tuple[int, bytes]] = {}
        self._wakes = [(h.wake_at, h.user_id) for h in store.headers() if h.wake_at]
        heapq.heapify(self._wakes)

    def due_at(self) -> int | None:
        """When the next timer may have something to say; None when none is set."""
        silent_at = self._watch.due_at()
        if not self._wakes:
            return silent_at
        wake_at = self._wakes[0][0]
        return wake_at if silent_at is None else min(wake_at, silent_at)

    def begin(self) -> Effects:
        """Start a batch: what it changes is gathered until the owner has committed it."""
        self._trail.clear()
        self._skipped.clear()
        self._bases.clear()
        return Effects()

    def fold(self, records: Sequence[Record], effects: Effects) -> None:
        """Fold `records` in order; stops after the one that halts the partition."""
        for record in records:
            if self.checkpoint.halted is not None:
                return
            assert record.offset >= self.checkpoint.next, "I4: an offset came back"
            self._fold_record(record, effects)
            self.checkpoint.next = record.offset + 1

    def pass_by(self, record: Record, effects: Effects) -> None:
        """Move time as `record` does and fold nothing of it: so one learner is folded alone.

        Learners of a partition share its time and its inputs, and nothing else.
        """
        own = self.checkpoint
        if own.clock_mode == "wall":
            own.clock = max(own.clock, record.timestamp // 1000)
        elif isinstance(
            verdict := decoding.decode(record, own.partition, own.partitions), Accepted
        ):
            self._move_stream_clock(verdict.at, effects)
        own.next = record.offset + 1

    def next_input(self, kind: str, payload: object) -> Input:
        """The next input of this partition, not yet adopted; `payload` is put as canonical JSON."""
        data = msgspec.json.encode(payload, order="deterministic")
        return msgspec.convert(
            {
                "after": self.checkpoint.next,
                "seq": self.checkpoint.inputs,
                "kind": kind,
                "payload": msgspec.Raw(data),
            },
            Input,
        )

    def adopt(self, value: Input, effects: Effects) -> None:
        """Fold one input; it must be the next of its partition and belong to this position."""
        assert value.seq == self.checkpoint.inputs, "an input was left out"
        self.checkpoint.inputs += 1
        effects.inputs.append(value)
        match value.kind:
            case "fold_version":
                version = msgspec.json.decode(value.payload, type=FoldVersion).version
                assert version == FOLD_VERSION, f"fold version {version}, this is {FOLD_VERSION}"
                self.checkpoint.fold_version = version
            case "configuration":
                self._adopt_configuration(value, effects)
            case "course":
                self._adopt_facts(msgspec.json.decode(value.payload, type=CourseFacts), effects)
            case "tick":
                self._tick(msgspec.json.decode(value.payload, type=Tick).at, effects)
            case "model":
                self._adopt_model(msgspec.json.decode(value.payload, type=ModelAdopted), effects)
            case "resume":
                resume(self.checkpoint)

    # -- records ---------------------------------------------------------------------------------

    def _fold_record(self, record: Record, effects: Effects) -> None:
        own = self.checkpoint
        verdict = decoding.decode(record, own.partition, own.partitions)
        if own.clock_mode == "wall":
            own.clock = max(own.clock, record.timestamp // 1000)
        refused = verdict
        if isinstance(verdict, Accepted):
            if own.clock_mode == "stream":
                self._move_stream_clock(verdict.at, effects)
            refused = self._fold_event(verdict, effects)
        if isinstance(refused, Rejected):
            self._reject(record, refused, effects)
            return
        self._watch.accepted(refused.user_id, record, effects.transitions)
        count_verdict(self.checkpoint, self.configuration.halting, rejected=False)

    def _fold_event(self, accepted: Accepted, effects: Effects) -> Accepted | Rejected:
        """Fold one event into its learner's state, or say why it is rejected all the same."""
        counters = self.checkpoint.counters
        state = self._state(accepted.user_id, effects)
        seen = seen_content(state, accepted.hashed)
        if seen is not None and seen != content_of(accepted.event):
            detail = "another event of this learner has this event_id and other content"
            return Rejected("id_reused", detail)
        counters.events += 1
        if seen is not None:
            counters.duplicates += 1
            return accepted
        marked = effects.mark()
        overflow = state.overflow
        late_unchecked, late_days = overflow.late_unchecked, overflow.late_days
        turn = _Turn(
            accepted.at, self.checkpoint.ticked, self._stale_before(), self._step.scorer, accepted
        )
        try:
            self._take(state, turn, effects)
        except Exception as error:  # noqa: BLE001 - a defect about one event stops nobody else
            effects.back_to(marked)
            self._restore(accepted.user_id, effects)
            counters.defects += 1
            return Rejected("defect", type(error).__name__)
        self._trail.append(turn)
        effects.backfill = effects.backfill or accepted.at < turn.stale_before
        counters.raised += len(effects.transitions) - marked[0]
        counters.late_unchecked += overflow.late_unchecked - late_unchecked
        counters.late_days += overflow.late_days - late_days
        counters.learners += state.steps == 1
        effects.changed[accepted.user_id] = state
        return accepted

    def _take(self, state: Learner, turn: _Turn, effects: Effects) -> None:
        """Fold one turn into one state: the learner's own timers first, then the event."""
        step = self._step  # one for all turns: making it costs as much as decoding an event
        step.at, step.stale_before, step.scorer = turn.until, turn.stale_before, turn.scorer
        step.published, step.lessons = effects.transitions, effects.lessons
        step.responses = effects.responses
        step.changes.clear()  # an event that raised may have left some
        woken = state.wake_at
        changed = bool(woken) and fire(state, step, turn.until)
        accepted = turn.accepted
        if accepted is not None:
            step.at = step.now = accepted.at
            if step.at < state.last_event_at or step.at < turn.ticked:  # it comes late
                step.now = max(state.last_event_at, step.at, turn.ticked)
            advance(state, accepted, step)
            changed = True
        if changed:
            state.steps += 1
            if state.steps % SHRINK_STEPS == 0:
                shrink(state)
        if state.wake_at and state.wake_at != woken:
            heapq.heappush(self._wakes, (state.wake_at, state.user_id))

    def _state(self, user_id: str, effects: Effects) -> Learner:
        return effects.changed.get(user_id) or self._store.get(user_id) or new_learner(user_id)

    def _restore(self, user_id: str, effects: Effects) -> None:
        """Fold this batch's turns again for one learner, without the one that raised.

        They start from the committed state, or from what an input of this batch made of it.
        """
        first, base = self._bases.get(user_id, (0, None))
        if base is None:
            state = self._store.reload(user_id) or new_learner(user_id)
        else:
            state = decode_learner(base)
        steps = state.steps
        for index, turn in enumerate(self._trail[first:], first):
            if (user_id, index) in self._skipped:
                state.wake_at = state.look_at = state.predict_at = NEVER
                state.steps += 1
            elif turn.accepted is None or turn.accepted.user_id == user_id:
                self._take(state, turn, Effects())  # what it published stands already
        if base is not None or state.steps != steps:
            effects.changed[user_id] = state
        else:
            effects.changed.pop(user_id, None)

    def _reject(self, record: Record, verdict: Rejected, effects: Effects) -> None:
        effects.dead_letters.append(DeadLetter(record, verdict.reason, verdict.detail))
        self.checkpoint.counters.rejected += 1
        self._watch.rejected(record, verdict.reason, effects.transitions)
        count_verdict(self.checkpoint, self.configuration.halting, rejected=True)

    # -- time ------------------------------------------------------------------------------------

    def _stale_before(self) -> int:
        """A backfill does not notify, under the wall clock; a replay is all backfill."""
        return (
            self.checkpoint.clock - STALE_SECONDS if self.checkpoint.clock_mode == "wall" else NEVER
        )

    def _move_stream_clock(self, at: int, effects: Effects) -> None:
        """Under `stream` a tick comes at the full hour that an event crosses, before the event."""
        hour = at // HOUR * HOUR
        if hour > self.checkpoint.clock:
            self._tick(hour, effects)
        self.checkpoint.clock = max(self.checkpoint.clock, at)

    def _tick(self, at: int, effects: Effects) -> None:
        """Wake every learner whose timer was due before `at`, in order of time and id."""
        self.checkpoint.clock = max(self.checkpoint.clock, at)
        self.checkpoint.ticked = max(self.checkpoint.ticked, at)
        turn = _Turn(at, at, self._stale_before(), self._step.scorer, None)
        self._trail.append(turn)
        while self._wakes and self._wakes[0][0] < at:
            wake_at, user_id = heapq.heappop(self._wakes)
            state = self._state(user_id, effects)
            if state.wake_at == wake_at:
                self._turn_for(state, turn, effects)
        self._watch.ticked(at, effects.transitions)

    def _turn_for(self, state: Learner, turn: _Turn, effects: Effects) -> None:
        """One learner's part of a tick; a defect about one learner stops nobody else."""
        marked = effects.mark()
        try:
            self._take(state, turn, effects)
        except Exception:  # noqa: BLE001 - isolated like an event's, and counted
            effects.back_to(marked)
            self._skipped.add((state.user_id, len(self._trail) - 1))
            self._restore(state.user_id, effects)
            self.checkpoint.counters.defects += 1
            return
        self.checkpoint.counters.raised += len(effects.transitions) - marked[0]
        effects.changed[state.user_id] = state  # a timer that fired is a step

    # -- inputs ----------------------------------------------------------------------------------

    def _adopt_configuration(self, value: Input, effects: Effects) -> None:
        self.checkpoint.configuration = bytes(value.payload).decode()
        self.configuration = adopted(self.checkpoint.configuration)
        self._step.adopted = self.configuration.for_steps()
        self._review([header.user_id for header in self._store.headers()], effects)
        self._watch.configured(self.configuration.rules.data_quality, effects.transitions)

    def _adopt_model(self, adopted: ModelAdopted, effects: Effects) -> None:
        """From here on another snapshot predicts; in lockstep, after what was due before."""
        if adopted.at:
            self._tick(adopted.at, effects)
        self.checkpoint.model = adopted.number
        self._step.scorer = self._snapshots(adopted.number)

    def _adopt_facts(self, facts: CourseFacts, effects: Effects) -> None:
        self.facts[facts.course_id] = facts
        effects.facts[facts.course_id] = facts
        here = (h.user_id for h in self._store.headers() if facts.course_id in h.course_ids)
        self._review(list(here), effects)

    def _review(self, learners: list[str], effects: Effects) -> None:
        """Judge again what facts or thresholds decide: alerts, predictions, who is woken when."""
        for user_id in sorted(learners):
            state = self._state(user_id, effects)
            marked = effects.mark()
            before = encode_learner(state)
            step = Step(
                self.checkpoint.clock,
                max(state.last_event_at, self.checkpoint.ticked),
                self._stale_before(),
                self._step.adopted,
                self.facts,
                self._step.scorer,
                published=effects.transitions,
                lessons=effects.lessons,
            )
            try:
                review_all(state, step)
            except Exception:  # noqa: BLE001 - isolated like an event's, and counted
                effects.back_to(marked)
                self._restore(user_id, effects)
                self.checkpoint.counters.defects += 1
                continue
            if encode_learner(state) != before:
                state.steps += 1
                effects.changed[user_id] = state
                self._bases[user_id] = len(self._trail), encode_learner(state)
                if state.wake_at:
                    heapq.heappush(self._wakes, (state.wake_at, user_id))
            self.checkpoint.counters.raised += len(effects.transitions) - marked[0]
