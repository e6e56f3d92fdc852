"""Opening the Lake that a Prefect block names."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import blocks
from blocks import saved
from neurocortex.lake.store import Lake


class _Standing:
    """Lakes of a process that stands: their connections are used again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, tuple[blocks.Lake, Lake]] = {}

    def lake(self, name: str) -> Lake:
        block = saved.load(blocks.Lake, name)
        with self._lock:
            known = self._open.get(name)
            if known is None or known[0] != block:  # somebody edited the block
                known = self._open[name] = (block, block.connect())
            return known[1]

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1][1].close()


_standing: _Standing | None = None


@contextmanager
def opened(block: str) -> Iterator[Lake]:
    """Give the Lake that a block describes, closed again at the end.

    Args:
        block: name of a saved `Lake` block, usually `default`.

    Raises:
        ConnectorError: there is no such block.
    """
    if _standing is not None:
        yield _standing.lake(block)
        return
    with saved.load(blocks.Lake, block).connect() as lake:
        yield lake


@contextmanager
def kept_open() -> Iterator[None]:
    """Keep each Lake open that is opened meanwhile, in any thread: for a process that stands."""
    global _standing
    _standing = standing = _Standing()
    try:
        yield
    finally:
        _standing = None
        standing.close()
