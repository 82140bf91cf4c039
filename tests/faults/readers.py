"""Who reads what the system tells: an API client, a notification service, an operator's eye."""

import json
import random
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from typing_extensions import override

from contracts.topics import ALERTS
from operations.token import issue
from runtime.clock import WallClock
from runtime.kafka import committed_reader
from runtime.settings import Settings
from tests.faults.load import Sender
from tests.faults.plan import PARTITIONS
from tests.faults.watching import ANSWER_FAILED, Rising, Watcher

PAGES: Final = (
    "real-time-dashboard",
    "predictive-analytics",
    "performance-alerts",
    "trend-analysis",
)
_POLL_SECONDS: Final = 0.08
_ASK_SECONDS: Final = 8.0


class ApiReader(Watcher):
    """Polls pages of random learners (I6, I8)."""

    def __init__(self, settings: Settings, sender: Sender, seed: int) -> None:
        super().__init__("api reader", ANSWER_FAILED)
        self.answered_at: dict[str, int] = {}
        self.answers = 0
        self.statuses: dict[int, int] = {}
        self._settings = settings
        self._sender = sender
        self._chance = random.Random(f"api reader {seed}")
        self._rising = Rising(self.wrong)
        self._tokens: dict[str, str] = {}
        self._etags: dict[tuple[str, ...], list[str]] = {}
        self._held: dict[tuple[str, str], str] = {}

    @override
    def open(self) -> Callable[[], object]:
        return lambda: None

    @override
    def look(self) -> None:
        self.pause(_POLL_SECONDS)
        if not self._sender.learners:
            return
        # Few learners are asked often: so their versions are seen to move.
        known = self._sender.learners[:8] if self._chance.random() < 0.7 else self._sender.learners
        user, page = self._chance.choice(known), self._chance.choice(PAGES)
        status, etag, body = self._ask(user, page)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            self.answers += 1
            self._judge(user, page, etag, body)
        elif status not in {304, 404, 503}:
            self.wrong(f"I6: {page} answered {status}")

    def _ask(self, user: str, page: str) -> tuple[int, str, dict[str, Any]]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._settings.api_port}/api/v1/progress/{page}",
            headers={"Authorization": f"Bearer {self._token(user)}"},
        )
        held = self._held.get((user, page))
        if held is not None and self._chance.random() < 0.3:
            request.add_header("If-None-Match", held)
        try:
            with urllib.request.urlopen(request, timeout=_ASK_SECONDS) as answer:
                return answer.status, answer.headers["ETag"], json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, "", {}

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            self._tokens[user] = issue(
                self._settings,
                user=user,
                scope="",
                lifetime=timedelta(hours=8),
                clock=WallClock(),
            )
        return self._tokens[user]

    def _judge(self, user: str, page: str, etag: str, body: dict[str, Any]) -> None:
        fresh = body["freshness"]
        for name in ("as_of", "last_event_at"):
            if fresh[name] is not None:
                self._rising.see((user, page, name), fresh[name], "I6")
        seen = self._etags.setdefault((user, page, *body["degraded"]), [])
        if not seen or seen[-1] != etag:
            if etag in seen:
                self.wrong(f"I6: {page} of {user} showed an earlier version again")
            seen.append(etag)
        self._held[user, page] = etag
        if page == "real-time-dashboard":
            self._agree(user, dashboard_pairs(body))
            longest = body["progress_summary"]["longest_streak_days"]
            self._rising.see((user, "longest streak"), longest, "I6")
        elif page == "performance-alerts":
            self._agree(user, alert_pairs(body))

    def _agree(self, user: str, pairs: dict[str, tuple[Any, Any]]) -> None:
        for what, (one, other) in pairs.items():
            if one != other:
                self.wrong(f"I6: {what} of {user} do not agree: {one} and {other}")


def dashboard_pairs(body: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Numbers of a dashboard that are told twice."""
    now, trends = body["realtime_metrics"], body["performance_trends"]
    today = [day for day in trends["daily"] or [] if day["date"] == trends["to"]]
    summary = body["progress_summary"]
    return {
        "the week's activities": (
            now["weekly_activities"],
            body["comparison"]["activities"]["this_week"],
        ),
        "today's activities": (now["daily_activities"], sum(day["activities"] for day in today)),
        "modules completed": (
            summary["modules_completed"],
            sum(course["modules_completed"] for course in _pooled(summary["courses"])),
        ),
    }


def _pooled(courses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose figures the summary pools: the running ones, else the last that was finished."""
    running = [each for each in courses if each["course_status"] in {"not_started", "active"}]
    finished = [each for each in courses if each["course_status"] == "finished"]
    return running or finished[:1]


def alert_pairs(body: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Numbers of an alerts page that are told twice."""
    counts = body["alert_statistics"]
    return {
        "alerts by type": (counts["total_alerts_last_week"], sum(counts["by_type"].values())),
        "alerts by severity": (
            counts["total_alerts_last_week"],
            sum(counts["by_severity"].values()),
        ),
        "open alerts": (counts["open"], len(body["current_alerts"])),
    }


class AlertsReader(Watcher):
    """A notification service: what it is told, it is told once and in order (I3)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("alerts reader", (KafkaError,))
        self.ids: set[str] = set()
        self.following = dict.fromkeys(range(PARTITIONS), 0)
        self._settings = settings
        self._revisions: dict[str, int] = {}
        self._consumer: KafkaConsumer

    @override
    def open(self) -> Callable[[], object]:
        self._consumer = committed_reader(self._settings)
        name = self._settings.topic(ALERTS.name)
        places = [TopicPartition(name, number) for number in range(PARTITIONS)]
        self._consumer.assign(places)
        for place in places:
            self._consumer.seek(place, self.following[place.partition])
        return self._consumer.close

    @override
    def look(self) -> None:
        for records in self._consumer.poll(timeout_ms=200).values():
            for record in records:
                self.following[record.partition] = record.offset + 1
                self._take(msgspec.json.decode(record.value))

    def _take(self, event: dict[str, Any]) -> None:
        data = event["data"]
        if event["id"] in self.ids:
            self.wrong(f"I3: the alert event {event['id']} came twice")
        self.ids.add(event["id"])
        before = self._revisions.get(data["alert_id"], 0)
        if data["revision"] <= before:
            self.wrong(f"I3: alert {data['alert_id']}: {data['revision']} came after {before}")
        self._revisions[data["alert_id"]] = data["revision"]
