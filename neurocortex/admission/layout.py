"""What the admission keeps in Redis, and what its scripts share.

Keys, each below the namespace and `admission:`; LANE is `realtime` or `standard`.

| key | type | holds |
| --- | --- | --- |
| held:LANE:TIER | sorted set | request -> when its place ends unless it is renewed |
| tenant:realtime:TENANT | sorted set | the same, of one tenant |
| tenant:standard:TIER:TENANT | sorted set | the same |
| drain:realtime, drain:standard:TIER | hash | `rate` per second; `count` since `start` |
| shed | hash | tier -> until when it is refused for the load |

A place in a standard queue is held from acceptance until the flow run starts; one in the real-time
lane until its answer is sent. Times are microseconds by the clock of Redis.
"""

from collections.abc import Sequence
from typing import Final

from neurocortex.admission.values import Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.routing.route import Lane

TIERS: Final = tuple(Tier)
"""Most urgent first."""

SHED: Final = "admission:shed"


def held(lane: Lane, tier: Tier) -> str:
    """Return the key of the places of a tier in a lane."""
    return f"admission:held:{lane.value}:{tier.value}"


def queue(lane: Lane, tier: Tier) -> Sequence[str]:
    """Return the keys of the places that share one bound, most urgent first."""
    if lane is Lane.REALTIME:
        return _REALTIME
    return (held(lane, tier),)


def tenant(lane: Lane, tier: Tier, name: str) -> str:
    """Return the key of the places of one tenant that share one bound."""
    if lane is Lane.REALTIME:
        return f"admission:tenant:realtime:{name}"
    return f"admission:tenant:standard:{tier.value}:{name}"


def drain(lane: Lane, tier: Tier) -> str:
    """Return the key of how fast a queue drains."""
    if lane is Lane.REALTIME:
        return "admission:drain:realtime"
    return f"admission:drain:standard:{tier.value}"


def release_keys(ticket: Ticket) -> list[str]:
    """Return the keys of the script RELEASE."""
    lane, tier = ticket.lane, ticket.tier
    return [
        held(lane, tier),
        tenant(lane, tier, ticket.tenant),
        drain(lane, tier),
        *queue(lane, tier),
    ]


_REALTIME: Final = tuple(held(Lane.REALTIME, tier) for tier in TIERS)
