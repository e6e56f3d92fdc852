"""How the cache's scripts are called, and what an unreachable Redis raises."""

import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from neurocortex.cache.scripts import NAMES, READ
from neurocortex.cache.wire import Wire
from neurocortex.errors import CacheUnavailableError
from neurocortex.lua import LuaScripts

T = TypeVar("T")

ReadAnswer = tuple[int, int] | tuple[int, int, int, bytes]
"""Epoch, version and, where there is an entry, its age in milliseconds and it."""

_READ: Final[TypeAdapter[ReadAnswer]] = TypeAdapter(ReadAnswer)

NAMESPACE: Final = "neurocortex:cache"
"""What all keys start with, unless told otherwise."""


class Scripts(LuaScripts):
    """The cache's scripts; its client has `decode_responses=False`."""

    def __init__(self, redis: Redis, namespace: str, timeout_s: float) -> None:
        """Run them in a Redis; an answer of `read` is waited for `timeout_s`."""
        super().__init__(redis, namespace)
        self._wire = Wire(redis, timeout_s)
        self._read_digest = hashlib.sha1(READ.encode(), usedforsecurity=False).hexdigest()

    async def read(self, key: str) -> ReadAnswer:
        """Run `READ` on a key and return its answer: quicker than `run`, and never late.

        Raises:
            CacheUnavailableError: Redis does not answer in time.
        """
        keys = (2, self.key("state"), self.key(key))
        with reached():
            try:
                answer = await self._wire.call("EVALSHA", self._read_digest, *keys)
            except NoScriptError:
                answer = await self._wire.call("EVAL", READ, *keys)
        try:
            return decoded(_READ, answer)
        except CacheUnavailableError:
            self._wire.hang_up()
            raise

    async def close(self) -> None:
        """Hang up; the client that was given stays open."""
        await self._wire.close()

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


def decoded(kind: TypeAdapter[T], answer: object) -> T:
    """Return an answer as what it must be.

    Raises:
        CacheUnavailableError: it is something else: whatever answers there is not our Redis.
    """
    try:
        return kind.validate_python(answer)
    except ValidationError as error:
        raise CacheUnavailableError("redis", f"an unexpected answer: {answer!r:.80}") from error


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the cache's own error."""
    try:
        yield
    except CacheUnavailableError:
        raise
    except Exception as error:
        # Not only RedisError: at answers that are not Redis's it trips over itself.
        raise CacheUnavailableError("redis", str(error) or type(error).__name__) from error
