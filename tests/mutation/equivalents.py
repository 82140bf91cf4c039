"""Mutants that are the same program, each with the reason why no test can tell it."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutation.mutants import Mutant

FILE: Final = Path(__file__).with_name("equivalent.toml")


class Known(NamedTuple):
    """A line of a file, as it is and as the mutant has it: so it stays true when lines move."""

    file: str
    before: str
    after: str


def known(mutant: Mutant) -> str | None:
    """The reason why a mutant cannot be killed, or None."""
    return entries().get(Known(mutant.path, mutant.before, mutant.after))


@cache
def entries() -> dict[Known, str]:
    """All that are known."""
    listed = tomllib.loads(FILE.read_text()).get("mutant", [])
    return {Known(each["file"], each["before"], each["after"]): each["reason"] for each in listed}
