"""Idempotency keys: a request that is sent again is not done again.

As the IETF draft "The Idempotency-Key HTTP Header Field" has it
(draft-ietf-httpapi-idempotency-key-header): a key belongs to the request it came with first, told
by a digest of its body; with another body it is an error.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from neurocortex.admission.together import Together
from neurocortex.errors import KeyReusedError
from neurocortex.lua import LuaScripts
from neurocortex.tracking import layout, scripts
from neurocortex.tracking.record import Record
from neurocortex.tracking.states import MS, EmptiedError, reached


def digest(body: bytes) -> str:
    """Return what tells one body from another: SHA-256, in hexadecimal."""
    return sha256(body).hexdigest()


LEASE_S: Final = 60.0
"""A key is reserved for so long until its request is recorded, which keeps it: one whose gateway
died in between may come again then. To record takes milliseconds, and PostgreSQL's patience when
that does not answer."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Whose an idempotency key is."""

    request: UUID
    is_new: bool
    """The key was free; else that request came before and this one is not to be done."""


class IdempotencyKeys:
    """Keys of all tenants; a key is a tenant's own."""

    def __init__(self, redis: Redis, keep_s: float, namespace: str = layout.NAMESPACE) -> None:
        """Keep keys of requests that are recorded in a Redis, for so many seconds."""
        self._scripts = LuaScripts(redis, namespace)
        self._together = Together(redis)
        self._keep_ms = round(keep_s * MS)

    async def reserve(self, tenant: str, key: str, body_digest: str, request: UUID) -> Reservation:
        """Take a key for a request, for LEASE_S, or tell which has it.

        Raises:
            KeyReusedError: a request with another body has it.
            EmptiedError: Redis was emptied.
            TrackingUnavailableError: Redis does not answer.
        """
        keys = self._scripts.key(layout.EPOCH), self._scripts.key(layout.idempotency(tenant, key))
        with reached():
            found = await self._together.script(
                scripts.RESERVE,
                [len(keys), *keys, f"{request} {body_digest}", round(LEASE_S * MS)],
            )
        if found == scripts.LOST:
            raise EmptiedError("Redis was emptied")
        if found == scripts.DONE:
            return Reservation(request, is_new=True)
        text = found.decode() if isinstance(found, bytes) else str(found)
        holder, _, known = text.partition(" ")
        if known != body_digest:
            raise KeyReusedError(key, UUID(holder))
        return Reservation(UUID(holder), is_new=UUID(holder) == request)

    async def free(self, tenant: str, key: str, request: UUID) -> None:
        """Give a key back: its request was refused, and may be sent again.

        Raises:
            TrackingUnavailableError: Redis does not answer.
        """
        with reached():
            await self._together.script(
                scripts.FREE,
                [1, self._scripts.key(layout.idempotency(tenant, key)), str(request)],
            )

    async def keep(self, record: Record) -> None:
        """Keep the key of a request that is recorded, if it has one; a key of another one stays.

        Raises:
            TrackingUnavailableError: Redis does not answer.
        """
        if record.idempotency_key is None or record.digest is None:
            return
        name = layout.idempotency(record.tenant, record.idempotency_key)
        with reached():
            await self._together.script(
                scripts.KEEP,
                [1, self._scripts.key(name), f"{record.id} {record.digest}", self._keep_ms],
            )
