"""What a process is told by its environment: read once, in `cli`, and passed on."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_ABSOLUTE_URI: Final = r"^[A-Za-z][A-Za-z0-9+.\-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%\-]+$"


class Settings(BaseSettings):
    """The environment of one process; Kafka and Postgres have no default.

    Variables are the upper-case names below with the prefix LEARNSTREAM_, but for `KAFKA_BOOTSTRAP`
    and `DATABASE_URL`, which keep the names that other programs use.
    """

    model_config = SettingsConfigDict(env_prefix="LEARNSTREAM_", extra="ignore", frozen=True)

    kafka_bootstrap: str = Field(validation_alias="KAFKA_BOOTSTRAP")
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: Path | None = None

    topic_prefix: str = ""
    partitions: int = Field(default=12, ge=1)
    replication: int = Field(default=3, ge=1)
    min_insync_replicas: int = Field(default=2, ge=1)
    state_segment_bytes: int = Field(default=67_108_864, ge=1_048_576)

    group: str = "learnstream"
    clock: Literal["wall", "stream"] = "wall"
    timezone: str = "UTC"
    alert_source: str = Field(default="urn:learnstream:alerts", pattern=_ABSOLUTE_URI)
    rules_file: Path | None = None
    session_timeout_seconds: float = Field(default=8.0, ge=1)
    batch_records: int = Field(default=5_000, ge=1)
    progress_timeout_seconds: float = Field(default=60.0, ge=1)
    data_dir: Path | None = None

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65_535)
    cors_origins: str = ""
    jwt_secret: SecretStr | None = None
    jwt_jwks_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: str = "learnstream"
    stale_after_seconds: int = Field(default=60, ge=0)

    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65_535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    embedded: bool = False
    failpoints: str = ""

    def topic(self, name: str) -> str:
        """The topic's name on this cluster: the prefix, then the name of the contract."""
        return self.topic_prefix + name
