"""A look for due runs does not wait for minutes on a Prefect that does not answer."""

import asyncio
import time

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_RETRY_EXTRA_CODES,
    PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED,
    temporary_settings,
)

from neurocortex.worker import loops
from neurocortex.worker.arrivals import Arrivals

FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("answer", [b"", FAILED], ids=["silent", "failing"])
def test_a_call_that_brings_nothing_is_given_up(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client alone would wait a minute for an answer, or try again for one, unheard."""
    monkeypatch.setattr(loops, "ANSWER_S", 0.3)

    served: list[asyncio.Task[None] | None] = []

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        while await reader.read(65536):
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async def look() -> None:
        async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
            host, port = listening.sockets[0].getsockname()
            there = {
                PREFECT_API_URL: f"http://{host}:{port}/api",
                PREFECT_CLIENT_RETRY_EXTRA_CODES: "500",
                PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False,
            }
            with temporary_settings(there):
                async with get_client() as client:
                    before = time.monotonic()
                    with pytest.raises(httpx.ReadTimeout, match="no answer within"):
                        await Arrivals(client, ["pool"]).new()
                    assert time.monotonic() - before < 10
            await asyncio.gather(*filter(None, served))

    asyncio.run(look())
