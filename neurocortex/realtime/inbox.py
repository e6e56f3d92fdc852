"""What a lane process reads from Redis: calls that wait, and those that others left behind."""

import logging
from collections.abc import Iterable, Sequence
from typing import Final, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from neurocortex.errors import WireError
from neurocortex.lua import LuaScripts
from neurocortex.realtime import call as calls
from neurocortex.realtime import entries, layout, scripts
from neurocortex.realtime.call import Delivery
from neurocortex.realtime.turns import Turns
from neurocortex.redis_line import RedisLine

BLOCK_MS: Final = 1000
"""How long an idle process waits in one read."""

PATIENCE_S: Final = 5.0
"""A Redis that has not answered a read by then counts as gone."""

MISSED_AFTER_MS: Final = 15_000
"""A call that was handed to this process so long ago, and that it does not hold, was in an answer
that got lost: one is awaited for PATIENCE_S, then read anew."""

logger = logging.getLogger(__name__)


class Inbox:
    """That of one lane process, a consumer of the lane's group on each tier's stream."""

    def __init__(self, redis: Redis, namespace: str, consumer: str, turns: Turns) -> None:
        """Read as `consumer`; below the tier critical the calls are read in turns."""
        self._redis = redis
        self._line = RedisLine(redis, PATIENCE_S)
        self._scripts = LuaScripts(redis, namespace)
        self._consumer = consumer
        self._turns = turns
        self._streams = layout.every_calls()
        self._keys = [self._scripts.key(stream) for stream in self._streams]
        self._may_be_more = True

    async def join(self) -> None:
        """Make the streams and the group, where Redis has none (yet, or any more)."""
        for key in self._keys:
            try:
                await self._redis.xgroup_create(key, layout.GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
            await self._redis.xgroup_createconsumer(key, layout.GROUP, self._consumer)
        self._may_be_more = True

    async def beat(self, lost_after_s: float) -> None:
        """Tell the others that this process lives: they believe it for so long."""
        key = self._scripts.key(layout.alive(self._consumer))
        await self._redis.set(key, 1, px=round(lost_after_s * 1000))

    async def leave(self) -> None:
        """Let others take over at once what this process has not answered."""
        await self._redis.delete(self._scripts.key(layout.alive(self._consumer)))

    async def next(self, room: int) -> Sequence[Delivery]:
        """Return up to `room` calls; none after a while in which there were none.

        Raises:
            RedisError: Redis does not answer, or has lost the group: `join` again.
        """
        if self._may_be_more or room < len(self._keys):
            taken = await self._take(room)
            self._may_be_more = len(taken) == room
            if taken or room < len(self._keys):
                return taken
        # It brings up to so many of each tier.
        most = room // len(self._keys)
        (answer,) = await self._line.say(
            [
                (
                    *("XREADGROUP", "GROUP", layout.GROUP, self._consumer),
                    *("COUNT", most, "BLOCK", BLOCK_MS),
                    *("STREAMS", *self._keys, *[">"] * len(self._keys)),
                )
            ]
        )
        found = entries.read(answer)
        self._may_be_more = len(found) >= most
        return await self._opened([(entry.stream, entry.id, entry.content, 1) for entry in found])

    async def take_over(
        self, room: int, max_attempts: int, held: Iterable[Delivery], *, may_be_last: bool
    ) -> Sequence[Delivery]:
        """Return calls that nobody works on, and those to be given up.

        They are of processes that are no longer alive; or of this one, which never got Redis's
        answer with them.

        Args:
            room: for so many, beside those that are given up.
            max_attempts: those with a higher `attempt` are to be given up.
            held: what this process works on, or has not told Redis yet that it is done with.
            may_be_last: whether a call may begin its last attempt now.
        """
        return await self._run(
            scripts.TAKE_OVER,
            [
                self._consumer,
                room,
                max_attempts,
                int(may_be_last),
                self._scripts.key(layout.alive("")),
                MISSED_AFTER_MS,
                *(f"{layout.TIERS.index(each.call.tier)}:{each.entry.decode()}" for each in held),
            ],
        )

    async def _take(self, room: int) -> Sequence[Delivery]:
        places = [layout.TIERS.index(tier) for tier in self._turns.next(room)]
        return await self._run(scripts.TAKE, [self._consumer, room, *places])

    async def _run(self, script: str, arguments: Sequence[str | int]) -> Sequence[Delivery]:
        answer = await self._scripts.call(script, self._streams, arguments)
        found = cast("list[tuple[int, bytes, bytes, int]]", answer)
        return await self._opened(
            [(self._keys[place], entry, content, times) for place, entry, content, times in found]
        )

    async def _opened(
        self, found: Sequence[tuple[str | bytes, bytes, bytes, int]]
    ) -> Sequence[Delivery]:
        deliveries = []
        for key, entry, content, attempt in found:
            try:
                deliveries.append(calls.decode(entry, content, attempt))
            except WireError as error:
                logger.error("A call is dropped, nobody can answer it: %s", error)
                await self._redis.xack(key, layout.GROUP, entry)
                await self._redis.xdel(key, entry)
        return deliveries
