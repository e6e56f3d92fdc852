"""A ledger of the test's own, in a real Redis."""

import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Final

import pytest
from redis.asyncio import Redis

from neurocortex.embedded import ports, process
from neurocortex.embedded.redis_server import PLATFORM_DATABASE, RedisServer
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


class MortalRedis:
    """A Redis of the test's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.server = RedisServer(folder / "data", folder / "log", ports.free(), "of-the-test")
        self.url = self.server.url(PLATFORM_DATABASE)
        self.start()

    def start(self) -> None:
        self.child: Popen[bytes] = process.spawn(self.server.service().command())
        deadline = time.monotonic() + PATIENCE_S
        while not self.server.is_ready():
            assert time.monotonic() < deadline, process.tail(self.server.log)
            time.sleep(process.POLL_S)

    def kill(self) -> None:
        process.stop(self.child, signal.SIGKILL, PATIENCE_S)


@pytest.fixture
def mortal_redis(tmp_path: Path) -> Iterator[MortalRedis]:
    redis = MortalRedis(tmp_path)
    yield redis
    redis.kill()
