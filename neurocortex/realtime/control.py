"""What clients tell the lane about calls that are on their way."""

from dataclasses import dataclass
from typing import TypeAlias

import ormsgpack

from neurocortex.errors import WireError


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for a call's answer any more."""

    call: bytes
    """Its id, as 16 bytes."""


@dataclass(frozen=True, slots=True)
class Caught:
    """A reader has taken so many parts of a call's answer in all."""

    call: bytes
    parts: int


Control: TypeAlias = Cancel | Caught


def encode(control: Control) -> bytes:
    """Return it as the bytes of its stream entry."""
    match control:
        case Cancel(call):
            return ormsgpack.packb((call, None))
        case Caught(call, parts):
            return ormsgpack.packb((call, parts))


def decode(content: bytes) -> Control:
    """Return what was written.

    Raises:
        WireError: it was not written by `encode` of this version.
    """
    try:
        call, parts = ormsgpack.unpackb(content)
    except (ValueError, TypeError) as error:
        raise WireError("an entry of the control stream", str(error)) from error
    return Cancel(call) if parts is None else Caught(call, parts)
