"""The Stream: events, in Redis Streams."""

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr
from redis import Redis

from blocks.logos import logo_url
from blocks.redis_check import complaint


class Stream(Block):
    """The Stream carries events between services, in Redis Streams.

    Example:
        Publish an event:

        ```python
        from blocks import Stream

        stream = Stream.load("BLOCK_NAME")
        with stream.connect() as redis:
            redis.xadd("orders", {"id": "17"})
        ```
    """

    _block_type_name: ClassVar[str | None] = "Stream"
    _block_type_slug: ClassVar[str | None] = "stream"
    _logo_url: ClassVar[HttpUrl | None] = logo_url("stream")
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://redis.io/docs/latest/develop/data-types/streams/"
    )

    url: SecretStr = Field(
        default=...,
        title="URL",
        description="Where Redis is: redis://:password@host:port/database.",
    )

    def connect(self) -> Redis:
        """Return a client; it connects at its first command."""
        return Redis.from_url(self.url.get_secret_value())

    def check(self) -> str | None:
        """Return what is wrong with the Stream in one sentence, or None."""
        with self.connect() as client:
            return complaint(client)
