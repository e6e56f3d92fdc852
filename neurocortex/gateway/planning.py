"""From bytes to a request with a route: read, permitted, routed. No I/O."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from neurocortex.experiments.taking import Varied, Vary, nothing_varied
from neurocortex.experiments.trials import Trial
from neurocortex.gateway.callers import caller_of
from neurocortex.learning.expecting import Expect, nothing_expected
from neurocortex.requests.registry import AnyPipeline, Registry
from neurocortex.requests.request import Request
from neurocortex.routing.route import Lane, Load, Reason, Route
from neurocortex.routing.router import route
from neurocortex.security.principal import Principal
from neurocortex.security.roles import Scope


@dataclass(frozen=True, slots=True)
class Asking:
    """What a client sent, and how it wants to be answered."""

    id: UUID
    """Of the request from now on."""
    principal: Principal
    body: bytes
    """The request's JSON."""
    fresh: bool = False
    """No answer from the cache."""
    no_wait: bool = False
    """An id instead of the answer."""
    idempotency_key: str | None = None
    repeats_failed: bool = False
    """What failed under its idempotency key is done anew, instead of failing again."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A request that is valid and allowed, and where it is served."""

    asking: Asking
    varied: Varied
    pipeline: AnyPipeline
    route: Route

    @property
    def request(self) -> Request:
        """It as it is served."""
        return self.varied.request

    @property
    def trial(self) -> Trial | None:
        """Its part in an experiment; None: it is in none that runs."""
        return self.varied.trial

    @property
    def body(self) -> bytes:
        """The JSON of the request that is served: as it was sent, unless an experiment varies."""
        return self.asking.body if self.varied.is_as_asked else self.varied.body

    def in_real_time(self) -> "Planned":
        """Return it for the real-time lane: its client knows no other way to be answered."""
        if self.route.lane is Lane.REALTIME or self.pipeline.realtime is None:
            return self
        reason = Reason("waited_for", "The client's protocol has no answer but the result.")
        reasons = (*self.route.reasons, reason)
        return replace(self, route=replace(self.route, lane=Lane.REALTIME, reasons=reasons))


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans requests of the registry's operations."""

    registry: Registry
    load: Callable[[], Load | None]
    """How busy the lanes were lately."""
    expect: Expect = nothing_expected
    """What finished runs say about a request."""
    vary: Vary = nothing_varied
    """Which experiment it is in, and what that makes of it."""

    def plan(self, asking: Asking) -> Planned:
        """Return where a request is served.

        Raises:
            InvalidRequestError: it is no JSON, or a field is missing, unknown or not allowed.
            UnknownOperationError: no pipeline serves it.
            ForbiddenError: its caller may not ask that.
        """
        parsed = self.registry.parse(asking.body)
        pipeline = self.registry[parsed.operation]
        asking.principal.require(Scope.REQUESTS_WRITE if pipeline.writes else Scope.ANSWERS_READ)
        caller = caller_of(asking.principal)
        # What is sent again with its idempotency key is served as it was the first time.
        key = asking.idempotency_key or str(asking.id)
        varied = self.vary(parsed, asking.principal.tenant, key, asking.id)
        expectation = self.expect(pipeline, varied.request, len(asking.body))
        chosen = route(varied.request, pipeline, caller, time.time(), self.load(), expectation)
        chosen = replace(chosen, reasons=(*chosen.reasons, *_varied(varied)))
        return Planned(asking, varied, pipeline, chosen)


def _varied(varied: Varied) -> Iterator[Reason]:
    """Yield why a request is served otherwise than it asks."""
    for each in varied.applied:
        if each.applied is not None:
            yield Reason("applied", f"As variant {each.applied.name} of {each.spec.name} has it.")
    if (trial := varied.trial) is not None:
        variants = "Variants" if trial.is_interleaved else "Variant"
        yield Reason("experiment", f"{variants} {trial.variant} of {trial.name}.")
