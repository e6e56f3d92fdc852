"""A database with the tables of requests, and trackers over it."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete

from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tables import requests, sessions


@pytest.fixture(scope="session")
def requests_url(make_lake_database: Callable[[], str]) -> str:
    """A database with the tables, for all these tests."""
    return make_lake_database()


@pytest.fixture
def table(requests_url: str) -> Iterator[RequestTable]:
    """An empty table."""
    with RequestTable(requests_url) as table:
        with table.engine.begin() as connection:
            connection.execute(delete(requests))
            connection.execute(delete(sessions))
        yield table
