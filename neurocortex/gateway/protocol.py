"""HTTP/1.1 as uvicorn speaks it, with limits on heads and on connections.

Uvicorn's fast parser reads headers without end, and waits for them without end: one client could
fill the memory with a flood of headers, or hold a connection for ever with a byte now and then
("Slowloris", CVE-2007-6750). Its limit of connections is not used, as it answers in plain text and
does not say when to come back.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

END: Final = b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LATE: Final = END % b"408 Request Timeout"
TOO_LARGE: Final = END % b"431 Request Header Fields Too Large"

HEADER_BYTES: Final = 32
"""What a header takes beside its text: many tiny ones are a flood too (RFC 9113, 6.5.2)."""


class _HeadTooLargeError(Exception):
    """Ends the parsing of a request that has been answered."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server's connections may ask for."""

    max_head_bytes: int
    """Of the request line and all headers of one request."""
    timeout_s: float
    """A request's head must be complete after so long, and a new connection's first."""
    connections: int
    """At once; calls of those beyond are answered by `busy`."""
    busy: ASGIApp
    """In place of the application."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection, within the limits of its class."""

    limits: ClassVar[Limits]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True
        self._head_bytes = 0
        self._clock: asyncio.TimerHandle | None = None
        self._served = self.app
        self._is_beyond = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._is_beyond = not self._has_room()
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head:
            return
        # Most heads come in one piece: only the others are counted and timed.
        self._head_bytes += len(data)
        if self._head_bytes > self.limits.max_head_bytes:
            self._end(TOO_LARGE)
        else:
            self._start_clock()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_clock()
        size = sum(HEADER_BYTES + len(name) + len(value) for name, value in self.headers)
        if len(self.url) + size > self.limits.max_head_bytes:
            self._end(TOO_LARGE)
            raise _HeadTooLargeError
        # One that came too late is served when others have ended.
        self._is_beyond = self._is_beyond and not self._has_room()
        self.app = self.limits.busy if self._is_beyond else self._served
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _has_room(self) -> bool:
        return len(self.connections) <= self.limits.connections

    def _start_clock(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(self.limits.timeout_s, self._end, TOO_LATE)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _end(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def limited(allowed: Limits) -> type[HttpToolsProtocol]:
    """Return the protocol class with limits, for `uvicorn.Config(http=...)`."""

    class Limited(LimitedProtocol):
        limits = allowed

    return Limited
