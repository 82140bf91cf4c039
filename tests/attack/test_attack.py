"""A slice of `make attack`: what a stranger sends takes nothing from others."""

import pytest

from tests.attack.__main__ import a_target
from tests.attack.attacks import SLICE, all_of

pytestmark = pytest.mark.acceptance


def test_a_stack_holds_under_attack() -> None:
    with a_target() as target:
        findings = list(all_of(target, SLICE))
    assert [f"{each.attack}: {each.seen}" for each in findings if not each.ok] == []
