"""The Lake of the work that is being done: what a store of a framework uses that names none.

Stores are made from descriptions that cannot hold a connection, and whoever runs them has one open.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from neurocortex.lake.store import Lake


@dataclass(frozen=True, slots=True)
class Bound:
    """A Lake, and who wants to know what becomes of it."""

    lake: Lake
    changed: Callable[[str], None]
    """Told the name of each collection that was written to, once that is committed."""


_BOUND: Final[ContextVar[Bound | None]] = ContextVar("lake", default=None)


@contextmanager
def bound(lake: Lake, changed: Callable[[str], None]) -> Iterator[None]:
    """Let stores of this context, and of tasks and threads begun in it, use a Lake.

    Args:
        lake: which one; it stays the caller's to close.
        changed: see `Bound`.
    """
    token = _BOUND.set(Bound(lake, changed))
    try:
        yield
    finally:
        _BOUND.reset(token)


def current() -> Bound | None:
    """Return the Lake of this context; None: nobody has bound one."""
    return _BOUND.get()
