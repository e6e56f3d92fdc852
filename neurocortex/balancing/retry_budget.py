"""How many further attempts may be made: a share of all calls, so that retries never add up to a
storm on endpoints that are down already.

A bucket of tokens as in Finagle: each call adds a share of a token, each further attempt or hedge
takes one. A reserve fills by time, so that who calls now and then may try again, too. All processes
share one for each model, in Redis (`scripts.RETRY` is these rules in Lua); where that is away each
has its own, as in Finagle.

https://twitter.github.io/finagle/guide/Clients.html#retries
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

    def taken(self, now: float) -> "RetryBudget | None":
        """Return what is left after a further attempt; None: there is none left for it."""
        filled = self._filled(now)
        if not self.share or filled.tokens < 1:
            return None
        return replace(filled, tokens=filled.tokens - 1)

    def _filled(self, now: float) -> "RetryBudget":
        grown = min(RESERVE, self.tokens + PER_S * max(0.0, now - self.at))
        return replace(self, at=max(now, self.at), tokens=max(self.tokens, grown))
