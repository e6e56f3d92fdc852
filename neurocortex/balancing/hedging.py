"""When a call looks for a second endpoint: pure rules. Times are seconds of a monotonic clock.

The call, not the attempt, is late: what an attempt before it took is lost already. Where the first
endpoint is known to be slow, it looks at once; where no second one is to be had, again and again.
"""

import math
from dataclasses import dataclass
from typing import Final

from neurocortex.balancing.shortage import pause_s

FAR_LATE: Final = 1.25
"""Times what is slow: late calls in a row, one of them so late, are no chance any more."""


@dataclass(slots=True)
class Hedging:
    """Of one call."""

    slow_s: float | None
    """What is slow for an answer to begin; None: a second endpoint is not wanted."""
    began: float
    """When the call did, with its first attempt."""
    look_at: float = math.inf
    looks_since: float | None = None
    """When it looked first, in vain."""

    def started(self, now: float, *, is_slow: bool) -> None:
        """Begin an attempt, at an endpoint that is slow or is not."""
        if self.slow_s is not None:
            self.look_at = now if is_slow else self.began + self.slow_s

    def hurry(self, now: float) -> None:
        """Look at once: the endpoint has become slow, or the second one failed."""
        if self.slow_s is not None:
            self.look_at = min(self.look_at, now)

    def looked(self, now: float) -> None:
        """Look later: nobody was to be had."""
        if self.looks_since is None:
            self.looks_since = now
        self.look_at = now + pause_s(now - self.looks_since)

    def found(self) -> None:
        """Look no more: there is a second one."""
        self.look_at, self.looks_since = math.inf, None

    def late_s(self, times: float = 1.0) -> float:
        """Return the age at which an attempt is late."""
        return math.inf if self.slow_s is None else times * self.slow_s
