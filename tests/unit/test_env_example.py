"""`.env.example` is what the settings come to, and gives no secret a value."""

import re
from pathlib import Path

import pytest

from cli.settings import read_settings
from runtime.settings import Settings, is_secret, variable
from tests.env_example import env_example
from tests.schemas import ROOT

FILE = ROOT / ".env.example"
LINE = re.compile(r"^#([A-Z_]+)=(.*)$", re.MULTILINE)


def test_the_file_is_current() -> None:
    assert FILE.read_text() == env_example(), "python -m tests.env_example > .env.example"


def test_every_setting_is_explained() -> None:
    assert [name for name, _ in LINE.findall(FILE.read_text())] == [
        variable(field) for field in Settings.model_fields
    ]
    for field, info in Settings.model_fields.items():
        assert info.description, field


def test_no_secret_has_a_default() -> None:
    secrets = {variable(field) for field in Settings.model_fields if is_secret(field)}
    assert len(secrets) == 4
    given = dict(LINE.findall(FILE.read_text()))
    assert {given[name] for name in secrets} == {""}
    assert all(
        Settings.model_fields[f].default is None for f in Settings.model_fields if is_secret(f)
    )


def test_the_defaults_of_the_file_are_taken_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    given = {name: value for name, value in LINE.findall(FILE.read_text()) if value}
    given["KAFKA_BOOTSTRAP"] = "localhost:9092"
    file = tmp_path / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    assert read_settings(file) == Settings.model_validate({"KAFKA_BOOTSTRAP": "localhost:9092"})
