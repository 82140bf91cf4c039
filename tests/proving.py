"""One partition as `verify` sees it, in memory: its topics, its rows, and what both come to."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from aiokafka.structs import ConsumerRecord

from contracts.alert_event import encode_transition
from contracts.course_facts import decode_course_facts
from contracts.dead_letter import dead_letter_headers, dead_letter_key, dead_letter_value
from contracts.inputs import encode_input
from contracts.lessons import encode_lesson
from contracts.state_keys import PARTITION_KEY, course_key
from contracts.topics import (
    ACTIVITY,
    ALERTS,
    COURSES,
    DEAD_LETTERS,
    EXAMPLES,
    INPUTS,
    STATE,
    TRANSITIONS,
    Topic,
)
from domain.events.decode import Record, Rejected
from domain.fold.effects import DeadLetter
from domain.fold.partition import new_checkpoint
from domain.scoring import no_snapshots
from domain.stored.codec import encode_checkpoint, encode_facts
from proof.course_letters import course_letters
from proof.examples import Examples
from proof.found import Found, Limits, States
from proof.logs import Entry, Logs
from proof.matching import Compared, compare_all
from proof.oracle import Oracle
from proof.recount import Recount
from proof.report import Check, Report
from proof.sample import choose_learners
from proof.tables import Tables, alert_rows, checkpoint_tuple, course_tuples, learner_tuple
from runtime.settings import Settings
from tests.delivering import delivered
from tests.factories import Bench, record

SETTINGS = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1"})


class KeptLogs:
    """Topics in memory, read as `proof.logs.Logs` reads them; an offset may be left out."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Entry]] = {}

    def put(
        self,
        topic: Topic,
        key: bytes | None,
        value: bytes | None,
        *,
        offset: int | None = None,
        timestamp: int = 0,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        records = self.topics.setdefault(topic.name, [])
        place = len(records) if offset is None else offset
        records.append(
            ConsumerRecord(topic.name, 0, place, timestamp, 0, key, value, None, 0, 0, headers)
        )

    def begin(self, topic: Topic, partition: int) -> int:
        del topic, partition
        return 0

    def end(self, topic: Topic, partition: int) -> int:
        del partition
        return max((each.offset + 1 for each in self.topics.get(topic.name, [])), default=0)

    def read(self, topic: Topic, partition: int, start: int, until: int) -> Iterator[list[Entry]]:
        del partition
        found = [each for each in self.topics.get(topic.name, []) if start <= each.offset < until]
        if found:
            yield found

    def name(self, topic: Topic) -> str:
        return SETTINGS.topic(topic.name)


class Partition:
    """What a worker and a sink left of some events, and what `verify` makes of it."""

    def __init__(
        self,
        *events: Mapping[str, Any] | bytes | Record,
        bench: Bench | None = None,
        before: Mapping[int, Callable[[Bench], object]] | None = None,
    ) -> None:
        """`before` says what is done to the bench before an event, by its offset."""
        self.bench = bench or Bench()
        self.logs = KeptLogs()
        self.settings = SETTINGS
        self.read_later = States()
        self.lost = False
        """Whether the log cannot be folded again."""
        for offset, event in enumerate(events):
            if before is not None and offset in before:
                before[offset](self.bench)
            made = event if isinstance(event, Record) else record(event)
            item = made._replace(offset=offset)
            self.logs.put(ACTIVITY, item.key, item.value, timestamp=item.timestamp)
            self.bench.send(item)
        self._write()

    def _write(self) -> None:
        """As the worker does: outputs, inputs, states, the record."""
        bench, put = self.bench, self.logs.put
        self._write_alerts()
        for lesson in bench.lessons:
            put(EXAMPLES, lesson.user_id.encode(), encode_lesson(lesson))
        for letter in bench.letters:
            self.put_letter(letter, ACTIVITY)
        for value in bench.inputs:
            put(INPUTS, None, encode_input(value))
        for user_id, data in bench.store.committed.items():
            put(STATE, user_id.encode(), data)
        for course_id, facts in bench.fold.facts.items():
            put(STATE, course_key(course_id), encode_facts(facts))
        put(STATE, PARTITION_KEY, encode_checkpoint(bench.fold.checkpoint))

    def _write_alerts(self) -> None:
        for transition in self.bench.told:
            key = transition.about.encode()
            if transition.in_history:
                self.logs.put(TRANSITIONS, key, encode_transition(transition))
            if transition.delivered:
                self.logs.put(ALERTS, key, delivered(transition))

    def put_letter(self, letter: DeadLetter, topic: Topic) -> None:
        self.logs.put(
            DEAD_LETTERS,
            dead_letter_key(letter),
            dead_letter_value(letter),
            headers=dead_letter_headers(letter, topic.name, 0),
        )

    def put_course(self, value: bytes, offset: int) -> None:
        """A record of `courses`, and its letter: it must be a bad one."""
        self.logs.put(COURSES, b"algebra", value, offset=offset)
        verdict = decode_course_facts(b"algebra", value)
        assert isinstance(verdict, Rejected)
        self.put_letter(DeadLetter(Record(offset, 0, b"algebra", value), *verdict), COURSES)

    def rows(self, found: Found, transitions: int | None = None) -> Tables:
        """What a sink wrote that has read so many transitions, by default all."""
        told = [each.value or b"" for each in found.transitions.records]
        until = len(told) if transitions is None else transitions
        states = found.states
        return Tables(
            positions={TRANSITIONS.name: until, STATE.name: self.logs.end(STATE, 0)},
            learners={user: learner_tuple(data) for user, data in states.learners.items()},
            records={} if states.checkpoint is None else {0: checkpoint_tuple(states.checkpoint)},
            facts=dict(states.facts),
            alerts=alert_rows(told[:until]),
            courses={
                name: row
                for data in states.learners.values()
                for name, row in course_tuples(data, self.bench.fold.facts).items()
            },
        )

    def found(self) -> Found:
        """What stands in the topics, up to the partition's checkpoint."""
        logs = cast(Logs, self.logs)
        found = Found(logs, 0, Examples(logs, 1))
        end = self.logs.end(ACTIVITY, 0)
        found.wait_for_worker(Limits({0: end}, time.monotonic() + 1, 1))
        found.read_outputs()
        return found

    def sides(self, found: Found | None = None) -> Compared:
        """Both sides, as `verify` puts them together."""
        found = found or self.found()
        own = found.checkpoint
        chosen = {} if self.lost else choose_learners(found.states.learners, 10)
        recount = Recount({user.encode() for user in chosen}, found.rejected)
        oracle = Oracle(new_checkpoint(0, 1, "topic-id", "wall"), found.inputs, no_snapshots)
        folded = 0 if own is None or self.lost else own.next
        batches = list(self.logs.read(ACTIVITY, 0, 0, folded))
        for item in [each for batch in batches for each in batch]:
            recount.take(item.offset, item.key, item.value)
        expected = oracle.run(
            [Record(r.offset, r.timestamp, r.key, r.value) for r in batch] for batch in batches
        )
        if own is not None:
            expected.checkpoint.courses = dict(own.courses)
        return Compared(
            found=found,
            expected=expected,
            tables=self.rows(found),
            later=self.read_later,
            recount=recount,
            courses=course_letters(cast(Logs, self.logs), found, own),
            chosen=chosen,
            why_not="the log is gone" if self.lost else None,
        )


def compared(sides: Compared) -> Report:
    report = Report()
    compare_all(report, sides, SETTINGS)
    return report


def wrong(report: Report) -> dict[str, list[str]]:
    """What is not equal, and what is named."""
    return {name: check.named for name, check in report.checks.items() if not check.equal}


def counts(check: Check) -> tuple[int, int, int, int, int, int]:
    return (
        check.expected,
        check.found,
        check.missing,
        check.extra,
        check.different,
        check.unverifiable,
    )
