"""The Cache: memory, Redis and disk, shared by all workers."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from prefect.filesystems import WritableFileSystem
from pydantic import Field, HttpUrl, SecretStr
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from blocks.logos import logo_url
from blocks.redis_check import complaint
from neurocortex.cache import addresses, cache
from neurocortex.cache.codec import Adapter
from neurocortex.cache.process import DISK, ProcessCache, of_process
from neurocortex.cache.task_results import is_readable
from neurocortex.errors import EntryNotFoundError
from neurocortex.settings import settings


class Cache(WritableFileSystem):
    """The Cache keeps results that are dear to compute: in memory, in Redis and on disk.

    It stores the results of tasks (`result_storage`), and computes values once on all machines.

    Example:
        Compute a value once, whoever else asks for it:

        ```python
        from blocks import Cache
        from neurocortex.cache.keys import key_of

        block = Cache.load("BLOCK_NAME")
        async with block.levels() as cache:
            key = key_of("acme", "summaries", {"document": 17})
            found = await cache.get_or_compute(key, summarise, tags=["document 17"])
            print(found.value)
        ```
    """

    _block_type_name: ClassVar[str | None] = "Cache"
    _block_type_slug: ClassVar[str | None] = "cache"
    _logo_url: ClassVar[HttpUrl | None] = logo_url("cache")
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://redis.io/docs/latest/")

    url: SecretStr = Field(
        default=...,
        title="URL",
        description="Where Redis is: redis://:password@host:port/database.",
    )
    timeout_s: float = Field(
        default=3.0,
        gt=0,
        title="Timeout",
        description="Seconds after which a call is given up.",
    )

    def connect(self) -> Redis:
        """Return a client; it connects at its first command."""
        return Redis.from_url(
            self.url.get_secret_value(),
            socket_timeout=self.timeout_s,
            socket_connect_timeout=self.timeout_s,
        )

    @asynccontextmanager
    async def levels(self, adapters: Iterable[Adapter[Any]] = ()) -> AsyncGenerator[cache.Cache]:
        """Open the cache of three levels for one event loop; sizes and times are settings.

        Args:
            adapters: types that may be cached beyond the built-in ones.
        """
        chosen = settings()
        url = self.url.get_secret_value()
        async with (
            AsyncRedis.from_url(url, socket_timeout=self.timeout_s) as redis,
            cache.opened(chosen.cache, redis, chosen.home.absolute() / DISK, adapters) as opened,
        ):
            yield opened

    def shared(self) -> ProcessCache:
        """Return the cache that all tasks of this process share, from whatever thread."""
        return of_process(settings(), self.url.get_secret_value(), self.timeout_s)

    # Prefect calls these four by these names; `_sync` is its mark for a call from a thread.

    def read_path(self, path: str, *, _sync: bool = True) -> bytes:  # type: ignore[override]
        """Return the result at an address.

        Raises:
            EntryNotFoundError: there is none, or it has ended.
        """
        key = addresses.parse(path).key
        return _found(path, self.shared().call(lambda results: results.read(key)))

    async def aread_path(self, path: str) -> bytes:
        """See `read_path`."""
        key = addresses.parse(path).key
        return _found(path, await self.shared().acall(lambda results: results.read(key)))

    def write_path(  # type: ignore[override]
        self, path: str, content: bytes, *, _sync: bool = True
    ) -> None:
        """Keep a result at an address, for as long as the address says.

        Raises:
            UnkeyableValueError: the path is no address of this cache.
        """
        address = addresses.parse(path)
        self.shared().call(lambda results: results.write(address, content))

    async def awrite_path(self, path: str, content: bytes) -> None:
        """See `write_path`."""
        address = addresses.parse(path)
        await self.shared().acall(lambda results: results.write(address, content))

    def check(self) -> str | None:
        """Return what is wrong with the Cache in one sentence, or None."""
        with self.connect() as client:
            return complaint(client)


def _found(path: str, content: bytes | None) -> bytes:
    if content is None or not is_readable(content):
        raise EntryNotFoundError(path)
    return content
