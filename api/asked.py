"""The parameters of a request, as a model takes them; every refusal says what is allowed."""

from collections import Counter
from functools import cache
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.endpoint import allowed_of, fault_code
from api.problems import ParameterError, invalid_parameter

Query = TypeVar("Query", bound=BaseModel)


def asked(request: Request, kind: type[Query]) -> Query:
    """The query parameters; raises a 422 for others, for repeated ones, and for wrong values."""
    allowed = _allowed(kind)
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        ParameterError(
            parameter=name[:64],
            code="repeated" if name in allowed else "unknown_parameter",
            allowed=f"{allowed[name]}, once" if name in allowed else ", ".join(allowed) or "none",
        )
        for name, times in given.items()
        if name not in allowed or times > 1
    ]
    if errors:
        raise invalid_parameter(*errors)
    try:
        return kind.model_validate(dict(request.query_params))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = {str(each["loc"][0]): each["type"] for each in found}
        raise invalid_parameter(
            *(
                ParameterError(parameter=name, code=fault_code(fault), allowed=allowed[name])
                for name, fault in wrong.items()
            )
        ) from error


@cache
def _allowed(kind: type[BaseModel]) -> dict[str, str]:
    """What each parameter may be, sorted by their names."""
    return {name: allowed_of(name, kind.model_fields[name]) for name in sorted(kind.model_fields)}
