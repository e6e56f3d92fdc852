"""How the cache's scripts are called, and what an unreachable Redis raises."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from neurocortex.cache.scripts import NAMES
from neurocortex.errors import CacheUnavailableError

NAMESPACE: Final = "neurocortex:cache"
"""What all keys start with, unless told otherwise."""


class Scripts:
    """The scripts of one namespace, sent by their digest: their text goes out once per Redis."""

    def __init__(self, redis: Redis, namespace: str = NAMESPACE) -> None:
        """Run them in a Redis.

        Args:
            redis: a client with `decode_responses=False`.
            namespace: what the keys start with.
        """
        self.redis = redis
        self.namespace = namespace
        self._known: dict[str, AsyncScript] = {}

    def key(self, name: str) -> str:
        """Return a key of the namespace."""
        return f"{self.namespace}:{name}"

    async def run(
        self, script: str, arguments: Sequence[str | bytes | int] = (), key: str | None = None
    ) -> object:
        """Run a script, perhaps on one more key, and return its answer.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        known = self._known.get(script)
        if known is None:
            known = self._known[script] = self.redis.register_script(script)
        keys = [self.key(name) for name in (*NAMES, key) if name is not None]
        with reached():
            answer: object = await known(keys=keys, args=arguments)
        return answer


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the cache's own error."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise CacheUnavailableError("redis", str(error) or type(error).__name__) from error
