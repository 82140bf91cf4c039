"""The paths of courses, each with and without a trailing slash."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import APIRouter, Body, HTTPException, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import JSONResponse, StreamingResponse

from api.bodies import HelpBody
from api.changes import Changes
from api.course_query import LearnersQuery, ListQuery
from api.course_shapes import (
    CourseLearner,
    CourseLearners,
    CourseOverview,
    Courses,
    HelpTaken,
)
from api.courses import CoursePages
from api.endpoint import Context
from api.methods import allowed_methods
from api.problems import ProblemError
from api.routes import Token, etag_responses, handed_to, problem_responses, sent_below
from api.stream import OF_STREAM
from api.why import AlertWhy
from api.why import example as why_example
from metrics.shapes import Uuid

PREFIX: Final = "/api/v1/courses"
_READ: Final = (401, 403, 404, 422, 500, 503)
_WRITE: Final = (401, 403, 404, 408, 413, 422, 500, 503)
_COURSE: TypeAlias = Annotated[str, PathParameter(description="A course that the token names.")]
_ALERT: TypeAlias = Annotated[Uuid, PathParameter(description="The `id` of an alert.")]
_USER: TypeAlias = Annotated[str, PathParameter(description="A learner who is in the course.")]


def _courses(query: Annotated[ListQuery, Query()], token: Token) -> None: ...


def _course(course_id: _COURSE, token: Token) -> None: ...


def _learners(
    course_id: _COURSE, query: Annotated[LearnersQuery, Query()], token: Token
) -> None: ...


def _learner(course_id: _COURSE, user_id: _USER, token: Token) -> None: ...


def _help(
    course_id: _COURSE, user_id: _USER, body: Annotated[HelpBody, Body()], token: Token
) -> None: ...


def _why(course_id: _COURSE, user_id: _USER, alert_id: _ALERT, token: Token) -> None: ...


def _stream(course_id: _COURSE, token: Token) -> None: ...


def _rest(rest: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseOperation:
    """One operation: FastAPI reads `documented`, for `/openapi.json`, and never calls it."""

    name: str
    path: str
    handler: str
    documented: Callable[..., None]
    answer: type | None
    summary: str
    description: str
    method: str = "GET"
    has_etag: bool = True


OPERATIONS: Final = (
    CourseOperation(
        name="courses",
        path="",
        handler="courses",
        documented=_courses,
        answer=Courses,
        summary="Courses",
        description=(
            "Those that the token's claim `courses` names (a list of ids, or `*`), in order of "
            "their ids. The token needs the scope courses:read."
        ),
    ),
    CourseOperation(
        name="noteHelp",
        path="/{course_id}/learners/{user_id}/help",
        handler="help",
        documented=_help,
        answer=HelpTaken,
        summary="Note that a learner was helped",
        description=(
            "An event like any other, answered before it is folded. Who was helped comes last in "
            "the contact order for 28 days. The token needs the scope courses:write."
        ),
        method="POST",
    ),
    CourseOperation(
        name="courseAlertWhy",
        path="/{course_id}/learners/{user_id}/alerts/{alert_id}/why",
        handler="why",
        documented=_why,
        answer=AlertWhy,
        summary="Why did this alert of a learner come?",
        description=(
            "As the learner is answered, in words that are not to the learner; of alerts of this "
            "course that instructors are told of. The token needs the scope courses:read."
        ),
        has_etag=False,
    ),
    CourseOperation(
        name="courseStream",
        path="/{course_id}/stream",
        handler="stream",
        documented=_stream,
        answer=None,
        summary="When is there something new in a course?",
        description=(
            "Server-sent events: `changed` at the beginning, and whenever the course's list or "
            "figures would say something else, at most once a second. What goes by the time alone, "
            "the days of work, and the words of an alert that is open already give no hint: ask "
            "each minute as well. A comment comes each 15 seconds without a hint. The stream ends "
            "with its token. Who reads may have 8 streams, a process 2,000; then the answer is "
            "503. The token needs the scope courses:read."
        ),
        has_etag=False,
    ),
    CourseOperation(
        name="courseLearner",
        path="/{course_id}/learners/{user_id}",
        handler="learner",
        documented=_learner,
        answer=CourseLearner,
        summary="One learner in one course",
        description=(
            "Evidence, history, forecast with its exact explanation, and help that was given; of "
            "this course alone. The token needs the scope courses:read."
        ),
    ),
    CourseOperation(
        name="courseLearners",
        path="/{course_id}/learners",
        handler="learners",
        documented=_learners,
        answer=CourseLearners,
        summary="The learners of a course",
        description=(
            "By default in the contact order: whose next heavy assessment is likely missing, who "
            "is likely not to pass, who has an open alert, all others by silence; who was helped "
            "in the last 28 days comes last. The token needs the scope courses:read."
        ),
    ),
    CourseOperation(
        name="course",
        path="/{course_id}",
        handler="course",
        documented=_course,
        answer=CourseOverview,
        summary="A course now",
        description=(
            "How many learners need attention, quartiles, assessments with how many have not "
            "submitted, and how right the models were. The token needs the scope courses:read."
        ),
    ),
)


def courses_router(context: Context, changes: Changes) -> APIRouter:
    """All paths of courses."""
    answering = handed_to(CourseDispatch(context, changes))
    router = APIRouter(tags=["courses"], redirect_slashes=False)
    for operation, slash in product(OPERATIONS, ("/", "")):
        writes = operation.method == "POST"
        router.add_api_route(
            PREFIX + operation.path + slash,
            operation.documented,
            methods=[operation.method],
            status_code=HTTPStatus.ACCEPTED if writes else HTTPStatus.OK,
            route_class_override=answering,
            response_class=JSONResponse if operation.answer else StreamingResponse,
            response_model=operation.answer,
            responses=_responses(operation),
            response_description="Taken." if writes else "What is known of it now.",
            include_in_schema=not slash,
            operation_id=operation.name,
            summary=operation.summary,
            description=operation.description,
        )
    # Ids may hold slashes, which a path is decoded to: the rest is told apart by the path as sent.
    router.add_api_route(
        PREFIX + "/{rest:path}",
        _rest,
        methods=["GET", "POST"],
        route_class_override=answering,
        include_in_schema=False,
    )
    return router


def _responses(operation: CourseOperation) -> dict[int | str, dict[str, Any]]:
    if operation.method == "POST":
        return problem_responses(*_WRITE)
    if operation.answer is None:
        return {200: OF_STREAM, **problem_responses(*_READ)}
    return etag_responses(*_READ) if operation.has_etag else problem_responses(*_READ)


class CourseDispatch:
    """Finds the operation by the path as it was sent, where an id's slash is `%2F`."""

    def __init__(self, context: Context, changes: Changes) -> None:
        self._pages = CoursePages(context, changes)

    async def __call__(self, request: Request) -> Response:
        """The answer; a 404 for a path that is none, a 405 for a method that it does not have."""
        parts = path_parts(request)
        for operation in OPERATIONS:
            names = operation.path.strip("/").split("/") if operation.path else []
            found = _matched(names, parts)
            if found is None:
                continue
            if request.method != operation.method:
                raise _not_offered(request, operation)
            request.scope["path_params"] = found
            answer: Response = await getattr(self._pages, operation.handler)(request)
            return answer
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _not_offered(request: Request, operation: CourseOperation) -> ProblemError:
    return ProblemError(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method_not_allowed",
        f"{request.method[:32]} is not offered at this path",
        headers={"Allow": allowed_methods(operation.method)},
    )


def path_parts(request: Request) -> list[str]:
    """What follows on the prefix, part by part; one slash at the end says nothing."""
    parts = sent_below(request, PREFIX).split(b"/")[1:]
    return [unquote_to_bytes(part).decode(errors="replace") for part in parts]


def _matched(names: list[str], parts: list[str]) -> dict[str, str] | None:
    """The ids of a path by their names; None where it is another path."""
    if len(names) != len(parts):
        return None
    found = {}
    for name, part in zip(names, parts, strict=True):
        if name.startswith("{"):
            found[name[1:-1]] = part
        elif name != part:
            return None
    return found


@cache
def examples() -> dict[str, Any]:
    """An answer of each operation, for the documentation."""
    found: dict[str, Any] = msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes())
    return {**found, "courseAlertWhy": why_example()}
