"""The servers of the fault runs."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Servers, servers


@pytest.fixture(scope="session")
def own_servers() -> Iterator[Servers]:
    """A broker and a database server that may be killed; every run has topics of its own."""
    with servers() as started:
        yield started
