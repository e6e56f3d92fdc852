"""How the ledger's scripts are called: keys, answers, and what an unreachable Redis raises."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from redis.exceptions import RedisError

from neurocortex.errors import LedgerUnavailableError
from neurocortex.lua import LuaScripts

NAMESPACE: Final = "neurocortex"
"""What all keys start with, unless told otherwise."""


class Scripts(LuaScripts):
    """The ledger's scripts."""

    async def run(
        self, script: str, keys: Sequence[str], arguments: Sequence[str | int] = ()
    ) -> object:
        """Run a script and return its answer: keys without their namespace.

        Raises:
            LedgerUnavailableError: Redis does not answer.
        """
        with reached():
            return await self.call(script, keys, arguments)


@contextmanager
def reached() -> Generator[None]:
    """Turn what redis-py raises into the ledger's own error."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise LedgerUnavailableError("ledger", str(error) or type(error).__name__) from error
