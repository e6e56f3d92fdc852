"""WebSocket: many requests over one connection."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.integration.gateway.conftest import Gateway

Talk = Callable[[ClientConnection], Awaitable[None]]


def talk(gateway: Gateway, what: Talk, key: str | None = None) -> None:
    async def run() -> None:
        headers = {"Authorization": f"Bearer {key or gateway.admin}"}
        url = gateway.url.replace("http", "ws") + "/v1/ws"
        async with asyncio.timeout(20), connect(url, additional_headers=headers) as socket:
            await what(socket)

    asyncio.run(run())


async def heard(socket: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await socket.recv())
    return found


def asked(name: str, **request: object) -> str:
    return json.dumps({"id": name, "request": request})


def test_answers_come_as_they_are_ready_each_with_its_id(gateway: Gateway) -> None:
    async def many(socket: ClientConnection) -> None:
        await socket.send(asked("slow", operation="slow", text="for 0.5"))
        for number in range(10):
            await socket.send(asked(str(number), operation="echo", text=f"text {number}"))
        answers = [await heard(socket) for _ in range(11)]
        assert answers[-1] == {"id": "slow", "event": "result", "data": {"text": "done"}}
        assert {each["id"]: each["data"]["text"] for each in answers[:-1]} == {
            str(number): f"text {number}" for number in range(10)
        }

    talk(gateway, many)


def test_streams_of_one_connection_are_interleaved_and_whole(gateway: Gateway) -> None:
    async def two(socket: ClientConnection) -> None:
        for name in ("a", "b"):
            await socket.send(asked(name, operation="echo", text=f"{name} b c", stream=True))
        events: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        while [each[-1][0] for each in events.values()].count("result") < 2:
            event = await heard(socket)
            events[event["id"]].append((event["event"], event["data"]["text"]))
        for name in ("a", "b"):
            *parts, result = events[name]
            assert "".join(text for _, text in parts).strip() == f"{name} b c"
            assert result == ("result", f"{name} b c")

    talk(gateway, two)


def test_a_request_is_cancelled_by_its_id(gateway: Gateway) -> None:
    async def cancel(socket: ClientConnection) -> None:
        await socket.send(asked("long", operation="slow", text="for 20"))
        await asyncio.sleep(0.3)
        await socket.send(json.dumps({"id": "long", "cancel": True}))
        await socket.send(asked("next", operation="echo", text="on"))
        assert (await heard(socket))["id"] == "next"

    talk(gateway, cancel)


def test_bad_frames_are_refused_and_the_conversation_goes_on(gateway: Gateway) -> None:
    async def bad(socket: ClientConnection) -> None:
        for frame, code in (
            ("{", "invalid_request"),
            ('{"id": "1"}', "invalid_request"),
            ('{"id": "1", "request": {}, "cancel": true}', "invalid_request"),
            (asked("1", operation="fly"), "unknown_operation"),
            (asked("2", operation="failing", text="ours"), "collection_not_found"),
        ):
            await socket.send(frame)
            answer = await heard(socket)
            assert (answer["event"], answer["data"]["code"]) == ("error", code)
        await socket.send(asked("3", operation="echo", text="on"))
        assert (await heard(socket))["data"] == {"text": "on"}

    talk(gateway, bad)


def test_a_frame_of_bytes_is_read_as_one_of_text(gateway: Gateway) -> None:
    async def binary(socket: ClientConnection) -> None:
        await socket.send(asked("1", operation="echo", text="größer").encode())
        assert await heard(socket) == {"id": "1", "event": "result", "data": {"text": "größer"}}
        await socket.send(b"\xff")
        assert (await heard(socket))["data"]["code"] == "invalid_request"

    talk(gateway, binary)


def test_one_connection_may_not_take_everything(gateway: Gateway) -> None:
    async def greedy(socket: ClientConnection) -> None:
        for number in range(65):
            await socket.send(asked(str(number), operation="slow", text="for 10"))
        answer = await heard(socket)
        assert (answer["id"], answer["data"]["code"]) == ("64", "connection_busy")
        await socket.send(asked("1", operation="echo"))
        assert (await heard(socket))["data"]["code"] == "duplicate_id"

    talk(gateway, greedy)


def test_a_frame_that_is_too_large_ends_the_connection(gateway: Gateway) -> None:
    async def large(socket: ClientConnection) -> None:
        await socket.send("a" * 3 * 2**20)
        with pytest.raises(ConnectionClosed):
            await socket.recv()

    talk(gateway, large)


def test_nobody_connects_without_a_credential(gateway: Gateway) -> None:
    async def never(socket: ClientConnection) -> None:
        raise AssertionError("connected")

    with pytest.raises(InvalidStatus) as refused:
        talk(gateway, never, key="wrong")
    assert refused.value.response.status_code == 403


def test_a_browser_offers_its_key_as_a_protocol_and_never_gets_it_back(gateway: Gateway) -> None:
    async def run(key: str) -> tuple[str | None, str]:
        url = gateway.url.replace("http", "ws") + "/v1/ws"
        offered = [Subprotocol("neurocortex.v1"), Subprotocol(f"bearer.{key}")]
        async with asyncio.timeout(20), connect(url, subprotocols=offered) as socket:
            await socket.send(asked("1", operation="echo", text="hello"))
            return socket.subprotocol, (await heard(socket))["data"]["text"]

    assert asyncio.run(run(gateway.admin)) == ("neurocortex.v1", "hello")
    with pytest.raises(InvalidStatus):
        asyncio.run(run("wrong"))
