"""One connection to Redis that all reads of a process share.

redis-py's client borrows a connection for each command, guards it with timeouts and gives it back,
which takes longer than Redis does. Here it connects, and `pipeline.py` does the rest. When an
answer is late, the connection is given up: those behind it would be late too.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final, cast

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

from neurocortex.cache.pipeline import Call, Pipeline, fail

CONNECT_S: Final = 2.0
"""To connect, and for each answer of the handshake: the other end may be gone without a word."""

CLOSE_S: Final = 5.0
"""Longer than connecting takes, unless several of its answers come late."""

Command = tuple[str | bytes | int, ...]


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
        self._late = f"no answer within {timeout_s:g} s"
        self._pipeline: Pipeline | None = None
        self._unsent: deque[Call] = deque()
        self._carrier: asyncio.Task[None] | None = None
        self._clock: asyncio.TimerHandle | None = None

    async def call(self, *commands: Command) -> list[object]:
        """Return the answers to some commands, which Redis gets together and runs in this order.

        Raises:
            CacheUnavailableError: Redis cannot be reached, or does not answer in time.
            ResponseError: an answer is an error.
        """
        loop = asyncio.get_running_loop()
        # Its stub says that a command has one part.
        request = b"".join([pack_command(command) for command in commands])  # type: ignore[arg-type]
        call = Call(request, len(commands), loop.time() + self._timeout_s, loop.create_future())
        if self._pipeline is not None and not self._pipeline.ended.done():
            self._pipeline.send(call)
        else:
            self._unsent.append(call)
            if self._carrier is None or self._carrier.done():
                self._carrier = asyncio.create_task(self._carry(), name="cache reads Redis")
        if self._clock is None:
            self._clock = loop.call_at(call.due, self._look_at_clock)
        return await call.waiter

    def hang_up(self, reason: str) -> None:
        """Give a connection up whose answers can no longer be told apart; the next call makes a
        new one."""
        # Not while it connects: redis-py would lose the socket.
        if self._pipeline is not None:
            self._pipeline.hang_up(reason)
            self._pipeline = None

    async def close(self) -> None:
        """Hang up for good."""
        if self._clock is not None:
            self._clock.cancel()
        if self._carrier is None:
            return
        if self._pipeline is None:
            await asyncio.wait({self._carrier}, timeout=CLOSE_S)
        self._carrier.cancel()
        with suppress(asyncio.CancelledError):
            await self._carrier
        self._fail_unsent("the cache is closed")

    async def _carry(self) -> None:
        """Connect for as long as somebody waits for it: the last may have ended in between."""
        while self._unsent:
            connection = self._new_connection()
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
                pipeline = Pipeline(_transport(connection))
                while self._unsent:
                    pipeline.send(self._unsent.popleft())
                self._pipeline = pipeline
                await pipeline.ended
            except Exception as error:  # noqa: BLE001 - redis-py: AttributeError at foreign answers
                self._fail_unsent(str(error) or type(error).__name__)
            finally:
                self.hang_up("the connection was closed")
                await connection.disconnect(nowait=True)

    def _new_connection(self) -> AbstractConnection:
        patience = {"socket_timeout": CONNECT_S, "socket_connect_timeout": CONNECT_S}
        connection: AbstractConnection = self._pool.connection_class(
            **self._pool.connection_kwargs | patience
        )
        return connection

    def _look_at_clock(self) -> None:
        """See whether the call that came first is late; one timer does for all."""
        self._clock = None
        loop = asyncio.get_running_loop()
        oldest = self._first_unsent(loop.time())
        if self._pipeline is not None:
            oldest = self._pipeline.oldest or oldest
        if oldest is None:
            return
        if oldest.due > loop.time():
            self._clock = loop.call_at(oldest.due, self._look_at_clock)
        else:
            # The other end may be gone without a word. All who wait stand behind this one.
            self.hang_up(self._late)

    def _fail_unsent(self, reason: str) -> None:
        fail(self._unsent, reason)
        self._unsent.clear()

    def _first_unsent(self, now: float) -> Call | None:
        """Return the first call that is not late while it connects; those before it fail."""
        while self._unsent and self._unsent[0].due <= now:
            fail([self._unsent.popleft()], self._late)
        return self._unsent[0] if self._unsent else None


def _transport(connection: AbstractConnection) -> asyncio.Transport:
    """Return the transport of a connection that has made its handshake (password, TLS, database).

    redis-py offers it in no other way. The connection stays the owner, and closes it.
    """
    if connection._writer is None:
        raise ConnectionError("Redis has closed the connection")
    return cast("asyncio.Transport", connection._writer.transport)
