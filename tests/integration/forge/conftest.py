"""A registry of the test's own, in its Lake's database."""

from pathlib import Path

import pytest
from pydantic import SecretStr

import blocks
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.forge.store import Place
from neurocortex.lake.store import Lake
from tests.integration.flows.conftest import cache, lake, prefect_api

__all__ = ["cache", "lake", "prefect_api"]


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
