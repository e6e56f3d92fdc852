"""The Lake of the work that is being done: what a store of a framework uses that names none.

Stores are made from descriptions that cannot hold a connection, and whoever runs them has one open.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from neurocortex.lake.store import Lake

_LAKE: Final[ContextVar[Lake | None]] = ContextVar("lake", default=None)


@contextmanager
def bound(lake: Lake) -> Iterator[None]:
    """Let stores of this context, and of tasks and threads begun in it, use a Lake."""
    token = _LAKE.set(lake)
    try:
        yield
    finally:
        _LAKE.reset(token)


def current() -> Lake | None:
    """Return the Lake of this context; None: nobody has bound one."""
    return _LAKE.get()
