"""What the environment configures: read once, by `cli.settings`, and passed on."""

import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.errors import UsageError
from runtime.failpoints import Failpoints

PREFIX: Final = "LEARNSTREAM_"
MAY_BE_EMPTY: Final = frozenset({"topic_prefix", "failpoints", "cors_origins"})
DATABASE_URL_FORM: Final = "postgresql://user:password@host:port/database"
_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s,:/@\[\]]+):\d{1,5}")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_IN_TEMPLATES: Final = {
    "lms_url": ("course_id", "kind", "id"),
    "learner_url": ("course_id", "user_id"),
}
"""What may stand in an address that is a template, by its setting."""
_ABSOLUTE_URI: Final = r"^[A-Za-z][A-Za-z0-9+.\-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%\-]+$"


class Settings(BaseSettings):
    """The environment of one process; Kafka and Postgres have no default.

    Variables are the upper-case names below with the prefix LEARNSTREAM_, but for `KAFKA_BOOTSTRAP`
    and `DATABASE_URL`, which keep the names that other programs use. What can be judged without a
    server is judged here; a validator's ValueError says what is expected and never what was seen.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    kafka_bootstrap: str = Field(validation_alias="KAFKA_BOOTSTRAP")
    """The brokers, host:port[,host:port]. Required by everything that talks to Kafka."""
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """postgresql://user:password@host:port/database. Required by sink, api, migrate and verify."""
    reader_password: SecretStr | None = None
    """The password that `learnstream migrate` gives the API's role, which may only read."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How brokers are reached."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    """How a user is authenticated under SASL."""
    kafka_sasl_username: str | None = None
    """The user under SASL."""
    kafka_sasl_password: SecretStr | None = None
    """The password under SASL."""
    kafka_ssl_cafile: Path | None = None
    """A file of PEM certificates that brokers are trusted by; unset: the system's."""

    topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,200}$")
    """What every topic's name begins with, where a cluster is shared."""
    partitions: int = Field(default=12, ge=1)
    """The partitions of `activity` and all that follows it; fixed for life."""
    replication: int = Field(default=3, ge=1)
    """The copies of every topic."""
    min_insync_replicas: int = Field(default=2, ge=1)
    """The copies that must have a record before it counts as written."""
    state_segment_bytes: int = Field(default=67_108_864, ge=1_048_576)
    """The size of a segment of the compacted topics."""

    group: str = "learnstream"
    """The consumer group of the workers; the sink's has `-sink` at its end."""
    clock: Literal["wall", "stream"] = "wall"
    """What "now" is: the wall's time, or the time of the events, for replayed history."""
    timezone: str = "UTC"
    """The zone of learners whose events name none (IANA)."""
    alert_source: str = Field(default="urn:learnstream:alerts", pattern=_ABSOLUTE_URI)
    """The `source` of every alert's CloudEvent, an absolute URI."""
    rules_file: Path | None = None
    """A TOML file (or `*.json`) with the thresholds of rules (docs/alerts.md); unset: defaults."""
    session_timeout_seconds: float = Field(default=8.0, ge=1, allow_inf_nan=False)
    """After how long without a sign of life a worker or a sink loses its partitions."""
    batch_records: int = Field(default=5_000, ge=1)
    """The most records of one transaction."""
    hot_states_mib: int = Field(default=1_024, ge=1)
    """The MiB of decoded states that a worker keeps at hand, for all its partitions together."""
    progress_timeout_seconds: float = Field(default=60.0, ge=1, allow_inf_nan=False)
    """After how long without progress a worker ends itself, to be started again."""
    data_dir: Path | None = None
    """Where feeds keep their position; unset: ~/.cache/learnstream."""

    api_host: str = "127.0.0.1"
    """The address that the API listens on."""
    api_port: int = Field(default=8000, ge=0, le=65_535)
    """The port that the API listens on; 0 takes a free one."""
    cors_origins: str = ""
    """The origins whose pages may read the API, by commas."""
    lms_url: str | None = None
    """Where links of the page lead, as in https://lms.example.org/{course_id}/{kind}/{id}."""
    learner_url: str | None = None
    """Where an instructor's links to learners lead: https://lms.example.org/user/{user_id}."""
    jwt_secret: SecretStr | None = None
    """The key that tokens are signed with (HS256), 32 bytes or more; or set the next one."""
    jwt_jwks_url: str | None = None
    """Where the issuer publishes its public keys (RS256, ES256)."""
    jwt_issuer: str | None = None
    """The `iss` that a token must have; unset: any."""
    jwt_audience: str = "learnstream"
    """The `aud` that a token must have."""
    stale_after_seconds: int = Field(default=60, ge=0)
    """For how long pages are shown from memory while Postgres is away."""

    metrics_host: str = "127.0.0.1"
    """The address that worker and sink serve their metrics on."""
    metrics_port: int | None = Field(default=None, ge=0, le=65_535)
    """The port of these metrics; unset: none are served."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important line that is logged."""
    log_format: Literal["text", "json"] = "text"
    """Lines for people, or for machines."""
    embedded: bool = False
    """Set by `learnstream up` for its own stack: development tokens may be issued."""
    failpoints: str = ""
    """For tests only: where a worker crashes or sleeps (runtime/failpoints.py)."""
    instance: str | None = None
    """What `/healthz` shows, so that whoever started this process knows that it is the one."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_said(cls, value: object, info: ValidationInfo) -> object:
        if value == "" and info.field_name not in MAY_BE_EMPTY:
            raise ValueError("a value, or the variable not set at all")
        return value

    @field_validator("kafka_bootstrap")
    @classmethod
    def _names_servers(cls, value: str) -> str:
        if not all(_SERVER.fullmatch(each) for each in value.split(",")):
            raise ValueError("host:port[,host:port]")
        return value

    @field_validator("database_url")
    @classmethod
    def _names_a_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_conninfo(value.get_secret_value()):
            raise ValueError(
                f"{DATABASE_URL_FORM} (in the password, `@`, `/` and `:` as %40, %2F and %3A)"
            )
        return value

    @field_validator("kafka_ssl_cafile")
    @classmethod
    def _holds_certificates(cls, value: Path | None) -> Path | None:
        try:
            if value is not None:
                ssl.create_default_context(cafile=value)
        except OSError as error:  # ssl.SSLError is one
            raise ValueError("a readable file of PEM certificates") from error
        return value

    @field_validator("jwt_jwks_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is not None and not _is_web_address(value):
            raise ValueError("http(s)://host/path, without a user and a password")
        return value

    @field_validator("lms_url", "learner_url")
    @classmethod
    def _is_template(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not _is_template(value, _IN_TEMPLATES[info.field_name or ""]):
            *others, last = (f"{{{name}}}" for name in _IN_TEMPLATES[info.field_name or ""])
            raise ValueError(
                f"http(s)://host/path with any of {', '.join(others)} and {last} in the path"
            )
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        if not all(_ORIGIN.fullmatch(each.strip()) for each in value.split(",") if each.strip()):
            raise ValueError(
                "origins by commas, without paths: https://app.example.org,http://localhost:5173"
            )
        return value

    @field_validator("failpoints")
    @classmethod
    def _are_failpoints(cls, value: str) -> str:
        try:
            Failpoints(value)
        except (UsageError, ValueError) as error:
            raise ValueError("failpoints that runtime/failpoints.py names") from error
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.min_insync_replicas > self.replication:
            raise ValueError(
                f"{variable('min_insync_replicas')} is {self.min_insync_replicas}, more than "
                f"{variable('replication')}, which is {self.replication}"
            )
        if self.kafka_security_protocol.startswith("SASL"):
            for name in ("kafka_sasl_username", "kafka_sasl_password"):
                if getattr(self, name) is None:
                    raise ValueError(
                        f"{variable(name)} is not set, and {variable('kafka_security_protocol')} "
                        f"is {self.kafka_security_protocol}"
                    )
        return self

    def topic(self, name: str) -> str:
        """The topic's name on this cluster: the prefix, then the name of the contract."""
        return self.topic_prefix + name


def variable(field: str) -> str:
    """The environment variable of a field of Settings."""
    return str(Settings.model_fields[field].validation_alias or PREFIX + field.upper())


def is_secret(field: str) -> bool:
    """Whether the value of a field must not be shown to anybody."""
    return SecretStr in get_args(Settings.model_fields[field].annotation)


def _is_conninfo(text: str) -> bool:
    # What libpq complains of later it quotes, and a password with an unescaped `@` or `/` in it
    # would be a part of that. Imported here: most processes need no database.
    from psycopg import ProgrammingError, conninfo  # noqa: PLC0415

    try:
        parts = conninfo.conninfo_to_dict(text)
    except ProgrammingError:
        return False
    hosts, ports = str(parts.get("host") or ""), str(parts.get("port") or "")
    return "@" not in hosts and bool(re.fullmatch(r"[\d,]*", ports))


def _is_template(text: str, names: Sequence[str]) -> bool:
    """Whether this is an address that data can fill, and that leads to the same host with any."""
    host, _, path = text.partition("//")[2].partition("/")
    plain = re.sub(rf"\{{({'|'.join(names)})\}}", "x", path)
    filled = f"{text.partition('//')[0]}//{host}/{plain}"
    return _is_web_address(filled) and not re.search(r"[{}<>\"']", filled)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        return False
    told_apart = parts.username is None and parts.password is None and not re.search(r"\s", text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port_is_one and told_apart
