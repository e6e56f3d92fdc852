"""Reading what a client sends: no more than allowed, and not for longer than allowed."""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from neurocortex.errors import BodyTooLargeError, InvalidRequestError, SlowClientError

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Bodies:
    """Reads bodies within limits."""

    max_bytes: int
    timeout_s: float

    async def read(self, request: Request, max_bytes: int | None = None) -> bytes:
        """Return the whole body.

        Args:
            request: one whose body nobody has read.
            max_bytes: where this address allows another size.

        Raises:
            BodyTooLargeError: it is larger than allowed; the rest of it was not read.
            SlowClientError: it did not come in time.
            ClientDisconnect: the client went away.
        """
        limit = self.max_bytes if max_bytes is None else max_bytes
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise BodyTooLargeError(limit)
        try:
            async with asyncio.timeout(self.timeout_s):
                return await _read(request, limit)
        except TimeoutError:
            raise SlowClientError(self.timeout_s) from None


async def _read(request: Request, limit: int) -> bytes:
    """A body that announced no size is counted as it comes."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLargeError(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def decode(kind: type[ModelT], body: bytes | str) -> ModelT:
    """Return the value that JSON says.

    Raises:
        InvalidRequestError: it is no JSON, or no such value; it lists every place.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        places = [(".".join(map(str, each["loc"])), each["msg"]) for each in found]
        raise InvalidRequestError(places) from None
