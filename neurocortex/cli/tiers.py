"""`neurocortex tiers`."""

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurocortex.ledger.values import Allocation, Lease, WorkerOffer


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What is asked of the ledger."""

    workers: "Sequence[WorkerOffer]"
    leases: "Sequence[Lease]"
    allocation: "Allocation | None"


def tiers() -> None:
    """Show how the tiers share the slots of all workers.

    For each tier the slots in use, its limit now, the runs that wait and the tenants that run;
    and the last decisions of the allocator, with their reasons.
    """
    from neurocortex.cli.console import console, table
    from neurocortex.domain.deployments import Tier
    from neurocortex.embedded.prefect_api import PrefectApi
    from neurocortex.embedded.running import find
    from neurocortex.errors import NotRunningError
    from neurocortex.settings import load, variable

    running = find(load().settings)
    if running.redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    found = asyncio.run(_read(running.redis_url))
    api, out = PrefectApi(running.api_url), console()
    slots = sum(worker.slots for worker in found.workers)
    used = len(found.leases)
    out.print(f"{used} of {slots} slots in use, {len(found.workers)} workers.\n")
    shown = table("tier", "in use", "limit", "waiting", "tenants that run")
    limits = found.allocation.limits if found.allocation else {}
    for tier in Tier:
        held = [lease for lease in found.leases if lease.tier is tier]
        tenants = sorted({lease.tenant for lease in held})
        limit = str(limits[tier]) if tier in limits else "-"
        waiting = str(api.waiting(tier.value))
        shown.add_row(tier.value, str(len(held)), limit, waiting, ", ".join(tenants) or "-")
    out.print(shown)
    if found.allocation is not None and found.allocation.decisions:
        ago = max(0.0, time.time() - found.allocation.at)
        out.print(f"\nLast change of limits, {ago:.0f} s ago, by {found.allocation.writer}:")
        for line in found.allocation.decisions:
            out.print(f"  {line}", soft_wrap=True)


async def _read(redis_url: str) -> _Ledger:
    from redis.asyncio import Redis

    from neurocortex.ledger.allocations import Allocations
    from neurocortex.ledger.ledger import Ledger

    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        ledger = Ledger(redis)
        return _Ledger(
            await ledger.workers(), await ledger.leases(), await Allocations(redis).limits()
        )
