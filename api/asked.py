"""The parameters of a request, as a model takes them; every refusal says what is allowed."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from api.parameters import Allowed
from api.problems import ParameterError, invalid_parameter

Query = TypeVar("Query", bound=BaseModel)

USER_ID: Final = "user_id"
_USER_ID_ALLOWED: Final = f"{USER_ID}, a learner's id, once"
_UNKNOWN: Final = "extra_forbidden"  # pydantic's name for a parameter that the model has not


def asked(request: Request, kind: type[Query]) -> Query:
    """The query parameters; raises a 422 for others, for repeated ones, and for wrong values."""
    query, wrong = validated(request, kind)
    refuse_others(request, kind)
    if query is None:
        raise invalid_parameter(*errors_of(kind, wrong))
    return query


def validated(request: Request, kind: type[Query]) -> tuple[Query | None, dict[str, str]]:
    """The parameters, or what pydantic calls the fault of each that is wrong."""
    try:
        return kind.model_validate(dict(request.query_params)), {}
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return None, {str(each["loc"][0]): each["type"] for each in found}


def refuse_others(request: Request, kind: type[BaseModel]) -> None:
    """Raise a 422 for parameters that the model does not have, and for those given twice."""
    allowed = allowed_in(kind)
    once = {name: f"{text}, once" for name, text in allowed.items()}
    _refuse_others(request, once, ", ".join(allowed) or "none")


def refuse_all_but_user_id(request: Request) -> None:
    """Raise a 422 for parameters other than `user_id`, and for one that is given twice."""
    _refuse_others(request, {USER_ID: _USER_ID_ALLOWED}, _USER_ID_ALLOWED)


def errors_of(kind: type[BaseModel], wrong: Mapping[str, str]) -> list[ParameterError]:
    """What is said of wrong values, each by pydantic's name for its fault."""
    allowed = allowed_in(kind)
    return [
        ParameterError(parameter=name, code=_code(fault), allowed=allowed[name])
        for name, fault in wrong.items()
        if fault != _UNKNOWN
    ]


@cache
def allowed_in(kind: type[BaseModel]) -> dict[str, str]:
    """What each parameter may be, sorted by their names."""
    fields = {field.alias or name: field for name, field in kind.model_fields.items()}
    return {name: _allowed_of(name, fields[name]) for name in sorted(fields)}


def _refuse_others(request: Request, once: Mapping[str, str], others: str) -> None:
    """`once` says of each known parameter what it may be, `others` which there are."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        ParameterError(
            parameter=name[:64],
            code="repeated" if name in once else "unknown_parameter",
            allowed=once.get(name, others),
        )
        for name, times in given.items()
        if name not in once or times > 1
    ]
    if errors:
        raise invalid_parameter(*errors)


def _allowed_of(name: str, field: FieldInfo) -> str:
    found = [each.text for each in field.metadata if isinstance(each, Allowed)]
    assert len(found) == 1, f"parameter {name}: its type must carry one Allowed"
    return found[0]


def _code(fault: str) -> str:
    if fault in {"greater_than_equal", "less_than_equal"}:
        return "out_of_range"
    return "unknown_value" if fault == "literal_error" else "wrong_type"
