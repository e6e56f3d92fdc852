"""What a run asks of the worker, from the job variables of its pool, its deployment and itself."""

import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import (
    ConcurrencyLimitStrategy,
    ConcurrencyOptions,
    FlowRun,
    WorkPool,
)
from prefect.client.schemas.responses import DeploymentResponse, GlobalConcurrencyLimitResponse
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.utilities.schema_tools import validate
from pydantic import ValidationError

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import DEFAULT_TENANT, Resources
from neurocortex.routing.needs import CPU_S, MEMORY_MB, labels
from neurocortex.worker import job
from neurocortex.worker.job import FIRST_COST, RUN_TENANT, JobConfiguration
from neurocortex.worker.worker import NeuroCortexWorker

DUE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pool(name: str = "low", **defaults: object) -> WorkPool:
    """Return a pool whose form somebody has filled in."""
    template = NeuroCortexWorker.get_default_base_job_template()
    for variable, value in defaults.items():
        template["variables"]["properties"][variable]["default"] = value
    return WorkPool(
        name=name, type="neurocortex", base_job_template=template, default_queue_id=uuid4()
    )


def deployment(
    limit: int | None = None,
    strategy: ConcurrencyLimitStrategy | None = None,
    *,
    active: bool = True,
    **variables: object,
) -> DeploymentResponse:
    response = DeploymentResponse(
        id=uuid4(), name="nightly", flow_id=uuid4(), job_variables=variables, labels={}
    )
    if limit is not None:
        response.global_concurrency_limit = GlobalConcurrencyLimitResponse(
            id=uuid4(),
            name="d",
            limit=limit,
            active=active,
            active_slots=0,
            slot_decay_per_second=0,
        )
    if strategy is not None:
        response.concurrency_options = ConcurrencyOptions(collision_strategy=strategy)
    return response


def run(*tags: str, deployment_id: UUID | None = None, **variables: Any) -> FlowRun:
    return FlowRun(
        flow_id=uuid4(),
        tags=list(tags),
        job_variables=variables,
        next_scheduled_start_time=DUE,
        deployment_id=deployment_id,
    )


def work(
    flow_run: FlowRun, of: DeploymentResponse | None = None, at: WorkPool | None = None
) -> Any:
    return job.work(flow_run, at or pool(), of, estimated_cost=None)


@pytest.mark.parametrize("tier", Tier)
def test_a_tier_is_the_pool_of_its_name(tier: Tier) -> None:
    assert work(run(), at=pool(tier.value)).tier is tier


def test_a_pool_of_another_name_is_of_medium_tier_unless_it_says() -> None:
    assert work(run(), at=pool("night-shift")).tier is Tier.MEDIUM
    assert work(run(), at=pool("night-shift", tier="high")).tier is Tier.HIGH
    assert work(run(tier="critical"), at=pool("low")).tier is Tier.CRITICAL


def test_the_runs_variables_go_before_its_deployments_before_its_pools() -> None:
    at = pool(tenant="pools", memory=1000, cpu=4)
    of = deployment(tenant="deployments", memory=2000)
    found = work(run(tenant="runs"), of, at)
    assert (found.tenant, found.needs.memory_mb, found.needs.cpu) == ("runs", 2000, 4)


def test_defaults_are_those_the_form_shows() -> None:
    found = work(run())
    assert found.needs == Resources(cpu=1, memory_mb=512)
    assert (found.tenant, found.priority, found.deadline) == (DEFAULT_TENANT, 0, None)
    assert (found.cost, found.since) == (FIRST_COST, DUE.timestamp())


def test_a_tag_names_the_tenant() -> None:
    assert work(run("nightly", "tenant:acme", tenant="variables")).tenant == "acme"
    assert work(run("tenant:")).tenant == DEFAULT_TENANT


@pytest.mark.parametrize("name", ["acme corp", "a:b", "*", "-a", "ä"])
def test_a_tenant_is_called_what_keys_and_tags_can_hold(name: str) -> None:
    for named in (run(f"tenant:{name}"), run(tenant=name)):
        with pytest.raises(ValidationError, match="tenant"):
            work(named)


def test_a_deadline_counts_from_when_the_run_was_due() -> None:
    assert work(run(deadline=30)).deadline == DUE.timestamp() + 30


def test_a_cost_that_is_known_is_used() -> None:
    found = job.work(run(), pool(), None, estimated_cost=12.5)
    assert found.cost == 12.5


def test_what_finished_runs_say_of_a_run_counts_more_than_its_deployment() -> None:
    asked = run(memory=800)
    asked.labels = dict(labels(cpu_s=3.5, memory_mb=150.0))
    found = job.work(asked, pool(), None, estimated_cost=12.5)
    assert (found.cost, found.needs.memory_mb) == (3.5, 150)


def test_what_is_expected_never_reserves_more_than_a_run_may_take() -> None:
    asked = run(memory=100)
    asked.labels = dict(labels(cpu_s=None, memory_mb=150.0))
    found = job.work(asked, pool(), None, estimated_cost=12.5)
    assert (found.cost, found.needs.memory_mb) == (12.5, 100)


@pytest.mark.parametrize(("reserved", "held"), [(0, 40), (100, 40), (30, 30)])
def test_storage_that_is_not_reserved_is_what_finished_runs_wrote(
    reserved: float, held: float
) -> None:
    asked = run(storage=reserved)
    asked.labels = dict(labels(None, None, storage_mb=40.0))
    assert job.work(asked, pool(), None, estimated_cost=1.0).needs.storage_mb == held


@pytest.mark.parametrize("value", ["many", True, -1.0, 0, math.nan, math.inf])
def test_labels_that_are_no_amount_say_nothing(value: bool | float | str) -> None:
    asked = run()
    asked.labels = {CPU_S: value, MEMORY_MB: value}
    assert job.work(asked, pool(), None, estimated_cost=12.5).needs.memory_mb == 512
    assert job.work(asked, pool(), None, estimated_cost=12.5).cost == 12.5


def test_a_run_waits_at_its_deployments_limit() -> None:
    of = deployment(2, ConcurrencyLimitStrategy.ENQUEUE)
    found = work(run(deployment_id=of.id), of)
    assert (found.deployment, found.deployment_limit) == (of.id, 2)
    assert work(run(), deployment(3)).deployment_limit == 3, "Prefect's default is to wait"


def test_at_a_limit_that_cancels_prefect_decides() -> None:
    assert work(run(), deployment(2, ConcurrencyLimitStrategy.CANCEL_NEW)).deployment_limit is None


def test_a_limit_that_was_switched_off_holds_nobody() -> None:
    assert work(run(), deployment(2, active=False)).deployment_limit is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("tenant", ""),
        ("tenant", "x" * 101),
        ("tier", "urgent"),
        ("priority", 101),
        ("deadline", 0),
        ("timeout", -1),
        ("cpu", 0),
        ("memory", "much"),
        ("storage", -1),
        ("network", -1),
        ("restart_when_lost", "perhaps"),
    ],
)
def test_a_wrong_value_is_named(variable: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        work(run(**{variable: value}))
    assert [error["loc"] for error in refused.value.errors()] == [(variable,)]


def test_every_variable_is_typed_and_explained_in_the_form() -> None:
    template = NeuroCortexWorker.get_default_base_job_template()
    properties = template["variables"]["properties"]
    asked = {"tenant", "tier", "priority", "deadline", "timeout", "cpu", "memory", "storage"}
    assert asked | {"network", "restart_when_lost", "working_dir"} <= set(properties)
    assert [name for name, field in properties.items() if not field.get("description")] == []


def test_the_server_checks_values_by_a_form_without_what_a_process_has_not() -> None:
    template = NeuroCortexWorker.get_default_base_job_template()
    form, places = template["variables"], template["job_configuration"]
    WorkPoolCreate(name="low", type="neurocortex", base_job_template=template)
    assert {"name", "labels"}.isdisjoint({*form["properties"], *places})
    unset = {"timeout": None, "tier": None, "deadline": None, "working_dir": None}

    def wrong(**values: object) -> list[str]:
        found = validate({**unset, **values}, form, allow_none_with_default=True)
        return [error.json_path for error in found]

    assert wrong() == []
    assert wrong(timeout=1.5, tier="low", deadline=60, working_dir="/data") == []
    assert wrong(timeout=0, tier="lowest", working_dir=1) == [
        "$.tier",
        "$.timeout",
        "$.working_dir",
    ]


def test_a_configuration_keeps_the_workers_environment_and_no_command_of_prefects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OF_THE_WORKER", "kept")
    monkeypatch.setenv("OF_BOTH", "workers")
    flow_run = run()
    configuration = JobConfiguration(env={"OF_BOTH": "runs"}, working_dir=Path("/data"))
    configuration.prepare_for_flow_run(flow_run)
    assert configuration.command is None, "a warm process"
    assert configuration.env["PREFECT__FLOW_RUN_ID"] == str(flow_run.id)
    assert (configuration.env["OF_THE_WORKER"], configuration.env["OF_BOTH"]) == ("kept", "runs")
    assert configuration.env["PATH"] == os.environ["PATH"]
    own = JobConfiguration(command="python -m prefect.engine")
    own.prepare_for_flow_run(flow_run)
    assert own.command == "python -m prefect.engine"


def test_the_process_of_a_run_has_prefects_settings_of_the_moment() -> None:
    for address in ("http://127.0.0.1:1/api", "http://127.0.0.1:2/api"):
        with temporary_settings({PREFECT_API_URL: address}):
            configuration = JobConfiguration()
            configuration.prepare_for_flow_run(run())
            assert configuration.env["PREFECT_API_URL"] == address


def test_the_process_of_a_run_is_told_its_tenant_whoever_named_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(RUN_TENANT, "of-another-run")

    def told(flow_run: FlowRun, of: DeploymentResponse | None = None) -> str | None:
        configuration = JobConfiguration(env={RUN_TENANT: "forged"})
        configuration.prepare_for_flow_run(flow_run, of, work_pool=pool(tenant="pools"))
        return configuration.env[RUN_TENANT]

    of = deployment(tenant="deployments")
    assert told(run()) == "pools"
    assert told(run(), of) == "deployments"
    assert told(run(tenant="runs"), of) == "runs"
    assert told(run("tenant:acme", tenant="runs"), of) == "acme"
