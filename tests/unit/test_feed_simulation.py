"""The simulated learners: the same bytes for the same seed, believable, and all in order."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from domain.events.decode import REASONS, Accepted, Rejected, decode
from domain.events.decode import Record as Stored
from domain.ids import partition_of
from feeds.faults import BAD, Faults, Tally, bad_record
from feeds.jsonl import Lines
from feeds.learners import TEMPERAMENTS, a_learner
from feeds.records import Record
from feeds.simulate import Simulation, summary, write_simulation
from runtime.errors import UsageError

pytestmark = pytest.mark.long

UNTIL = 1_790_000_000
PARTITIONS = 4


def a_simulation(
    learners: int = 20,
    days: int = 30,
    seed: int = 7,
    faults: Faults = Faults(),  # noqa: B008
) -> Simulation:
    return Simulation(learners, days, seed, UNTIL, faults)


def records_of(plan: Simulation) -> list[Record]:
    return list(plan.records(Tally()))


def events_of(plan: Simulation) -> list[dict[str, Any]]:
    return [made.event for made in plan.events()]


def verdict_on(record: Record) -> Accepted | Rejected:
    partition = (partition_of(record.key or b"", PARTITIONS) + record.shift) % PARTITIONS
    return decode(Stored(0, UNTIL * 1000, record.key, record.value), partition, PARTITIONS)


def test_the_same_seed_and_time_give_the_same_bytes() -> None:
    faults = Faults(duplicates=0.05, late=0.05, bad=0.05)
    assert records_of(a_simulation(faults=faults)) == records_of(a_simulation(faults=faults))
    assert a_simulation().facts() == a_simulation().facts()
    assert records_of(a_simulation()) != records_of(a_simulation(seed=8))


def test_more_learners_leave_the_others_as_they_were() -> None:
    def of_first(plan: Simulation) -> list[dict[str, Any]]:
        return [event for event in events_of(plan) if event["user_id"] == 1003]

    assert of_first(a_simulation(5)) == of_first(a_simulation(20)) != []


def test_every_valid_event_is_accepted() -> None:
    for record in records_of(a_simulation()):
        verdict = verdict_on(record)
        assert isinstance(verdict, Accepted), (verdict, record)


def test_course_facts_are_understood() -> None:
    facts = [decode_course_facts(each.key, each.value) for each in a_simulation().facts()]
    assert all(isinstance(each, CourseFacts) for each in facts)
    understood = [each for each in facts if isinstance(each, CourseFacts)]
    assert [len(each.modules) for each in understood] == [20, 20, 20]
    assert all(each.pass_mark and each.timezone and each.assessments for each in understood)
    assert sum(each.weekly_targets is not None for each in understood) == 1


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_record_is_rejected_for_the_reason_it_was_made_for(kind: str) -> None:
    for event in events_of(a_simulation(1, 5)):
        verdict = verdict_on(bad_record(kind, event))
        assert isinstance(verdict, Rejected)
        assert verdict.reason == kind


def test_every_reason_is_made_but_those_that_no_single_record_can_cause() -> None:
    assert set(REASONS) - set(BAD) == {"not_yet_supported", "id_reused", "defect"}


def test_faults_leave_the_valid_events_as_they_were() -> None:
    faulty = records_of(a_simulation(faults=Faults(duplicates=0.1, late=0.1, bad=0.1)))
    accepted = {v.event.event_id for r in faulty if isinstance(v := verdict_on(r), Accepted)}
    assert accepted == {event["event_id"] for event in events_of(a_simulation())}


def test_the_tally_agrees_with_the_records() -> None:
    tally = Tally()
    faults = Faults(duplicates=0.05, late=0.05, bad=0.05)
    records = list(a_simulation(faults=faults).records(tally))
    verdicts = [verdict_on(record) for record in records]
    assert Counter(v.reason for v in verdicts if isinstance(v, Rejected)) == tally.bad
    ids = Counter(v.event.event_id for v in verdicts if isinstance(v, Accepted))
    assert len(ids) == tally.valid
    assert sum(n - 1 for n in ids.values()) == tally.duplicates > 0
    assert len(records) == tally.records
    assert tally.late > 0


def test_a_repeated_event_is_still_among_the_last_64_of_its_learner() -> None:
    seen: dict[object, list[str]] = defaultdict(list)
    for record in records_of(a_simulation(faults=Faults(duplicates=0.2))):
        event = json.loads(record.value or b"")
        ids = seen[event["user_id"]]
        if event["event_id"] in ids:
            assert event["event_id"] in ids[-64:]
        else:
            ids.append(event["event_id"])


def test_events_come_in_order_and_none_after_the_end() -> None:
    times = [made.at for made in a_simulation().events()]
    assert times == sorted(times)
    assert times[-1] <= UNTIL
    assert len(set(map(_id, events_of(a_simulation())))) == len(times)


@pytest.mark.parametrize("until", [UNTIL, UNTIL + 43_210, UNTIL + 80_000])
def test_somebody_is_active_on_the_last_day_and_so_is_the_first_learner(until: int) -> None:
    made = list(Simulation(30, 14, 7, until).events())
    recent = {each.event["user_id"] for each in made if each.at > until - 1_500}
    assert 1000 in recent
    assert len({each.event["user_id"] for each in made if each.at > until - 86_400}) > 5


def test_a_simulation_names_one_learner_of_each_temperament() -> None:
    plan = Simulation(200, 30, 1, UNTIL)
    report = summary(plan, Tally())
    assert report["examples"][0] == report["first_learner"] == 1000
    made = [a_learner(1, n, plan.courses(), plan.first.date(), 30) for n in range(200)]
    kinds = {each.user_id: each.temperament for each in made}
    assert sorted(kinds[each].name for each in report["examples"]) == sorted(
        each.name for each in TEMPERAMENTS
    )
    assert summary(Simulation(1, 30, 1, UNTIL), Tally())["examples"] == [1000]


def test_the_first_learner_has_a_rich_history() -> None:
    for seed in (1, 2, 42):
        kinds = {e["type"] for e in events_of(a_simulation(1, seed=seed))}
        assert kinds >= {
            "enrolled",
            "session_started",
            "content_viewed",
            "module_completed",
            "assessment_submitted",
            "assessment_graded",
            "question_answered",
            "goal_set",
        }


def test_temperaments_differ_in_what_they_do() -> None:
    events = events_of(a_simulation(100, 40))
    by_learner: dict[object, list[float]] = defaultdict(list)
    for event in (e for e in events if e["type"] == "assessment_graded"):
        by_learner[event["user_id"]].append(100 * event["score"] / event["max_score"])
    means = sorted(sum(scores) / len(scores) for scores in by_learner.values())
    assert means[len(means) // 10] < 50
    assert means[len(means) // 2] > 65
    outcomes = {e["outcome"] for e in events if e["type"] == "course_finished"}
    assert outcomes == {"passed", "failed"}
    zones = {e.get("timezone") for e in events}
    assert len(zones) > 5
    assert {type(e["user_id"]) for e in events} == {int, str}


def test_a_file_holds_what_replay_takes(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    plan = Simulation(20, 10, 7, UNTIL, Faults(bad=0.1, only_in_file=True))
    report = write_simulation(plan, out)
    lines = list(Lines(out, UNTIL).events())
    assert lines_of(plan.records(Tally())) == [line.value for line in lines]
    assert report["events"] == len(lines)
    reasons = Counter(v.reason for r in lines if isinstance(v := verdict_on(r), Rejected))
    assert reasons == report["bad"]
    assert list(Lines(tmp_path / "events.jsonl.courses", UNTIL).courses()) == plan.facts()


def test_shares_and_sizes_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="--bad is 2"):
        Faults(bad=2)
    with pytest.raises(UsageError, match="--learners is 0"):
        Simulation(0, 1, 7, UNTIL)
    with pytest.raises(UsageError, match="--until"):
        Simulation(1, 30, 7, 86_400)


def lines_of(records: Iterable[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def _id(event: dict[str, Any]) -> str:
    return str(event["event_id"])
