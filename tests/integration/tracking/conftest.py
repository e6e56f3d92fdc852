"""A database with the tables of requests, and trackers over it."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete

from neurocortex.embedded.postgres import PostgresServer
from neurocortex.lake.store import Lake
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tables import requests, sessions


@pytest.fixture(scope="session")
def requests_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database in which the Lake's migrations made the tables: once, as it takes a while."""
    name = sql.Identifier(database := f"requests_{uuid4().hex}")
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        with Lake(url := postgres_server.superuser_url(database)) as lake:
            lake.migrate()
        yield url
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def table(requests_url: str) -> Iterator[RequestTable]:
    """An empty table."""
    with RequestTable(requests_url) as table:
        with table.engine.begin() as connection:
            connection.execute(delete(requests))
            connection.execute(delete(sessions))
        yield table
