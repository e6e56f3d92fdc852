"""From bytes to a request with a route: read, permitted, routed. No I/O."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from neurocortex.experiments.taking import Trial, Vary, nothing_varied
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
    request: Request
    pipeline: AnyPipeline
    route: Route
    trial: Trial | None = None
    """None: it is in no experiment."""

    @property
    def body(self) -> bytes:
        """The JSON of the request that is served: as it was sent, unless an experiment varies."""
        if self.trial is None:
            return self.asking.body
        return self.request.model_dump_json(exclude_unset=True).encode()

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
        request, trial = self.vary(parsed, asking.principal.tenant, key, asking.id)
        expectation = self.expect(pipeline, request, len(asking.body))
        chosen = route(request, pipeline, caller, time.time(), self.load(), expectation)
        if trial is not None:
            variants = "Variants" if trial.is_interleaved else "Variant"
            reason = Reason("experiment", f"{variants} {trial.variant} of {trial.name}.")
            chosen = replace(chosen, reasons=(*chosen.reasons, reason))
        return Planned(asking, request, pipeline, chosen, trial)
