"""replay-request: a request of the real-time lane that failed, done again step by step in sight."""

import json
from typing import Any, cast

from prefect import flow
from pydantic import BaseModel

from neurocortex.errors import PipelineError
from neurocortex.requests.registry import Registry
from neurocortex.settings import settings
from neurocortex.spending.meter import Meter, metered
from neurocortex.spending.tenants import tokens_of
from tasks.tenant import tenant_of_run
from tasks.tracked_steps import TrackedSteps


@flow(
    name="replay-request",
    description="Does a request of the real-time lane again: each of its tasks is a task run.",
    persist_result=True,
)
async def replay_request(request: dict[str, Any]) -> BaseModel:
    """Do a request of the real-time lane again.

    Args:
        request: The request, as its client sent it.

    Raises:
        RequestError: it is no request of an operation that exists.
        PipelineError: its operation is not served in the real-time lane.
    """
    registry = Registry.load(settings().gateway.pipelines)
    parsed = registry.parse(json.dumps(request))
    pipeline = registry[parsed.operation]
    if pipeline.realtime is None:
        raise PipelineError(parsed.operation, "it has no real-time function")
    meter = Meter(parsed.budget.tokens, tokens_of(tenant_of_run(), settings()))
    with metered(meter):
        return cast("BaseModel", await pipeline.realtime(parsed, TrackedSteps()))
