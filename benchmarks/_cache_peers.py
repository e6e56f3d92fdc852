"""cashews and aiocache with the same values, each on the levels it has, as they are shipped."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiocache  # type: ignore[import-untyped]
import cashews
from aiocache.serializers import PickleSerializer  # type: ignore[import-untyped]

TTL_S: Final = 3600

Get = Callable[[str], Awaitable[object]]
Levels = Mapping[str, Mapping[str, Get]]
"""How to get a value: by level, then by peer."""


@asynccontextmanager
async def peers(
    url: str, folder: Path, keys: Sequence[str], value: object
) -> AsyncGenerator[Levels]:
    """Yield the peers' levels, which hold a value under each key."""
    addresses = {
        "l1": f"mem://?size={2 * len(keys)}",
        "l2": url,
        "l3": f"disk://?directory={folder / 'cashews'}",
    }
    of_cashews = {level: _cashews(address) for level, address in addresses.items()}
    of_aiocache = {"l1": aiocache.SimpleMemoryCache(), "l2": _aiocache(url)}
    for cache in of_cashews.values():
        for key in keys:
            await cache.set(key, value, expire=TTL_S)
    for other in of_aiocache.values():
        for key in keys:
            await other.set(key, value, ttl=TTL_S)
    yield {
        "l1": {"cashews": of_cashews["l1"].get, "aiocache": of_aiocache["l1"].get},
        "l2": {"cashews": of_cashews["l2"].get, "aiocache": of_aiocache["l2"].get},
        "l3": {"cashews": of_cashews["l3"].get},
    }
    for cache in of_cashews.values():
        await cache.close()
    for other in of_aiocache.values():
        await other.close()


def _cashews(address: str) -> cashews.Cache:
    cache = cashews.Cache()
    cache.setup(address)
    return cache


def _aiocache(url: str) -> aiocache.RedisCache:
    # Pickled, as cashews does: its serialiser for Redis as shipped is JSON.
    at = urlsplit(url)
    return aiocache.RedisCache(
        endpoint=at.hostname,
        port=at.port,
        password=at.password,
        db=int(at.path[1:]),
        serializer=PickleSerializer(),
    )
