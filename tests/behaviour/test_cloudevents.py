"""Every alert is a valid CloudEvent, and the check that says so refuses one that is not."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from contracts.alert_event import SCHEMA
from domain.configuration import Configuration
from runtime.settings import Settings
from tests.delivering import delivered, not_cloudevents
from tests.telling import APART_RUNS, RUNS, told


@pytest.mark.parametrize("run", [*RUNS, *APART_RUNS])
def test_every_alert_is_a_valid_cloudevent(run: str) -> None:
    for transition in told(run):
        if transition.delivered:
            assert json.loads(delivered(transition))["dataschema"] == SCHEMA


def test_the_formats_are_checked() -> None:
    assert {"uri", "uri-reference", "date-time"} <= set(Draft7Validator.FORMAT_CHECKER.checkers)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataschema": "/schemas/alert/v1"},
        {"dataschema": "alert"},
        {"dataschema": ""},
        {"dataschema": None},
        {"source": "two words"},
        {"source": ""},
        {"specversion": "0.3"},
        {"time": "2024-03-04 09:00"},
        {"id": ""},
        {"type": None},
        {"Subject": "7"},
        {"data": "text"},
    ],
    ids=json.dumps,
)
def test_what_is_no_cloudevent_is_refused(wrong: dict[str, Any]) -> None:
    event = json.loads(delivered(told("low_score")[0]))
    assert not_cloudevents(json.dumps(event).encode()) == []
    assert not_cloudevents(json.dumps(event | wrong).encode()) != []


def test_an_installation_names_itself_as_the_source() -> None:
    ours = "https://lms.example.org/learnstream"
    assert json.loads(delivered(told("low_score")[0], ours))["source"] == ours


def settings(source: str) -> Settings:
    return Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", "alert_source": source})


def test_the_source_is_a_setting_and_an_absolute_uri() -> None:
    default = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1"})
    assert default.alert_source == Configuration().alert_source
    for good in ("urn:learnstream:staging", "https://lms.example.org/alerts?tenant=a"):
        assert settings(good).alert_source == good
    for bad in ("", "/learnstream/alerts", "lms.example.org", "urn:", "urn:two words", "urn:\n"):
        with pytest.raises(ValueError, match="alert_source"):
            settings(bad)
