"""A Lake of the file's own, and what LangChain's suites expect of pytest."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete

from neurocortex.embedded.postgres import PostgresServer
from neurocortex.lake.store import Lake
from neurocortex.lake.tables import CollectionRow, LoadRow, PostingsRow
from tests.integration.conftest import TEMPLATE

TABLES = (CollectionRow, LoadRow, PostingsRow)
"""All others go with them."""


def pytest_configure(config: pytest.Config) -> None:
    for plugin in ("benchmark", "vcr"):
        config.addinivalue_line("markers", f"{plugin}: for a plugin that LangChain's suites use")


@pytest.fixture(scope="module")
def lake_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a Lake. One for a file: its suites have a hundred tests, and a schema takes 0.4 s."""
    name = f"test_{uuid4().hex}"
    identifier, template = sql.Identifier(name), sql.Identifier(TEMPLATE)
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, template))
        url = postgres_server.superuser_url(name)
        with Lake(url) as lake:
            lake.migrate()
        yield url
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@pytest.fixture(scope="module")
def opened_lake(lake_url: str) -> Iterator[Lake]:
    with Lake(lake_url) as opened:
        yield opened


@pytest.fixture
def lake(opened_lake: Lake) -> Lake:
    """A Lake without collections."""
    with opened_lake.engine.begin() as connection:
        for table in TABLES:
            connection.execute(delete(table))
    return opened_lake


@pytest.fixture
def url(lake: Lake, lake_url: str) -> str:
    """URL of that Lake."""
    return lake_url
