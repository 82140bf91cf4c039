"""GET /api/v1/models: how good the models are, for operators, as `/metrics` shows it too."""

from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from api.auth import READ_MODELS
from api.endpoint import HEADERS, Context, bearer
from api.problems import forbidden
from api.routes import Token, handed_to, problem_responses
from domain.configuration import adopted
from metrics.model_figures import models_report
from metrics.shapes_models import ModelsReport

PATH: Final = "/api/v1/models"
OPERATION: Final = "models"
_JSON: Final = TypeAdapter(ModelsReport)


def models_router(context: Context) -> APIRouter:
    """The path of the models, with and without a trailing slash."""
    router = APIRouter(tags=["operation"], redirect_slashes=False)

    for slash in ("", "/"):
        router.add_api_route(
            PATH + slash,
            _documented,
            route_class_override=handed_to(partial(_respond, context)),
            response_model=ModelsReport,
            responses=problem_responses(401, 403, 500, 503),
            response_description="The models, by what they predict.",
            include_in_schema=not slash,
            operation_id=OPERATION,
            summary="How good are the models?",
            description=(
                "Every model with what it has learned, its scores beside its baseline's, its "
                "calibration, its errors by course and group, and whether it has drifted. The "
                f"token needs the scope {READ_MODELS}."
            ),
        )
    return router


async def _respond(context: Context, request: Request) -> Response:
    """The report; raises ProblemError, and the errors of `Reads.models`."""
    principal = await context.authenticator.identify(bearer(request))
    if READ_MODELS not in principal.scopes:
        raise forbidden(f"the models need the scope {READ_MODELS}", READ_MODELS)
    models = await context.reads.models()
    checkpoints = await context.reads.checkpoints()
    configuration = adopted(checkpoints[0].configuration if checkpoints else "")
    report = models_report(
        models,
        {each.partition: each.model for each in checkpoints},
        configuration.models.predicted(),
    )
    return Response(_JSON.dump_json(report), headers=HEADERS, media_type="application/json")


@cache
def example() -> Any:
    """An answer for the documentation."""
    return msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes())


def _documented(
    token: Token,
) -> None:
    """What FastAPI reads the operation's security from, for `/openapi.json`; it is not called."""
