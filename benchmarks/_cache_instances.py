"""Instances of the cache on a Redis of the benchmark's own."""

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from neurocortex.cache.cache import Cache, opened
from neurocortex.embedded import ports, process
from neurocortex.embedded.redis_server import PLATFORM_DATABASE, RedisServer
from neurocortex.settings import CacheSettings

START_TIMEOUT_S: Final = 30.0


@asynccontextmanager
async def instance(url: str, folder: Path, machine: str) -> AsyncGenerator[Cache]:
    """Open an instance as a process on some machine would: with its own memory."""
    async with (
        Redis.from_url(url) as redis,
        opened(CacheSettings(), redis, folder / machine / "cache.db") as cache,
    ):
        yield cache


@asynccontextmanager
async def own_redis() -> AsyncGenerator[tuple[str, Path]]:
    """Start a Redis; yield its URL and a folder. Both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="neurocortex-benchmark-") as name:
        folder = Path(name)
        server = RedisServer(folder / "redis", folder / "log", ports.free(), secrets.token_hex(16))
        service = server.service()
        child = process.spawn(service.command())
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not service.is_ready():
                if child.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"Redis did not start:\n{process.tail(server.log)}")
                await asyncio.sleep(process.POLL_S)
            yield server.url(PLATFORM_DATABASE), folder
        finally:
            process.stop(child, service.stop_signal, START_TIMEOUT_S)
