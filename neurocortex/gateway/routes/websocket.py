"""`/v1/ws`: many requests over one connection, told apart by ids of the client's own.

The client sends `{"id": "7", "request": {...}}`, or `{"id": "7", "cancel": true}`. It is sent
`{"id": "7", "event": "part" | "result" | "accepted" | "error", "data": {...}}`: any number of
parts, then one of the others.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Final
from uuid import uuid4

import orjson
from fastapi import APIRouter
from pydantic import Field, JsonValue, model_validator
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from neurocortex.domain.strict import Strict
from neurocortex.errors import (
    AccessError,
    ConnectionBusyError,
    ConnectorError,
    DuplicateIdError,
    InvalidRequestError,
)
from neurocortex.gateway.bodies import decode
from neurocortex.gateway.planning import Asking
from neurocortex.gateway.services import Services
from neurocortex.gateway.sse import Event
from neurocortex.gateway.streaming import events_of
from neurocortex.security.principal import Principal

AT_ONCE: Final = 64
"""Requests of one connection that are worked on at once."""

PROTOCOL: Final = "neurocortex.v1"
"""What a browser offers beside its key: `new WebSocket(url, ["neurocortex.v1", "bearer.KEY"])`."""

REFUSED: Final = 1008
"""The close code for who may not connect (RFC 6455, 7.4.1: policy)."""


class Frame(Strict):
    """What a client sends."""

    id: str = Field(min_length=1, max_length=64)
    request: dict[str, JsonValue] | None = None
    cancel: bool = False

    @model_validator(mode="after")
    def _either(self) -> "Frame":
        if (self.request is not None) == self.cancel:
            raise ValueError("send either `request` or `cancel`")
        return self


def router(services: Services) -> APIRouter:
    """Return the address."""
    routes = APIRouter()

    @routes.websocket("/v1/ws")
    async def serve(socket: WebSocket) -> None:
        try:
            principal = await services.callers.identify(socket)
        except (AccessError, ConnectorError) as error:
            await socket.close(REFUSED, str(error)[:120])
            return
        # A browser that offers protocols wants one of them back; the one with the key is not sent.
        offered = socket.scope.get("subprotocols", ())
        await socket.accept(PROTOCOL if PROTOCOL in offered else None)
        await _Conversation(services, socket, principal).hold()

    return routes


class _Conversation:
    """One connection."""

    def __init__(self, services: Services, socket: WebSocket, principal: Principal) -> None:
        self._services = services
        self._socket = socket
        self._principal = principal
        self._working: dict[str, asyncio.Task[None]] = {}

    async def hold(self) -> None:
        """Serve until the client leaves; what it still waits for ends then."""
        try:
            while True:
                await self._hear(await self._frame())
        except WebSocketDisconnect:
            return
        finally:
            tasks = list(self._working.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _frame(self) -> str | bytes:
        """Return what the client sends next: clients that encode JSON themselves send bytes."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"], message.get("reason"))
        text: str | None = message.get("text")
        data: bytes | None = message.get("bytes")
        return text if text is not None else data or b""

    async def _hear(self, sent: str | bytes) -> None:
        try:
            frame = decode(Frame, sent)
        except InvalidRequestError as error:
            await self._refuse("", error)
            return
        known = self._working.get(frame.id)
        if frame.cancel:
            if known is not None:
                known.cancel()
        elif known is not None:
            await self._refuse(frame.id, DuplicateIdError(frame.id))
        elif len(self._working) >= AT_ONCE:
            await self._refuse(frame.id, ConnectionBusyError(AT_ONCE))
        else:
            task = asyncio.create_task(self._answer(frame.id, frame.request or {}))
            self._working[frame.id] = task
            task.add_done_callback(lambda _: self._working.pop(frame.id, None))

    async def _answer(self, name: str, request: Mapping[str, JsonValue]) -> None:
        try:
            # The credential was good when the connection began: it may have ended since.
            principal = await self._services.callers.identify(self._socket)
            asking = Asking(uuid4(), principal, orjson.dumps(request))
            planned = self._services.planner.plan(asking)
            async with aclosing(events_of(self._services, planned)) as events:
                async for event in events:
                    await self._send(name, event)
        except WebSocketDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - told to the client; others go on
            await self._refuse(name, error)

    async def _refuse(self, name: str, error: Exception) -> None:
        problem = self._services.refusals.problem(error)
        await self._send(name, Event("error", problem.json()))

    async def _send(self, name: str, event: Event) -> None:
        if self._socket.client_state is not WebSocketState.CONNECTED:
            return
        head = orjson.dumps({"id": name, "event": event.name})
        await self._socket.send_text((head[:-1] + b',"data":' + event.data + b"}").decode())
