"""Server-sent events as they go out, and what happens when the client leaves."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.types import Message

from neurocortex.gateway.sse import BEAT, Event, EventStream


def test_an_event_is_a_few_lines_and_an_empty_one() -> None:
    assert Event("part", b'{"a":1}', "7").encode() == b'id: 7\nevent: part\ndata: {"a":1}\n\n'


class Client:
    """The server's side of a connection."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_over = False
        self.gone = asyncio.Event()
        self.heard = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.sent.append(message["body"])
            self.is_over = not message.get("more_body", False)
            self.heard.set()


def test_events_are_sent_and_the_stream_ends_with_them() -> None:
    async def run() -> None:
        async def events() -> AsyncGenerator[Event | bytes]:
            yield Event("a", b"1")
            yield b"data: 2\n\n"

        client = Client()
        await EventStream(events())({}, client.receive, client.send)
        assert client.sent == [b"event: a\ndata: 1\n\n", b"data: 2\n\n", b""]
        assert client.is_over

    asyncio.run(run())


def test_a_silent_stream_beats_and_ends_its_work_when_the_client_leaves() -> None:
    async def run() -> None:
        ended = asyncio.Event()

        async def events() -> AsyncGenerator[Event]:
            try:
                await asyncio.Event().wait()
                yield Event("never", b"")
            finally:
                ended.set()

        client = Client()
        stream = EventStream(events(), beat_s=0.01)
        serving = asyncio.create_task(stream({}, client.receive, client.send))
        await client.heard.wait()
        assert client.sent[0] == BEAT
        client.gone.set()
        await serving
        assert ended.is_set()

    asyncio.run(run())
