"""A Redis for tests that empty it themselves."""

import pytest

from neurocortex.embedded.redis_server import PLATFORM_DATABASE, RedisServer


@pytest.fixture(scope="session")
def redis_server_url(redis_server: RedisServer) -> str:
    """URL of a Redis database that the test empties itself, once for each of its examples."""
    return redis_server.url(PLATFORM_DATABASE)
