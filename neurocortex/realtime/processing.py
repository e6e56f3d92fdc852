"""One call: from its bytes to its answer, within its time."""

import asyncio
import time

from pydantic import BaseModel

from neurocortex.errors import DeadlinePassedError, LaneTimeoutError, PipelineError
from neurocortex.realtime.answers import Reply
from neurocortex.realtime.caching import TaskCache
from neurocortex.realtime.call import Call
from neurocortex.requests.registry import Registry
from neurocortex.requests.steps import Steps


async def process(
    registry: Registry, call: Call, steps: Steps, timeout_s: float, cache: TaskCache | None = None
) -> Reply:
    """Run the pipeline of a call, and return its result as JSON.

    What the cache keeps and the pipeline says is stale then, ends.

    Raises:
        DeadlinePassedError: the call's own deadline passed, before or meanwhile.
        LaneTimeoutError: it took longer than `timeout_s`.
        UnknownOperationError: this process has no such pipeline.
        PipelineError: the pipeline has no real-time function.
        InvalidRequestError: the body is no request of the operation.
        Exception: what the pipeline raised.
    """
    left = timeout_s if call.deadline is None else min(timeout_s, call.deadline - time.time())
    if left <= 0:
        raise DeadlinePassedError
    pipeline = registry[call.operation]
    if pipeline.realtime is None:
        raise PipelineError(call.operation, "it has no real-time function")
    request = registry.parse(call.body)
    try:
        async with asyncio.timeout(left) as limit:
            result: BaseModel = await pipeline.realtime(request, steps)
    except TimeoutError as error:
        if not limit.expired():
            raise
        if left < timeout_s:
            raise DeadlinePassedError from error
        raise LaneTimeoutError(timeout_s) from error
    if cache is not None and pipeline.outdates is not None:
        await cache.outdate(call.tenant, pipeline.outdates(request))
    return Reply(result.__pydantic_serializer__.to_json(result))
