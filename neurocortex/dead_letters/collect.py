"""Make a dead letter from what Prefect knows of a run."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from pydantic import ValidationError

from neurocortex.dead_letters.letter import (
    MAX_HISTORY,
    MAX_MESSAGE_CHARS,
    DeadLetter,
    PastState,
)
from neurocortex.dead_letters.redaction import redact, redact_text, secrets_of
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.worker.job import work

DEAD: Final = frozenset({StateType.FAILED, StateType.CRASHED})
"""States nothing leads out of by itself. TimedOut is a Failed of that name; AwaitingRetry is a
Scheduled; Cancelled is what somebody wanted."""

PAGE: Final = 200
"""Prefect returns no more at once."""

EXCEPTION: Final = re.compile(r"\bexception: ([A-Za-z_][\w.]*)(?=:|\s*$)", re.MULTILINE)
"""How Prefect's messages name one: `Flow run encountered an exception: ValueError: text`."""


def is_dead(state: State | None) -> bool:
    """Tell whether a run in this state has failed and will not be tried again by itself."""
    return state is not None and state.type in DEAD


async def collect(client: PrefectClient, flow_run_id: UUID) -> DeadLetter | None:
    """Return the dead letter of a run, None for one that is not dead or no longer exists.

    Raises:
        httpx.HTTPError: Prefect does not answer, or refuses.
    """
    try:
        run = await client.read_flow_run(flow_run_id)
        if run.state is None or not is_dead(run.state):
            return None
        states = await client.read_flow_run_states(flow_run_id)
        flow = await client.read_flow(run.flow_id)
    except ObjectNotFound:
        return None
    deployment = await _deployment_of(client, run)
    tier, tenant = await _owner(client, run, deployment)
    secrets = secrets_of(run.parameters)
    last = _past(run.state, secrets)
    oldest_first = sorted(states, key=lambda state: state.timestamp)
    return DeadLetter(
        flow_run=run.id,
        name=run.name,
        flow=flow.name,
        deployment=deployment.name if deployment else None,
        deployment_id=run.deployment_id,
        tier=tier,
        tenant=tenant,
        parameters=redact(run.parameters),
        state=last.name,
        message=last.message,
        error_type=error_type(last.message),
        history=tuple(_past(state, secrets) for state in oldest_first[-MAX_HISTORY:]),
        attempts=run.run_count,
        created=datetime.now(UTC),
    )


async def ended_lately(
    client: PrefectClient, pools: Sequence[str], within: timedelta, but_not: timedelta
) -> tuple[tuple[UUID, int], ...]:
    """Return the dead runs of these work pools that ended at most `within` ago, each with its
    number of attempts: the youngest PAGE, without those that ended less than `but_not` ago.
    """
    now = datetime.now(UTC)
    ended = FlowRunFilterEndTime(after_=now - within, before_=now - but_not)
    dead = FlowRunFilterState(type=FlowRunFilterStateType(any_=sorted(DEAD)))
    runs = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=dead, end_time=ended),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=list(pools))),
        sort=FlowRunSort.END_TIME_DESC,
        limit=PAGE,
    )
    return tuple((run.id, run.run_count) for run in runs)


async def _deployment_of(client: PrefectClient, run: FlowRun) -> DeploymentResponse | None:
    if run.deployment_id is None:
        return None
    try:
        return await client.read_deployment(run.deployment_id)
    except ObjectNotFound:  # deleted while it ran
        return None


async def _owner(
    client: PrefectClient, run: FlowRun, deployment: DeploymentResponse | None
) -> tuple[str, str]:
    """Return the tier and the tenant of a run, as the worker that ran it saw them."""
    pool = run.work_pool_name
    if pool is None:
        return "", DEFAULT_TENANT
    try:
        seen = work(run, await client.read_work_pool(pool), deployment, estimated_cost=None)
    except (ObjectNotFound, ValidationError):  # the pool is gone, or it died of a wrong variable
        return pool, DEFAULT_TENANT
    return seen.tier.value, seen.tenant


def _past(state: State, secrets: frozenset[str]) -> PastState:
    message = redact_text(state.message or "", secrets)[:MAX_MESSAGE_CHARS]
    name = state.name or state.type.value.title()
    return PastState(name=name, at=state.timestamp, message=message)


def error_type(message: str) -> str | None:
    """Return the name of the exception that a state's message reports, where it reports one."""
    found = EXCEPTION.search(message)
    return found.group(1) if found else None
