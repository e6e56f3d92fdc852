"""The ledger's values as the JSON that its scripts read and keep, and back."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import RESOURCES, Resources, Work
from neurocortex.ledger.values import Lease, WorkerOffer

UNIT: Final = 1000
"""Resources are counted in whole thousandths: sums of floats would leave a remainder."""

SECOND: Final = 1_000_000
"""The scripts count time in microseconds, as Redis gives it."""

_VARIABLE: Final = {"token", "granted", "expires"}
"""Of a lease: given by the scripts, so no part of its body."""

_LEASE: Final = TypeAdapter(Lease)
_OFFER: Final = TypeAdapter(WorkerOffer)


def lease_body(lease: Lease) -> str:
    """Return what of a lease does not change, with what it adds to each counter."""
    body = _LEASE.dump_python(lease, mode="json", exclude=_VARIABLE)
    return json.dumps(body | {"counts": _counts(lease)})


def lease(token: str, granted: str, expires: str, body: str) -> Lease:
    """Return the lease that a script answered with."""
    variable = {
        "token": int(token),
        "granted": int(granted) / SECOND,
        "expires": int(expires) / SECOND,
    }
    return _LEASE.validate_python(json.loads(body) | variable)


def request(work: Work, limits: Mapping[Tier, int], reserve: int) -> str:
    """Return the limits that an acquisition has to respect."""
    asked: dict[str, object] = {
        "tier": work.tier.value,
        "reserve": reserve,
        "needs": units(work.needs),
    }
    if work.tier in limits:
        asked["tier_limit"] = limits[work.tier]
    if work.deployment is not None and work.deployment_limit is not None:
        asked["deployment"] = str(work.deployment)
        asked["deployment_limit"] = work.deployment_limit
    return json.dumps(asked)


def offer(value: WorkerOffer) -> str:
    """Return a worker's offer, its resources also in the scripts' units."""
    return json.dumps(_OFFER.dump_python(value, mode="json") | units(value.offered))


def worker_offer(text: str) -> WorkerOffer:
    """Return the offer that a script answered with."""
    return _OFFER.validate_json(text)


def units(resources: Resources) -> dict[str, int]:
    """Return amounts by resource, in whole thousandths."""
    return {name: round(getattr(resources, name) * UNIT) for name in RESOURCES}


def taken(worker: str, used: Mapping[str, str]) -> Resources:
    """Return what the counters say that a worker's leases hold."""
    held = {name: int(used.get(worker_counter(worker, name), 0)) / UNIT for name in RESOURCES}
    return Resources(**held)


def worker_counter(worker: str, what: str) -> str:
    """Return the name of the counter of a worker's slots or of one of its resources."""
    return f"worker:{worker}:{what}"


def _counts(lease: Lease) -> dict[str, int]:
    counts = {"slots": 1, f"tier:{lease.tier.value}": 1, worker_counter(lease.worker, "slots"): 1}
    if lease.deployment is not None:
        counts[f"deployment:{lease.deployment}"] = 1
    for name, amount in units(lease.needs).items():
        if amount:
            counts[worker_counter(lease.worker, name)] = amount
    return counts | {f"account:{charge.account}": 1 for charge in lease.charges}
