"""A Lake with the requests' table, and a Redis, saved as blocks."""

import pytest
from pydantic import SecretStr

import blocks
from neurocortex.domain.deployments import DEFAULT_BLOCK
from tests.integration.flows.conftest import cache, lake, prefect_api

__all__ = ["cache", "lake", "prefect_api"]


@pytest.fixture
def stream(prefect_api: str, redis_url: str) -> str:
    """URL of the Redis that is saved as the Stream block `default`."""
    blocks.Stream(url=SecretStr(redis_url)).save(DEFAULT_BLOCK, overwrite=True)
    return redis_url
