"""Idempotency keys: a request that is sent again is not done again.

As the IETF draft "The Idempotency-Key HTTP Header Field" has it
(draft-ietf-httpapi-idempotency-key-header): a key belongs to the request it came with first, told
by a digest of its body; with another body it is an error.
"""

from dataclasses import dataclass
from hashlib import sha256
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


@dataclass(frozen=True, slots=True)
class Reservation:
    """Whose an idempotency key is."""

    request: UUID
    is_new: bool
    """The key was free; else that request came before and this one is not to be done."""


class IdempotencyKeys:
    """Keys of all tenants; a key is a tenant's own."""

    def __init__(self, redis: Redis, keep_s: float, namespace: str = layout.NAMESPACE) -> None:
        """Keep keys in a Redis for so many seconds after their first use."""
        self._scripts = LuaScripts(redis, namespace)
        self._together = Together(redis)
        self._keep_ms = round(keep_s * MS)

    async def reserve(self, tenant: str, key: str, body_digest: str, request: UUID) -> Reservation:
        """Take a key for a request, or tell which has it.

        Raises:
            KeyReusedError: a request with another body has it.
            EmptiedError: Redis was emptied.
            TrackingUnavailableError: Redis does not answer.
        """
        keys = self._scripts.key(layout.EPOCH), self._scripts.key(layout.idempotency(tenant, key))
        with reached():
            found = await self._together.script(
                scripts.RESERVE, [len(keys), *keys, f"{request} {body_digest}", self._keep_ms]
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

    async def restore(self, record: Record) -> None:
        """Enter the key of a request again, if it has one; an entry that is there stays.

        Raises:
            TrackingUnavailableError: Redis does not answer.
        """
        if record.idempotency_key is None or record.digest is None:
            return
        name = layout.idempotency(record.tenant, record.idempotency_key)
        with reached():
            await self._together.command(
                "SET",
                self._scripts.key(name),
                f"{record.id} {record.digest}",
                "PX",
                self._keep_ms,
                "NX",
            )
