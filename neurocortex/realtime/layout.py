"""What the real-time lane keeps in Redis.

Keys, each below the namespace and `lane:`.

| key | type | holds |
| --- | --- | --- |
| calls:TIER | stream | calls that are waiting or being worked on; an answered one is deleted |
| replies:CLIENT | stream | what the lane answers to one client; gone some time after the client |
| control | stream | what clients tell the lane: a call is cancelled, a reader has caught up |
| alive:CONSUMER | string | while it is there, nobody takes over what that lane process works on |
"""

from collections.abc import Sequence
from typing import Final

from neurocortex.domain.deployments import Tier

NAMESPACE: Final = "neurocortex"
"""What all keys start with, unless told otherwise: the admission's, which appends the calls."""

GROUP: Final = "lane"
"""The consumer group of all lane processes on each stream of calls."""

FIELD: Final = "c"
"""The one field of an entry: MessagePack, as a stream's own fields cost more than they tell."""

TIERS: Final = tuple(Tier)
"""Most urgent first."""

CONTROL: Final = "lane:control"


def calls(tier: Tier) -> str:
    """Return the key of a tier's calls."""
    return f"lane:calls:{tier.value}"


def every_calls() -> Sequence[str]:
    """Return the keys of all calls, most urgent first."""
    return [calls(tier) for tier in TIERS]


def replies(client: str) -> str:
    """Return the key of a client's replies."""
    return f"lane:replies:{client}"


def alive(consumer: str) -> str:
    """Return the key that says that a lane process lives."""
    return f"lane:alive:{consumer}"
