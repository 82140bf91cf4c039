"""examples/notifier on a real Kafka, with a real webhook: what is posted, when, and how often."""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from typing_extensions import override

from contracts.topics import ALERTS
from domain.alerts import Subject, Transition
from runtime.clock import WallClock
from runtime.kafka import connect_options
from runtime.settings import Settings
from tests.delivering import delivered
from tests.schemas import ROOT
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

HOUR = 3600


class Webhook:
    """An HTTP server that keeps every request, and answers as it is told to."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answered: list[str] = []
        self.times: dict[str, int] = {}
        self.statuses: dict[str, list[int]] = {}
        """What to answer the next times, by alert; otherwise 204."""
        self.on_request: Callable[[int], object] = lambda _: None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/alerts"

    def actions(self, alert: Transition) -> list[tuple[str, int]]:
        """What was posted of one alert, with its revision."""
        return [
            (each["action"], each["event"]["data"]["revision"])
            for each in self.requests
            if each["event"]["data"]["alert_id"] == alert.alert_id
        ]

    def answer(self, body: dict[str, Any], key: str | None) -> int:
        assert key == body["event"]["id"]
        name = body["event"]["data"]["alert_id"]
        self.requests.append(body)
        self.times.setdefault(name, WallClock().now())
        self.on_request(len(self.requests))
        status = self.statuses.get(name, [])
        return status.pop(0) if status else 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = webhook.answer(body, self.headers["idempotency-key"])
                self.send_response(status)
                self.end_headers()
                if status < 300:
                    webhook.answered.append(body["event"]["id"])

            @override
            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: a test's output is its own."""

        return Handler


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@contextmanager
def notifying(settings: Settings, url: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The program, as its README starts it; a second one in the same folder is a restart."""
    environment = {
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "WEBHOOK_URL": url,
        "ALERTS_TOPIC": settings.topic(ALERTS.name),
        "NOTIFIER_GROUP": f"{settings.group}-notifier",
        "NOTIFIER_STATE": str(folder / "notifier.db"),
    }
    with (folder / "notifier.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples" / "notifier" / "notifier.py")],
            stdout=log,
            stderr=log,
            env=environment,
        )
    try:
        yield process
    except AssertionError as error:
        error.add_note((folder / "notifier.log").read_text()[-3000:])
        raise
    finally:
        process.kill()
        process.wait()


def alert(name: str, **given: Any) -> Transition:
    """A raised alert of an hour ago that expires in an hour, but for what is given."""
    now = WallClock().now()
    known: dict[str, Any] = {
        "kind": "raised",
        "alert_id": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        "revision": 1,
        "user_id": "7",
        "type": "performance",
        "category": "low_score",
        "rule_version": 2,
        "severity": "medium",
        "state": "open",
        "at": now - HOUR,
        "raised_at": now - HOUR,
        "expires_at": now + HOUR,
        "audience": ("learner",),
        "course_id": "c1",
        "subject": Subject("assessment", "quiz-1"),
    }
    return Transition(**known | given)


def resolved(name: str, revision: int, **given: Any) -> Transition:
    over = {"kind": "resolved", "state": "resolved", "resolution": "cleared"}
    return alert(name, revision=revision, **over, **given)


def publish(settings: Settings, *alerts: Transition, commit: bool = True) -> None:
    """In one transaction, as a worker does."""
    options = connect_options(settings)
    with closing(KafkaProducer(**options, transactional_id=f"{settings.group}-alerts")) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        for each in alerts:
            producer.send(
                settings.topic(ALERTS.name), key=each.about.encode(), value=delivered(each)
            )
        producer.flush(30)
        producer.commit_transaction() if commit else producer.abort_transaction()


def until_all_is_taken(settings: Settings, webhook: Webhook) -> None:
    """One more alert of the same learner: when it is there, all before it was looked at."""
    last = alert(f"the last, after {len(webhook.requests)}")
    publish(settings, last)
    wait_for(lambda: webhook.actions(last), 40)


def test_a_restart_in_the_middle_loses_no_alert_and_repeats_none_that_was_answered(
    topics: Settings, webhook: Webhook, tmp_path: Path
) -> None:
    alerts = [alert(f"alert {n}", user_id=f"u{n}") for n in range(12)]
    publish(topics, alert("never written", user_id="u1"), commit=False)
    publish(topics, *alerts, alerts[3])
    with notifying(topics, webhook.url, tmp_path) as first:
        killed = threading.Event()

        def kill(count: int) -> None:
            if count == 5:  # the fifth is read, and never answered
                first.kill()
                first.wait()
                killed.set()

        webhook.on_request = kill
        assert killed.wait(40), "the notifier posted fewer than five"
    before = list(webhook.answered)
    with notifying(topics, webhook.url, tmp_path):
        until_all_is_taken(topics, webhook)
    posted = [each["event"]["data"]["alert_id"] for each in webhook.requests[:-1]]
    repeated = [name for name in set(posted) if posted.count(name) > 1]
    assert sorted(set(posted)) == sorted(each.alert_id for each in alerts)
    assert repeated == [posted[4]], "only the one that was not answered"
    assert len(before) in {4, 5}, "the kernel may have taken an answer to a process that is gone"


def test_what_the_page_says_of_revisions_expiry_and_quiet_hours_is_kept(
    topics: Settings, webhook: Webhook, tmp_path: Path
) -> None:
    with notifying(topics, webhook.url, tmp_path):
        until_all_is_taken(topics, webhook)  # it is a member of its group now
        now = WallClock().now()
        held_until = now + 15
        publish(
            topics,
            resolved("ends first", 2),
            alert("ends first"),
            alert("expired", expires_at=now - 1),
            alert("held", deferred_until=held_until),
            alert("over while held", deferred_until=held_until),
            alert("expires while held", deferred_until=held_until, expires_at=held_until - 1),
            alert("changes"),
        )
        wait_for(lambda: webhook.actions(alert("changes")), 40)
        publish(
            topics,
            resolved("over while held", 2),
            alert("changes", revision=2, kind="updated"),
            alert("ends first", revision=3),
        )
        until_all_is_taken(topics, webhook)
        publish(topics, alert("changes", revision=3, kind="updated", severity="high"))
        until_all_is_taken(topics, webhook)
        publish(topics, resolved("changes", 4), resolved("ends first", 4, expires_at=now - 1))
        wait_for(lambda: webhook.actions(alert("held")), 40)
        until_all_is_taken(topics, webhook)
    assert webhook.actions(alert("ends first")) == [("notify", 3), ("withdraw", 4)]
    assert webhook.actions(alert("changes")) == [
        ("notify", 1),
        ("change", 2),
        ("notify", 3),
        ("withdraw", 4),
    ]
    assert webhook.actions(alert("held")) == [("notify", 1)]
    assert webhook.times[alert("held").alert_id] >= held_until
    for name in ("expired", "over while held", "expires while held"):
        assert webhook.actions(alert(name)) == [], name


def test_what_a_webhook_cannot_take_is_tried_again_and_what_it_refuses_is_not(
    topics: Settings, webhook: Webhook, tmp_path: Path
) -> None:
    busy, refused, other = alert("busy"), alert("refused"), alert("other")
    webhook.statuses = {busy.alert_id: [503, 429], refused.alert_id: [400]}
    publish(topics, busy, refused, other)
    with notifying(topics, webhook.url, tmp_path):
        wait_for(lambda: len(webhook.actions(busy)) == 3, 40)
        until_all_is_taken(topics, webhook)
    assert webhook.actions(refused) == [("notify", 1)]
    assert webhook.actions(other) == [("notify", 1)]
    order = [each["event"]["data"]["alert_id"] for each in webhook.requests]
    assert order.index(other.alert_id) < len(order) - 1 - order[::-1].index(busy.alert_id)
