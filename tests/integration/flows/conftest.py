"""Flows run in this process, on a real Prefect server and a Lake of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.logging.handlers import APILogWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_RESULTS_DEFAULT_SERIALIZER,
    temporary_settings,
)
from pydantic import SecretStr

import blocks
from neurocortex.cache.process import close_all
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.lake.store import Lake
from neurocortex.settings import settings


@pytest.fixture
def prefect_api(prefect_server: str, tmp_path: Path) -> Iterator[str]:
    """Let flows of this process talk to the tests' Prefect server."""
    with temporary_settings(
        {
            PREFECT_API_URL: prefect_server,
            PREFECT_LOCAL_STORAGE_PATH: tmp_path / "results",
            PREFECT_RESULTS_DEFAULT_SERIALIZER: "json",
        }
    ):
        yield prefect_server
        # What flows logged is on its way in a thread: the server must get it before it stops.
        APILogWorker.drain_all(timeout=5)


@pytest.fixture
def cache(
    prefect_api: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """URL of an empty Cache of this test's own, saved as the Cache block `default`."""
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    blocks.Cache(url=SecretStr(redis_url)).save(DEFAULT_BLOCK, overwrite=True)
    yield redis_url
    close_all()


@pytest.fixture
def lake(cache: str, database_url: str) -> Iterator[Lake]:
    """A migrated Lake of this test's own, saved as the Lake block `default`."""
    with Lake(database_url) as store:
        store.migrate()
        blocks.Lake(url=SecretStr(database_url)).save(DEFAULT_BLOCK, overwrite=True)
        yield store
