"""PUT and DELETE goals/{goal_id}: events, answered before they are folded.

An answer says what will hold: it lies over the rows until the stream has it (`pending.py`).
"""

from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import Body, HTTPException, Request, Response
from fastapi import Path as PathParameter
from msgspec import structs
from pydantic import TypeAdapter
from starlette.convertors import PathConvertor, register_url_convertor

from api.bodies import DUE_AT_ALLOWED, ID_ALLOWED, GoalBody, read_body
from api.endpoint import Context
from api.envelope import view_of
from api.pending import GOALS_WAITING_MAX
from api.problems import ParameterError, ProblemError, busy, invalid_parameter, not_found
from api.routes import Token, sent_below
from api.writing import Asker, Write, asker_of, learner_of, taken
from contracts.alert_event import instant
from domain.events.json_objects import ID_MAX
from domain.keepers import goals
from domain.state.learner import Goal, Learner
from domain.state.limits import GOALS_MAX
from metrics.goals import goals as progress_of_goals
from metrics.shapes_dashboard import GoalProgress

_BELOW: Final = "/goals/"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalTaken:
    """The goal as it stands from now on; the stream may not have it yet."""

    goal: GoalProgress
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalTaken:
    """There is no such goal from now on; the stream may not have it yet."""

    goal_id: str
    pending: bool


_GOAL: Final = TypeAdapter(GoalTaken)
_REMOVAL: Final = TypeAdapter(RemovalTaken)


async def set_goal(context: Context, request: Request) -> Response:
    """202 with the goal as it will stand; one that stands so already is left as it is.

    Raises ProblemError, the errors of `Reads.rows` and those of `Writer.write`.
    """
    user_id = await learner_of(context, request)
    goal_id = _goal_id(request)
    body = await read_body(request, GoalBody)
    async with context.writer.turn(user_id):
        asker = await asker_of(context, user_id)
        if body.due is not None and body.due <= asker.now:
            raise _refused("due_at", "out_of_range", DUE_AT_ALLOWED)
        state = _state(context, asker)
        at = _at(state, goal_id, asker.now)
        fact = Goal(goal_id, body.metric, body.course_id, body.target, at, body.due)
        if not _stands(state, fact):
            _refuse_one_too_many(state, goal_id)
            asker = await _write(context, asker, fact)
    return taken(_GOAL.dump_json(GoalTaken(goal=_shown(context, asker, goal_id), pending=True)))


async def remove_goal(context: Context, request: Request) -> Response:
    """202: the goal will not stand; one that was removed already is left so.

    Raises what `set_goal` does; a 404 for a goal that is not the learner's.
    """
    user_id = await learner_of(context, request)
    goal_id = _goal_id(request)
    async with context.writer.turn(user_id):
        asker = await asker_of(context, user_id)
        state = _state(context, asker)
        known = goals.find(state, goal_id)
        if known is None:
            raise not_found("no such goal")
        if known.metric is not None:
            at = _at(state, goal_id, asker.now)
            await _write(context, asker, goals.removed(goal_id, at))
    return taken(_REMOVAL.dump_json(RemovalTaken(goal_id=goal_id, pending=True)))


def _goal_id(request: Request) -> str:
    """The id in the path as it was sent, where a slash of the id is `%2F`.

    Raises a 404 for a path that has more parts, a 422 for what is no id.
    """
    part = sent_below(request, _BELOW)
    if not part or b"/" in part:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    try:
        goal_id = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        goal_id = ""
    if not 0 < len(goal_id) <= ID_MAX or "\x00" in goal_id:
        raise _refused("goal_id", "wrong_type", ID_ALLOWED)
    return goal_id


def _state(context: Context, asker: Asker) -> Learner:
    """The learner's state, with what lies over it."""
    return view_of(asker.rows, asker.now, context.settings).state


def _at(state: Learner, goal_id: str, now: int) -> int:
    """When it is said: no earlier than what is known, which a clock ahead of ours may have said."""
    known = goals.find(state, goal_id)
    return now if known is None else max(now, known.set_at)


def _stands(state: Learner, fact: Goal) -> bool:
    """Whether the goal stands as it is to be set, whenever that was."""
    known = goals.find(state, fact.goal_id)
    return known is not None and structs.replace(known, set_at=fact.set_at) == fact


def _refuse_one_too_many(state: Learner, goal_id: str) -> None:
    """Raise a 409 where the fold would have to drop another goal for this one."""
    others = [each for each in goals.standing(state) if each.goal_id != goal_id]
    if len(others) >= GOALS_MAX:
        detail = f"{GOALS_MAX} goals stand, and no more can: remove one before you set another"
        raise ProblemError(HTTPStatus.CONFLICT, "too_many_goals", detail)


async def _write(context: Context, asker: Asker, fact: Goal) -> Asker:
    """Write what was said of a goal; who asks, with it lying over the rows."""
    waiting = [each for each in asker.rows.pending.goals if each.goal_id != fact.goal_id]
    if len(waiting) >= GOALS_WAITING_MAX:
        raise busy(f"the stream has not taken {GOALS_WAITING_MAX} earlier changes of goals yet")
    offset = await context.writer.write(asker.user_id, fact.set_at, event_of(fact))
    context.pending.set_goal(asker.user_id, fact, offset)
    pending = replace(asker.rows.pending, goals=(*waiting, fact))
    return replace(asker, rows=replace(asker.rows, pending=pending))


def event_of(fact: Goal) -> dict[str, Any]:
    """The fact as an event of `activity`."""
    if fact.metric is None:
        return {"type": "goal_removed", "goal_id": fact.goal_id}
    return {
        "type": "goal_set",
        "goal_id": fact.goal_id,
        "metric": fact.metric,
        "course_id": fact.course_id,
        "target": fact.target,
        "due_at": None if fact.due_at is None else instant(fact.due_at),
    }


def _shown(context: Context, asker: Asker, goal_id: str) -> GoalProgress:
    """The goal as the dashboard shows it."""
    shown = progress_of_goals(view_of(asker.rows, asker.now, context.settings))
    return next(each for each in shown if each.goal_id == goal_id)


def _refused(parameter: str, code: str, allowed: str) -> ProblemError:
    return invalid_parameter(ParameterError(parameter=parameter, code=code, allowed=allowed))


# -- routes --------------------------------------------------------------------------------------


class _Rest(PathConvertor):
    """All that is left of a path, with its line breaks."""

    regex = "(?s:.*)"


register_url_convertor("rest", _Rest())

_GOAL_ID: TypeAlias = Annotated[
    str,
    PathParameter(
        description="The learner's own name for the goal, such as a UUID; a slash in it is `%2F`.",
        min_length=1,
        max_length=ID_MAX,
        examples=["9b2f6a50-7d4e-4b0a-8f43-0d5c6f2f1a77"],
    ),
]


def _set(goal_id: _GOAL_ID, body: Annotated[GoalBody, Body()], token: Token) -> None: ...


def _remove(goal_id: _GOAL_ID, token: Token) -> None: ...


WRITES: Final = (
    Write(
        path="goals/{goal_id:rest}",
        method="PUT",
        handler=set_goal,
        documented=_set,
        answer=GoalTaken,
        name="set goal",
        description=(
            "Say what the learner wants to reach; the same id again changes the goal. One that "
            f"stands so already is left as it is. At most {GOALS_MAX} goals stand: another is "
            "refused with 409 and the code `too_many_goals`."
        ),
    ),
    Write(
        path="goals/{goal_id:rest}",
        method="DELETE",
        handler=remove_goal,
        documented=_remove,
        answer=RemovalTaken,
        name="remove goal",
        description="Give a goal up. Again: the same, for as long as it is known to be removed.",
        statuses=(401, 403, 404, 422, 500, 503),
    ),
)


@cache
def examples() -> dict[str, Any]:
    """An answer of each operation, for the documentation."""
    found: dict[str, Any] = msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes())
    return found
