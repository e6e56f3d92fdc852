"""Finding a saved block by its name."""

import time
from dataclasses import dataclass
from typing import TypeVar, cast

import httpx
from prefect.blocks.core import Block
from prefect.exceptions import ObjectNotFound

from neurocortex.errors import ConnectorError

AnyBlock = TypeVar("AnyBlock", bound=Block)


@dataclass(slots=True)
class _Known:
    block: Block | None
    until: float
    """By the clock `time.monotonic`."""


_known: dict[tuple[type[Block], str], _Known] = {}
_remember_s = 0.0


def remember(seconds: float) -> None:
    """Ask Prefect's API once in so long for each block, from now on and in this process.

    For a process that stands and must not wait for the API in each request. While the API does not
    answer, what it said last holds.
    """
    global _remember_s
    _remember_s = seconds
    _known.clear()


def find(kind: type[AnyBlock], name: str) -> AnyBlock | None:
    """Return the saved block of that type and name, or None."""
    if not _remember_s:
        return _read(kind, name)
    known = _known.get((kind, name))
    if known is None or known.until < time.monotonic():
        try:
            found = _read(kind, name)
        except httpx.HTTPError:
            if known is None:
                raise
            found = cast("AnyBlock | None", known.block)
        known = _known[kind, name] = _Known(found, time.monotonic() + _remember_s)
    return cast("AnyBlock | None", known.block)


def load(kind: type[AnyBlock], name: str) -> AnyBlock:
    """Return the saved block of that type and name.

    Raises:
        ConnectorError: there is none.
    """
    found = find(kind, name)
    if found is None:
        title = kind.get_block_type_slug()
        raise ConnectorError(
            title,
            f"there is no block {title}/{name}; make one in the Prefect UI under Blocks,"
            " or run `neurocortex deploy` for the default ones",
        )
    return found


def _read(kind: type[AnyBlock], name: str) -> AnyBlock | None:
    try:
        # In a thread of an asynchronous task, too, Prefect would return a coroutine.
        return cast("AnyBlock", kind.load(name, _sync=True))  # type: ignore[call-arg]
    except ValueError as error:
        if isinstance(error.__cause__, ObjectNotFound):
            return None
        raise
