"""Whether the process lives, whether it is ready and why not, and its metrics."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import msgspec
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.etag import BUILD
from api.freshness import Lags
from api.metrics import ApiMetrics
from api.reads import DatabaseAwayError, OtherTablesError, Reads
from contracts.schema import SCHEMA_VERSION
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import UnknownVersionError
from runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The process answers; `instance` is what its starter called it by LEARNSTREAM_INSTANCE."""

    status: Literal["ok"]
    version: str
    instance: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReady:
    """One thing that is not as it must be."""

    code: Literal[
        "database_away",
        "schema_version",
        "partition_records",
        "clock_mode",
        "version",
        "kafka_away",
        "lag_unknown",
        "partition_halted",
        "partition_still",
        "no_worker",
    ]
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionStatus:
    """How far one partition is in Postgres; halted ones take no more events until resumed."""

    partition: int
    next: int
    lag_seconds: float
    lag_known: bool
    halted_code: int | None
    halted_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Whether this process can answer, and why not."""

    ready: bool
    reasons: list[NotReady]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether pages can be answered and the pipeline moves, and why not."""

    ready: bool
    reasons: list[NotReady]
    kafka: Literal["up", "away"]
    halted: list[int]
    partitions: list[PartitionStatus]


def health_router(settings: Settings, reads: Reads, lags: Lags, metrics: ApiMetrics) -> APIRouter:
    """The paths that operators and probes ask; they need no token and name no learner."""
    router = APIRouter(tags=["operation"])

    @router.get(
        "/healthz",
        response_model=Health,
        operation_id="healthz",
        summary="Does the process live?",
        response_description="It lives.",
    )
    async def healthz() -> Response:
        """The process lives."""
        return _json(Health(status="ok", version=BUILD, instance=settings.instance), 200)

    @router.get(
        "/readyz",
        response_model=Readiness,
        operation_id="readyz",
        summary="Can the pages be answered, and does the pipeline move?",
        response_description="They can, and it does.",
        responses={503: {"model": Readiness, "description": "Not both; `reasons` says why."}},
    )
    async def readyz() -> Response:
        """Whether the pages can be answered and the pipeline moves, and why not: for operators."""
        found, _ = await readiness(settings, reads, lags)
        return _json(found, 200 if found.ready else 503)

    @router.get(
        "/readyz/api",
        response_model=Answering,
        operation_id="readyzApi",
        summary="Can this process answer pages, however old?",
        response_description="It can.",
        responses={503: {"model": Answering, "description": "It cannot; `reasons` says why."}},
    )
    async def readyz_api() -> Response:
        """Whether this process can answer pages, however old: for load balancers."""
        reasons, _ = await _look(settings, reads)
        return _json(Answering(ready=not reasons, reasons=reasons), 503 if reasons else 200)

    @router.get("/metrics", response_class=Response, include_in_schema=False)
    async def show_metrics() -> Response:
        for partition in range(settings.partitions):
            metrics.lag.labels(partition).set(lags.of(partition).seconds)
        with suppress(DatabaseAwayError, OtherTablesError):  # they stay as they were read last
            metrics.show_models(await reads.models())
        text = await asyncio.to_thread(generate_latest, metrics.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router


async def readiness(
    settings: Settings, reads: Reads, lags: Lags
) -> tuple[Readiness, list[Checkpoint]]:
    """What `/readyz` answers, and the checkpoints that it was found from: none without Postgres."""
    reasons, checkpoints = await _look(settings, reads)
    partitions = [_status(record, lags) for record in checkpoints]
    reasons += _stands_still(lags, partitions)
    found = Readiness(
        ready=not reasons,
        reasons=reasons,
        kafka="up" if lags.kafka_up else "away",
        halted=[each.partition for each in partitions if each.halted_code is not None],
        partitions=partitions,
    )
    return found, checkpoints


async def _look(settings: Settings, reads: Reads) -> tuple[list[NotReady], list[Checkpoint]]:
    try:
        seen = await reads.schema_version()
        if seen != SCHEMA_VERSION:
            detail = f"the tables are of version {seen}, expected {SCHEMA_VERSION}"
            return [NotReady(code="schema_version", detail=detail)], []
        checkpoints = await reads.checkpoints()
    except DatabaseAwayError:
        return [NotReady(code="database_away", detail="Postgres does not answer")], []
    except UnknownVersionError as error:
        return [NotReady(code="version", detail=str(error))], []
    return _judge(settings, checkpoints), checkpoints


def _judge(settings: Settings, checkpoints: list[Checkpoint]) -> list[NotReady]:
    reasons = []
    if len(checkpoints) < settings.partitions:
        missing = sorted(set(range(settings.partitions)) - {each.partition for each in checkpoints})
        detail = (
            f"Postgres has the checkpoints of {len(checkpoints)} partitions, expected "
            f"{settings.partitions}; missing: {_list(missing)}"
        )
        reasons.append(NotReady(code="partition_records", detail=detail))
    if others := {each.clock_mode for each in checkpoints} - {settings.clock}:
        detail = f"the partitions' clock is {min(others)}, this process is set to {settings.clock}"
        reasons.append(NotReady(code="clock_mode", detail=detail))
    return reasons


def _stands_still(lags: Lags, partitions: list[PartitionStatus]) -> Iterator[NotReady]:
    """Why events do not get to Postgres; nothing where they do, or where none wait."""
    halted = {each.partition: each.halted_reason for each in partitions if each.halted_reason}
    for partition, reason in halted.items():
        yield NotReady(code="partition_halted", detail=f"partition {partition}: {reason}")
    if not lags.kafka_up:
        yield NotReady(code="kafka_away", detail="Kafka does not answer")
        return
    yield from _lag_unknown(lags, partitions)
    for partition, seconds in lags.movement.still().items():
        if partition not in halted:
            detail = f"partition {partition} has events to fold and stood for {seconds:.0f} s"
            yield NotReady(code="partition_still", detail=detail)
    if without := lags.movement.without_worker():
        detail = f"no worker has had partitions {_list(without)} for {max(without.values()):.0f} s"
        yield NotReady(code="no_worker", detail=detail)


def _lag_unknown(lags: Lags, partitions: list[PartitionStatus]) -> Iterator[NotReady]:
    unknown = [each.partition for each in partitions if not each.lag_known]
    if lags.fault is not None:
        detail = f"the lag behind Kafka cannot be measured: {lags.fault}"
        yield NotReady(code="lag_unknown", detail=detail)
    elif unknown:
        detail = f"the lag behind Kafka was not measured lately: partitions {_list(unknown)}"
        yield NotReady(code="lag_unknown", detail=detail)


def _list(partitions: Iterable[int]) -> str:
    return ", ".join(map(str, partitions))


def _status(checkpoint: Checkpoint, lags: Lags) -> PartitionStatus:
    lag = lags.of(checkpoint.partition)
    return PartitionStatus(
        partition=checkpoint.partition,
        next=checkpoint.next,
        lag_seconds=round(lag.seconds, 1),
        lag_known=not lag.stale,
        halted_code=None if checkpoint.halted is None else checkpoint.halted.code,
        halted_reason=None if checkpoint.halted is None else checkpoint.halted.reason,
    )


def _json(value: object, status: int) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(value), status, headers, "application/json")
