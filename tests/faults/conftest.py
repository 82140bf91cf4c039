"""The servers of the fault runs, and what their clients leave behind when servers go away."""

import gc
import logging
from collections.abc import Iterator

import pytest

from tests.faults.stage import Servers, servers

_SOCKETS_LEFT = "ignore:unclosed <socket:ResourceWarning"
"""kafka-python leaves the sockets of connections that failed to the garbage collector."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every run under faults loses connections."""
    for item in items:
        if item.get_closest_marker("faults") is not None:
            item.add_marker(pytest.mark.filterwarnings(_SOCKETS_LEFT))


@pytest.fixture(scope="session")
def own_servers() -> Iterator[Servers]:
    """A broker and a database server that may be killed; every run has topics of its own."""
    with servers() as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """What a run leaves is gone before the next test, and its clients' complaints are not kept."""
    kafka = logging.getLogger("kafka")
    level = kafka.level
    kafka.setLevel(logging.CRITICAL)
    yield
    kafka.setLevel(level)
    gc.collect()
