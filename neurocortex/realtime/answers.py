"""What the lane answers: parts of a stream, then a result or a failure; and how they travel."""

from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import ormsgpack

from neurocortex.errors import WireError

PART: Final = 0
RESULT: Final = 1
FAILURE: Final = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the answer's text, in order. One may come twice, with the same number."""

    text: str
    number: int
    """Its place among the parts of its attempt, from 1."""
    attempt: int = 1
    """Of the delivery whose work it is: another attempt begins the text anew."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: nothing follows it."""

    body: bytes
    """The JSON of the pipeline's result."""


@dataclass(frozen=True, slots=True)
class Failure:
    """There is no answer, for this reason: nothing follows it."""

    code: str
    """Stable: see `neurocortex.realtime.failures`."""
    message: str
    """For people; it holds nothing of another tenant's."""


Event: TypeAlias = Part | Reply | Failure


def encode(call: UUID, event: Event) -> bytes:
    """Return an event of a call as the bytes of its stream entry."""
    match event:
        case Part(text, number, attempt):
            return ormsgpack.packb((call.bytes, PART, (text, number, attempt)))
        case Reply(body):
            return ormsgpack.packb((call.bytes, RESULT, body))
        case Failure(code, message):
            return ormsgpack.packb((call.bytes, FAILURE, (code, message)))


def decode(content: bytes) -> tuple[bytes, Event]:
    """Return the id of the call, as its 16 bytes, and what is answered to it.

    Raises:
        WireError: it was not written by `encode` of this version.
    """
    try:
        call, kind, value = ormsgpack.unpackb(content)
        if kind == RESULT:
            return call, Reply(value)
        if kind == PART:
            text, number, attempt = value
            return call, Part(text, number, attempt)
        code, message = value
        return call, Failure(code, message)
    except (ValueError, TypeError) as error:
        raise WireError("an entry of the replies", str(error)) from error
