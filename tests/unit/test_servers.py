"""What is said of servers that are away, and which refusals are for good."""

import psycopg
import pytest
import structlog

from runtime.database import check_refusal
from runtime.errors import UsageError
from runtime.servers import SAY_AGAIN_SECONDS, Outage


def test_an_outage_is_said_at_once_and_then_now_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("runtime.servers.time.monotonic", lambda: now)
    with structlog.testing.capture_logs() as lines:
        outage = Outage("kafka_away")
        for _ in range(100):
            outage.say("refused")
            now += SAY_AGAIN_SECONDS / 10
    assert [line["seconds"] for line in lines] == [5 * n for n in range(10)]
    assert {(line["event"], line["reason"]) for line in lines} == {("kafka_away", "refused")}


@pytest.mark.parametrize(
    "words",
    [
        'FATAL:  password authentication failed for user "u"',
        'FATAL:  database "d" does not exist',
        'FATAL:  role "u" does not exist',
        'FATAL:  role "u" is not permitted to log in',
        'FATAL:  no pg_hba.conf entry for host "h", user "u", database "d", no encryption',
        "fe_sendauth: no password supplied",
        'FATAL:  permission denied for database "d"',
    ],
)
def test_a_refusal_that_a_person_must_mend_is_for_good(words: str) -> None:
    said = f'connection failed: connection to server at "h", port 5432 failed: {words}'
    with pytest.raises(UsageError, match="refuses us") as refused:
        check_refusal(psycopg.OperationalError(f"{said}\nmore"))
    assert str(refused.value) == f"Postgres (DATABASE_URL) refuses us: {said}"


@pytest.mark.parametrize(
    "words",
    [
        "connection timeout expired",
        "Connection refused",
        "FATAL:  the database system is starting up",
        "FATAL:  the database system is shutting down",
        "FATAL:  sorry, too many clients already",
        "FATAL:  terminating connection due to administrator command",
    ],
)
def test_what_passes_by_itself_is_waited_for(words: str) -> None:
    check_refusal(psycopg.OperationalError(words))
