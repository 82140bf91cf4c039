"""GET /api/v1/models: how good the models are, for operators, as `/metrics` shows it too."""

from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import TypeAdapter
from typing_extensions import override

from api.auth import READ_MODELS
from api.endpoint import Context, bearer
from api.problems import forbidden
from api.routes import BEARER, problem_responses
from domain.configuration import adopted
from metrics.model_figures import models_report
from metrics.shapes_models import ModelsReport

PATH: Final = "/api/v1/models"
OPERATION: Final = "models"
_HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
_JSON: Final = TypeAdapter(ModelsReport)


def models_router(context: Context) -> APIRouter:
    """The path of the models, with and without a trailing slash."""
    router = APIRouter(tags=["operation"], redirect_slashes=False)

    class Answering(APIRoute):
        """Hands requests on as the pages' routes do, so that a token is judged first."""

        @override
        def get_route_handler(self) -> Any:
            return partial(_respond, context)

    for slash in ("", "/"):
        router.add_api_route(
            PATH + slash,
            _documented,
            route_class_override=Answering,
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
    if not principal.reads_models:
        raise forbidden(f"the models need the scope {READ_MODELS}", READ_MODELS)
    models = await context.reads.models()
    checkpoints = await context.reads.checkpoints()
    configuration = adopted(checkpoints[0].configuration if checkpoints else "")
    report = models_report(
        models,
        {each.partition: each.model for each in checkpoints},
        configuration.models.predicted(),
    )
    return Response(_JSON.dump_json(report), headers=_HEADERS, media_type="application/json")


@cache
def example() -> Any:
    """An answer for the documentation."""
    return msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes())


def _documented(
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
) -> None:
    """What FastAPI reads the operation's security from, for `/openapi.json`; it is not called."""
