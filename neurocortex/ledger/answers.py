"""The scripts' answers, decoded: lists of text, as Redis gives them."""

from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources, Usage
from neurocortex.ledger import encoding
from neurocortex.ledger.values import Drain, Lease

TEXTS: Final = TypeAdapter(list[str])
"""A list of names, or what acquiring answers."""

_LEASES: Final = TypeAdapter(list[tuple[str, str, str, str]])
_USAGE: Final = TypeAdapter(tuple[int, str, list[str], list[str]])
_DRAIN: Final = TypeAdapter(tuple[int, int])


def leases(answer: object) -> tuple[Lease, ...]:
    """Return leases from token, granted, expires and body of each."""
    return tuple(encoding.lease(*each) for each in _LEASES.validate_python(answer))


def drain(answer: object) -> Drain:
    """Return a drain from how many runs ended and their microseconds together."""
    ended, total = _DRAIN.validate_python(answer)
    return Drain(ended, total / encoding.SECOND / ended if ended else 0.0)


def usage(answer: object, worker: str) -> Usage:
    """Return what is in use, from the answer of the script."""
    slots, offer, counters, accounts = _USAGE.validate_python(answer)
    used = _pairs(counters)
    joined = encoding.worker_offer(offer) if offer else None
    offered = joined.offered if joined else Resources()
    held_slots = int(used.get(encoding.worker_counter(worker, "slots"), 0))
    return Usage(
        slots=slots,
        by_tier={Tier(tier): held for tier, held in _below("tier:", used).items()},
        by_deployment={UUID(id_): held for id_, held in _below("deployment:", used).items()},
        offered=offered,
        free=offered - encoding.taken(worker, used) if joined else offered,
        free_slots=max(joined.slots - held_slots, 0) if joined else 0,
        accounts={name: float(at) for name, at in _pairs(accounts).items()},
    )


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _below(prefix: str, used: dict[str, str]) -> dict[str, int]:
    return {
        name.removeprefix(prefix): int(held)
        for name, held in used.items()
        if name.startswith(prefix)
    }
