"""docker-compose.yml and the image start what there is, with settings that exist, for us alone."""

import re
import tomllib
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import yaml

from cli.main import COMMANDS
from contracts.schema import READER
from runtime.settings import Settings, variable
from tests.schemas import ROOT

TEXT: Final = (ROOT / "docker-compose.yml").read_text()
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
SERVERS: Final = {"kafka", "postgres"}
ONE_SHOT: Final = {"topics", "migrate"}
PARTS: Final = set(SERVICES) - SERVERS
LIBPQ: Final = {"PGPASSWORD"}
"""What psycopg reads by itself: a password beside the URL may hold any character."""

BASE: Final = "python:3.11.13-slim-bookworm"
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
PACKAGES: Final[list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"][
    "build"
]["targets"]["wheel"]["packages"]


def variables() -> set[str]:
    """The names of every setting in the environment."""
    return {variable(field) for field in Settings.model_fields}


def settings_of(service: str) -> Settings:
    """The settings that a part of the file reads, with its interpolations filled in."""
    environment = SERVICES[service]["environment"]
    filled = {name: re.sub(r"\$\{[^}]*\}", "x" * 32, value) for name, value in environment.items()}
    names = {
        variable(name): field.validation_alias or name
        for name, field in Settings.model_fields.items()
    }
    given = {str(names[name]): value for name, value in filled.items() if name not in LIBPQ}
    return Settings.model_validate(given)


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == SERVERS | ONE_SHOT | {"worker", "trainer", "sink", "api"}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_runs_a_command_of_the_one_program(part: str) -> None:
    command, *flags = SERVICES[part]["command"]
    assert command == part
    assert command in COMMANDS
    assert flags == []


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_variable_of_a_part_is_a_setting(part: str) -> None:
    unknown = set(SERVICES[part]["environment"]) - variables() - LIBPQ
    assert not unknown
    assert all(isinstance(value, str) for value in SERVICES[part]["environment"].values())


def test_one_broker_keeps_one_copy_of_twelve_partitions() -> None:
    for part in PARTS - {"migrate"}:
        settings = settings_of(part)
        assert settings.kafka_bootstrap == "kafka:19092", part
        assert (settings.partitions, settings.replication) == (12, 1), part
        assert settings.min_insync_replicas == 1, part
    broker = SERVICES["kafka"]["environment"]
    copies = {value for name, value in broker.items() if name.endswith(("_FACTOR", "_ISR"))}
    assert copies == {"1"}
    assert broker["KAFKA_MIN_INSYNC_REPLICAS"] == "1"
    assert broker["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_only_who_needs_it_is_told_the_password_or_the_secret() -> None:
    with_password = {part for part in PARTS if "PGPASSWORD" in SERVICES[part]["environment"]}
    assert with_password == {"migrate", "sink", "api"}
    owners = {part for part in with_password if of_the_owner(part)}
    assert owners == {"migrate", "sink"}, "the API connects as a role that may only read"
    with_reader = {p for p in PARTS if "LEARNSTREAM_READER_PASSWORD" in str(SERVICES[p])}
    assert with_reader == {"migrate", "api"}
    with_secret = {p for p in PARTS if "LEARNSTREAM_JWT_SECRET" in SERVICES[p]["environment"]}
    assert with_secret == {"api"}
    assert all(settings_of(part).database_url is not None for part in with_password)


def of_the_owner(part: str) -> bool:
    """Whether this part connects as who owns the tables, and not as who may only read them."""
    environment = SERVICES[part]["environment"]
    user = urlsplit(environment["DATABASE_URL"]).username
    password = re.search(r"\w+_PASSWORD", environment["PGPASSWORD"])
    assert password is not None
    found = user, password[0]
    owner = SERVICES["postgres"]["environment"]["POSTGRES_USER"], "POSTGRES_PASSWORD"
    assert found in {owner, (READER, "LEARNSTREAM_READER_PASSWORD")}
    return found == owner


def test_no_secret_has_a_default() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET", name):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), name
    assert not re.search(r"\$\{[A-Z_]*(PASSWORD|SECRET)[A-Z_]*(:?-|\}|:?\+)", TEXT)
    assert re.search(r"postgresql://[^:/@]+@", TEXT), "a URL without a password"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_ports_are_on_loopback_and_names_are_free_for_replicas(service: str) -> None:
    for port in SERVICES[service].get("ports", []):
        assert port.startswith("127.0.0.1:"), port
    assert "container_name" not in SERVICES[service]
    assert "network_mode" not in SERVICES[service]


def test_workers_may_be_many() -> None:
    worker = SERVICES["worker"]
    assert re.fullmatch(r"\$\{LEARNSTREAM_WORKERS:-\d+\}", worker["deploy"]["replicas"])
    assert not {"ports", "volumes"} & set(worker)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_whoever_crashed_starts_again_five_times(service: str) -> None:
    assert SERVICES[service]["restart"] == "on-failure:5"


def test_whoever_waits_waits_for_health_or_for_the_end() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            ended = other in ONE_SHOT
            wanted = "service_completed_successfully" if ended else "service_healthy"
            assert how["condition"] == wanted, f"{name} on {other}"
            assert ended or "healthcheck" in SERVICES[other], other
    waits = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    assert waits["worker"] >= {"kafka", "topics"}
    assert waits["trainer"] >= {"kafka", "topics"}
    assert waits["sink"] >= {"kafka", "postgres", "topics", "migrate"}
    assert waits["api"] >= {"postgres", "migrate"}


def test_health_is_asked_as_it_must_be() -> None:
    checks = {name: " ".join(SERVICES[name]["healthcheck"]["test"]) for name in (*SERVERS, "api")}
    assert "/dev/tcp/127.0.0.1/19092" in checks["kafka"]
    assert "pg_isready -h 127.0.0.1" in checks["postgres"]
    api = settings_of("api")
    assert f"http://127.0.0.1:{api.api_port}/readyz" in checks["api"]
    # Inside its container; outside, its port is on loopback.
    assert api.api_host == "0.0.0.0"
    assert SERVICES["api"]["ports"][0].endswith(f":{api.api_port}")


def test_data_outlives_its_containers() -> None:
    used = {volume.split(":")[0] for name in SERVERS for volume in SERVICES[name]["volumes"]}
    assert used == set(COMPOSE["volumes"])
    kafka = SERVICES["kafka"]
    assert kafka["volumes"][0].endswith(f":{kafka['environment']['KAFKA_LOG_DIRS']}")


def test_one_service_builds_the_image_and_nobody_looks_for_it_elsewhere() -> None:
    """Builds side by side of one name fail: the second finds that it exists already."""
    assert {name for name, service in SERVICES.items() if "build" in service} == {"topics"}
    policies = {name: SERVICES[name]["pull_policy"] for name in PARTS}
    assert policies.pop("topics") == "build"
    assert set(policies.values()) == {"never"}


def test_images_have_a_version() -> None:
    for name in SERVICES:
        assert re.search(r":\d+\.\d+", SERVICES[name]["image"]), name
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == [BASE, BASE]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert SERVICES["worker"]["image"] == f"learnstream:{version}"


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    steps = re.split(r"&&|\n", DOCKERFILE.replace("\\\n", " "))
    installs = [step for step in steps if "pip install" in step]
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)
    assert "-r requirements/run.txt" in installs[0]
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert re.search(r"^USER [1-9]\d+$", last, re.MULTILINE)
    assert 'ENTRYPOINT ["/opt/learnstream/bin/learnstream"]' in last


def test_the_image_is_built_from_every_package() -> None:
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    texts = "docs/i18n"  # of the API, which the page says too
    commit = {"hatch_build.py", ".git/HEAD", ".git/packed-refs", ".git/refs"}
    assert allowed == {
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "requirements",
        texts,
        *commit,
        *PACKAGES,
    }
