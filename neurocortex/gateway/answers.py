"""Answers that were given before: the cache as the gateway uses it.

What is kept are the bytes of the answer's JSON: a hit is sent as it is.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, Final

from pydantic.main import IncEx

from neurocortex.cache.cache import Cache
from neurocortex.cache.computations import COMPUTED
from neurocortex.cache.keys import DIGEST_BYTES, Key
from neurocortex.cache.values import Computed, Policy
from neurocortex.realtime.answers import Reply
from neurocortex.requests.pipeline import Caching, Pipeline
from neurocortex.requests.request import Request

VERSION: Final = version("neurocortex")
"""Part of each key: another release may answer in another shape."""

NOT_THE_QUESTION: Final[Mapping[str, IncEx | bool]] = {
    **dict.fromkeys(set(Request.model_fields) - {"operation", "budget"}, True),
    "budget": {"seconds"},
}
"""Fields that say how a request is served, not what is asked: the answer is the same. A budget of
tokens is none of them, as it may cut the answer."""


class CacheUse(StrEnum):
    """Where an answer came from; the header `X-Cache`."""

    HIT = "hit"
    MISS = "miss"
    STALE = "stale"
    """From the cache, past its time, as it could not be computed anew."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of an answer, and where they came from."""

    body: bytes
    use: CacheUse


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers of one platform, each tenant's apart."""

    cache: Cache
    is_kept: bool = True
    """False where a protection of results is set: it is applied in the lane, not here."""

    def caching_of(self, pipeline: Pipeline[Any, Any]) -> Caching[Any, Any] | None:
        """Return how answers of an operation are kept; None: not at all."""
        return pipeline.caching if self.is_kept else None

    async def get_or_compute(
        self,
        key: Key,
        caching: Caching[Any, Any],
        request: Request,
        compute: Callable[[], Awaitable[Reply]],
    ) -> Kept:
        """Return the answer, computed once however many ask for it. Raises as `compute`."""

        async def body() -> bytes | Computed[bytes]:
            reply = await compute()
            return reply.body if reply.lasts else Computed(reply.body, ttl_s=0.0)

        policy = _policy(caching)
        found = await self.cache.get_or_compute(key, body, policy, caching.tags(request))
        if found.stale_because is not None:
            return Kept(found.value, CacheUse.STALE)
        return Kept(found.value, CacheUse.MISS if found.level == COMPUTED else CacheUse.HIT)

    async def get(self, key: Key) -> bytes | None:
        """Return a fresh answer, or None."""
        found = await self.cache.get(key)
        return found.value if found is not None and isinstance(found.value, bytes) else None

    async def keep(
        self, key: Key, caching: Caching[Any, Any], request: Request, reply: Reply
    ) -> None:
        """Keep an answer in place of the one before, if it lasts."""
        if reply.lasts:
            await self.cache.set(key, reply.body, _policy(caching), caching.tags(request))


def key_of(tenant: str, pipeline: Pipeline[Any, Any], request: Request) -> Key:
    """Return what the answer to a request is found by."""
    asked = request.model_dump_json(exclude=NOT_THE_QUESTION).encode()
    digest = blake2b(asked, digest_size=DIGEST_BYTES).hexdigest()
    return Key(tenant, f"{pipeline.operation}@{VERSION}", digest)


def _policy(caching: Caching[Any, Any]) -> Policy:
    """An old answer is better than none while the lane is full or away."""
    return Policy(ttl_s=caching.ttl_s, stale_s=caching.ttl_s)
