"""Instances of the cache on a real Redis, and a line to it that can be cut."""

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from neurocortex.cache.cache import Cache, opened
from neurocortex.settings import CacheSettings

PATIENCE_S: Final = 10.0
LEASE_S: Final = 1.0


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """redis-py leaves the socket of a connection that is cut during its handshake to the garbage
    collector, and these tests cut many."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """Collect a test's garbage within it, so that no other test is blamed."""
    yield
    gc.collect()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with Redis.from_url(redis_url) as client:
        yield client


@dataclass(frozen=True)
class Instances:
    """Opens instances of the cache: each with its own memory, as a process would have."""

    folder: Path
    redis_url: str

    @asynccontextmanager
    async def open(
        self,
        machine: str = "a",
        url: str | None = None,
        settings: CacheSettings = CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16),  # noqa: B008
    ) -> AsyncGenerator[Cache]:
        async with Redis.from_url(url or self.redis_url) as redis:
            file = self.folder / machine / "cache.db"
            async with opened(settings, redis, file, lease_s=LEASE_S) as cache:
                yield cache


@pytest.fixture
def instances(tmp_path: Path, redis_url: str) -> Instances:
    return Instances(tmp_path, redis_url)


class Line:
    """Between an instance and Redis; bytes pass, late, or not at all."""

    def __init__(self, redis_url: str) -> None:
        self._far = urlsplit(redis_url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.is_cut = False
        self.delay_s = 0.0
        self.garbage: bytes | None = None
        """Comes in place of what Redis answers."""
        self.url = ""
        self.requests = 0
        """Pieces that came from the near end: what was sent together is one."""

    async def lay(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = self._far._replace(
            netloc=f"{self._far.username or ''}:{self._far.password}@127.0.0.1:{port}"
        ).geturl()

    def cut(self) -> None:
        self.is_cut = True
        for writer in self._writers:
            writer.close()

    def mend(self) -> None:
        self.is_cut = False

    async def remove(self) -> None:
        self.cut()
        assert self._server is not None
        self._server.close()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.is_cut:
            back.close()
            return
        far, out = await asyncio.open_connection(self._far.hostname, self._far.port)
        self._writers |= {back, out}
        with suppress(OSError):
            await asyncio.gather(self._pump(near, out), self._pump(far, back, answers=True))
        self._writers -= {back, out}

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        while data := await source.read(65536):
            self.requests += not answers
            await asyncio.sleep(self.delay_s)
            sink.write(self.garbage if answers and self.garbage else data)
            await sink.drain()
        sink.close()


@pytest.fixture
async def line(redis_url: str) -> AsyncIterator[Line]:
    line = Line(redis_url)
    await line.lay()
    yield line
    await line.remove()
