"""One process of several does what must be done once: it writes behind and follows flow runs."""

from typing import Final
from uuid import uuid4

from redis.asyncio import Redis

from neurocortex.admission.together import Together
from neurocortex.lua import LuaScripts
from neurocortex.tracking import layout, scripts
from neurocortex.tracking.states import MS, reached

LEASE_S: Final = 5.0
"""When a leader has died another one follows after so long. All it does can be done twice."""


class Leadership:
    """This process's part in finding a leader: a lease in Redis."""

    def __init__(self, redis: Redis, namespace: str = layout.NAMESPACE) -> None:
        """Stand for election."""
        self._key = LuaScripts(redis, namespace).key(layout.LEADER)
        self._together = Together(redis)
        self._name = str(uuid4())

    async def lead(self) -> bool:
        """Become the leader or stay it, for LEASE_S; tell whether that was done.

        Raises:
            TrackingUnavailableError: Redis does not answer.
        """
        with reached():
            done = await self._together.script(
                scripts.LEAD, [1, self._key, self._name, round(LEASE_S * MS)]
            )
        return bool(done)

    async def is_leader(self) -> bool:
        """Tell whether this process leads now.

        Raises:
            TrackingUnavailableError: Redis does not answer.
        """
        with reached():
            leader = await self._together.command("GET", self._key)
        return leader == self._name.encode()

    async def resign(self) -> None:
        """Let another process lead at once.

        Raises:
            TrackingUnavailableError: Redis does not answer.
        """
        with reached():
            await self._together.script(scripts.RESIGN, [1, self._key, self._name])
