"""GET performance-alerts/{alert_id}/why: what is stored of why an alert came."""

from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Final, cast
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter
from pydantic import TypeAdapter

from api.alert_rows import AlertRow
from api.alert_shapes import AlertRule, AlertSubject
from api.alerts import sentence, shown_evidence
from api.asked import USER_ID, refuse_all_but_user_id
from api.auth import is_id
from api.endpoint import HEADERS, Context, bearer
from api.parameters import UserId
from api.problems import not_found
from api.routes import PREFIXES, PUBLISHED, Token, handed_to, problem_responses
from contracts.alert_event import instant
from domain.alerts import Audience, Param, Resolution, Spoken, SuppressedReason
from domain.configuration import Configuration
from domain.state.learner import Severity
from domain.texts import third
from metrics.shapes import Evidence, Instant, Prob, Uuid, many

OPERATION: Final = "performanceAlertWhy"
PATH: Final = "performance-alerts/{alert_id}/why"
_UNKNOWN: Final = "no such alert"


@many
class WhyContribution:
    """What one feature added to the model's log-odds, and the bin that its value falls into."""

    feature: str
    bin: int
    log_odds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyModel:
    """What a model said when the alert was raised or last updated; `snapshot` is its number."""

    name: str
    snapshot: str
    probability: Prob | None
    contributions: list[WhyContribution]


@many
class WhyThreshold:
    """One threshold of the rule, as it is adopted now; none where it is not set, or several."""

    setting: str
    values: list[float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWhy:
    """Why an alert came, as far as it is stored; `command` prints the rest, from the log.

    `evidence`, `model`, `params`, `message` and `changed_at` are those of the transition that
    raised or last updated it.
    """

    id: Uuid
    rule: AlertRule
    course_id: str | None
    subject: AlertSubject
    severity: Severity
    message: str
    message_code: str
    params: dict[str, Param]
    evidence: list[Evidence]
    model: WhyModel | None
    thresholds_now: list[WhyThreshold]
    raised_at: Instant
    changed_at: Instant
    revision: int
    resolved_at: Instant | None
    resolution: Resolution | None
    delivered: bool
    suppressed_reason: SuppressedReason | None
    deferred_until: Instant | None
    audience: list[Audience]
    command: str


_JSON: Final = TypeAdapter(AlertWhy)


def alert_why(row: AlertRow, configuration: Configuration, *, to_learner: bool = True) -> AlertWhy:
    """What is stored of why an alert came; else than to the learner in the third person."""
    told = row.transition
    code = told.message_code or f"alert.{told.category}.title"
    if not to_learner:
        code = third(code)
    return AlertWhy(
        id=row.alert_id,
        rule=AlertRule(name=told.category, version=told.rule_version),
        course_id=told.course_id,
        subject=AlertSubject(kind=told.subject.kind, id=told.subject.id),
        severity=cast("Severity", row.severity),
        message=sentence(code, told.params),
        message_code=code,
        params=told.params,
        evidence=[shown_evidence(each) for each in told.evidence],
        model=None if told.spoken is None else _model(told.spoken),
        thresholds_now=_thresholds(told.category, told.course_id, configuration),
        raised_at=instant(row.raised_at),
        changed_at=instant(told.at),
        revision=row.revision,
        resolved_at=None if row.resolved_at is None else instant(row.resolved_at),
        resolution=cast("Resolution | None", row.resolution),
        delivered=told.delivered,
        suppressed_reason=told.suppressed_reason,
        deferred_until=None if told.deferred_until is None else instant(told.deferred_until),
        audience=list(told.audience),
        command=f"learnstream why {row.alert_id}",
    )


def _model(spoken: Spoken) -> WhyModel:
    return WhyModel(
        name=spoken.name,
        snapshot=spoken.version,
        probability=spoken.probability,
        contributions=[
            WhyContribution(feature=each.feature, bin=each.bin, log_odds=each.log_odds)
            for each in spoken.contributions
        ],
    )


def _thresholds(
    rule: str, course_id: str | None, configuration: Configuration
) -> list[WhyThreshold]:
    """Those of a rule in a course; none of one that this program does not know."""
    own = getattr(configuration.courses.get(course_id or ""), rule, None)
    found = msgspec.to_builtins(own or getattr(configuration.rules, rule, {}))
    return [
        WhyThreshold(setting=f"{rule}.{name}", values=_values(value))
        for name, value in found.items()
    ]


def _values(value: Any) -> list[float | str]:
    if value is None:
        return []
    found = value if isinstance(value, (list, tuple)) else [value]
    return [each if isinstance(each, str) else float(each) for each in found]


async def _respond(context: Context, request: Request) -> Response:
    """The answer; a 404 where the learner has no such alert.

    Raises ProblemError, and the errors of `Reads.rows`.
    """
    principal = await context.authenticator.identify(bearer(request))
    refuse_all_but_user_id(request)
    learner = principal.learner(request.query_params.get(USER_ID))
    if not is_id(learner):
        raise not_found(_UNKNOWN)
    try:
        alert_id = str(UUID(request.path_params["alert_id"]))
    except ValueError:
        raise not_found(_UNKNOWN) from None
    row = await context.reads.alert(learner, alert_id)
    if row is None:
        raise not_found(_UNKNOWN)
    rows = await context.reads.rows(learner)
    body = _JSON.dump_json(alert_why(row, rows.configuration))
    return Response(body, headers=HEADERS, media_type="application/json")


def why_router(context: Context) -> APIRouter:
    """The paths, under both prefixes, with and without a trailing slash."""
    router = APIRouter(tags=["progress"], redirect_slashes=False)

    for prefix, slash in product(reversed(PREFIXES), ("", "/")):
        router.add_api_route(
            prefix + PATH + slash,
            _documented,
            route_class_override=handed_to(partial(_respond, context)),
            response_model=AlertWhy,
            responses=problem_responses(401, 403, 404, 422, 500, 503),
            response_description="What is stored of why it came.",
            include_in_schema=prefix == PUBLISHED and not slash,
            operation_id=OPERATION,
            summary="Why did this alert come?",
            description=(
                "The evidence, rule and model of one alert of the learner's, whom it was for, and "
                "what was suppressed. `command` prints from the log what is not stored: the "
                "events, the figures before and after, and every transition."
            ),
        )
    return router


@cache
def example() -> Any:
    """An answer for the documentation."""
    return msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes())


def _documented(
    alert_id: Annotated[Uuid, PathParameter(description="The `id` of an alert.")],
    user_id: Annotated[UserId, Query()],
    token: Token,
) -> None:
    """What FastAPI reads the operation's parameters from, for `/openapi.json`; it is not called."""
