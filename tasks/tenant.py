"""Whose work a task does."""

import os

from prefect.context import FlowRunContext

from neurocortex.domain.work import DEFAULT_TENANT, TENANT_TAG
from neurocortex.worker.job import RUN_TENANT


def tenant_of_run() -> str:
    """Return the tenant of the flow run that this task belongs to.

    In a run's process it is the one that the worker told, by the run's tag or job variables; its
    subflows are of the same. Elsewhere, say in a flow that a script calls, a tag `tenant:NAME`
    names it, and a task without one is of the tenant `default`.
    """
    told = os.environ.get(RUN_TENANT)
    if told:
        return told
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    tags = run.tags if run else []
    tagged = (tag.removeprefix(TENANT_TAG) for tag in tags if tag.startswith(TENANT_TAG))
    return next(tagged, "") or DEFAULT_TENANT
