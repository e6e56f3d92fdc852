"""One call: from its bytes to its answer, within its time."""

import asyncio
import time
from functools import partial

from pydantic import BaseModel

from neurocortex.errors import (
    BudgetSpentError,
    DeadlinePassedError,
    LaneTimeoutError,
    PipelineError,
    ServingError,
)
from neurocortex.learning.sampling import Sample
from neurocortex.realtime.answers import Reply
from neurocortex.realtime.caching import TaskCache
from neurocortex.realtime.call import Call
from neurocortex.requests.current import Serving, serving
from neurocortex.requests.registry import Registry
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from neurocortex.spending.meter import Meter, metered
from neurocortex.spending.tenants import tokens_of


async def process(
    registry: Registry,
    call: Call,
    steps: Steps,
    timeout_s: float,
    cache: TaskCache | None = None,
    sample: Sample | None = None,
) -> Reply:
    """Run the pipeline of a call, and return its result as JSON.

    What the cache keeps and the pipeline says is stale then, ends. What was served, or took longer
    than `timeout_s`, is offered to the sample.

    Raises:
        DeadlinePassedError: the call's own deadline passed, before or meanwhile.
        BudgetSpentError: it took longer than its request allows.
        TokenBudgetSpentError, TenantBudgetSpentError: its LLM calls need more than is left.
        LaneTimeoutError: it took longer than `timeout_s`.
        UnknownOperationError: this process has no such pipeline.
        PipelineError: the pipeline has no real-time function.
        InvalidRequestError: the body is no request of the operation.
        Exception: what the pipeline raised.
    """
    if call.deadline is not None and call.deadline <= time.time():
        raise DeadlinePassedError
    pipeline = registry[call.operation]
    if pipeline.realtime is None:
        raise PipelineError(call.operation, "it has no real-time function")
    request = registry.parse(call.body)
    work = partial(pipeline.realtime, request, steps)
    tags = pipeline.outdates(request) if pipeline.outdates is not None else ()
    left_s, too_late = _limit(call, request, timeout_s)
    meter = Meter(request.budget.tokens, tokens_of(call.tenant, settings()))
    asked = Serving(call.id, call.tenant, call.tier, call.deadline)
    began = time.monotonic()

    def offer() -> None:
        if sample is not None:
            seconds = time.monotonic() - began
            sample.add(pipeline, request, len(call.body), seconds, meter.spent.tokens)

    try:
        with metered(meter), serving(asked):
            async with asyncio.timeout(left_s) as limit:
                result: BaseModel
                if cache is not None and tags:
                    result = await cache.change(tags, work)
                else:
                    result = await work()
    except TimeoutError as error:
        if not limit.expired():
            raise
        if isinstance(too_late, LaneTimeoutError):  # the others say nothing about the work
            offer()
        raise too_late from error
    offer()
    usage = meter.spent if meter.spent.calls else None
    caching = pipeline.caching
    lasts = caching is None or caching.lasts is None or caching.lasts(result)
    return Reply(result.__pydantic_serializer__.to_json(result), usage, lasts)


def _limit(call: Call, request: Request, timeout_s: float) -> tuple[float, ServingError]:
    """Return how many seconds are left, and what is wrong when they are over."""
    limits: list[tuple[float, ServingError]] = [(timeout_s, LaneTimeoutError(timeout_s))]
    if call.deadline is not None:
        limits.append((call.deadline - time.time(), DeadlinePassedError()))
    if request.budget.seconds is not None:
        limits.append((request.budget.seconds, BudgetSpentError(request.budget.seconds)))
    return min(limits, key=lambda limit: limit[0])
