"""One connection to Redis that all reads of a process share: requests go out at once, answers come
back in their order.

redis-py's client borrows a connection for each command, guards it with timeouts and gives it back,
which takes longer than Redis does. Here a caller sends and waits, and one task reads. The answer of
a caller that was cancelled is dropped; when one is late, the connection is.
"""

import asyncio
import math
from collections import deque
from contextlib import suppress
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from neurocortex.errors import CacheUnavailableError

CLOSE_S: Final = 5.0
"""Longer than connecting may take."""

Command = tuple[str | bytes | int, ...]
Waiter = asyncio.Future[object]


class Wire:
    """Connects at its first call, and again at the first after it was cut."""

    def __init__(self, redis: Redis, timeout_s: float) -> None:
        """Reach the Redis of a client, beside the client's own connections.

        Args:
            redis: says where Redis is, and with which password.
            timeout_s: an answer that takes longer is not waited for.
        """
        self._pool = redis.connection_pool
        self._timeout_s = timeout_s
        self._connection: AbstractConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._unsent: deque[tuple[Command, Waiter]] = deque()
        self._waiting: deque[Waiter] = deque()

    async def call(self, *command: str | bytes | int) -> object:
        """Return the answer to a command.

        Raises:
            CacheUnavailableError: Redis cannot be reached, or does not answer in time.
            ResponseError: its answer is an error.
        """
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        clock = loop.call_later(self._timeout_s, self._late, waiter)
        try:
            if self._connection is None:
                self._unsent.append((command, waiter))
                if self._reader is None or self._reader.done():
                    self._reader = asyncio.create_task(self._read(), name="cache reads Redis")
            else:
                await self._send(self._connection, command, waiter)
            return await waiter
        finally:
            clock.cancel()

    def hang_up(self) -> None:
        """Give a connection up whose answers can no longer be told apart; the next call makes a
        new one."""
        # Not while it connects: redis-py would lose the socket.
        if self._connection is not None and self._reader is not None:
            self._reader.cancel()

    async def close(self) -> None:
        """Hang up for good."""
        if self._reader is None:
            return
        if self._connection is None:
            await asyncio.wait({self._reader}, timeout=CLOSE_S)
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader

    async def _send(self, connection: AbstractConnection, command: Command, waiter: Waiter) -> None:
        self._waiting.append(waiter)
        # What fails here fails in the reader too, which tells all who wait.
        with suppress(RedisError, OSError):
            await connection.send_packed_command(
                connection.pack_command(*command), check_health=False
            )

    async def _read(self) -> None:
        # Without a timeout of its own: each send would become a task, and silence an error.
        options = self._pool.connection_kwargs | {"socket_timeout": None}
        connection: AbstractConnection = self._pool.connection_class(**options)
        reason = "the connection was closed"
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            while self._unsent:
                await self._send(connection, *self._unsent.popleft())
            self._connection = connection
            while True:
                await self._take(connection)
        except Exception as error:  # noqa: BLE001 - redis-py: AttributeError at foreign answers
            reason = str(error) or type(error).__name__
        finally:
            self._connection = None
            await connection.disconnect(nowait=True)
            self._fail(reason)

    async def _take(self, connection: AbstractConnection) -> None:
        answer: object
        try:
            answer = await connection.read_response(timeout=math.inf)
        except ResponseError as error:
            answer = error
        if not self._waiting:
            raise RedisError("an answer that nobody asked for")
        waiter = self._waiting.popleft()
        if waiter.done():
            return
        if isinstance(answer, Exception):
            waiter.set_exception(answer)
        else:
            waiter.set_result(answer)

    def _fail(self, reason: str) -> None:
        waiting = [*self._waiting, *(waiter for _, waiter in self._unsent)]
        self._waiting.clear()
        self._unsent.clear()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_exception(CacheUnavailableError("redis", reason))

    def _late(self, waiter: Waiter) -> None:
        # The other end may be gone without a word. All who wait stand behind this one.
        if not waiter.done():
            reason = f"no answer within {self._timeout_s:g} s"
            waiter.set_exception(CacheUnavailableError("redis", reason))
            self.hang_up()
