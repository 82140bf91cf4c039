"""docs/asyncapi.yaml holds for real messages, agrees with the code's types, and refuses others."""

import json
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft7Validator

from contracts import course_facts as wire
from contracts.alert_event import (
    CONTENT_TYPE,
    AlertAction,
    AlertData,
    AlertEvent,
    encode_transition,
)
from contracts.dead_letter import dead_letter_headers
from contracts.inputs import encode_input
from contracts.lessons import encode_lesson, encode_order
from contracts.snapshots import SERVING_KEY, TRAINER_KEY, learning_key, snapshot_key
from contracts.state_keys import PARTITION_KEY, TAKEN_KEY, course_key
from contracts.topics import TOPICS
from domain.alerts import Action, Evidence, Response, Subject, Target, Transition
from domain.course_facts import CourseFacts
from domain.events.activity import EVENT_TYPES, AnyEvent
from domain.events.decode import REASONS, Accepted, Record, Rejected, decode
from domain.examples import Example, Lesson, Order
from domain.fold.effects import DeadLetter
from domain.fold.inputs import Input, InputKind
from domain.rules import RULES
from domain.stored.checkpoint import FOLD_VERSION
from feeds.faults import BAD, bad_record
from feeds.simulate import Simulation
from tests.delivering import delivered
from tests.factories import Bench, at, course, graded, record
from tests.schemas import (
    DOCUMENT,
    LIMITS,
    problems,
    references,
    resolve,
    schema,
    stated,
    types,
    unlike_ours,
    validator,
)
from tests.telling import APART_RUNS, RUNS, told

pytestmark = pytest.mark.long

KINDS: dict[str, Any] = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyEvent)}
NOT_SIMULATED = {
    "module_reopened",
    "goal_removed",
    "assessment_excused",
    "deadline_extended",
    "preferences_set",
    "alert_acknowledged",
    "alert_feedback",
    "help_noted",
}
NEVER_VALID = [[1]]
LATER = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp() * 1000)


def schema_of(kind: str) -> str:
    return str(KINDS[kind].__name__)


def example_of(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = schema(schema_of(kind))["examples"][0]
    return found


def verdict(value: dict[str, Any], key: str | None = None) -> Accepted | Rejected:
    key = str(value.get("user_id")) if key is None else key
    return decode(Record(0, LATER, key.encode(), json.dumps(value).encode()), 0, 1)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert resolve(reference), reference


def test_every_schema_is_one() -> None:
    for name in DOCUMENT["components"]["schemas"]:
        validator(name).check_schema(schema(name))


def test_the_channels_are_the_topics() -> None:
    channels = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    assert set(channels) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        bindings = channels[topic.name]["bindings"]
        kafka = (resolve(bindings["$ref"]) if "$ref" in bindings else bindings)["kafka"]
        wanted = "compact" if topic.cleanup == "compact" else "delete"
        assert kafka["topicConfiguration"]["cleanup.policy"] == [wanted], topic.name
        assert (kafka.get("partitions") == 1) == (topic.partitioning == "single"), topic.name


def test_every_channel_says_how_it_is_read_and_partitioned() -> None:
    for name, channel in DOCUMENT["channels"].items():
        assert channel["x-isolation-level"] == "read_committed", name
        assert "isolation.level=read_committed" in channel["description"], name
        assert channel["x-partitioner"], name


def test_every_channel_has_an_operation_and_every_message_a_channel() -> None:
    used = {operation["channel"]["$ref"] for operation in DOCUMENT["operations"].values()}
    assert used == {f"#/channels/{name}" for name in DOCUMENT["channels"]}
    carried = set(references([channel["messages"] for channel in DOCUMENT["channels"].values()]))
    assert carried == {
        f"#/components/messages/{name}" for name in DOCUMENT["components"]["messages"]
    }


def test_activity_carries_every_type_of_event() -> None:
    messages = [resolve(m["$ref"]) for m in DOCUMENT["channels"]["activity"]["messages"].values()]
    assert [message["name"] for message in messages] == list(EVENT_TYPES)
    payloads = [message["payload"]["$ref"].rpartition("/")[2] for message in messages]
    assert payloads == [schema_of(kind) for kind in EVENT_TYPES]


def test_the_keys_of_states_match_their_pattern() -> None:
    key = DOCUMENT["components"]["messages"]["State"]["bindings"]["kafka"]["key"]
    check = Draft7Validator({"type": key["type"], "pattern": key["pattern"]})
    for valid in ("7", "ada", PARTITION_KEY.decode(), course_key("c1").decode()):
        assert check.is_valid(valid), valid
    assert not check.is_valid("\x00other")


def test_the_keys_of_snapshots_match_their_pattern() -> None:
    key = DOCUMENT["components"]["messages"]["Snapshot"]["bindings"]["kafka"]["key"]
    check = Draft7Validator({"type": key["type"], "pattern": key["pattern"]})
    known = [SERVING_KEY, TRAINER_KEY, TAKEN_KEY, learning_key("score"), snapshot_key(12)]
    for valid in known:
        assert check.is_valid(valid.decode()), valid
    for other in ("\x00other", "snapshot:0", "snapshot:", "7"):
        assert not check.is_valid(other), other


def test_lessons_and_orders_agree_with_their_types() -> None:
    for name, struct in (("Lesson", Lesson), ("Order", Order)):
        ours, theirs = schema(name), msgspec.json.schema(struct)["$defs"][name]
        assert set(ours["properties"]) == set(theirs["properties"]), name
        assert ours["required"] == theirs["required"], name
    kinds = msgspec.json.schema(Order)["$defs"]["Order"]["properties"]["order"]["enum"]
    assert set(schema("Order")["properties"]["order"]["examples"]) == set(kinds)


def test_lessons_and_orders_are_valid() -> None:
    example = Example("next_missing", "a1", "quiz", 2, 10, 0, [0] * 19, 1)
    whole = Lesson(
        user_id="7",
        at=20,
        course_id="c1",
        series="c",
        groups={"gender": "F"},
        outcome=1,
        examples=(example,),
    )
    for lesson in (whole, Lesson(user_id="7", at=20)):
        assert unlike_ours("Lesson", json.loads(encode_lesson(lesson))) == []
    for order in (
        Order(order="gather"),
        Order(order="learn", at=5),
        Order(order="pin", snapshot=3),
    ):
        assert unlike_ours("Order", json.loads(encode_order(order))) == []


def agree(name: str, struct: Any, *, output: bool = False) -> None:
    """A schema and a struct: names, what is required, types, enumerations, limits.

    An output always has all of its fields; an input may leave out what has a default.
    """
    ours, code = schema(name), msgspec.json.schema(struct)
    theirs = code["$defs"][code["$ref"].rpartition("/")[2]]
    assert set(ours["properties"]) == set(theirs["properties"]), name
    wanted = theirs["properties"] if output else theirs.get("required", [])
    assert set(ours.get("required", [])) == set(wanted), name
    for field, node in ours["properties"].items():
        other, where = theirs["properties"][field], f"{name}.{field}"
        assert types(node, DOCUMENT) == types(other, code), where
        for limit in LIMITS:
            seen = stated(other, code, limit)
            assert not seen or stated(node, DOCUMENT, limit) == seen, f"{where} {limit}"
        enumerated = stated(other, code, "enum")
        assert not enumerated or stated(node, DOCUMENT, "enum") == enumerated, where


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_an_events_schema_agrees_with_its_type(kind: str) -> None:
    agree(schema_of(kind), KINDS[kind])
    assert schema(schema_of(kind))["properties"]["type"]["const"] == kind


@pytest.mark.parametrize(
    ("name", "struct"),
    [
        ("CourseFacts", wire._Course),
        ("Module", wire._Module),
        ("Assessment", wire._Assessment),
        ("Break", wire._Break),
        ("WeeklyTargets", wire._WeeklyTargets),
    ],
)
def test_course_facts_agree_with_their_types(name: str, struct: Any) -> None:
    agree(name, struct)


@pytest.mark.parametrize(
    ("name", "struct"),
    [
        ("Transition", Transition),
        ("Response", Response),
        ("TransitionAction", Action),
        ("AlertEvent", AlertEvent),
        ("AlertData", AlertData),
        ("AlertAction", AlertAction),
        ("Evidence", Evidence),
        ("Subject", Subject),
        ("Target", Target),
    ],
)
def test_what_is_told_agrees_with_its_types(name: str, struct: Any) -> None:
    agree(name, struct, output=True)


def test_inputs_agree_with_their_type() -> None:
    ours, theirs = schema("Input"), msgspec.json.schema(Input)["$defs"]["Input"]
    assert set(ours["required"]) == set(ours["properties"]) == set(theirs["required"])
    assert set(ours["properties"]["kind"]["examples"]) == set(get_args(InputKind))


def test_the_rules_and_reasons_are_all_there() -> None:
    assert set(schema("RuleName")["examples"]) == set(RULES)
    assert tuple(schema("DeadLetterHeaders")["properties"]["reason"]["examples"]) == REASONS


def simulation() -> Simulation:
    return Simulation(learners=6, days=30, seed=7, until=int(at(400).timestamp()))


def test_every_simulated_event_and_course_is_valid() -> None:
    checks = {kind: validator(schema_of(kind)) for kind in EVENT_TYPES}
    seen = set()
    for made in simulation().events():
        kind = made.event["type"]
        seen.add(kind)
        assert not list(checks[kind].iter_errors(made.event)), made.event
    assert set(EVENT_TYPES) - seen <= NOT_SIMULATED
    for facts in simulation().facts():
        assert facts.value is not None
        assert problems("CourseFacts", json.loads(facts.value)) == []


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_an_example_is_valid_and_accepted(kind: str) -> None:
    example = example_of(kind)
    assert problems(schema_of(kind), example) == []
    accepted = verdict(example)
    assert isinstance(accepted, Accepted), accepted
    assert type(accepted.event) is KINDS[kind]


def test_the_examples_of_course_facts_are_valid_and_accepted() -> None:
    for example in schema("CourseFacts")["examples"]:
        assert problems("CourseFacts", example) == []
        key = example["course_id"].encode()
        found = wire.decode_course_facts(key, json.dumps(example).encode())
        assert isinstance(found, CourseFacts), found


@pytest.mark.parametrize("run", RUNS)
def test_every_transition_of_a_run_is_valid(run: str) -> None:
    transitions = told(run)
    assert transitions
    for transition in transitions:
        assert unlike_ours("Transition", json.loads(encode_transition(transition))) == []
        if transition.delivered:
            assert unlike_ours("AlertEvent", json.loads(delivered(transition))) == []


@pytest.mark.parametrize("run", APART_RUNS)
def test_every_alert_about_a_model_or_data_is_valid(run: str) -> None:
    """It goes to `alerts` alone."""
    for transition in told(run):
        assert unlike_ours("AlertEvent", json.loads(delivered(transition))) == []


def test_the_runs_show_every_rule_and_every_kind_of_transition() -> None:
    transitions = [transition for run in (*RUNS, *APART_RUNS) for transition in told(run)]
    assert {transition.category for transition in transitions} == set(RULES)
    kinds = {transition.kind for transition in transitions}
    assert kinds == {"raised", "updated", "resolved", "suppressed"}
    ends = {transition.resolution for transition in transitions} - {None}
    assert ends == {"cleared", "corrected", "unenrolled", "course_finished"}


def test_the_headers_of_alerts_name_their_content_type() -> None:
    assert unlike_ours("AlertHeaders", {"content-type": CONTENT_TYPE}) == []
    assert DOCUMENT["components"]["messages"]["Alert"]["contentType"] == CONTENT_TYPE


def letters() -> list[DeadLetter]:
    """A dead letter for every fault that the simulation knows, and for a defect of ours."""

    def fail(_event: AnyEvent) -> None:
        raise ZeroDivisionError

    good = graded(at(1), 50)
    bench = Bench()
    for kind in BAD:
        bad = bad_record(kind, good)
        bench.send(record(None, arrived=at(1))._replace(key=bad.key, value=bad.value))
    broken = Bench(defect=fail).send(good)
    return [*bench.letters, *broken.letters]


def test_the_headers_of_dead_letters_are_valid() -> None:
    found = letters()
    # With one partition none is wrong.
    assert {letter.reason for letter in found} == set(BAD) - {"wrong_partition"} | {"defect"}
    for letter in found:
        headers = dead_letter_headers(letter, "activity", 3)
        text = {name: value.decode() for name, value in headers}
        assert unlike_ours("DeadLetterHeaders", text) == []
        assert unlike_ours("DeadLetterHeaders", {**text, "reason": "bad_mood"})
        assert unlike_ours("DeadLetterHeaders", {**text, "offset": "-1"})


def test_a_record_that_was_cut_says_so_in_its_headers() -> None:
    letter = DeadLetter(Record(0, 0, b"7", b" " * 2_000_000), "too_large", "2000000 bytes")
    text = {n: v.decode() for n, v in dead_letter_headers(letter, "activity", 0)}
    assert text["truncated"] == "1 2000000"
    assert unlike_ours("DeadLetterHeaders", text) == []


def test_inputs_are_valid() -> None:
    bench = Bench(facts=course()).tick(at(1))
    bench.adopt("fold_version", {"version": FOLD_VERSION})
    bench.adopt("configuration", bench.fold.configuration)
    bench.adopt("resume", {})
    assert len(bench.inputs) == 5
    for value in bench.inputs:
        assert unlike_ours("Input", json.loads(encode_input(value))) == []


def changes(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """An example with one thing wrong that a decoder notices too, and what it is."""
    example, rules = example_of(kind), schema(schema_of(kind))
    found = [
        (f"without {n}", {k: v for k, v in example.items() if k != n}) for n in rules["required"]
    ]
    found += [(f"{name} a list", {**example, name: NEVER_VALID}) for name in rules["properties"]]
    wrong = {
        "event_id": "",
        "user_id": True,
        "occurred_at": "2026-03-02T19:00:00",
        "v": 2,
        "precision": "hour",
        "session_id": "x" * 257,
        "timezone": "Mars/Olympus Mons",
    }
    return found + [
        (f"{name} {value!r:.20}", {**example, name: value}) for name, value in wrong.items()
    ]


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_what_the_schema_refuses_is_rejected(kind: str) -> None:
    for what, value in changes(kind):
        assert problems(schema_of(kind), value), f"{kind} {what} is valid"
        key = str(example_of(kind)["user_id"])
        assert isinstance(verdict(value, key), Rejected), f"{kind} {what} is accepted"


def test_a_mistyped_name_is_found_though_workers_ignore_it() -> None:
    value = {**example_of("content_viewed"), "duration": 10}
    assert problems("ContentViewed", value)
    assert isinstance(verdict(value), Accepted)


def test_bad_records_of_the_simulation_are_not_valid() -> None:
    good = example_of("content_viewed")
    kinds = "missing_field", "wrong_type", "unknown_type", "unknown_version", "naive_time", "bad_id"
    for kind in kinds:
        value = bad_record(kind, good).value
        assert value is not None
        assert problems("ContentViewed", json.loads(value)), kind


def test_changed_course_facts_are_not_valid() -> None:
    example = schema("CourseFacts")["examples"][0]
    for name in schema("CourseFacts")["properties"]:
        assert problems("CourseFacts", {**example, name: NEVER_VALID}), name
    for wrong in ({"pass_mark": 101}, {"attempt_rule": "mean"}, {"breaks": [{"from": "x"}]}):
        value = {**example, **wrong}
        assert problems("CourseFacts", value), wrong
        rejected = wire.decode_course_facts(b"python-basics", json.dumps(value).encode())
        assert isinstance(rejected, Rejected), wrong


@pytest.mark.parametrize("run", RUNS)
def test_a_changed_transition_or_alert_is_not_valid(run: str) -> None:
    for transition in told(run):
        pairs = [("Transition", json.loads(encode_transition(transition)))]
        if transition.delivered:
            alert = json.loads(delivered(transition))
            pairs += [("AlertEvent", alert), ("AlertData", alert["data"])]
        for name, value in pairs:
            for field in value:
                assert unlike_ours(name, {**value, field: NEVER_VALID}), f"{name} {field}"
                left = {k: v for k, v in value.items() if k != field}
                assert unlike_ours(name, left), f"{name} without {field}"


def test_an_alert_that_contradicts_itself_is_not_valid() -> None:
    raised, updated, resolved = (
        json.loads(delivered(transition))
        for transition in told("low_score")
        if transition.category == "low_score"
    )
    assert not unlike_ours("AlertEvent", {**raised, "data": updated["data"]})  # raised again
    for one, other in (
        (raised, resolved),
        (updated, raised),
        (updated, resolved),
        (resolved, raised),
        (resolved, updated),
    ):
        assert unlike_ours("AlertEvent", {**one, "data": other["data"]})
