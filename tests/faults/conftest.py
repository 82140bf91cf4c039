"""The servers of the fault runs."""

import logging
from collections.abc import Iterator

import pytest

from tests.faults.stage import Servers, servers


@pytest.fixture(scope="session")
def own_servers() -> Iterator[Servers]:
    """A broker and a database server that may be killed; every run has topics of its own."""
    with servers() as started:
        yield started


@pytest.fixture(autouse=True)
def no_complaints_of_clients() -> Iterator[None]:
    """That a broker is away is what a run is about."""
    kafka = logging.getLogger("kafka")
    level = kafka.level
    kafka.setLevel(logging.CRITICAL)
    yield
    kafka.setLevel(level)
