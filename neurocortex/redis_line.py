"""A connection to Redis for those who use it all the time.

redis-py takes a connection from its pool for each command and gives it back, and with a timeout for
its socket it makes a task for each send: at one small command a request that is most of what Redis
costs a server. A line keeps one connection, packs in C, and has one timeout for all of an exchange.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, cast

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

Argument: TypeAlias = str | bytes | int | float

FOREVER: Final = float("inf")
"""What redis-py takes for "no timeout of the socket's": ours is around it."""


class RedisLine:
    """That of one event loop, for one exchange at a time. It ends with the client's pool."""

    def __init__(self, redis: Redis, patience_s: float) -> None:
        """Speak over a connection of a client's pool, from the first use on.

        Args:
            redis: whose connections are made as this one's.
            patience_s: a Redis that has not answered all of an exchange by then counts as gone.
        """
        self._redis = redis
        self._patience_s = patience_s
        self._connection: Any = None  # redis-py's classes of connections have no types

    async def exchange(self, commands: Sequence[Sequence[Argument]]) -> list[object]:
        """Send commands in one piece and return their answers; an error of one is its answer.

        They are sent a second time, once, where the connection ended while nothing was said: all
        that is sent can be repeated.

        Raises:
            RedisError: Redis does not answer.
        """
        message = b"".join(map(_packed, commands))
        try:
            async with asyncio.timeout(self._patience_s):
                connection = await self._connected()
                try:
                    return await self._answers(connection, message, len(commands))
                except RedisConnectionError:
                    return await self._answers(connection, message, len(commands))
        except TimeoutError as error:
            raise RedisTimeoutError(f"no answer within {self._patience_s:g} s") from error

    async def say(self, commands: Sequence[Sequence[Argument]]) -> list[object]:
        """Send commands in one piece and return their answers. Raises as `exchange`.

        Raises:
            ResponseError: the first error among the answers; the other commands were run.
        """
        answers = await self.exchange(commands)
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise answer
        return answers

    async def _connected(self) -> Any:
        if self._connection is None:
            pool: Any = self._redis.connection_pool
            self._connection = await pool.get_connection()
        return self._connection

    async def _answers(self, connection: Any, message: bytes, count: int) -> list[object]:
        try:
            if not connection.is_connected:
                await connection.connect()
            connection.socket_timeout = None
            await connection.send_packed_command(message, check_health=False)
            return [await _answer(connection) for _ in range(count)]
        except BaseException:
            # What is still on its way would be taken for the answer to what comes next.
            await connection.disconnect(nowait=True)
            raise


def _packed(command: Sequence[Argument]) -> bytes:
    pack: Any = hiredis.pack_command  # typed as if commands had one word
    return cast("bytes", pack(tuple(command)))


async def _answer(connection: Any) -> object:
    try:
        return cast("object", await connection.read_response(timeout=FOREVER))
    except ResponseError as error:
        return error
