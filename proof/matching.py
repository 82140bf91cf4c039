"""The comparisons of one partition: the oracle against the topics, Postgres and the recount."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import msgspec

from contracts.topics import ACTIVITY, ALERTS, EXAMPLES, TRANSITIONS, Topic
from domain.state.learner import Learner
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import UnknownVersionError, decode_facts, encode_checkpoint, renewed
from proof.compare import compare_maps, compare_sequences, event_id, transition_id
from proof.course_letters import CourseLetters
from proof.drift import PARTITION, is_about_a_model
from proof.examples import lesson_id
from proof.found import Found, FoundLetter, States
from proof.logs import Entry
from proof.oracle import Expected
from proof.quality import about_data
from proof.recount import Recount
from proof.report import Report
from proof.sample import figures_of
from proof.tables import Tables, alert_rows, checkpoint_tuple, course_tuples, learner_tuple
from runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The two sides of one partition; `why_not` says why the log cannot be folded again."""

    found: Found
    expected: Expected
    tables: Tables
    later: States
    recount: Recount
    courses: CourseLetters
    chosen: Mapping[str, Learner]
    why_not: str | None

    @property
    def whole(self) -> bool:
        """Whether everything was folded again: nothing is missing, and by this version alone."""
        return self.why_not is None and not self.expected.began_at


def compare_all(report: Report, sides: Compared, settings: Settings) -> None:
    """Every check of one partition."""
    if sides.why_not is None:
        _compare_inputs(report, sides)
        _compare_states(report, sides)
        _compare_told(report, sides)
        _compare_lessons(report, sides)
        _compare_letters(report, sides, settings)
        _compare_recount(report, sides)
    else:
        _give_up(report, sides, sides.why_not)
    _compare_tables(report, sides, settings)


def _give_up(report: Report, sides: Compared, why: str) -> None:
    found, where = sides.found, f"partition {sides.found.partition}: {why}"
    counts = {
        "progress.state: learners": len(found.states.learners),
        "progress.state: partitions": 1,
        "progress.state: courses": len(found.states.facts),
        "progress.alerts": len(found.transitions.records),
        "alerts": len(_of_worker(found)),
        "activity.dead-letter": len(found.letters.records),
        "model.examples": len(found.examples.of(found.partition)),
    }
    for name, count in counts.items():
        report[name].found += count
        report[name].give_up(count, where)


def _compare_inputs(report: Report, sides: Compared) -> None:
    check, where = report["progress.inputs"], f"partition {sides.found.partition}"
    adopted = 0 if sides.found.checkpoint is None else sides.found.checkpoint.inputs
    there = []
    for value in sides.found.every_input():
        if isinstance(value, int):
            check.add_extra(f"offset {value} ({where}: not an input)")
        elif value.seq < adopted:
            there.append((f"input {value.seq}", b""))
    compare_sequences(check, [(f"input {seq}", b"") for seq in range(adopted)], there, where)
    for seq in sides.expected.misplaced:
        check.differ(f"input {seq} ({where}: does not follow on what was folded before it)")


def _compare_states(report: Report, sides: Compared) -> None:
    found, expected = sides.found, sides.expected
    where = f"partition {found.partition}"
    compare_maps(
        report["progress.state: learners"],
        {user: data for user, data in expected.learners.items() if expected.knows(user)},
        {
            user: renewed(data)
            for user, data in found.states.learners.items()
            if expected.knows(user)
        },
        where,
    )
    compare_maps(report["progress.state: courses"], expected.facts, found.states.facts, where)
    check = report["progress.state: partitions"]
    if found.checkpoint is None:
        return
    check.expected += 1
    check.found += 1
    fields = Checkpoint.__struct_fields__ if sides.whole else _KNOWN_OF_A_PART
    if unlike := _unlike(expected.checkpoint, found.checkpoint, fields):
        check.differ(f"{where}: {', '.join(unlike)}")


_KNOWN_OF_A_PART: Final = (
    *("partition", "partitions", "topic_id", "clock_mode", "next", "inputs"),
    *("fold_version", "configuration", "courses"),
)
"""What a checkpoint holds that does not depend on how the first part of the log was folded."""


def _unlike(expected: Checkpoint, found: Checkpoint, fields: Iterable[str]) -> list[str]:
    """Which fields of two checkpoints are not the same."""
    return [
        f"{name} {getattr(found, name)}, expected {getattr(expected, name)}"
        for name in fields
        if getattr(expected, name) != getattr(found, name)
    ]


def _compare_told(report: Report, sides: Compared) -> None:
    published, found = sides.expected.published, sides.found
    where = f"partition {found.partition}"
    kept = [each.transition for each in published if each.transition is not None]
    transitions = [(transition_id(data), data) for data in kept]
    events = [(event_id(each.event), each.event) for each in published if each.event is not None]
    compare_sequences(
        report["progress.alerts"],
        transitions,
        [
            (transition_id(data), data)
            for data in _up_to_cut(TRANSITIONS, found.transitions.records, len(transitions), sides)
        ],
        where,
    )
    compare_sequences(
        report["alerts"],
        events,
        [
            (event_id(data), data)
            for data in _up_to_cut(ALERTS, _of_this_fold(sides), len(events), sides)
        ],
        where,
    )


def _of_this_fold(sides: Compared) -> list[Entry]:
    """Those of the worker that can be known: data was watched from the beginning of the log."""
    records = _of_worker(sides.found)
    return records if sides.whole else [each for each in records if about_data(each) is None]


def _of_worker(found: Found) -> list[Entry]:
    """The alerts that the partition's worker published: those about models are the trainer's."""
    records = found.alerts.records
    if found.partition != PARTITION:
        return records
    return [record for record in records if not is_about_a_model(record)]


def _compare_lessons(report: Report, sides: Compared) -> None:
    found, lessons = sides.found, sides.expected.lessons
    records = found.examples.of(found.partition)
    compare_sequences(
        report["model.examples"],
        [(lesson_id(data), data) for data in lessons],
        [(lesson_id(data), data) for data in _up_to_cut(EXAMPLES, records, len(lessons), sides)],
        f"partition {found.partition}",
    )


def _up_to_cut(
    topic: Topic, records: Iterable[Entry], expected: int, sides: Compared
) -> list[bytes]:
    """As many as are expected, and what was there before the cut was read: the rest came later."""
    certain = sides.found.certain[topic.name]
    known = (
        record
        for record in records
        if sides.expected.knows((record.key or b"").decode(errors="replace"))
    )
    return [
        record.value or b""
        for number, record in enumerate(known)
        if number < expected or record.offset < certain
    ]


def _compare_letters(report: Report, sides: Compared, settings: Settings) -> None:
    found = sides.found
    activity = settings.topic(ACTIVITY.name)
    following = 0 if found.checkpoint is None else found.checkpoint.next
    expected = [
        FoundLetter(activity, found.partition, offset, reason, digest)
        for (offset, reason), digest in sides.expected.letters.items()
    ]
    if sides.whole:  # facts may have been valid to another version
        expected += sides.courses.letters
    there = []
    for each in found.every_letter():
        if each.topic == activity:
            if each.offset < following and sides.expected.knows_letter(each.offset, each.reason):
                there.append(each)
        elif not sides.whole:
            continue
        elif each.offset in sides.courses.gone:
            report.notes.append(
                f"{each.topic} {each.offset}: compacted, its letter is not compared"
            )
        elif each.offset < sides.courses.until:
            there.append(each)
    compare_sequences(
        report["activity.dead-letter"],
        sorted(map(_named, expected)),
        sorted(map(_named, there)),
        f"partition {found.partition}",
    )


def _named(letter: FoundLetter) -> tuple[str, bytes]:
    name = f"{letter.topic}[{letter.partition}] {letter.offset} {letter.reason}"
    return name, letter.digest


def _compare_recount(report: Report, sides: Compared) -> None:
    found, recount, checkpoint = sides.found, sides.recount, sides.found.checkpoint
    if checkpoint is None:
        return
    if sides.whole:
        counted = checkpoint.counters.events - checkpoint.counters.defects
        accepted = recount.records - len([n for n in found.rejected if n < checkpoint.next])
        _compare_figure(report, "events", accepted, counted, f"partition {found.partition}")
    adopted = {name: decode_facts(data) for name, data in sides.expected.facts.items()}
    plain = {name: json.loads(data) for name, data in sides.expected.facts.items()}
    known = ((user, state) for user, state in sides.chosen.items() if sides.expected.knows(user))
    for user_id, state in known:
        mine, its = recount.figures(user_id.encode(), plain), figures_of(state, adopted)
        of_days = (mine.activities, mine.days), (its.activities, its.days)
        _compare_figure(report, "days with work", *of_days, user_id)
        of_streaks = (mine.streak, mine.longest), (its.streak, its.longest)
        _compare_figure(report, "streaks", *of_streaks, user_id)
        same = (
            mine.score is not None
            and its.score is not None
            and math.isclose(mine.score, its.score, abs_tol=1e-6)
        )
        _compare_figure(report, "scores", its.score if same else mine.score, its.score, user_id)


def _compare_figure(report: Report, what: str, expected: Any, found: Any, name: str) -> None:
    check = report[f"recount: {what}"]
    check.expected += 1
    check.found += 1
    if expected != found:
        check.differ(f"{name}: recounted {expected}, the state says {found}")


def _compare_tables(report: Report, sides: Compared, settings: Settings) -> None:
    """Postgres against the oracle; against the topics where not all was folded again."""
    found, tables, later = sides.found, sides.tables, sides.later
    where = f"partition {found.partition}"
    learners, facts, record = _states_of_tables(sides)
    data = later.checkpoint or record
    try:
        rows = {user_id: learner_tuple(data) for user_id, data in learners.items()}
        known = {course_id: decode_facts(each) for course_id, each in facts.items()}
        courses = dict(
            chain.from_iterable(course_tuples(each, known).items() for each in learners.values())
        )
        records = {} if data is None else {found.partition: checkpoint_tuple(data)}
    except (UnknownVersionError, msgspec.DecodeError) as error:
        report["postgres: learners"].give_up(len(tables.learners), f"{where}: {error}")
        report["postgres: learners in courses"].give_up(len(tables.courses), f"{where}: {error}")
    else:
        compare_maps(report["postgres: learners"], rows, tables.learners, where)
        compare_maps(report["postgres: learners in courses"], courses, tables.courses, where)
        compare_maps(report["postgres: partitions"], records, tables.records, "partition")
    compare_maps(report["postgres: courses"], facts, tables.facts, where)
    wanted = alert_rows(_transitions_of_tables(sides, settings))
    compare_maps(report["postgres: alerts"], wanted, tables.alerts, where)


def _states_of_tables(
    sides: Compared,
) -> tuple[dict[str, bytes], dict[str, bytes], bytes | None]:
    found, later = sides.found, sides.later
    there = found.states
    learners, facts, checkpoint = there.learners, there.facts, there.checkpoint
    if sides.whole:
        facts = sides.expected.facts
        learners = {
            user_id: _as_written(data, there.learners.get(user_id))
            for user_id, data in sides.expected.learners.items()
        }
        if found.checkpoint is not None and found.checkpoint != sides.expected.checkpoint:
            checkpoint = encode_checkpoint(sides.expected.checkpoint)
    return learners | later.learners, facts | later.facts, checkpoint


def _as_written(expected: bytes, found: bytes | None) -> bytes:
    """The bytes that are to stand in Postgres; an older version may have written the same state."""
    return found if found is not None and renewed(found) == expected else expected


def _transitions_of_tables(sides: Compared, settings: Settings) -> list[bytes]:
    """The oracle's, and what came after the cut and was read by the sink already."""
    told = (each.transition for each in sides.expected.published)
    found, published = sides.found, [data for data in told if data is not None]
    if not sides.whole:
        published = []
    until = sides.tables.positions.get(settings.topic(TRANSITIONS.name), 0)
    certain = -1 if not sides.whole else found.certain[TRANSITIONS.name]
    published += [
        record.value or b""
        for number, record in enumerate(found.transitions.records)
        if number >= len(published) and certain <= record.offset < until
    ]
    return published
