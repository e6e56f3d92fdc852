"""Connections beyond the limit are answered by a refusal, and those within it are not."""

import asyncio

from starlette.responses import PlainTextResponse
from uvicorn import Config
from uvicorn.server import ServerState

from neurocortex.gateway.protocol import Limits, limited

CALL = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def test_a_connection_more_than_may_be_is_refused_until_one_ends() -> None:
    async def scenario() -> list[bytes]:
        kind = limited(Limits(4096, 5.0, 1, PlainTextResponse("busy", 503)))
        config = Config(PlainTextResponse("served"), lifespan="off", log_config=None, http=kind)
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: kind(config, state, {}), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            first = await asyncio.open_connection("127.0.0.1", port)
            second = await asyncio.open_connection("127.0.0.1", port)
            bodies = [await ask(*first), await ask(*second)]
            first[1].close()
            while len(state.connections) > 1:
                await asyncio.sleep(0)
            bodies.append(await ask(*second))
            second[1].close()
            while state.connections:
                await asyncio.sleep(0)
        return bodies

    assert asyncio.run(scenario()) == [b"served", b"busy", b"served"]


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(CALL)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)
