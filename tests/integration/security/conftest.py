"""API keys in a database of the test's own, and what several gateways share."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete

from neurocortex.embedded.postgres import PostgresServer
from neurocortex.lake.store import Lake
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.roles import SCOPES, Role
from neurocortex.security.tables import api_keys


@pytest.fixture(scope="session")
def keys_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database in which the Lake's migrations made the table: once, as it takes a while."""
    name = sql.Identifier(database := f"keys_{uuid4().hex}")
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        with Lake(url := postgres_server.superuser_url(database)) as lake:
            lake.migrate()
        yield url
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def keys(keys_url: str) -> Iterator[ApiKeys]:
    """An empty store."""
    with ApiKeys(keys_url) as store:
        with store.engine.begin() as connection:
            connection.execute(delete(api_keys))
        yield store


@pytest.fixture
def grant() -> Callable[..., KeyGrant]:
    def make(role: Role = Role.READER, tenant: str = "acme", **more: object) -> KeyGrant:
        return KeyGrant.model_validate(
            {"tenant": tenant, "role": role, "scopes": SCOPES[role], "name": "a test's"} | more
        )

    return make
