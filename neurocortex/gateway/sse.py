"""Server-sent events (WHATWG HTML, 9.2): a stream of named JSON values that ends by itself."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

MEDIA_TYPE: Final = "text/event-stream"

BEAT_S: Final = 15.0
"""A comment goes out so often: proxies end connections that are silent for 30 s."""

BEAT: Final = b":\n\n"

HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second tells nginx to pass each event on at once."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; JSON has no line breaks, so its data is one line."""

    name: str
    data: bytes
    id: str | None = None
    """What a client that connects again says it saw last."""

    def encode(self) -> bytes:
        """Return it as it is sent."""
        number = b"" if self.id is None else b"id: %s\n" % self.id.encode()
        return b"%sevent: %s\ndata: %s\n\n" % (number, self.name.encode(), self.data)


class EventStream(Response):
    """An answer that sends events as they come, and ends when they do.

    When the client goes away the events are closed, which ends the work behind them.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self,
        events: AsyncGenerator[Event | bytes],
        headers: Mapping[str, str] | None = None,
        beat_s: float = BEAT_S,
    ) -> None:
        """Send `events`: values, or bytes that are encoded already."""
        super().__init__(headers={**HEADERS, **(headers or {})}, media_type=MEDIA_TYPE)
        del self.headers["content-length"]
        self._events = events
        self._beat_s = beat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send them."""
        started: Message = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(started)
        sending = asyncio.create_task(self._send(send))
        beating = asyncio.create_task(_beat(send, self._beat_s))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, beating, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, beating, leaving):
                task.cancel()
            await asyncio.gather(sending, beating, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            async for event in events:
                body = event if isinstance(event, bytes) else event.encode()
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _beat(send: Send, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await send({"type": "http.response.body", "body": BEAT, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
