"""How many further attempts may be made: a share of all calls, so that retries never add up to a
storm on endpoints that are down already.

A bucket of tokens as in Finagle: each call adds a share of a token, each further attempt or hedge
takes one. A reserve fills by time, so that who calls now and then may try again, too. All processes
share one for each model, in Redis (`scripts.RETRY` is these rules in Lua); where that is away each
has its own, as in Finagle. A call for which no connection could be made is no attempt that counts:
it reached nobody (gRPC's transparent retries).

https://twitter.github.io/finagle/guide/Clients.html#retries
https://github.com/grpc/proposal/blob/master/A6-client-retries.md#transparent-retries
"""

from dataclasses import dataclass, replace
from typing import Final

RESERVE: Final = 10.0
"""Tokens at the start, and what time alone fills it up to."""

PER_S: Final = 1.0
"""Tokens a second that time adds."""

MOST: Final = 100.0
"""Tokens that are kept: what calls of long ago added is no reason for many retries at once."""


@dataclass(frozen=True, slots=True)
class Need:
    """What an attempt wants of the budget."""

    takes: float
    leaves: float
    """At least so many tokens must be left."""


RETRY: Final = Need(takes=1, leaves=0)
PROBE: Final = Need(takes=0, leaves=RESERVE / 2)
"""A call that probes an endpoint may need a retry, and others may meanwhile."""


def hedge(in_flight: int) -> Need:
    """Return what a hedge wants: a call without one waits, one without a retry fails.

    Args:
        in_flight: calls at one endpoint, which may all break at once and be tried again.
    """
    return Need(takes=1, leaves=min(RESERVE + in_flight, MOST / 4))


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """What is left at one moment."""

    share: float
    """Of a call: what each adds. At 0 nothing is ever tried again."""
    at: float
    """Seconds, by any clock that only goes forward."""
    tokens: float = RESERVE

    def called(self, now: float, calls: int = 1) -> "RetryBudget":
        """Return what is left after calls came."""
        filled = self._filled(now)
        added = filled.tokens + self.share * calls
        return replace(filled, tokens=max(filled.tokens, min(MOST, added)))

    def taken(self, now: float, need: Need = RETRY) -> "RetryBudget | None":
        """Return what is left after a further attempt; None: too little is left for it."""
        filled = self._filled(now)
        if not self.share or filled.tokens < need.takes + need.leaves:
            return None
        return replace(filled, tokens=filled.tokens - need.takes)

    def _filled(self, now: float) -> "RetryBudget":
        grown = min(RESERVE, self.tokens + PER_S * max(0.0, now - self.at))
        return replace(self, at=max(now, self.at), tokens=max(self.tokens, grown))
