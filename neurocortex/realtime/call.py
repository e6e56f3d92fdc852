"""A call: what a client asks of the lane, and how it travels."""

from dataclasses import dataclass
from uuid import UUID

import ormsgpack

from neurocortex.domain.deployments import Tier
from neurocortex.errors import WireError


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way to a lane process."""

    id: UUID
    operation: str
    body: bytes
    """The JSON of the request, as its client sent it."""
    tenant: str
    tier: Tier
    deadline: float | None = None
    """When its answer is of no use any more, in seconds since the epoch."""
    stream: bool = False
    """Whether parts of the answer are sent as they come."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call as a lane process holds it, until it is answered."""

    call: Call
    client: str
    """Who waits for the answer."""
    entry: bytes
    """Its id in the stream of its tier."""
    attempt: int = 1
    """How often it was handed to a lane process, this time included."""


def encode(call: Call, client: str, until: float) -> bytes:
    """Return a call as the bytes of its stream entry.

    Args:
        call: what is asked.
        client: who waits for the answer.
        until: how long, in seconds since the epoch: the deadline of a call that has none.
    """
    return ormsgpack.packb(
        (
            call.id.bytes,
            call.operation,
            call.body,
            call.tenant,
            call.tier.value,
            until if call.deadline is None else call.deadline,
            call.stream,
            client,
        )
    )


def decode(entry: bytes, content: bytes, attempt: int = 1) -> Delivery:
    """Return the call of a stream entry.

    Raises:
        WireError: it was not written by `encode` of this version.
    """
    try:
        number, operation, body, tenant, tier, deadline, stream, client = ormsgpack.unpackb(content)
        call = Call(UUID(bytes=number), operation, body, tenant, Tier(tier), deadline, stream)
    except (ValueError, TypeError) as error:
        raise WireError(f"entry {entry.decode()} of the calls", str(error)) from error
    return Delivery(call, client, entry, attempt)
