"""Which blocks of a type are saved."""

import time
from dataclasses import dataclass

import httpx
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound


@dataclass(frozen=True, slots=True)
class _Listed:
    names: tuple[str, ...]
    until: float
    """By the clock `time.monotonic`."""


_listed: dict[type[Block], _Listed] = {}


def names_of(kind: type[Block], for_s: float) -> tuple[str, ...]:
    """Return the names of all saved blocks of a type, by the alphabet.

    Args:
        kind: the type.
        for_s: Prefect's API is asked once in so many seconds. While it does not answer, what it
            said last holds.

    Raises:
        httpx.HTTPError: it does not answer, and never did.
    """
    known = _listed.get(kind)
    if known is not None and time.monotonic() < known.until:
        return known.names
    try:
        names = _read(kind)
    except httpx.HTTPError:
        if known is None:
            raise
        names = known.names
    _listed[kind] = _Listed(names, time.monotonic() + for_s)
    return names


def forget() -> None:
    """Ask Prefect's API at the next call."""
    _listed.clear()


def _read(kind: type[Block]) -> tuple[str, ...]:
    with get_client(sync_client=True) as client:
        try:
            found = client.read_block_documents_by_type(
                kind.get_block_type_slug(), include_secrets=False
            )
        except ObjectNotFound:
            return ()  # nobody has registered the type yet
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return ()
            raise
    return tuple(sorted(each.name for each in found if each.name and not each.is_anonymous))
