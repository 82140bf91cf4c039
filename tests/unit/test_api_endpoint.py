"""What an endpoint must say of itself before it can answer anybody."""

from dataclasses import replace
from typing import Annotated

import pytest
from pydantic import Field

from api.endpoint import Endpoint, PageQuery
from api.parameters import Allowed
from api.routes import ENDPOINTS


class Mute(PageQuery):
    """A parameter of which a refusal could not say what is allowed."""

    days: Annotated[int, Field(ge=1)] = 1


class Telling(PageQuery):
    """The same with it."""

    days: Annotated[int, Field(ge=1), Allowed("1 or more")] = 1


def test_a_parameter_without_what_it_allows_is_found_before_anybody_asks() -> None:
    assert isinstance(replace(ENDPOINTS[0], query=Telling), Endpoint)
    with pytest.raises(AssertionError, match="days"):
        replace(ENDPOINTS[0], query=Mute)
