"""An example notification service: alerts from Kafka to a webhook, each when it is time, and once.

It keeps the rules of docs/alerts.md, "How to consume". What was taken from Kafka and what the
webhook has answered stand in one SQLite file, so a restart loses nothing and repeats nothing.
"""

import json
import os
import sqlite3
import sys
import time
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from kafka import KafkaConsumer

SEVERITIES = {"low": 1, "medium": 2, "high": 3}
PAUSE_SECONDS_MAX = 60
REFUSED = 4  # hundred
KEPT_SECONDS = 30 * 86_400  # after an alert's expiry; until then its revisions are remembered
TABLE = """CREATE TABLE IF NOT EXISTS alert (
    alert_id TEXT PRIMARY KEY, revision INTEGER, event TEXT, expires_at REAL,
    hold_until REAL,  -- quiet hours, or the pause after a failure
    waits INTEGER,    -- the newest revision is not delivered yet
    raised INTEGER,   -- it was raised, or raised again, since the last delivery
    tries INTEGER,    -- how often its delivery failed
    shown TEXT        -- the severity that the webhook was told; NULL while it shows nothing
)"""
TAKE = """INSERT INTO alert VALUES (?, ?, ?, ?, ?, 1, ?, 0, NULL)
    ON CONFLICT (alert_id) DO UPDATE SET revision = excluded.revision, event = excluded.event,
    expires_at = excluded.expires_at, hold_until = excluded.hold_until, waits = 1, tries = 0,
    raised = alert.raised OR excluded.raised WHERE excluded.revision > alert.revision"""
DUE = """SELECT alert_id, event, raised, tries, shown FROM alert
    WHERE waits AND hold_until <= ? ORDER BY rowid LIMIT 20"""
DONE = "UPDATE alert SET waits = 0, raised = 0, shown = ? WHERE alert_id = ?"
FAILED = "UPDATE alert SET tries = tries + 1, hold_until = ? WHERE alert_id = ?"
FORGET = "DELETE FROM alert WHERE NOT waits AND expires_at < ?"


def take(store: sqlite3.Connection, event: dict[str, Any]) -> None:
    """Keep each alert's highest revision; anything else was seen before, or comes too late."""
    data = event["data"]
    held = None if data["state"] == "resolved" else data.get("deferred_until")
    raised = event["type"] == "learnstream.alert.raised"
    times = seconds(data["expires_at"]), seconds(held) if held else 0.0
    store.execute(TAKE, (data["alert_id"], data["revision"], json.dumps(event), *times, raised))


def deliver(store: sqlite3.Connection, url: str) -> None:
    """Post what waits and is due, until one is not answered, which is tried again later."""
    now = time.time()
    for name, text, raised, tries, shown in store.execute(DUE, (now,)).fetchall():
        event = json.loads(text)
        action, shows = decide(event["data"], shown, now, raised=raised)
        taken = action is None or post(url, action, event)
        pause = min(2**tries, PAUSE_SECONDS_MAX)
        store.execute(*((DONE, (shows, name)) if taken else (FAILED, (now + pause, name))))
        store.commit()
        if not taken:
            break
    store.execute(FORGET, (now - KEPT_SECONDS,))
    store.commit()


def decide(
    data: dict[str, Any], shown: str | None, now: float, *, raised: bool
) -> tuple[str | None, str | None]:
    """What the webhook is told, if anything, and the severity that it shows from then on."""
    if data["state"] == "resolved":  # what was never shown needs no withdrawal
        return ("withdraw" if shown else None), None
    if seconds(data["expires_at"]) <= now:
        return None, shown
    worse = SEVERITIES.get(data["severity"], 0) > SEVERITIES.get(shown or "", 0)
    return ("notify" if raised or worse or not shown else "change"), data["severity"]


def post(url: str, action: str, event: dict[str, Any]) -> bool:
    """Whether the webhook answered: a refusal (status 4xx) is an answer, being busy is none."""
    body = json.dumps({"action": action, "event": event}).encode()
    headers = {"content-type": "application/json", "idempotency-key": event["id"]}
    try:
        with urlopen(Request(url, body, headers), timeout=10):  # noqa: S310 - an operator's URL
            return True
    except (OSError, HTTPException) as error:
        print(f"{event['id']}: {error}", file=sys.stderr)
        status = error.code if isinstance(error, HTTPError) else 0
        return status // 100 == REFUSED and status not in {408, 429}


def seconds(text: str) -> float:
    """The epoch seconds of a time in RFC 3339."""
    return datetime.fromisoformat(text).timestamp()


def main() -> None:
    """Take alerts and deliver them until the process is ended, in whichever way."""
    store = sqlite3.connect(os.environ.get("NOTIFIER_STATE", "notifier.db"))
    store.execute(TABLE)
    consumer = KafkaConsumer(
        os.environ.get("ALERTS_TOPIC", "alerts"),
        bootstrap_servers=os.environ["KAFKA_BOOTSTRAP"],
        group_id=os.environ.get("NOTIFIER_GROUP", "notifier"),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=10_000,  # so long a new one waits for the place of one that was killed
    )
    while True:
        if polled := consumer.poll(timeout_ms=500):
            for record in (record for records in polled.values() for record in records):
                take(store, json.loads(record.value))
            store.commit()
            consumer.commit()  # only now: a restart finds them in the store
        deliver(store, os.environ["WEBHOOK_URL"])


if __name__ == "__main__":
    main()
