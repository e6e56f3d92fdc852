"""The limits of the tiers: written by the one worker that allocates, read by all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import TypeAdapter
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.ledger import queries
from neurocortex.ledger.client import NAMESPACE, Scripts, reached
from neurocortex.ledger.encoding import SECOND
from neurocortex.ledger.values import Allocation

DEMAND_S: Final = 10.0
"""What a worker said of a pool counts for so long: it says it again every second."""

LEADER: Final = "leader"
DEMAND: Final = "demand"
ALLOCATION: Final = "allocation"

_DEMAND: Final = TypeAdapter(tuple[float, dict[Tier, int]])
_BODY: Final = TypeAdapter(tuple[dict[Tier, int], tuple[str, ...]])


class Allocations:
    """Each method raises `LedgerUnavailableError` when Redis does not answer."""

    def __init__(self, redis: Redis, namespace: str = NAMESPACE) -> None:
        """Keep them in a Redis: see `Ledger`."""
        self._redis = redis
        self._scripts = Scripts(redis, namespace)

    async def demand(
        self, by_pool: Mapping[str, Mapping[Tier, int]], now: float
    ) -> Mapping[Tier, int]:
        """Say how many runs wait in some pools, and return how many wait in all, by tier.

        Of the workers that serve one pool the last one's word counts: they see the same runs.

        Args:
            by_pool: what the caller sees in the pools that it serves.
            now: the time, in seconds since the epoch.
        """
        key = self._scripts.key(DEMAND)
        with reached():
            for pool, waiting in by_pool.items():
                await self._redis.hset(key, pool, _DEMAND.dump_json((now, dict(waiting))).decode())
            heard = await self._redis.hvals(key)
        total: Counter[Tier] = Counter()
        for at, waiting in map(_DEMAND.validate_json, heard):
            if now - at < DEMAND_S:
                total.update(waiting)
        return total

    async def lead(self, worker: str, ttl_s: float) -> bool:
        """Become or stay the worker that allocates, for `ttl_s` seconds; False: another does."""
        milliseconds = round(ttl_s * 1000)
        return bool(await self._scripts.run(queries.LEAD, [LEADER], [worker, milliseconds]))

    async def set_limits(
        self, limits: Mapping[Tier, int], decisions: Sequence[str], writer: str
    ) -> bool:
        """Write the limits and why they are so; False, and nothing written: `writer` does not
        lead."""
        body = _BODY.dump_json((dict(limits), tuple(decisions))).decode()
        keys = [LEADER, ALLOCATION]
        return bool(await self._scripts.run(queries.ALLOCATE, keys, [writer, body]))

    async def limits(self) -> Allocation | None:
        """Return what was written last; None before the first time, and after Redis was lost."""
        with reached():
            written = await self._redis.hmget(
                self._scripts.key(ALLOCATION), ["writer", "at", "body"]
            )
        writer, at, body = written
        if writer is None or at is None or body is None:
            return None
        limits, decisions = _BODY.validate_json(body)
        return Allocation(limits, decisions, str(writer), int(at) / SECOND)
