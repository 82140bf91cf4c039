"""GET /api/v1/operations and .../dead-letters: what operators ask first, and what was rejected.

Both are for a page that polls: what costs Postgres or Kafka something is read once for all who ask.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from api.asked import asked
from api.auth import READ_OPERATIONS
from api.course_query import NoQuery
from api.endpoint import HEADERS, Context, bearer
from api.health import PartitionStatus, readiness
from api.letters import NEWEST_MAX, Newest, Seen, read_newest
from api.operations_shapes import (
    DeadLetters,
    Halt,
    LetterPlace,
    Operations,
    PartitionFigures,
    ReasonFigures,
    RuleAlerts,
)
from api.reads import DatabaseAwayError, DatabaseBusyError, OtherTablesError
from api.remembered import Remembered
from api.routes import Token, handed_to, problem_responses
from contracts.dead_letter_details import shown_detail
from contracts.remedies import HALTED, RESUME, remedy_of, requeue_command, show_command
from contracts.topics import TOPICS
from domain.events.decode import REASONS
from domain.stored.checkpoint import Checkpoint
from metrics.figures import instant
from metrics.usefulness import Usefulness
from runtime.clock import Clock, WallClock
from runtime.settings import Settings

PATH: Final = "/api/v1/operations"
UNKNOWN: Final = "unknown"
REMEMBER_SECONDS: Final = 10.0
_DAY_SECONDS: Final = 86_400
_OPERATIONS: Final = TypeAdapter(Operations)
_DEAD_LETTERS: Final = TypeAdapter(DeadLetters)
_NOT_COUNTED: Final = (DatabaseAwayError, DatabaseBusyError, OtherTablesError)


class OperatorPages:
    """The two answers; times are the wall's, whatever clock the stream has."""

    def __init__(self, context: Context, clock: Clock) -> None:
        self._context = context
        self._clock = clock
        self._alerts = Remembered(self._count_alerts, seconds=REMEMBER_SECONDS)
        self._letters = Remembered(self._read_letters, seconds=REMEMBER_SECONDS)

    async def operations(self, request: Request) -> Response:
        """200, whatever is wrong; raises ProblemError for who asks and what is asked."""
        await self._check(request)
        context = self._context
        found, checkpoints = await readiness(context.settings, context.reads, context.lags)
        counted_at, alerts = await self._alerts.get()
        by_number = {each.partition: each for each in checkpoints}
        answer = Operations(
            timestamp=instant(self._clock.now()),
            ready=found.ready,
            reasons=found.reasons,
            kafka=found.kafka,
            partitions=[_partition(each, by_number[each.partition]) for each in found.partitions],
            alerts=None if alerts is None else [_rule(each) for each in alerts],
            alerts_counted_at=None if alerts is None else instant(counted_at),
        )
        return _sent(_OPERATIONS.dump_json(answer))

    async def dead_letters(self, request: Request) -> Response:
        """200; raises ProblemError, a 503 where Kafka does not answer."""
        await self._check(request)
        now, found = await self._letters.get()
        return _sent(_DEAD_LETTERS.dump_json(dead_letters(found, now, self._context.settings)))

    async def _check(self, request: Request) -> None:
        principal = await self._context.authenticator.identify(bearer(request))
        principal.check(READ_OPERATIONS)
        asked(request, NoQuery)

    async def _count_alerts(self) -> tuple[int, list[Usefulness] | None]:
        """When the alerts were counted, and by rule; None where they cannot be."""
        now = self._clock.now()
        try:
            return now, await self._context.reads.usefulness()
        except _NOT_COUNTED:
            return now, None

    async def _read_letters(self) -> tuple[int, Newest]:
        now = self._clock.now()
        return now, await read_newest(self._context.settings, (now - _DAY_SECONDS) * 1000)


def dead_letters(found: Newest, now: int, settings: Settings) -> DeadLetters:
    """What is answered of the letters that were read at `now`, in epoch seconds."""
    since = (now - _DAY_SECONDS) * 1000
    counted = [tail.count(since) for tail in found.tails]
    counts: Counter[str] = Counter()
    for each in counted:
        for reason, count in each.by_reason.items():
            counts[_reason(reason)] += count
    letters = found.letters()
    topics = {settings.topic(topic.name) for topic in TOPICS}
    return DeadLetters(
        timestamp=instant(now),
        about=any(each.about for each in counted),
        complete=found.complete,
        count_24h=sum(each.in_all for each in counted),
        by_reason=_by_reason(letters, counts),
        places=[_place(each, topics) for each in letters[:NEWEST_MAX]],
    )


def _by_reason(letters: Sequence[Seen], counts: Counter[str]) -> list[ReasonFigures]:
    """The reasons of all letters that were looked at, the commonest of the day first."""
    newest: dict[str, int] = {}
    for each in letters:
        newest.setdefault(_reason(each.said.reason), each.rejected_at)
    figures = [
        ReasonFigures(
            reason=reason,
            count_24h=counts[reason],
            newest_at=_instant(at),
            remedy=remedy_of(reason) or None,
            command=requeue_command(reason),
        )
        for reason, at in newest.items()
    ]
    return sorted(figures, key=lambda each: (-each.count_24h, each.reason))


def _place(seen: Seen, topics: set[str]) -> LetterPlace:
    """Nothing of a header but what our own code writes: it may come from a foreign hand."""
    said = seen.said
    stands = said.partition >= 0 and said.offset >= 0
    return LetterPlace(
        topic=said.topic if said.topic in topics else None,
        partition=said.partition if stands else None,
        offset=said.offset if stands else None,
        reason=_reason(said.reason),
        detail=shown_detail(said.detail),
        came_at=_instant(said.when),
        rejected_at=_instant(seen.rejected_at),
        command=show_command(said.partition, said.offset) if stands else None,
    )


def _reason(text: str) -> str:
    return text if text in REASONS else UNKNOWN


def _instant(milliseconds: int) -> str:
    return instant(milliseconds // 1000)


def _partition(status: PartitionStatus, checkpoint: Checkpoint) -> PartitionFigures:
    counters, halted = checkpoint.counters, checkpoint.halted
    return PartitionFigures(
        partition=status.partition,
        next=status.next,
        lag_seconds=status.lag_seconds,
        lag_known=status.lag_known,
        events=counters.events,
        rejected=counters.rejected,
        duplicates=counters.duplicates,
        learners=counters.learners,
        halted=None
        if halted is None
        else Halt(code=halted.code, reason=halted.reason, remedy=HALTED, command=RESUME),
    )


def _rule(found: Usefulness) -> RuleAlerts:
    return RuleAlerts(
        rule=found.rule,
        open=found.open,
        delivered=found.alerts - found.suppressed,
        suppressed=found.suppressed,
        acknowledged=found.acknowledged,
        useful=found.useful,
        acted=found.acted,
        not_useful=found.not_useful,
        precision=found.precision,
        resolved_after_hours=found.resolved_after_hours,
    )


def _sent(body: bytes) -> Response:
    return Response(body, HTTPStatus.OK, HEADERS, "application/json")


# -- routes --------------------------------------------------------------------------------------


def _documented(token: Token) -> None: ...


def operations_router(context: Context) -> APIRouter:
    """Both paths, each with and without a trailing slash."""
    router = APIRouter(tags=["operation"], redirect_slashes=False)
    pages = OperatorPages(context, WallClock())
    for slash in ("", "/"):
        router.add_api_route(
            PATH + slash,
            _documented,
            route_class_override=handed_to(pages.operations),
            response_model=Operations,
            responses=problem_responses(401, 403, 422, 500, 503),
            response_description="What is wrong, if anything.",
            include_in_schema=not slash,
            operation_id="operations",
            summary="Is anything wrong?",
            description=(
                "What `/readyz` says, and more: partitions with what they folded and rejected, and "
                "the alerts of each rule with what learners said of them, counted every ten "
                f"seconds at most. The token needs the scope {READ_OPERATIONS}."
            ),
        )
        router.add_api_route(
            f"{PATH}/dead-letters{slash}",
            _documented,
            route_class_override=handed_to(pages.dead_letters),
            response_model=DeadLetters,
            responses=problem_responses(401, 403, 422, 500, 503),
            response_description="The newest dead letters.",
            include_in_schema=not slash,
            operation_id="deadLetters",
            summary="What was rejected lately?",
            description=(
                "By reason, with the remedy and the command that puts them back; then the newest, "
                "by place and without any byte of them. Read every ten seconds at most. The token "
                f"needs the scope {READ_OPERATIONS}."
            ),
        )
    return router


@cache
def examples() -> dict[str, Any]:
    """An answer of each operation, for the documentation."""
    found: dict[str, Any] = msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes())
    return found
