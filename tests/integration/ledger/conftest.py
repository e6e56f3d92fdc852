"""A ledger of the test's own, in a real Redis."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
from redis.asyncio import Redis

from neurocortex.ledger.ledger import Ledger

PATIENCE_S: Final = 10.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def ledger(client: Redis) -> Ledger:
    return Ledger(client)
