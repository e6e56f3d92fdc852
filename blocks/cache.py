"""The Cache: Redis, shared by all workers."""

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr
from redis import Redis

from blocks.logos import logo_url
from blocks.redis_check import complaint


class Cache(Block):
    """The Cache keeps results that are dear to compute in Redis, shared by all workers.

    Example:
        Remember a value for a minute:

        ```python
        from blocks import Cache

        cache = Cache.load("BLOCK_NAME")
        with cache.connect() as redis:
            redis.set("greeting", "hello", ex=60)
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

    def check(self) -> str | None:
        """Return what is wrong with the Cache in one sentence, or None."""
        with self.connect() as client:
            return complaint(client)
