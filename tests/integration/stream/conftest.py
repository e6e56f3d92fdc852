"""The Stream on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import pytest
from redis.asyncio import Redis

from neurocortex.settings import StreamSettings, TaskSettings
from neurocortex.stream.dispatcher import Dispatcher
from neurocortex.stream.handlers import Handlers
from neurocortex.stream.stream import EventStream, SetAside

PATIENCE_S: Final = 20.0
QUICK: Final = TaskSettings(retries=2, first_delay_s=0.01, jitter=0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def stream(client: Redis) -> EventStream:
    return EventStream(client, StreamSettings())


@asynccontextmanager
async def dispatching(
    stream: EventStream,
    handlers: Handlers,
    settings: StreamSettings | None = None,
    on_set_aside: Callable[[SetAside], None] = lambda _: None,
) -> AsyncIterator[None]:
    dispatcher = Dispatcher(stream, handlers, settings or StreamSettings(), QUICK, on_set_aside)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(look: Callable[[], bool], what: str) -> None:
    """Wait until that is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not look():
            await asyncio.sleep(0.02)
    assert look(), what
