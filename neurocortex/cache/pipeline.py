"""Calls to Redis on one connection: requests go out at once, answers come back in their order."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hiredis import HiredisError, PushNotification, Reader
from redis.exceptions import ResponseError

from neurocortex.errors import CacheUnavailableError

_INCOMPLETE: Final = object()
"""What the parser returns while the rest of an answer is still on its way."""


@dataclass(slots=True, eq=False)
class Call:
    """Some commands of one caller, and the answers so far."""

    request: bytes
    expected: int
    """Answers."""
    due: float
    """When the answers are late, by the event loop's clock."""
    waiter: asyncio.Future[list[object]]
    """Done early where the caller was cancelled; its answers are then dropped."""
    answers: list[object] = field(default_factory=list)

    def take(self, answer: object) -> bool:
        """Add an answer; return whether it was the last one."""
        self.answers.append(answer)
        if len(self.answers) < self.expected:
            return False
        if not self.waiter.done():
            errors = (each for each in self.answers if isinstance(each, Exception))
            error = next(errors, None)
            if error is None:
                self.waiter.set_result(self.answers)
            else:
                self.waiter.set_exception(error)
        return True


class Pipeline(asyncio.Protocol):
    """Takes over the transport of a connection that is ready for commands."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Carry calls until `ended`."""
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when it carries nothing any more: all calls have failed or been answered."""
        self._loop = loop
        self._transport = transport
        self._reader = Reader(replyError=ResponseError, notEnoughData=_INCOMPLETE)
        self._waiting: deque[Call] = deque()
        self._held: list[bytes] = []
        transport.set_protocol(self)

    @property
    def oldest(self) -> Call | None:
        """The call whose answer must come next."""
        return self._waiting[0] if self._waiting else None

    def send(self, call: Call) -> None:
        """Send a call alone at once; those that meet others on the way go out together."""
        if not self._waiting:
            self._transport.write(call.request)
        else:
            if not self._held:
                self._loop.call_soon(self._flush)
            self._held.append(call.request)
        self._waiting.append(call)

    def hang_up(self, reason: str) -> None:
        """Fail all calls, and close the connection without another word."""
        self._transport.abort()
        fail(self._waiting, reason)
        self._waiting.clear()
        self._held.clear()
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Give answers to their callers: without a task between, that would take a turn longer."""
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not _INCOMPLETE:
                if not isinstance(answer, PushNotification):
                    self._take(answer)
        except HiredisError as error:
            self.hang_up(f"an answer that is not one of Redis: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail all calls."""
        self.hang_up(str(exc) if exc else "the connection was closed")

    def _take(self, answer: object) -> None:
        if not self._waiting:
            self.hang_up("an answer that nobody asked for")
        elif self._waiting[0].take(answer):
            self._waiting.popleft()

    def _flush(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()


def fail(calls: Iterable[Call], reason: str) -> None:
    """Tell all who still wait that there is no answer."""
    for call in calls:
        if not call.waiter.done():
            call.waiter.set_exception(CacheUnavailableError("redis", reason))
