"""Bring the tables up to date: numbered files, each run once, by one process at a time."""

import re
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from pydantic import SecretStr

from contracts.schema import READER, SCHEMA_VERSION
from runtime.database import connect_now, one_line
from runtime.errors import CrashError, UsageError
from runtime.servers import wait_for_database
from runtime.settings import Settings

MIGRATIONS: Final = Path(__file__).with_name("migrations")
LOCK_KEY: Final = 5_270_110_001


def migrate(settings: Settings) -> list[int]:
    """Run what is missing and return the numbers that ran; again: nothing.

    Where LEARNSTREAM_READER_PASSWORD is set, the API's role gets it. Raises UsageError where we may
    not do what a migration does or the tables are of a newer version, CrashError where Postgres is
    away.
    """
    files = migration_files()
    wait_for_database(settings, "learnstream migrate")
    try:
        with connect_now(settings, "learnstream migrate") as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version "
                "(version integer PRIMARY KEY, name text NOT NULL)"
            )
            known = {row[0] for row in connection.execute("SELECT version FROM schema_version")}
            if unknown := known - files.keys():
                raise UsageError(
                    f"the database has a newer version: migration {max(unknown)} is not known "
                    f"here, the newest is {SCHEMA_VERSION}"
                )
            missing = sorted(files.keys() - known)
            for number in missing:
                _run(connection, number, files[number])
            _set_password(connection, settings.reader_password)
            return missing
    except psycopg.errors.InsufficientPrivilege as error:
        raise UsageError(
            f"Postgres refuses: {one_line(error)}. If that is about {READER}, an "
            f"administrator must create the role (CREATE ROLE {READER} LOGIN PASSWORD ...)"
        ) from error
    except psycopg.OperationalError as error:
        raise CrashError(f"Postgres does not answer: {one_line(error)}") from error


def migration_files() -> dict[int, Path]:
    """The files by number; they are numbered without a gap up to SCHEMA_VERSION."""
    files = {}
    for path in MIGRATIONS.glob("*.sql"):
        found = re.fullmatch(r"(\d{4})_\w+", path.stem)
        assert found, f"{path.name}: expected 0001_what_it_does.sql"
        files[int(found[1])] = path
    assert sorted(files) == list(range(1, SCHEMA_VERSION + 1)), "contracts/schema.py names the last"
    return files


def _run(connection: psycopg.Connection, number: int, path: Path) -> None:
    with connection.transaction():
        connection.execute(path.read_text().encode())
        connection.execute(
            "INSERT INTO schema_version (version, name) VALUES (%s, %s)", (number, path.stem)
        )


def _set_password(connection: psycopg.Connection, password: SecretStr | None) -> None:
    if password is None:
        return
    # As a hash: a statement may be logged by the server.
    hashed = connection.pgconn.encrypt_password(
        password.get_secret_value().encode(), READER.encode(), b"scram-sha-256"
    )
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(READER), hashed.decode()))
