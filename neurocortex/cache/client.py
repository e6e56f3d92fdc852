"""How the cache's scripts are called, and what an unreachable Redis raises."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from neurocortex.cache.scripts import NAMES
from neurocortex.cache.wire import Wire
from neurocortex.errors import CacheUnavailableError
from neurocortex.lua import LuaScripts

T = TypeVar("T")

_ENTRY: Final = ("m", "b")
_STATE: Final = ("epoch", "version")

ReadAnswer = tuple[
    tuple[bytes | None, bytes | None], tuple[int | None, int | None], tuple[int, int]
]
"""`_ENTRY` of an entry, `_STATE`, and the time in seconds and microseconds."""

_READ: Final[TypeAdapter[ReadAnswer]] = TypeAdapter(ReadAnswer)


class Reading(NamedTuple):
    """What Redis has under a key, and how far invalidations have come just after it was read."""

    epoch: int
    version: int
    """Zeros: this Redis remembers nothing yet."""
    made: bytes | None
    """When it was computed, in milliseconds; None: there is no entry."""
    sealed: bytes | None
    now_ms: float
    """By the clock of Redis."""


NAMESPACE: Final = "neurocortex:cache"
"""What all keys start with, unless told otherwise."""


class Run(NamedTuple):
    """A script's arguments, and one more key."""

    arguments: Sequence[str | bytes | int]
    key: str


class Scripts(LuaScripts):
    """The cache's scripts; its client has `decode_responses=False`."""

    def __init__(self, redis: Redis, namespace: str, timeout_s: float) -> None:
        """Run them in a Redis; an answer of `read` is waited for `timeout_s`."""
        super().__init__(redis, namespace)
        self._wire = Wire(redis, timeout_s)
        self._state = ("HMGET", self.key("state"), *_STATE)

    async def read(self, key: str) -> Reading:
        """Return what is under a key: quicker than `run`, and never late.

        No script: three plain commands take Redis less time, and need not be one step. The
        entry is read first, so no invalidation before that is missing in the version after it.

        Raises:
            CacheUnavailableError: Redis does not answer in time.
        """
        with reached():
            answer = await self._wire.call(
                ("HMGET", self.key(key), *_ENTRY), self._state, ("TIME",)
            )
        try:
            (made, sealed), (epoch, version), (seconds, microseconds) = decoded(_READ, answer)
        except CacheUnavailableError as error:
            self._wire.hang_up(str(error))
            raise
        now_ms = seconds * 1000 + microseconds / 1000
        return Reading(epoch or 0, version or 0, made, sealed, now_ms)

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

    async def run_all(self, script: str, runs: Sequence[Run]) -> list[object]:
        """Run a script several times in one round trip, each as one step. Answers may be errors.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        if len(runs) == 1:
            return [await self.run(script, *runs[0])]
        with reached():
            async with self.redis.pipeline(transaction=False) as batch:
                known = self.redis.register_script(script)
                for run in runs:
                    keys = [self.key(name) for name in (*NAMES, run.key)]
                    await known(keys=keys, args=run.arguments, client=batch)
                answers: list[object] = await batch.execute(raise_on_error=False)
                return answers


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
