"""A registry of the test's own, in its Lake's database."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

import blocks
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.embedded.postgres import PostgresServer
from neurocortex.forge.store import Place
from neurocortex.lake.store import Lake
from neurocortex.settings import settings
from tests.integration.conftest import TEMPLATE
from tests.integration.flows.conftest import cache, lake, prefect_api

__all__ = ["cache", "lake", "prefect_api"]


@pytest.fixture(scope="module")
def shared_place(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A registry for all tests of a module: MLflow takes 10 s to make its tables."""
    identifier = sql.Identifier(name := f"test_{uuid4().hex}")
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(TEMPLATE))
        )
        url = postgres_server.superuser_url(name)
        with Lake(url) as store:
            store.migrate()
        yield Place(SecretStr(url), tmp_path_factory.mktemp("models"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@pytest.fixture
def shared_forge(cache: str, shared_place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The shared registry as the Forge block `default`, of a platform that judges often."""
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", cache)
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", shared_place.url.get_secret_value())
    monkeypatch.setenv("NEUROCORTEX_REALTIME__WINDOW_S", "1")
    settings.cache_clear()
    blocks.Lake(url=shared_place.url).save(DEFAULT_BLOCK, overwrite=True)
    blocks.Forge(tracking_url=shared_place.url, artifacts=shared_place.artifacts).save(
        DEFAULT_BLOCK, overwrite=True
    )
    return shared_place


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    """Where the registry is."""
    return Place(SecretStr(database_url), tmp_path / "models")


@pytest.fixture
def forge(lake: Lake, place: Place) -> Place:
    """The registry, saved as the Forge block `default`."""
    blocks.Forge(tracking_url=place.url, artifacts=place.artifacts).save(
        DEFAULT_BLOCK, overwrite=True
    )
    return place
