"""What the lane answers: parts of a stream, then a result or a failure; and how they travel."""

from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import ormsgpack

from neurocortex.domain.usage import Usage
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
    usage: Usage | None = None
    """What its calls of LLMs took; None: it made none."""
    lasts: bool = True
    """Whether it may be given again: see `Caching.lasts`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """There is no answer, for this reason: nothing follows it."""

    code: str
    """Stable: see `neurocortex.realtime.failures`."""
    message: str
    """For people; it holds nothing of another tenant's."""
    retry_after_s: float | None = None
    """When the same request may be answered; None: nobody knows."""


Event: TypeAlias = Part | Reply | Failure


def encode(call: UUID, event: Event) -> bytes:
    """Return an event of a call as the bytes of its stream entry."""
    match event:
        case Part(text, number, attempt):
            return ormsgpack.packb((call.bytes, PART, (text, number, attempt)))
        case Reply(body, usage, lasts):
            took = None
            if usage is not None:
                took = (usage.calls, usage.prompt_tokens, usage.completion_tokens, usage.cost)
            return ormsgpack.packb((call.bytes, RESULT, (body, took, lasts)))
        case Failure(code, message, after_s):
            return ormsgpack.packb((call.bytes, FAILURE, (code, message, after_s)))


def decode(content: bytes) -> tuple[bytes, Event]:
    """Return the id of the call, as its 16 bytes, and what is answered to it.

    Raises:
        WireError: it was not written by `encode` of this version.
    """
    try:
        call, kind, value = ormsgpack.unpackb(content)
        if kind == RESULT:
            return call, _reply(*value)
        if kind == PART:
            text, number, attempt = value
            return call, Part(text, number, attempt)
        return call, Failure(*value)
    except (ValueError, TypeError) as error:
        raise WireError("an entry of the replies", str(error)) from error


def _reply(body: bytes, took: tuple[int, int, int, float] | None, lasts: bool) -> Reply:
    if took is None:
        return Reply(body, lasts=lasts)
    calls, prompt, completion, cost = took
    usage = Usage(calls=calls, prompt_tokens=prompt, completion_tokens=completion, cost=cost)
    return Reply(body, usage, lasts)
