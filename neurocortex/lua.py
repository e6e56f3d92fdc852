"""Lua scripts in Redis: the keys of one namespace, and how a script is called."""

from collections.abc import Sequence

from redis.asyncio import Redis
from redis.commands.core import AsyncScript


class LuaScripts:
    """Scripts of one namespace, sent by their digest: their text goes out once per Redis."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        """Run them in a Redis; `namespace` is what their keys start with."""
        self.redis = redis
        self.namespace = namespace
        self._known: dict[str, AsyncScript] = {}

    def key(self, name: str) -> str:
        """Return a key of the namespace."""
        return f"{self.namespace}:{name}"

    async def call(
        self, script: str, keys: Sequence[str], arguments: Sequence[str | bytes | int]
    ) -> object:
        """Run a script and return its answer; `keys` are without their namespace.

        Raises:
            RedisError: Redis does not answer, or the script failed.
        """
        known = self._known.get(script)
        if known is None:
            known = self._known[script] = self.redis.register_script(script)
        answer: object = await known(keys=[self.key(name) for name in keys], args=arguments)
        return answer
