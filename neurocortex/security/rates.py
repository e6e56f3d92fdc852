"""How many requests are served: a limit for all tenants together, and one for each.

Both are kept in Redis, for all gateways. So that not every request asks it, a gateway takes a block
of tokens at a time and uses them up within LEASE_S: in any T seconds all gateways together let
through `limit * (T + LEASE_S) + burst` requests at most. A tenant that asks seldom gets blocks of
one; they double while they are used up, to BLOCK_S of the tenant's limit.

While Redis is gone each gateway lets through its share: the limits divided by the gateways that
were last known. Its own buckets are empty when Redis goes, so the bound above holds on; what was
let through without Redis is not known to it when it returns, so then a burst may come once more.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn
from uuid import uuid4

from pydantic import TypeAdapter

from neurocortex.errors import CacheUnavailableError, RateLimitedError
from neurocortex.security import scripts
from neurocortex.security.gcra import Bucket, Rate, narrowest
from neurocortex.security.remote import Remote

LEASE_S: Final = 0.1
"""A token that was not used by then is lost."""

BLOCK_S: Final = 0.05
"""The largest block is what the smaller limit gives in this time: twenty round trips a second."""

GATEWAY_S: Final = 30.0
"""A gateway that asked for nothing for so long is not counted."""

LEASES: Final = 10_000
"""Tenants remembered, 500 bytes each, before those that are idle are forgotten."""

US: Final = 1_000_000

OF_ALL: Final = "all tenants together"

_ANSWER: Final = TypeAdapter(tuple[int, int, int, int])


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The two limits."""

    total: Rate
    tenant: Rate
    """Of each."""

    @property
    def largest_block(self) -> int:
        """Tokens that are taken at a time, at most."""
        return max(int(min(self.total.per_s, self.tenant.per_s) * BLOCK_S), 1)


@dataclass(slots=True)
class _Lease:
    """What this gateway holds of a tenant's tokens."""

    local: Bucket
    left: int = 0
    ends: float = 0.0
    block: int = 1
    """Tokens to ask for next."""
    refused_by: Rate | None = None
    refused_until: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rates:
    """The limits as one gateway keeps them, on one event loop."""

    def __init__(
        self, remote: Remote, limits: RateLimits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Share limits with every gateway of that Redis and namespace."""
        self._remote = remote
        self._limits = limits
        self._clock = clock
        self._gateway = uuid4().hex
        self._gateways = 1
        self._answered_at = -math.inf
        self._local = Bucket(limits.total)
        self._leases: dict[str, _Lease] = {}

    def try_now(self, tenant: str) -> bool:
        """Tell whether a request may go on at once, about a microsecond; if not, ask `allow`."""
        lease = self._leases.get(tenant)
        if lease is None or lease.left < 1 or self._clock() >= lease.ends:
            return False
        lease.left -= 1
        return True

    async def allow(self, tenant: str) -> None:
        """Let a request through.

        Raises:
            RateLimitedError: too many; it says when to come again.
        """
        if self.try_now(tenant):
            return
        lease = self._lease_of(tenant)
        lease.waiting += 1
        try:
            async with lease.turn:
                if self.try_now(tenant):
                    return
                # No token can come before that: asking Redis again would only load it.
                wait_s = lease.refused_until - self._clock()
                if lease.refused_by is not None and wait_s > 0:
                    raise self._refusal(tenant, lease.refused_by, wait_s)
                await self._renew(tenant, lease)
        finally:
            lease.waiting -= 1

    async def _renew(self, tenant: str, lease: _Lease) -> None:
        """Take a block and use one token of it."""
        began = self._clock()
        self._size_next_block(lease, began)
        asked = min(max(lease.block, lease.waiting), self._limits.largest_block)
        total, own = self._limits.total, self._limits.tenant
        try:
            answer = await self._remote.call(
                scripts.LEASE,
                ("rate", f"rate:{tenant}", "gateways"),
                (
                    asked,
                    *(_microseconds(total), total.burst),
                    *(_microseconds(own), own.burst),
                    *(self._gateway, round(GATEWAY_S * US)),
                ),
            )
        except CacheUnavailableError:
            self._take_own_share(tenant, lease)
            return
        granted, wait_us, narrow, gateways = _ANSWER.validate_python(answer)
        self._gateways, self._answered_at = max(gateways, 1), self._clock()
        if granted < 1:
            self._refuse(tenant, lease, total if narrow == 1 else own, wait_us / US)
        # Counted from before the call, as the tokens are taken somewhere within it. The first is
        # the caller's, however long Redis took to answer.
        lease.left, lease.ends = granted - 1, began + LEASE_S

    def _take_own_share(self, tenant: str, lease: _Lease) -> None:
        now = self._clock()
        buckets = [self._share(self._local), self._share(lease.local)]
        if any(bucket.free(now) < 1 for bucket in buckets):
            narrow = narrowest(buckets, now)
            limit = (self._limits.total, self._limits.tenant)[narrow]
            self._refuse(tenant, lease, limit, buckets[narrow].wait_s(now))
        total, own = (bucket.less(1, now).full_at for bucket in buckets)
        self._local = Bucket(self._limits.total, total)
        lease.local = Bucket(self._limits.tenant, own)

    def _share(self, bucket: Bucket) -> Bucket:
        """Return this gateway's part of a bucket, which was empty when Redis last answered."""
        rate = bucket.rate.share(self._gateways)
        empty = self._answered_at + rate.burst * rate.interval_s
        return Bucket(rate, max(bucket.full_at, empty))

    def _refuse(self, tenant: str, lease: _Lease, limit: Rate, wait_s: float) -> NoReturn:
        lease.refused_by, lease.refused_until = limit, self._clock() + wait_s
        raise self._refusal(tenant, limit, wait_s)

    def _refusal(self, tenant: str, limit: Rate, wait_s: float) -> RateLimitedError:
        whose = OF_ALL if limit is self._limits.total else f"tenant {tenant}"
        return RateLimitedError(whose, limit.per_s, wait_s)

    def _size_next_block(self, lease: _Lease, now: float) -> None:
        is_used_up_in_time = lease.left == 0 and now < lease.ends
        lease.block = min(lease.block * 2, self._limits.largest_block) if is_used_up_in_time else 1

    def _lease_of(self, tenant: str) -> _Lease:
        lease = self._leases.get(tenant)
        if lease is None:
            if len(self._leases) >= LEASES:
                self._forget_idle()
            lease = self._leases[tenant] = _Lease(Bucket(self._limits.tenant))
        return lease

    def _forget_idle(self) -> None:
        now = self._clock()
        self._leases = {
            tenant: lease
            for tenant, lease in self._leases.items()
            if lease.waiting or max(lease.ends, lease.refused_until, lease.local.full_at) > now
        }


def _microseconds(rate: Rate) -> str:
    """Return the time until a token comes back, for a script; a fraction counts at high rates."""
    return repr(rate.interval_s * US)
