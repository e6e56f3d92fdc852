"""API keys in a database of the test's own, and what several gateways share."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete

from neurocortex.security.api_key import KeyGrant
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.roles import SCOPES, Role
from neurocortex.security.tables import api_keys


@pytest.fixture(scope="session")
def keys_url(make_lake_database: Callable[[], str]) -> str:
    """A database with the table, for all these tests."""
    return make_lake_database()


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
