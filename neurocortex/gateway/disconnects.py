"""Work that ends when the client that waits for it goes away."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")

PATIENCE_S: Final = 0.05
"""Most answers are there by then, and need nobody who watches their client."""


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, and raise what it raises.

    Args:
        request: whose body has been read.
        work: cancelled when the client goes away.

    Raises:
        ClientDisconnect: it did.
    """
    working = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({working}, timeout=PATIENCE_S)
        if not done:
            await _until_done_or_gone(request, working)
        return await working
    finally:
        working.cancel()


async def _until_done_or_gone(request: Request, working: asyncio.Task[Any]) -> None:
    leaving = asyncio.create_task(_gone(request))
    try:
        done, _ = await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
    if working not in done:
        working.cancel()
        await asyncio.wait({working})
        raise ClientDisconnect


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
