"""Faults cut connections: what is left of them is collected within the test."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """redis-py leaves the socket of a connection that is cut during its handshake to the garbage
    collector, and these tests cut some."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """Collect a test's garbage within it, so that no other test is blamed."""
    yield
    gc.collect()
