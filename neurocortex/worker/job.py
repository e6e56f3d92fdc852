"""What a flow run asks of the worker: the job variables of pools, deployments and runs."""

import os
import time
from pathlib import Path
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

from prefect.client.schemas.objects import ConcurrencyLimitStrategy, Flow, FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import Settings, get_current_settings
from prefect.workers.base import BaseJobConfiguration, BaseVariables
from pydantic import Field, PrivateAttr

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import DEFAULT_TENANT, TENANT_NAME, TENANT_TAG, Resources, Work
from neurocortex.routing.needs import CPU_S, MEMORY_MB, STORAGE_MB, expected, held

FIRST_COST: Final = 1.0
"""Cpu-seconds a run is charged for before one of its deployment has ended."""

RUN_TENANT: Final = "PREFECT__NEUROCORTEX_TENANT"
"""In the environment of a run's process: its tenant, for its tasks and those of its subflows."""


UNUSED: Final = frozenset({"name", "labels"})
"""Prefect's variables for infrastructure that has names and labels: a process has none."""


class Variables(BaseVariables):
    """The job variables, as the UI shows them in a pool's, a deployment's and a run's form."""

    tenant: str = Field(
        DEFAULT_TENANT,
        pattern=TENANT_NAME,
        description=(
            "Whose work it is. Tenants share a tier's capacity equally."
            " A tag `tenant:NAME` on the run says the same."
        ),
    )
    tier: Literal["critical", "high", "medium", "low"] | None = Field(
        None,
        description=(
            "The tier whose share it takes."
            " Unset: the one the work pool is named after, else medium."
        ),
    )
    priority: int = Field(
        0,
        ge=-100,
        le=100,
        description="Within its tenant's runs of the tier, the higher goes first.",
    )
    deadline: float | None = Field(
        None,
        gt=0,
        title="Deadline (seconds)",
        description="It should have started so many seconds after it was due. Earlier goes first.",
    )
    timeout: float | None = Field(
        None,
        gt=0,
        title="Timeout (seconds)",
        description="A run that takes longer is ended, and shown as TimedOut.",
    )
    cpu: float = Field(
        1.0,
        gt=0,
        title="CPU (cores)",
        description="Cores it holds while it runs, and is held to; 0.5 is half of one.",
    )
    memory: float = Field(
        512,
        gt=0,
        title="Memory (MB)",
        description=(
            "Memory it holds while it runs, beyond what all runs share."
            " A run that takes more is ended as Crashed."
        ),
    )
    storage: float = Field(
        0, ge=0, title="Storage (MB)", description="Scratch space it holds while it runs."
    )
    network: float = Field(
        0, ge=0, title="Network (Mbit/s)", description="Bandwidth it holds while it runs."
    )
    restart_when_lost: bool = Field(
        False,
        description=(
            "Whether a run whose machine or worker was lost starts again from the beginning."
            " For flows that may run twice. Otherwise it is marked as Crashed."
        ),
    )
    working_dir: Path | None = Field(
        None,
        title="Working Directory",
        description="Where it runs. Unset: in a temporary folder, removed afterwards.",
    )
    stream_output: bool = Field(
        True, description="Whether what it prints is also written to the worker's output."
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the form as JSON schema, as small as it can be.

        The server checks schema and values anew for each run that is created, at about a
        millisecond of its processor time for each field. Where a field may be unset it allows null
        by itself.
        """
        schema = super().model_json_schema(*args, **kwargs)
        fields = schema["properties"].items()
        schema["properties"] = {
            name: _without_null(field) for name, field in fields if name not in UNUSED
        }
        return schema


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field's schema for "nothing or a value" as the one for the value."""
    match field:
        case {"anyOf": [{"enum": _}, {"type": "null"}]}:
            return {name: value for name, value in field.items() if name != "default"}
        case {"anyOf": [value, {"type": "null"}], "default": None, **others}:
            return {**others, **value}
    return field


class JobConfiguration(BaseJobConfiguration):
    """What it takes to start one run; the other variables only concern when and where."""

    timeout: float | None = None
    cpu: float = 1.0
    memory: float = 512
    storage: float = 0
    working_dir: Path | None = None
    stream_output: bool = True
    _known_environment: ClassVar[tuple[Settings, dict[str, str]] | None] = None
    _module_entrypoint: str = PrivateAttr("")
    _restart_when_lost: bool = PrivateAttr(False)
    _results_in_files: bool = PrivateAttr(False)

    @property
    def module_entrypoint(self) -> str:
        """The flow's module path; empty where Prefect has to load its code from somewhere."""
        return self._module_entrypoint

    @property
    def results_in_files(self) -> bool:
        """Whether the server is known to name no storage for results."""
        return self._results_in_files

    @property
    def restart_when_lost(self) -> bool:
        """Whether the run starts again when its process was killed."""
        return self._restart_when_lost

    def keep_results_in_files(self) -> None:
        """Take note that the server names no storage for results."""
        self._results_in_files = True

    @classmethod
    def json_template(cls) -> dict[str, Any]:
        """Return where the form's values go."""
        places = super().json_template().items()
        return {name: place for name, place in places if name not in UNUSED}

    @classmethod
    def _base_environment(cls) -> dict[str, str]:
        """Return Prefect's settings as variables: written out once, as it takes 10 to 25 ms."""
        current = get_current_settings()
        if cls._known_environment is None or cls._known_environment[0] is not current:
            cls._known_environment = (current, super()._base_environment())
        return cls._known_environment[1]

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: Flow | None = None,
        work_pool: WorkPool | None = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """Fill in what is known only now; called by the worker."""
        own_command = self.command  # Prefect fills in its own where there is none
        super().prepare_for_flow_run(
            flow_run, deployment, flow, work_pool, worker_name, worker_id=worker_id
        )
        self.command = own_command
        self.env = {**os.environ, **self.env}
        if work_pool is not None:
            asked = variables(work_pool, deployment, flow_run)
            self.env[RUN_TENANT] = _tenant(asked, flow_run)
            self._restart_when_lost = asked.restart_when_lost
        if deployment is not None and not deployment.pull_steps:
            entrypoint = deployment.entrypoint or ""
            self._module_entrypoint = "" if ":" in entrypoint else entrypoint


def variables(pool: WorkPool, deployment: DeploymentResponse | None, run: FlowRun) -> Variables:
    """Return a run's job variables: its own before its deployment's before its pool's.

    Raises:
        pydantic.ValidationError: a variable has a value that is not allowed.
    """
    properties = pool.base_job_template.get("variables", {}).get("properties", {})
    defaults = {
        name: field["default"]
        for name, field in properties.items()
        if field.get("default") is not None
    }
    of_deployment = deployment.job_variables if deployment else {}
    return Variables.model_validate({**defaults, **of_deployment, **(run.job_variables or {})})


def work(
    run: FlowRun,
    pool: WorkPool,
    deployment: DeploymentResponse | None,
    *,
    estimated_cost: float | None,
) -> Work:
    """Return a due run as the scheduler sees it.

    What finished runs say of one (`neurocortex/learning`) counts more than the averages of its
    deployment: it holds so much memory while it runs. Its limit stays the job variable.

    Args:
        run: it.
        pool: its work pool.
        deployment: its deployment; runs that a program submits directly have none.
        estimated_cost: cpu-seconds that runs of this deployment took lately.

    Raises:
        pydantic.ValidationError: a variable has a value that is not allowed.
    """
    asked = variables(pool, deployment, run)
    memory = held(asked.memory, expected(run.labels, MEMORY_MB))
    storage = held(asked.storage, expected(run.labels, STORAGE_MB))
    due = run.next_scheduled_start_time or run.expected_start_time or run.created
    since = due.timestamp() if due else time.time()
    return Work(
        id=run.id,
        tier=_tier(asked, pool),
        tenant=_tenant(asked, run),
        needs=Resources(asked.cpu, memory, storage, asked.network),
        cost=expected(run.labels, CPU_S) or estimated_cost or FIRST_COST,
        since=since,
        deployment=run.deployment_id,
        deployment_limit=_enqueue_limit(deployment) if deployment else None,
        priority=asked.priority,
        deadline=None if asked.deadline is None else since + asked.deadline,
    )


def _tier(asked: Variables, pool: WorkPool) -> Tier:
    if asked.tier is not None:
        return Tier(asked.tier)
    return next((tier for tier in Tier if tier.value == pool.name), Tier.MEDIUM)


def _tenant(asked: Variables, run: FlowRun) -> str:
    tagged = (tag.removeprefix(TENANT_TAG) for tag in run.tags if tag.startswith(TENANT_TAG))
    tag = next(tagged, None)
    if not tag:
        return asked.tenant
    # A tag is held to the same rule as the variable.
    return Variables.model_validate({**asked.model_dump(), "tenant": tag}).tenant


def _enqueue_limit(deployment: DeploymentResponse) -> int | None:
    """Return the limit runs wait at. Prefect cancels them at one of the other strategy."""
    limit, options = deployment.global_concurrency_limit, deployment.concurrency_options
    if limit is None or not limit.active:
        return None
    cancels = options and options.collision_strategy is ConcurrencyLimitStrategy.CANCEL_NEW
    return None if cancels else limit.limit
