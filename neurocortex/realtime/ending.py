"""Ending tasks that talk to Redis."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

AGAIN_S: Final = 0.1
"""redis-py now and then swallows a cancellation that comes in the middle of a command."""


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until each has ended, whatever comes of it."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen: nobody else awaits it
