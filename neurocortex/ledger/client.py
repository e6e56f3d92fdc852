"""How the ledger's scripts are called: keys, answers, and what an unreachable Redis raises."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from neurocortex.errors import LedgerUnavailableError

NAMESPACE: Final = "neurocortex"
"""What all keys start with, unless told otherwise."""


class Scripts:
    """Scripts of one namespace, sent by their digest: their text goes out once per Redis."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis = redis
        self._namespace = namespace
        self._known: dict[str, AsyncScript] = {}

    def key(self, name: str) -> str:
        """Return a key of the namespace."""
        return f"{self._namespace}:{name}"

    async def run(
        self, script: str, keys: Sequence[str], arguments: Sequence[str | int] = ()
    ) -> object:
        """Run a script and return its answer: keys without their namespace.

        Raises:
            LedgerUnavailableError: Redis does not answer.
        """
        known = self._known.get(script)
        if known is None:
            known = self._known[script] = self._redis.register_script(script)
        with reached():
            answer: object = await known(keys=[self.key(name) for name in keys], args=arguments)
        return answer


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the ledger's own error."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise LedgerUnavailableError("ledger", str(error) or type(error).__name__) from error
