"""What this process knows of rollouts: a lane process is told by Redis, others by PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakKeyDictionary

from neurocortex.rollout.standing import Standing
from neurocortex.rollout.store import RolloutTable, Snapshot
from neurocortex.settings import settings

_open: Standing | None = None
_others: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Standing]] = WeakKeyDictionary()


@contextmanager
def kept(standing: Standing) -> Iterator[None]:
    """Let all tasks of this process use and fill `standing` meanwhile."""
    global _open
    _open = standing
    try:
        yield
    finally:
        _open = None


def standing() -> Standing:
    """Return what this process and event loop know.

    Outside of a lane process, as in a batch, nothing is warm: the stable version serves there.
    """
    if _open is not None:
        return _open
    loop = asyncio.get_running_loop()
    if loop not in _others:
        _others[loop] = Standing(_read)
    return _others[loop]


def observed(forge: str, model: str, version: int, seconds: float) -> None:
    """Count a computation of a version, from any thread."""
    if _open is not None:
        _open.computed(forge, model, version, seconds)


async def _read() -> Snapshot:
    url = settings().database_url
    if url is None:
        return Snapshot()

    def look() -> Snapshot:
        with RolloutTable(url.get_secret_value()) as table:
            return table.snapshot()

    return await asyncio.to_thread(look)
