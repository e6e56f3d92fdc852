"""How the cache's scripts are called, and what an unreachable Redis raises."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from redis.exceptions import RedisError

from neurocortex.cache.scripts import NAMES
from neurocortex.errors import CacheUnavailableError
from neurocortex.lua import LuaScripts

NAMESPACE: Final = "neurocortex:cache"
"""What all keys start with, unless told otherwise."""


class Scripts(LuaScripts):
    """The cache's scripts; its client has `decode_responses=False`."""

    async def run(
        self, script: str, arguments: Sequence[str | bytes | int] = (), key: str | None = None
    ) -> object:
        """Run a script, perhaps on one more key, and return its answer.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        keys = NAMES if key is None else (*NAMES, key)
        with reached():
            return await self.call(script, keys, arguments)


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the cache's own error."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise CacheUnavailableError("redis", str(error) or type(error).__name__) from error
