"""The servers of the fault runs: a broker and a database server that may be killed."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Servers, servers


@pytest.fixture(scope="session")
def own_servers() -> Iterator[Servers]:
    """They are not those of the other tests; every run has topics and tables of its own."""
    with servers() as started:
        yield started
