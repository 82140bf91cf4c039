"""Every wrong setting and flag ends its command at once: status 2, one line, and no secret."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest

from cli.main import COMMANDS, main
from cli.settings import OTHERS, read_settings
from runtime.errors import UsageError
from runtime.settings import MAY_BE_EMPTY, Settings, is_secret, variable
from tests.schemas import ROOT

SECRET: Final = "never-to-be-seen"
GOOD: Final = {
    "KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "DATABASE_URL": f"postgresql://u:{SECRET}-database@127.0.0.1:1/d",
    "LEARNSTREAM_KAFKA_SASL_USERNAME": "someone",
    "LEARNSTREAM_KAFKA_SASL_PASSWORD": f"{SECRET}-sasl",
    "LEARNSTREAM_JWT_SECRET": f"{SECRET}-signing-with-thirty-two-bytes",
    "LEARNSTREAM_READER_PASSWORD": f"{SECRET}-reader",
    "LEARNSTREAM_EMBEDDED": "true",
}
"""Nothing listens there: a command that gets so far says so, and waits."""


@dataclass(frozen=True)
class Wrong:
    """A value that a setting cannot have, and what is said of it."""

    field: str
    value: str
    says: str


WRONG: Final = (
    Wrong("kafka_bootstrap", "kafka", "seen 'kafka', expected host:port"),
    Wrong("kafka_bootstrap", "a:1,", "expected host:port"),
    Wrong("kafka_bootstrap", "http://a:1", "expected host:port"),
    Wrong("kafka_bootstrap", f"u:{SECRET}@a:1", "not shown, expected host:port"),
    Wrong("database_url", f"postgress://u:{SECRET}@h/d", "not shown, expected postgresql://"),
    Wrong("database_url", f"postgresql://u:a@{SECRET}@h/d", "not shown, expected postgresql://"),
    Wrong("database_url", f"postgresql://u:a/{SECRET}@h/d", "not shown, expected postgresql://"),
    Wrong("database_url", f"postgresql://u:%{SECRET}@h/d", "not shown, expected postgresql://"),
    Wrong("database_url", f"postgresql://u@h/d?{SECRET}=1", "not shown, expected postgresql://"),
    Wrong("database_url", SECRET, "not shown, expected postgresql://"),
    Wrong("kafka_security_protocol", "TLS", "seen 'TLS', expected 'PLAINTEXT', 'SSL'"),
    Wrong("kafka_sasl_mechanism", "GSSAPI", "seen 'GSSAPI', expected 'PLAIN'"),
    Wrong("kafka_ssl_cafile", "/nowhere/ca.pem", "seen '/nowhere/ca.pem', expected a readable"),
    Wrong("kafka_ssl_cafile", "/dev/null", "seen '/dev/null', expected a readable"),
    Wrong("topic_prefix", "a b", "seen 'a b', expected"),
    Wrong("partitions", "0", "seen '0', expected 1 or more"),
    Wrong("partitions", "many", "seen 'many', expected a whole number"),
    Wrong("replication", "0", "seen '0', expected 1 or more"),
    Wrong("replication", "1", "which is 1"),
    Wrong("min_insync_replicas", "4", "is 4, more than LEARNSTREAM_REPLICATION, which is 3"),
    Wrong("state_segment_bytes", "1", "seen '1', expected 1048576 or more"),
    Wrong("clock", "sundial", "seen 'sundial', expected 'wall' or 'stream'"),
    Wrong("timezone", "Mars/Base", "seen 'Mars/Base', expected an IANA zone"),
    Wrong("session_timeout_seconds", "nan", "seen 'nan', expected a finite number"),
    Wrong("batch_records", "0", "seen '0', expected 1 or more"),
    Wrong("hot_states_mib", "0", "seen '0', expected 1 or more"),
    Wrong("progress_timeout_seconds", "soon", "seen 'soon', expected a number"),
    Wrong("api_port", "65536", "seen '65536', expected 65535 or less"),
    Wrong("alert_source", "alerts", "seen 'alerts', expected text of the form"),
    Wrong("cors_origins", "*", "seen '*', expected origins by commas"),
    Wrong("cors_origins", "null", "seen 'null', expected origins by commas"),
    Wrong("cors_origins", "https://a/b", "seen 'https://a/b', expected origins by commas"),
    Wrong("jwt_jwks_url", "file:///etc/keys", "seen 'file:///etc/keys', expected http"),
    Wrong("jwt_jwks_url", "http://", "expected http"),
    Wrong("jwt_jwks_url", "http://h:port/", "expected http"),
    Wrong("jwt_jwks_url", "keys", "seen 'keys', expected http"),
    Wrong("jwt_jwks_url", f"http://u:{SECRET}@h/", "not shown, expected http"),
    Wrong("lms_url", "lms", "seen 'lms', expected http(s)://host/path with any of"),
    Wrong("lms_url", "https://{id}.example.org/", "expected http(s)://host/path with any of"),
    Wrong("learner_url", "https://a/{id}", "with any of {course_id} and {user_id} in the path"),
    Wrong("stale_after_seconds", "-1", "seen '-1', expected 0 or more"),
    Wrong("metrics_port", "none", "seen 'none', expected a whole number"),
    Wrong("log_level", "loud", "seen 'loud', expected 'debug'"),
    Wrong("log_format", "xml", "seen 'xml', expected 'text' or 'json'"),
    Wrong("embedded", "perhaps", "seen 'perhaps', expected true or false"),
    Wrong("failpoints", "crash_at=noon", "seen 'crash_at=noon', expected failpoints"),
    Wrong("failpoints", "crash_at=after_begin:x", "expected failpoints"),
)
ANY_TEXT: Final = frozenset(
    {
        "kafka_sasl_username",
        "kafka_sasl_password",
        "group",
        "rules_file",
        "data_dir",
        "api_host",
        "jwt_secret",
        "jwt_issuer",
        "jwt_audience",
        "metrics_host",
        "reader_password",
        "instance",
    }
)
"""What may be any text, as far as can be said without a server or by every command."""

ARGUMENTS: Final = {
    "simulate": ["--learners", "1", "--days", "1", "--seed", "1"],
    "replay": ["jsonl", "nowhere.jsonl"],
    "dead-letters": ["list"],
    "models": ["list"],
    "rules": ["try", "nowhere.json", "--from", "2024-03-04T00:00:00Z"],
    "token": ["--user", "1"],
    "open": ["--user", "1"],
    "why": ["317e2e7a-da00-5340-88e0-3a9845434937"],
}
PROGRAMS: Final = [name.replace("_", "-") for name in COMMANDS if name != "check"]
"""`check` reads no settings: a producer's sample is judged by itself."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Good settings, with a marked secret in each that holds one."""
    for name in [name for name in os.environ if name.startswith("LEARNSTREAM_")]:
        monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", sys.argv)


def said_by(command: str, capfd: pytest.CaptureFixture[str], *flags: str) -> tuple[int, str]:
    """The status of a command and all that it wrote, by whatever way."""
    sys.argv = ["learnstream", command, *flags]
    try:
        status = main()
    except SystemExit as end:
        status = int(str(end.code))
    return status, "".join(capfd.readouterr())


def assert_refused(
    says: str, capfd: pytest.CaptureFixture[str], programs: Sequence[str] = PROGRAMS
) -> None:
    """By these commands, before they do anything, in one line and without a secret."""
    for command in programs:
        status, said = said_by(command, capfd, *ARGUMENTS.get(command, []))
        assert status == 2, command
        assert re.fullmatch(r"learnstream: .*\n", said), (command, said)
        assert re.search(says, said), (command, said)
        assert SECRET not in said, command


def test_every_setting_has_a_row() -> None:
    assert {wrong.field for wrong in WRONG} | ANY_TEXT == set(Settings.model_fields)


def id_of(given: Wrong | str) -> str:
    return given if isinstance(given, str) else f"{given.field}-{given.value[:20]}"


@pytest.mark.parametrize(
    ("wrong", "program"), list(zip(WRONG, cycle(PROGRAMS), strict=False)), ids=id_of
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    wrong: Wrong, program: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable(wrong.field), wrong.value)
    assert_refused(rf"{variable(wrong.field)}.*{re.escape(wrong.says)}", capfd, [program])


@pytest.mark.long
@pytest.mark.parametrize("wrong", WRONG, ids=id_of)
def test_every_command_refuses_a_wrong_value(
    wrong: Wrong, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable(wrong.field), wrong.value)
    assert_refused(rf"{variable(wrong.field)}.*{re.escape(wrong.says)}", capfd)


@pytest.mark.parametrize(
    ("field", "program"),
    list(zip(sorted(set(Settings.model_fields) - MAY_BE_EMPTY), cycle(PROGRAMS), strict=False)),
)
def test_a_variable_that_is_set_to_nothing_is_refused(
    field: str, program: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable(field), "")
    assert_refused(rf"{variable(field)}: seen (''|nothing), expected", capfd, [program])


@pytest.mark.long
@pytest.mark.parametrize("field", sorted(set(Settings.model_fields) - MAY_BE_EMPTY))
def test_every_command_refuses_a_variable_that_is_set_to_nothing(
    field: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable(field), "")
    assert_refused(rf"{variable(field)}: seen (''|nothing), expected", capfd)


@pytest.mark.parametrize("field", sorted(MAY_BE_EMPTY))
def test_where_nothing_is_a_value_it_may_be_said(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable(field), "")
    assert getattr(read_settings(), field) == ""


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("LEARNSTREAM_JWT_AUDIENC", "LEARNSTREAM_JWT_AUDIENCE"),
        ("LEARNSTREAM_JWT_ISUER", "LEARNSTREAM_JWT_ISSUER"),
        ("LEARNSTREAM_TIME_ZONE", "LEARNSTREAM_TIMEZONE"),
        ("learnstream_grup", "LEARNSTREAM_GROUP"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest(
    name: str, nearest: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, SECRET)
    assert_refused(f"{name} is not a setting of learnstream; the nearest is {nearest}", capfd)


def test_variables_of_ours_that_are_no_settings_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in OTHERS:
        monkeypatch.setenv(name, "3")
    read_settings()
    used = re.findall(r"\$\{(LEARNSTREAM_\w+)", (ROOT / "docker-compose.yml").read_text())
    known = {variable(field) for field in Settings.model_fields}
    assert set(used) <= OTHERS | known


@pytest.mark.parametrize("missing", ["kafka_sasl_username", "kafka_sasl_password"])
def test_sasl_needs_a_user_and_a_password(
    missing: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEARNSTREAM_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.delenv(variable(missing))
    assert_refused(f"{variable(missing)} is not set, and LEARNSTREAM_KAFKA_SECURITY_PRO", capfd)


def test_kafka_has_no_default(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP")
    assert_refused("KAFKA_BOOTSTRAP is not set", capfd, [name for name in PROGRAMS if name != "up"])


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEARNSTREAM_CLOCK", "sundial")
    monkeypatch.setenv("LEARNSTREAM_PARTITIONS", "0")
    with pytest.raises(UsageError, match=r"LEARNSTREAM_PARTITIONS.*; LEARNSTREAM_CLOCK"):
        read_settings()


def test_every_secret_of_the_settings_is_marked_here() -> None:
    """Else the other tests could not see it in what was written."""
    marked = {name for name, value in GOOD.items() if SECRET in value}
    assert marked == {variable(field) for field in Settings.model_fields if is_secret(field)}


def test_only_one_place_reads_the_environment() -> None:
    readers = [
        path.name
        for folder in ("agents", "api", "cli", "feeds", "operations", "proof", "runtime", "sinks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if re.search(r"\bSettings\((?!BaseSettings)", path.read_text())
    ]
    assert readers == ["settings.py"]


@pytest.mark.parametrize(
    ("command", "flags", "says"),
    [
        ("up", ["--port", "-1"], "--port: seen -1, expected 1 to 65535"),
        ("up", ["--port", "65536"], "--port: seen 65536, expected 1 to 65535"),
        ("up", ["--workers", "0"], "--workers: seen 0, expected 1 or more"),
        ("token", ["--user", ""], "--user: seen '', expected 1 to 128 characters"),
        ("token", ["--user", "x" * 129], "expected 1 to 128 characters"),
        ("token", ["--user", "1", "--ttl", "-5"], "seen -5, expected 1 to"),
        ("token", ["--user", "1", "--ttl", "0"], "seen 0, expected 1 to"),
        ("token", ["--user", "1", "--ttl", "9" * 30], "expected 1 to"),
        ("verify", ["--wait", "nan"], "seen nan, expected 0 seconds or more"),
        ("verify", ["--wait", "-1"], "seen -1, expected 0 seconds or more"),
        (
            "simulate",
            [*ARGUMENTS["simulate"], "--out", "/nowhere/at/all"],
            "--out: /nowhere/at/all cannot be written: No such file or directory",
        ),
        ("check", ["/nowhere/at/all"], "/nowhere/at/all"),
        (
            "rules",
            ["try", "rules.json", "--from", "yesterday"],
            "seen 'yesterday', expected RFC 3339 with an offset",
        ),
        ("why", ["7"], "seen '7', expected the id of an alert, a UUID"),
    ],
)
def test_a_wrong_flag_is_refused_with_what_is_allowed(
    command: str,
    flags: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("KAFKA_BOOTSTRAP", "DATABASE_URL"):
        if command == "up":
            monkeypatch.delenv(name)
    status, said = said_by(command, capfd, *flags)
    assert status == 2
    assert says in said.splitlines()[-1]
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules.json", None),
        ("rules.json", "no JSON"),
        ("rules.json", '{"low_score": 7}'),
        ("rules.json", "[7]"),
        ("rules.toml", "no TOML"),
        ("rules.toml", "[courses.c1.low_score]\nnope = 1"),
    ],
)
def test_a_wrong_rules_file_is_named(
    name: str,
    text: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("LEARNSTREAM_RULES_FILE", str(file))
    status, said = said_by("worker", capfd)
    assert status == 2
    assert re.fullmatch(rf"learnstream: LEARNSTREAM_RULES_FILE: {file}.*\n", said)
    monkeypatch.delenv("LEARNSTREAM_RULES_FILE")
    status, said = said_by("rules", capfd, "try", str(file), "--from", "2024-03-04T00:00:00Z")
    assert status == 2
    assert re.fullmatch(rf"learnstream: {file}.*\n", said)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"LEARNSTREAM_JWT_SECRET": SECRET}, f"has {len(SECRET)} bytes, expected 32 or more"),
        ({"LEARNSTREAM_JWT_JWKS_URL": "https://h/keys"}, "are both set"),
        ({"LEARNSTREAM_JWT_SECRET": None}, "LEARNSTREAM_JWT_SECRET"),
        ({"DATABASE_URL": None}, "DATABASE_URL is not set"),
    ],
)
def test_an_api_is_told_how_tokens_are_checked_and_where_the_rows_are(
    changes: dict[str, str | None],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in changes.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    status, said = said_by("api", capfd)
    assert status == 2
    assert re.fullmatch(r"learnstream: .*\n", said)
    assert says in said
    assert SECRET not in said
