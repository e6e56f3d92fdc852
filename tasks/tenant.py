"""Whose work a task does."""

from functools import lru_cache
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext

from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.worker.job import TENANT_TAG


def tenant_of_run() -> str:
    """Return the tenant of the flow run that this task belongs to, as the worker sees it.

    A tag `tenant:NAME` comes before the job variable `tenant` of the run, and that before its
    deployment's. A task without a flow run is of the tenant `default`.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None:
        return DEFAULT_TENANT
    tagged = (tag.removeprefix(TENANT_TAG) for tag in run.tags if tag.startswith(TENANT_TAG))
    asked = (run.job_variables or {}).get("tenant")
    return next(tagged, None) or asked or _of_deployment(run.deployment_id, run.id)


@lru_cache(maxsize=64)
def _of_deployment(deployment: UUID | None, run: UUID) -> str:  # noqa: ARG001 - read once per run
    if deployment is None:
        return DEFAULT_TENANT
    with get_client(sync_client=True) as client:
        asked = client.read_deployment(deployment).job_variables.get("tenant")
    return str(asked or DEFAULT_TENANT)
