"""The Cache: memory, Redis and disk, shared by all workers."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from blocks.logos import logo_url
from blocks.redis_check import complaint
from neurocortex.cache import cache
from neurocortex.cache.codec import Adapter
from neurocortex.settings import settings

DISK: Final = "cache/entries.sqlite"
"""Level 3, below `NEUROCORTEX_HOME`."""


class Cache(Block):
    """The Cache keeps results that are dear to compute: in memory, in Redis and on disk.

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

    def check(self) -> str | None:
        """Return what is wrong with the Cache in one sentence, or None."""
        with self.connect() as client:
            return complaint(client)
