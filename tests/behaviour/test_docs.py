"""The pages for integrators say what the code does: rules, ids, reasons, fields, examples."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from uuid import UUID, uuid5

import msgspec
import pytest

from contracts.alert_event import encode_transition
from contracts.course_facts import decode_course_facts
from contracts.remedies import REMEDIES
from domain.alerts import ALERT_NAMESPACE, STALE_SECONDS
from domain.configuration import Halting, configured
from domain.course_facts import CourseFacts
from domain.events.activity import EVENT_TYPES, NOT_YET_SUPPORTED, AnyEvent
from domain.events.decode import REASONS, VALUE_BYTES_MAX, Accepted, Record, decode
from domain.events.json_objects import DEPTH_MAX
from domain.rules import RULES
from domain.state import limits, upgrade
from domain.state.learner import STATE_VERSION
from runtime.codecs import _COMPRESSED
from tests.delivering import delivered
from tests.documented import documented
from tests.factories import USER, at, seconds
from tests.schemas import ROOT
from tests.telling import APART_RUNS, RUNS, told

ALERTS = (ROOT / "docs" / "alerts.md").read_text()
EVENTS = (ROOT / "docs" / "events.md").read_text()
METRICS = (ROOT / "docs" / "metrics.md").read_text()
README = (ROOT / "README.md").read_text()
UPGRADING = (ROOT / "docs" / "upgrading.md").read_text()
EXAMPLE = re.compile(
    r"<!-- (example|transition): (\w+), (\w+) (\w+) -->\n```json\n(.*?)\n```", re.DOTALL
)


def rows(text: str, heading: str) -> Iterator[list[str]]:
    """The cells of every row of the table whose first heading is this."""
    lines = text[text.index(f"| {heading} |") :].splitlines()
    for line in lines[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def code_words(text: str) -> set[str]:
    return {word.rstrip("?") for word in re.findall(r"`([^`\n]+)`", text)}


@pytest.mark.parametrize("page", documented(), ids=lambda page: page.name)
def test_what_is_said_of_the_rules_is_that_of_the_code(page: Path) -> None:
    assert page.read_text() == documented()[page], "make it anew: python -m tests.documented"


def test_the_readme_counts_the_rules() -> None:
    assert len(RULES) == 13
    assert "There are thirteen rules" in README


def test_a_backfill_is_stale_after_the_hours_that_are_said() -> None:
    assert f"more than {STALE_SECONDS // 3600} hours older" in ALERTS


EXAMPLES = EXAMPLE.findall(ALERTS)


def test_there_is_an_example_of_every_rule() -> None:
    assert {category for _, _, category, _, _ in EXAMPLES} == set(RULES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: " ".join(example[1:4]))
def test_an_example_is_what_the_fold_gives(example: tuple[str, str, str, str, str]) -> None:
    form, run, category, kind, text = example
    given = next(t for t in told(run) if (t.category, t.kind) == (category, kind))
    encode = delivered if form == "example" else encode_transition
    assert json.loads(text) == json.loads(encode(given))


CAUSES = {
    ("low_score", "low_score"): ("quiz-1", f"c1:{seconds(at(1))}"),
    ("declining_trend", "declining_trend"): (None, f"c1:{seconds(at(3))}"),
    ("streak_milestone", "streak_milestone"): ("2024-03-04", "2024-03-04:3"),
    ("progress_milestone", "progress_milestone"): ("c1", "c1:25"),
    ("good_scores", "progress_milestone"): ("c1", "c1:first_pass"),
    ("missed_deadline", "missed_deadline"): ("essay-1", f"c1:{seconds(at(5))}"),
    ("model_drift", "model_drift"): ("next_missing", f"{seconds(at(40))}:3210"),
    ("stopped_source", "data_quality"): ("0", f"{seconds(at(11))}"),
    ("rejected_events", "data_quality"): ("0", f"{seconds(at(1, 0, 19))}:19"),
}


@pytest.mark.parametrize(("run", "category"), CAUSES)
def test_ids_follow_from_learner_rule_subject_and_cause_as_said(run: str, category: str) -> None:
    subject, cause = CAUSES[run, category]
    namespace = re.search(r'UUID\("([0-9a-f-]+)"\)', ALERTS)
    assert namespace is not None
    assert UUID(namespace[1]) == ALERT_NAMESPACE
    learner = "" if run in {"model_drift", "stopped_source"} else USER
    alert_id = uuid5(UUID(namespace[1]), "\x1f".join((learner, category, subject or "", cause)))
    first = next(t for t in told(run) if t.category == category)
    assert first.alert_id == str(alert_id)
    for transition in told(run):
        if transition.alert_id == first.alert_id:
            event = json.loads(delivered(transition))
            assert event["id"] == str(uuid5(alert_id, str(transition.revision)))


def test_the_best_score_has_a_cause_of_its_own() -> None:
    codes = {str(t.message_code): t for t in told("good_scores")}
    best = codes["alert.progress_milestone.best"]
    cause = f"{USER}\x1fprogress_milestone\x1fc1\x1fc1:{seconds(at(6))}:best"
    assert best.alert_id == str(uuid5(ALERT_NAMESPACE, cause))


@pytest.mark.parametrize("run", [*RUNS, *APART_RUNS])
def test_an_alert_begins_as_raised_and_its_revisions_and_times_only_grow(run: str) -> None:
    revisions: dict[str, int] = {}
    times: dict[str, int] = {}
    delivered: set[str] = set()
    for transition in told(run):
        name = transition.alert_id
        assert transition.revision == revisions.get(name, 0) + 1
        assert transition.at >= times.get(name, transition.raised_at)
        if transition.delivered:
            assert transition.kind == "raised" or name in delivered
            delivered.add(name)
        revisions[name], times[name] = transition.revision, transition.at


def test_what_is_true_again_goes_on_as_raised_with_the_next_revision() -> None:
    kinds = [(t.kind, t.revision, t.alert_id) for t in told("extended_deadline")]
    (name,) = {name for _, _, name in kinds}
    assert kinds == [("raised", 1, name), ("resolved", 2, name), ("raised", 3, name)]
    assert "`raised` as revision 3" in ALERTS


def test_a_suppressed_alert_is_delivered_from_a_change_on_that_is_not_stale() -> None:
    kinds = [(t.kind, t.revision, t.state) for t in told("still_missing")]
    assert kinds == [("suppressed", 1, "suppressed"), ("raised", 2, "open")]


def test_every_run_gives_the_same_ids_again() -> None:
    for run in RUNS:
        assert told(run) == told(run)


def test_every_reason_of_rejection_is_explained_in_order() -> None:
    assert tuple(row[0].strip("`") for row in rows(EVENTS, "reason")) == REASONS


def test_what_to_do_is_what_the_commands_say() -> None:
    assert {row[0].strip("`"): row[2] for row in rows(EVENTS, "reason")} == REMEDIES


def test_every_type_and_field_of_an_event_is_named() -> None:
    words = code_words(EVENTS)
    for kind in get_args(AnyEvent):
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert fields <= words, fields - words
    assert set(EVENT_TYPES) | NOT_YET_SUPPORTED <= words


def test_the_types_table_says_what_is_required() -> None:
    said: dict[str, set[str]] = {}
    for types, fields in rows(EVENTS, "type"):
        own = re.split(r"\(", re.sub(r"\([^)]*\)", "", fields))[0]
        for kind in code_words(types):
            said[kind] = set(re.findall(r"`(\w+)`", own))
    for kind in get_args(AnyEvent):
        required = {field.name for field in msgspec.structs.fields(kind) if field.required}
        assert said[str(kind.__struct_config__.tag)] == required - {
            "event_id",
            "user_id",
            "occurred_at",
        }


def test_the_limits_that_are_said_are_those_of_the_code() -> None:
    assert f"more than {VALUE_BYTES_MAX:,} bytes" in EVENTS
    assert f"nested deeper than {DEPTH_MAX}" in EVENTS
    assert Halting().ratio == 0.5
    assert f"{Halting().in_a_row:,} in a row" in EVENTS


def test_the_example_of_an_event_is_accepted() -> None:
    (text,) = re.findall(r"```json\n(.*?)\n```", EVENTS, re.DOTALL)
    example = json.loads(text)
    key = str(example["user_id"]).encode()
    found = decode(Record(0, seconds(at(2000)) * 1000, key, text.encode()), 0, 1)
    assert isinstance(found, Accepted), found


def test_the_programs_of_the_page_ask_the_environment_and_send_events_of_today() -> None:
    programs = re.findall(r"```(python|javascript)\n(.*?)\n```", EVENTS, re.DOTALL)
    assert [language for language, _ in programs] == ["python", "python", "javascript"]
    for _, program in programs:
        assert "KAFKA_BOOTSTRAP" in program
        assert not re.search(r"20\d\d-\d\d-\d\d", program)


def test_every_codec_that_is_read_is_named() -> None:
    paragraph = EVENTS[EVENTS.index("**Compression.**") :].split("\n\n")[0]
    assert code_words(paragraph) == {"none", *_COMPRESSED, "compression.type", "alerts"}


def test_the_example_of_course_facts_is_accepted() -> None:
    (text,) = re.findall(r'`(\{"course_id".*?)`', EVENTS, re.DOTALL)
    value = json.dumps(json.loads(text)).encode()
    assert isinstance(decode_course_facts(b"python-basics", value), CourseFacts)


DAY = 86_400
BOUNDS = {
    "repeated events": [limits.SEEN_MAX],
    "days": [limits.DAYS_MAX],
    "a content counts once an hour (UTC) and course": [
        limits.CONTENTS_HOURS,
        limits.CONTENTS_MAX,
        limits.CONTENTS_ALWAYS,
    ],
    "the zone of an event without `timezone`": [limits.ZONES_MAX],
    "courses": [limits.COURSES_MAX],
    "finished courses": [limits.FROZEN_SECONDS // DAY, limits.FINISHED_MAX],
    "enrolments, leavings, outcomes": [limits.MEMBERSHIPS_MAX],
    "modules completed, reopened": [limits.MODULES_MAX, limits.MODULE_FACTS_MAX],
    "assessments": [limits.ASSESSMENTS_MAX],
    "grades, submissions, excuses": [
        limits.GRADES_MAX,
        limits.SUBMISSIONS_MAX,
        limits.EXCUSES_MAX,
    ],
    "sessions and minutes": [limits.MARKS_SECONDS // 3600, limits.MARKS_MAX, limits.SPANS_MAX],
    "goals": [limits.GOALS_MAX, limits.GOAL_FACTS_MAX],
    "help that was noted": [limits.HELPS_MAX],
}


def test_the_bounds_of_memory_that_are_said_are_those_of_the_state() -> None:
    """Every number of the table, in its order."""
    table = rows(EVENTS, "what | how far")
    assert {row[0]: [int(n) for n in re.findall(r"\d+", row[1])] for row in table} == BOUNDS


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (ALERTS, f"at most {limits.OPEN_ALERTS_MAX} open alerts"),
        (ALERTS, f"last {limits.CLOSED_ALERTS_MAX} are remembered"),
        (EVENTS, f"learner's last {limits.SEEN_MAX} events is dropped"),
        (METRICS, f"the newest {limits.SESSIONS_MAX + limits.SPANS_MAX}"),
        (METRICS, f"{limits.DAYS_MAX} days of buckets"),
        (README, f"more than {limits.SEEN_MAX} events late"),
        (README, f"older than {limits.DAYS_MAX} days"),
        (README, f"reads version {STATE_VERSION}"),
    ],
)
def test_a_bound_that_is_said_in_a_sentence_is_that_of_the_state(page: str, sentence: str) -> None:
    assert sentence in re.sub(r"\s+", " ", page)


def test_every_step_of_an_upgrade_is_said() -> None:
    said = {(row[0], row[1]) for row in rows_of_upgrades()}
    steps = (("learner's state", upgrade.LEARNER), ("checkpoint", upgrade.CHECKPOINT))
    made = {(what, f"{n} to {n + 1}") for what, known in steps for n in known}
    assert {pair for pair in said if pair[1]} == made


def rows_of_upgrades() -> Iterator[list[str]]:
    text = UPGRADING[UPGRADING.index("## What is upgraded") :]
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| |"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_rules_file_of_the_page_is_one() -> None:
    (text,) = re.findall(r"<!-- rules -->\n```toml\n(.*?)\n```", ALERTS, re.DOTALL)
    found = configured(tomllib.loads(text))
    assert found.rules.missed_deadline.low_after_hours == 72
    assert found.for_steps().by_course["algebra-2024"]
