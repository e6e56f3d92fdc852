"""A route while the rules make it: each returns a draft that says more."""

from dataclasses import dataclass, replace
from typing import Any

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.routing.route import Caller, Expectation, Lane, Length, Load, Reason, Route


@dataclass(frozen=True, slots=True)
class Draft:
    """What is asked, and what is decided so far."""

    request: Request
    pipeline: Pipeline[Any, Any]
    caller: Caller
    now: float
    """In seconds since the epoch."""
    load: Load
    tier: Tier
    estimate: Estimate
    length: Length
    late_s: float
    """Seconds of work after which it has ended, as far as a deadline depends on it."""
    expectation: Expectation | None = None
    """What finished runs say; None: nothing."""
    lane: Lane | None = None
    """None: not decided yet."""
    deadline: float | None = None
    reasons: tuple[Reason, ...] = ()

    def because(self, rule: str, text: str) -> "Draft":
        """Return the draft with one more reason."""
        return replace(self, reasons=(*self.reasons, Reason(rule, text)))

    def on(self, tier: Tier, rule: str, text: str) -> "Draft":
        """Return the draft on a tier."""
        return replace(self, tier=tier, reasons=(*self.reasons, Reason(rule, text)))

    def expecting(
        self, estimate: Estimate, late_s: float, length: Length, rule: str, text: str
    ) -> "Draft":
        """Return the draft with another estimate of the work."""
        reasons = (*self.reasons, Reason(rule, text))
        return replace(self, estimate=estimate, late_s=late_s, length=length, reasons=reasons)

    def by(self, lane: Lane, rule: str, text: str) -> "Draft":
        """Return the draft in a lane."""
        return replace(self, lane=lane, reasons=(*self.reasons, Reason(rule, text)))

    def until(self, deadline: float, rule: str, text: str) -> "Draft":
        """Return the draft with a deadline."""
        return replace(self, deadline=deadline, reasons=(*self.reasons, Reason(rule, text)))

    def final(self) -> Route:
        """Return the route.

        Raises:
            ValueError: no rule chose a lane.
        """
        if self.lane is None:
            raise ValueError("the rules chose no lane")
        return Route(self.lane, self.tier, self.estimate, self.deadline, self.reasons)
