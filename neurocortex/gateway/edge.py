"""The outermost layer: every call has an id, is counted, and its answer has the safe headers.

Plain ASGI: a base class that starts a task and a queue for each call costs more than all the rest.
"""

import time
from typing import Final
from uuid import UUID, uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neurocortex.gateway.metrics import PROGRAMS, Metrics

SAFE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""OWASP REST Security Cheat Sheet; pages add a policy of their own."""

NO_STORE: Final = (b"cache-control", b"no-store")
"""Answers are for one tenant: no proxy may keep them."""

REQUEST_ID: Final = "request_id"
"""Where the id is in a call's state."""

UNMATCHED: Final = "unmatched"
"""The route of a call that no address fits: the path itself would be a label without end."""

CLIENT_GONE: Final = 499
"""Counted when a client went before its answer began (nginx's word for it)."""


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = uuid4()
        scope.setdefault("state", {})[REQUEST_ID] = request_id
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CLIENT_GONE
        added = ((b"x-request-id", str(request_id).encode()), *SAFE)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = [*message.get("headers", ()), *added]
                if not any(name == NO_STORE[0] for name, _ in headers):
                    headers.append(NO_STORE)
            await send(message)

        began = time.perf_counter()
        is_programs = scope["path"].startswith(PROGRAMS)
        if is_programs:
            self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            if is_programs:
                self._metrics.in_flight.dec()
            route: str = getattr(scope.get("route"), "path", UNMATCHED)
            seconds = time.perf_counter() - began
            self._metrics.answered(route, scope["method"], status, seconds)


def request_id(scope: Scope) -> UUID:
    """Return the id of a call: a request that it makes has the same."""
    found: UUID = scope["state"][REQUEST_ID]
    return found
